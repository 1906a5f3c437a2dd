/** What a commit does: whether the tree may come into force, and the steps that bring it there. All of it pure. */
import type { Capability } from "#config/capability.ts";
import { check } from "#config/check.ts";
import { error, type Finding, formatFinding } from "#config/finding.ts";
import type { ContainerNode } from "#config/schema.ts";
import type { Branch } from "#config/tree.ts";

/** Any capability; its snapshot is that of the whole configuration. */
export type AnyCapability = Capability<unknown, unknown, unknown>;

/** What lies outside the configuration, by the id of the capability that asked for it. */
export type Facts = ReadonlyMap<string, unknown>;

export interface Verified {
	/** Undefined when there are errors. */
	readonly snapshot: unknown;
	readonly errors: readonly Finding[];
	readonly warnings: readonly Finding[];
}

/** One action of a commit, and what undoes it. */
export interface CommitStep {
	readonly capability: string;
	readonly says: string;
	readonly apply: unknown;
	readonly undo: unknown;
}

/**
 * Checks a tree against the schema, then asks every capability; each may veto. A capability that throws is a bug of it,
 * told as an error of this commit.
 */
export function verifyCommit(
	root: ContainerNode,
	capabilities: readonly AnyCapability[],
	tree: Branch,
	facts: Facts,
): Verified {
	const { snapshot, errors, warnings } = check(root, tree);
	if (snapshot === undefined) return { snapshot, errors, warnings };
	const findings = capabilities.flatMap((capability) => verifyOne(capability, snapshot, facts));
	const vetoes = findings.filter(({ severity }) => severity === "error");
	const more = findings.filter(({ severity }) => severity === "warning");
	return { snapshot: vetoes.length > 0 ? undefined : snapshot, errors: vetoes, warnings: [...warnings, ...more] };
}

/** The steps from one snapshot (undefined: nothing runs yet) to another, capability by capability in their order. */
export function planCommit(
	capabilities: readonly AnyCapability[],
	before: unknown,
	after: unknown,
): readonly CommitStep[] {
	return capabilities.flatMap((capability) =>
		capability.plan(before, after).map((step) => ({ capability: capability.id, ...step })),
	);
}

/** What is printed when a commit is refused. */
export function refusedLines(errors: readonly Finding[], warnings: readonly Finding[]): string[] {
	return [...[...warnings, ...errors].map(formatFinding), "error: configuration check-out failed"];
}

function verifyOne(capability: AnyCapability, snapshot: unknown, facts: Facts): readonly Finding[] {
	try {
		return capability.verify(snapshot, facts.get(capability.id));
	} catch (cause) {
		const message = cause instanceof Error ? cause.message : String(cause);
		return [error([], undefined, `${capability.id}: the check failed by itself: ${message}`)];
	}
}
