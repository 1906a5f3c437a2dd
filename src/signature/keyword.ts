/** What a keyword of the rule language is here: a row of a table, so that the reference lists what is understood. */
import type { SignatureDraft } from "#signature/signature-draft.ts";

export interface Keyword {
	/** One sentence for the reference. */
	readonly about: string;
	/** Reads the value into the draft; answers what is wrong with it. */
	readonly read: (draft: SignatureDraft, value: string | undefined) => string | undefined;
}

export type KeywordTable = Readonly<Record<string, Keyword>>;
