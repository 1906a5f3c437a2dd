/** What one part of the product contributes to the configuration: its statements, its checks, and what a change means. */
import type { Finding } from "#config/finding.ts";
import type { ContainerNode } from "#config/schema.ts";

/**
 * One action of a commit with what undoes it. The effects are data; the part's own shell performs them. `says` is one
 * sentence for the commit's detail and log.
 */
export interface PlannedStep<E> {
	readonly says: string;
	readonly apply: E;
	readonly undo: E;
}

/**
 * A part of the product. `S` is the snapshot of its own slice (a whole snapshot fits), `E` its effects, `F` the facts
 * outside the configuration that its checks need (which keys exist, which interfaces): read by a shell before `verify`.
 * `verify` and `plan` are pure.
 */
export interface Capability<S, E = unknown, F = undefined> {
	readonly id: string;
	readonly schema: ContainerNode<S>;
	/** Errors refuse the commit, warnings are printed. */
	verify(config: S, facts: F): readonly Finding[];
	/** The actions that lead from `before` (undefined at start-up) to `after`, in order. */
	plan(before: S | undefined, after: S): readonly PlannedStep<E>[];
}

/** Declares a capability; the types of `verify` and `plan` follow from its schema. */
export function defineCapability<S, E = never, F = undefined>(capability: Capability<S, E, F>): Capability<S, E, F> {
	return capability;
}
