/** What the check of one branch leaves behind, with paths relative to the branch so that it can be kept. */
import type { Finding } from "#config/finding.ts";
import type { LeafType } from "#config/leaf-types.ts";
import type { BranchNode, Child } from "#config/schema.ts";
import type { Branch } from "#config/tree.ts";

/** What checking one branch yielded. Paths are relative to the branch. */
export interface BranchResult {
	readonly node: BranchNode;
	readonly branch: Branch;
	readonly value: Readonly<Record<string, unknown>>;
	readonly findings: readonly LocalFinding[];
	/** There is a finding here or below. */
	readonly hasFindings: boolean;
	readonly references: readonly LocalReference[];
	/** How many levels above this branch the lists stand, at most, that references here or below begin at. */
	readonly reach: number;
	/** The branches below in which there is something to report or to look up. */
	readonly below: readonly { readonly words: readonly string[]; readonly result: BranchResult }[];
}

export interface LocalFinding {
	readonly severity: Finding["severity"];
	readonly statement: string | undefined;
	readonly message: string;
	/** Reported once per configuration, not once per branch. */
	readonly once?: Child;
}

/** Values that must be names of entries elsewhere. */
export interface LocalReference {
	readonly type: LeafType<unknown>;
	readonly statement: string;
	readonly values: readonly string[];
}
