/** The reference of the command line, made from its grammars. */
import { configurationCommands } from "#cli/configuration-commands.ts";
import type { ArgumentType, CommandNode, OptionNode, RestKind } from "#cli/grammar.ts";
import { operationalCommands } from "#cli/operational-commands.ts";
import { pipeCommands } from "#cli/pipe-commands.ts";
import { markdownTable } from "./markdown.ts";

/** Every command that is offered: operational mode, configuration mode, pipes. */
export function commandsPage(): string {
	return [
		"# Commands",
		"",
		"The command line of `sallyport cli`, made from the grammars that parse and complete it (`src/cli/operational-commands.ts`,",
		"`configuration-commands.ts`, `pipe-commands.ts`). A word may be shortened as long as it is the only one that begins so; `?`",
		"lists what may follow. *Permission* is the one of the login class that a command needs; none is needed where the column is",
		"empty. A tour with examples: [the guide](../guide/cli.md).",
		"",
		"## Operational mode",
		"",
		...mode(operationalCommands),
		"## Configuration mode",
		"",
		"Entered by `configure`. Statements are those of [the configuration](configuration.md), relative to the level of the banner.",
		"",
		...mode(configurationCommands),
		"## Pipes",
		"",
		"Behind any command, `command | pipe | pipe`.",
		"",
		...commandTable(rowsOf(pipeCommands, "", undefined)),
	].join("\n");
}

interface Row {
	readonly syntax: string;
	readonly permission: string;
	readonly help: string;
}

/** A section for each first word. */
function mode(grammar: CommandNode): string[] {
	return childrenOf(grammar).flatMap(([name, node]) => [
		`### ${name}`,
		"",
		`${sentence(node.help)}`,
		"",
		...commandTable(rowsOf(node, name, grammar.permission)),
	]);
}

function commandTable(rows: readonly Row[]): string[] {
	const hasPermission = rows.some(({ permission }) => permission !== "");
	const head = hasPermission ? ["Command", "What it does", "Permission"] : ["Command", "What it does"];
	return [
		markdownTable(
			head,
			rows.map(({ syntax, help, permission }) => [code(syntax), help, ...(hasPermission ? [code(permission)] : [])]),
		),
		"",
	];
}

/** `before` is the help of the node above a value. */
function rowsOf(node: CommandNode, syntax: string, inherited: string | undefined, before = ""): Row[] {
	const permission = node.permission ?? inherited;
	const rows: Row[] = [];
	const help = `${before}${sentence(node.help)}`;
	if (node.run !== undefined) {
		rows.push({ syntax: `${syntax}${restOf(node)}`, permission: permission ?? "", help });
		for (const [name, option] of Object.entries(node.options ?? {}))
			rows.push({ syntax: `    ${optionSyntax(name, option)}`, permission: "", help: optionHelp(option) });
	}
	if (node.value !== undefined) {
		const { type, node: child } = node.value;
		const words = type.words === undefined ? "" : ` ${wordsOf(type)}`;
		const own = child.help === "" ? help : `${help} ${type.placeholder}: `;
		rows.push(
			...rowsOf(child, `${syntax} ${type.placeholder}`, permission, own).map((row, index) =>
				index === 0 ? { ...row, help: `${row.help}${words}` } : row,
			),
		);
	}
	for (const [name, child] of childrenOf(node))
		rows.push(...rowsOf(child, syntax === "" ? name : `${syntax} ${name}`, permission));
	return rows;
}

function childrenOf({ children = {} }: CommandNode): [string, CommandNode][] {
	return Object.entries(children)
		.filter(([, { hidden }]) => hidden !== true)
		.sort(([a], [b]) => (a < b ? -1 : 1));
}

function optionSyntax(name: string, { type, valueIsOptional }: OptionNode): string {
	if (type === undefined) return name;
	return valueIsOptional === true ? `${name} [${type.placeholder}]` : `${name} ${type.placeholder}`;
}

function optionHelp({ help, type, mandatory }: OptionNode): string {
	const words = type?.words === undefined ? "" : ` ${wordsOf(type)}`;
	return `${sentence(help)}${words}${mandatory === true ? " Mandatory." : ""}`;
}

function wordsOf({ words = {} }: ArgumentType): string {
	return `${Object.entries(words)
		.map(([word, help]) => `${code(word)}: ${help}`)
		.join("; ")}.`;
}

function restOf({ rest, mustHaveRest }: CommandNode): string {
	if (rest === undefined) return "";
	return mustHaveRest === true ? ` ${restNames[rest]}` : ` [${restNames[rest]}]`;
}

function sentence(text: string): string {
	return /[.!?]$/.test(text) ? text : `${text}.`;
}

/** A column of its own keeps leading blanks. */
function code(text: string): string {
	if (text === "") return "";
	const trimmed = text.trimStart();
	return `${"&emsp;".repeat((text.length - trimmed.length) / 4)}\`${trimmed}\``;
}

const restNames: Readonly<Record<RestKind, string>> = {
	statement: "<statement>",
	statements: "<statement> ...",
	operational: "<command>",
	configuration: "<command>",
	words: "<text>",
};
