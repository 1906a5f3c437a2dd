/** The verbs of configuration mode, as data. Statements behind them are read by the schema of the configuration. */
import type { ArgumentType, CommandNode } from "#cli/grammar.ts";
import { enumeration, integer, shown, text, union } from "#config/leaf-types.ts";
import { dateTime, timeOfDay } from "#config/network-types.ts";

export type ConfigurationHandler =
	| "commit"
	| "edit"
	| "edit-line"
	| "exit"
	| "exit-configuration"
	| "help-apropos"
	| "help-reference"
	| "help-topic"
	| "load"
	| "load-factory-default"
	| "replace-pattern"
	| "rollback"
	| "run"
	| "save"
	| "show"
	| "status"
	| "top"
	| "up"
	| "update"
	| "wildcard-delete"
	| "wildcard-range";

type Node = CommandNode<ConfigurationHandler>;

/** A verb that changes statements: the whole line goes to the configuration. */
function edits(help: string, rest: "statement" | "statements" = "statement"): Node {
	return { help, run: "edit-line", rest, mustHaveRest: true };
}

/** `relative` may stand before the file and behind it. */
function loads(help: string): Node {
	const anyText = text({ min: 1, placeholder: "filename" });
	const type: ArgumentType = { ...anyText, words: { terminal: "Text that is typed or pasted here" } };
	const json = { help: "The text is JSON" };
	const relative = "The text begins at this level";
	const fileOf = (node: Node): NonNullable<Node["value"]> => ({ name: "file", type, node });
	return {
		help,
		children: {
			relative: { help: relative, value: fileOf({ help: fileHelp, run: "load", options: { json } }) },
		},
		value: fileOf({ help: fileHelp, run: "load", options: { relative: { help: relative }, json } }),
	};
}

/** A date may be written with a blank before the time of day, in quotes. */
const anyTime = union([timeOfDay(), dateTime()]);
const commitTime: ArgumentType = {
	...anyTime,
	parse(typed) {
		const at = anyTime.parse(typed.replace(/^(\S+) +(\S+)$/, "$1.$2"));
		if (at.ok) return at;
		return { ok: false, message: `invalid time: '${shown(typed)}'; expected hh:mm or YYYY-MM-DD.hh:mm:ss` };
	},
};
const fileHelp = "File with the configuration";
const pattern = text({ min: 1, placeholder: "pattern" });

/** Configuration mode. */
export const configurationCommands: Node = {
	help: "",
	children: {
		activate: edits("Remove the inactive tag of a statement"),
		annotate: edits("Annotate a statement with a comment", "statements"),
		commit: {
			help: "Put the changes in force",
			run: "commit",
			options: {
				"and-quit": { help: "Leave configuration mode afterwards" },
				at: { help: "Time of day or date at which to commit, UTC", type: commitTime },
				check: { help: "Look for errors and do nothing" },
				comment: { help: "Message for the log", type: text({ min: 1, max: 512, placeholder: "message" }) },
				confirmed: {
					help: "Roll back by itself unless confirmed",
					type: integer({ min: 1, max: 65_535, unit: "minutes" }),
					valueIsOptional: true,
				},
				full: { help: "Apply everything, changed or not" },
				synchronize: { help: "On every node of a cluster" },
			},
		},
		copy: edits("Copy a statement", "statements"),
		deactivate: edits("Add the inactive tag to a statement"),
		delete: { help: "Delete a statement, or everything below this level", run: "edit-line", rest: "statement" },
		edit: { help: "Go down to a level", run: "edit", rest: "statement", mustHaveRest: true },
		exit: {
			help: "Leave this level",
			run: "exit",
			children: { "configuration-mode": { help: "Leave configuration mode", run: "exit-configuration" } },
		},
		help: {
			help: "Find statements",
			children: {
				apropos: {
					help: "Everything whose name or help has a word",
					run: "help-apropos",
					rest: "words",
					mustHaveRest: true,
				},
				reference: { help: "Statement with its values", run: "help-reference", rest: "statement", mustHaveRest: true },
				topic: { help: "What a statement does", run: "help-topic", rest: "statement", mustHaveRest: true },
			},
		},
		insert: edits("Move an entry of an ordered list", "statements"),
		load: {
			help: "Load a configuration",
			children: {
				"factory-default": { help: "The configuration of a first start", run: "load-factory-default" },
				merge: loads("Add to the configuration"),
				override: loads("Replace the whole configuration"),
				patch: loads("Apply a difference as show | compare prints it"),
				replace: loads("Replace the parts that are tagged replace:"),
				set: loads("Execute set, delete and other commands"),
				update: loads("Replace the whole configuration; what is equal stays untouched"),
			},
		},
		protect: edits("Guard a statement against changes"),
		quit: { help: "Leave this level", run: "exit" },
		rename: edits("Rename an entry of a list", "statements"),
		replace: {
			help: "Replace text in the configuration",
			children: {
				pattern: {
					help: "Values that match a regular expression",
					value: {
						name: "pattern",
						type: pattern,
						node: {
							help: "Regular expression",
							run: "replace-pattern",
							options: {
								with: { help: "Text to put in its place", type: text({ placeholder: "text" }), mandatory: true },
								upto: { help: "At most so many", type: integer({ min: 1, max: 1_000_000, placeholder: "number" }) },
							},
						},
					},
				},
			},
		},
		rollback: {
			help: "Return to an earlier configuration",
			permission: "rollback",
			run: "rollback",
			value: {
				name: "number",
				type: union([
					enumeration({ rescue: "The rescue configuration" }),
					integer({ min: 0, max: 49, placeholder: "number" }),
				]),
				node: { help: "Number of the configuration; 0 is the one in force", run: "rollback" },
			},
		},
		run: { help: "Run a command of operational mode", run: "run", rest: "operational", mustHaveRest: true },
		save: {
			help: "Save the configuration to a file",
			value: { name: "file", type: text({ min: 1, placeholder: "filename" }), node: { help: "File", run: "save" } },
		},
		set: edits("Set a statement"),
		show: { help: "Show the configuration", run: "show", rest: "statement" },
		status: { help: "Who changes the configuration", run: "status" },
		top: { help: "Go to the top, or do something there", run: "top", rest: "configuration" },
		unprotect: edits("Let a statement be changed again"),
		up: { help: "Go up, or do something there", run: "up", rest: "configuration" },
		update: { help: "Bring a private copy up to date", run: "update" },
		wildcard: {
			help: "Several statements at once",
			children: {
				delete: {
					help: "Delete statements whose names match regular expressions",
					run: "wildcard-delete",
					rest: "statement",
					mustHaveRest: true,
				},
				range: {
					help: "Statements of numbered names: ge-0/0/[0-3]",
					children: {
						activate: { help: "Activate them", run: "wildcard-range", rest: "statement", mustHaveRest: true },
						deactivate: { help: "Deactivate them", run: "wildcard-range", rest: "statement", mustHaveRest: true },
						delete: { help: "Delete them", run: "wildcard-range", rest: "statement", mustHaveRest: true },
						set: { help: "Set them", run: "wildcard-range", rest: "statement", mustHaveRest: true },
					},
				},
			},
		},
	},
};
