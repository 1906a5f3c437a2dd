/** What a command of a session comes to: text at once, or something that must be waited for and what follows it. */
import type { Candidate } from "#cli/grammar.ts";
import type { SystemHandler } from "#cli/operational-commands.ts";
import type { Pipe } from "#cli/pipes.ts";
import type { LocalProgram } from "#cli/socket-protocol.ts";
import type { CommitRequest } from "#config/commit.ts";
import type { Branch } from "#config/tree.ts";

/** Which stored configuration: an earlier one by its number, the rescue or the factory one. */
export type StoredConfiguration = number | "rescue" | "factory";

/** What a commit is asked for; whose candidate it is, is known. */
export type CommitOrder = Omit<CommitRequest, "editor" | "user" | "tree">;

export type Reply =
	/** Output, through the pipes of the line. */
	| { readonly kind: "text"; readonly text: string }
	/** Lines about what was done; for a script they are no output when it failed. */
	| { readonly kind: "lines"; readonly lines: readonly string[]; readonly isOk: boolean }
	/** What is wrong with the line; `at` is the character under which the caret stands. */
	| {
			readonly kind: "complaint";
			readonly at: number;
			readonly message: string;
			readonly candidates?: readonly Candidate[];
	  }
	/** A question; `then` gets what was typed. */
	| {
			readonly kind: "ask";
			readonly question: string;
			/** What is typed is not shown, and is kept nowhere. */
			readonly isHidden?: true;
			readonly before?: string;
			readonly then: (answer: string) => Reply;
	  }
	/** The system answers. */
	| {
			readonly kind: "handle";
			readonly handler: SystemHandler;
			readonly values: Readonly<Record<string, string>>;
			readonly isJson: boolean;
			/** What follows when it did not fail. */
			readonly then?: () => Reply;
	  }
	/** The terminal runs a program of its own. */
	| { readonly kind: "run"; readonly program: LocalProgram; readonly values: Readonly<Record<string, string>> }
	| {
			readonly kind: "commit";
			readonly order: CommitOrder;
			readonly then: (isOk: boolean, lines: readonly string[]) => Reply;
	  }
	| { readonly kind: "clear-scheduled-commit" }
	| { readonly kind: "fetch"; readonly which: StoredConfiguration; readonly then: (tree: Branch) => Reply }
	/** Text that is typed until Ctrl-D, or a file of the terminal. */
	| { readonly kind: "collect"; readonly then: (text: string) => Reply }
	| { readonly kind: "read-file"; readonly file: string; readonly then: (text: string) => Reply }
	| { readonly kind: "write-file"; readonly file: string; readonly text: string; readonly then: () => Reply }
	| { readonly kind: "follow"; readonly file: string }
	| { readonly kind: "unfollow"; readonly file: string | undefined }
	| { readonly kind: "end" };

/** A command with what belongs to its line. */
export interface CommandContext {
	readonly line: string;
	/** Where the command ends and the pipes begin. */
	readonly end: number;
	readonly pipes: readonly Pipe[];
	readonly now: number;
}

/** Nothing to say. */
export const silence: Reply = { kind: "lines", lines: [], isOk: true };

/** Lines of something that went wrong. */
export function failure(...lines: readonly string[]): Reply {
	return { kind: "lines", lines, isOk: false };
}

/** Lines of something that was done. */
export function success(...lines: readonly string[]): Reply {
	return { kind: "lines", lines, isOk: true };
}

/** Asks a question with a default. */
export function askYesNo(
	question: string,
	isYesDefault: boolean,
	then: (isYes: boolean) => Reply,
	before?: string,
): Reply {
	const text = `${question} [yes,no] (${isYesDefault ? "yes" : "no"}) `;
	return {
		kind: "ask",
		question: text,
		...(before === undefined ? {} : { before }),
		then: (answer) => {
			const word = answer.trim().toLowerCase();
			if (word === "") return then(isYesDefault);
			if ("yes".startsWith(word)) return then(true);
			if ("no".startsWith(word)) return then(false);
			return askYesNo(question, isYesDefault, then);
		},
	};
}
