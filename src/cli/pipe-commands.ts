/** What may stand behind a bar, as data. */
import type { CommandNode } from "#cli/grammar.ts";
import { integer, text } from "#config/leaf-types.ts";

export type PipeHandler =
	| "append"
	| "compare"
	| "count"
	| "display"
	| "except"
	| "find"
	| "hold"
	| "last"
	| "match"
	| "no-more"
	| "refresh"
	| "resolve"
	| "save"
	| "tee"
	| "trim";

type Node = CommandNode<PipeHandler>;

const pattern = text({ min: 1, max: 1_024, placeholder: "pattern" });
const fileName = text({ min: 1, max: 1_024, placeholder: "filename" });
const rollback = integer({ min: 0, max: 49, placeholder: "number" });

function withPattern(help: string, run: PipeHandler): Node {
	return { help, value: { name: "pattern", type: pattern, node: { help: "Regular expression", run } } };
}

function withFile(help: string, run: PipeHandler): Node {
	return {
		help,
		value: { name: "file", type: fileName, node: { help: "File, written with the rights of this user", run } },
	};
}

/** The pipes, as commands. */
export const pipeCommands: Node = {
	help: "",
	children: {
		append: withFile("Add the output to a file", "append"),
		compare: {
			help: "Compare with another configuration",
			run: "compare",
			children: {
				rollback: {
					help: "With an earlier configuration",
					value: { name: "rollback", type: rollback, node: { help: "Number of the configuration", run: "compare" } },
				},
				rescue: { help: "With the rescue configuration", run: "compare" },
			},
			value: { name: "file", type: fileName, node: { help: "File with a configuration", run: "compare" } },
		},
		count: { help: "Count the lines", run: "count" },
		display: {
			help: "Show in another form",
			children: {
				changed: { help: "As XML, what was changed and not committed with a mark", run: "display" },
				detail: { help: "With what happens on the way", run: "display" },
				inheritance: {
					help: "With what is inherited from groups",
					run: "display",
					options: {
						brief: { help: "Name the group in a few words" },
						defaults: { help: "With the defaults too" },
						"no-comments": { help: "Without naming the group" },
					},
				},
				json: { help: "As JSON", run: "display" },
				omit: { help: "With statements that are usually left out", run: "display" },
				set: {
					help: "As set commands",
					run: "display",
					children: { relative: { help: "Relative to this level", run: "display" } },
				},
				xml: { help: "As XML", run: "display" },
			},
		},
		except: withPattern("Lines that do not match", "except"),
		find: withPattern("Begin at the first line that matches", "find"),
		hold: { help: "Stay in the output at its end", run: "hold" },
		last: {
			help: "Only the last lines",
			run: "last",
			value: {
				name: "count",
				type: integer({ min: 1, max: 100_000, placeholder: "lines" }),
				node: { help: "How many; a screen without it", run: "last" },
			},
		},
		match: withPattern("Lines that match", "match"),
		"no-more": { help: "Do not stop at each screen", run: "no-more" },
		refresh: {
			help: "Run again and again until Ctrl-C",
			run: "refresh",
			value: {
				name: "seconds",
				type: integer({ min: 1, max: 604_800, unit: "seconds" }),
				node: { help: "Seconds between two runs", run: "refresh" },
			},
		},
		resolve: {
			help: "Addresses as host names",
			run: "resolve",
			children: { "full-names": { help: "Names in full length", run: "resolve" } },
		},
		save: withFile("Write the output to a file", "save"),
		tee: withFile("Write the output to a file and show it", "tee"),
		trim: {
			help: "Leave out the first columns",
			value: {
				name: "columns",
				type: integer({ min: 1, max: 1_024, placeholder: "columns" }),
				node: { help: "How many columns", run: "trim" },
			},
		},
	},
};
