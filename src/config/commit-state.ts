/** The states of a commit on its way, what can happen to it, and what it asks for. */
import type { CommitRecord, CommitRequest, ScheduledCommit } from "#config/commit.ts";
import type { AnyCapability, CommitStep, Facts, Verified } from "#config/commit-plan.ts";
import type { EditorId } from "#config/editor.ts";
import type { ContainerNode } from "#config/schema.ts";
import type { Branch } from "#config/tree.ts";

/** What is in force. */
export interface ActiveConfiguration {
	readonly tree: Branch;
	/** Undefined until it was applied for the first time. */
	readonly snapshot: unknown;
	readonly record: CommitRecord;
}

/** The configuration to which an unconfirmed commit goes back. */
export interface Fallback {
	readonly tree: Branch;
	readonly serial: number;
	readonly by: number;
}

export interface CommitBase {
	readonly root: ContainerNode;
	readonly capabilities: readonly AnyCapability[];
	readonly active: ActiveConfiguration;
	readonly fallback: Fallback | undefined;
	readonly scheduled: { readonly commit: ScheduledCommit; readonly tree: Branch } | undefined;
}

/** A commit on its way, with what is known of it so far. */
export interface CommitWork {
	readonly request: CommitRequest;
	/** The machine's own return to what was confirmed last: nothing may veto it. */
	readonly isRollback: boolean;
	/** The time at which it was asked for. */
	readonly now: number;
}

export interface ApplyingWork extends CommitWork {
	readonly verified: Verified;
	readonly steps: readonly CommitStep[];
}

export type CommitState =
	| (CommitBase & { readonly tag: "idle" })
	| (CommitBase & { readonly tag: "await-facts"; readonly work: CommitWork })
	| (CommitBase & { readonly tag: "await-apply"; readonly work: ApplyingWork; readonly at: number })
	| (CommitBase & { readonly tag: "await-store"; readonly work: ApplyingWork; readonly record: CommitRecord })
	| (CommitBase & {
			readonly tag: "await-undo";
			readonly work: ApplyingWork;
			readonly at: number;
			readonly reason: string;
	  })
	| (CommitBase & { readonly tag: "await-note"; readonly work: CommitWork; readonly answer: readonly string[] });

export type CommitEvent =
	| { readonly type: "commit-requested"; readonly request: CommitRequest }
	/** At start-up: what is stored is brought into force. */
	| { readonly type: "started" }
	| { readonly type: "facts-read"; readonly facts: Facts }
	| { readonly type: "step-done" }
	| { readonly type: "step-failed"; readonly message: string }
	| { readonly type: "stored" }
	| { readonly type: "store-failed"; readonly message: string }
	| { readonly type: "schedule-cleared"; readonly editor: EditorId | undefined }
	/** The deadline may have passed. */
	| { readonly type: "time-passed" };

export type CommitEffect =
	| { readonly type: "read-facts"; readonly tree: Branch }
	| { readonly type: "perform"; readonly capability: string; readonly effect: unknown; readonly says: string }
	/** Makes a tree the stored active one, with its record. */
	| { readonly type: "store"; readonly tree: Branch; readonly record: CommitRecord }
	/** The stored active one is confirmed: its record loses the deadline. */
	| { readonly type: "store-record"; readonly record: CommitRecord }
	| { readonly type: "store-schedule"; readonly commit: ScheduledCommit; readonly tree: Branch }
	| { readonly type: "clear-schedule" }
	/** From now on this is in force. */
	| {
			readonly type: "activated";
			readonly tree: Branch;
			readonly snapshot: unknown;
			readonly record: CommitRecord;
			readonly editor: EditorId | undefined;
	  }
	| { readonly type: "answer"; readonly editor: EditorId; readonly ok: boolean; readonly lines: readonly string[] }
	/** Every user on every terminal is told. */
	| { readonly type: "broadcast"; readonly text: string }
	| { readonly type: "report"; readonly severity: "info" | "error"; readonly text: string };

export interface CommitMachineStep {
	readonly next: CommitState;
	readonly effects: readonly CommitEffect[];
}
