/** What `show` and `show configuration` print: a statement of a tree, or a difference, in each of its forms. */

import { compareAsSet } from "#cli/compare-set.ts";
import type { Pipe } from "#cli/pipes.ts";
import { compareTrees } from "#config/compare.ts";
import { locate } from "#config/edit.ts";
import { inherit, originOf } from "#config/inheritance.ts";
import { type Level, levelWords } from "#config/level.ts";
import { passedWords, pathWords } from "#config/path.ts";
import { printJson } from "#config/print-json.ts";
import { printSetLines } from "#config/print-set.ts";
import { type PrintOptions, printText } from "#config/print-text.ts";
import { printXml } from "#config/print-xml.ts";
import { type Item, resolveWords } from "#config/resolve.ts";
import type { BranchNode, ContainerNode } from "#config/schema.ts";
import { type Branch, branchAt, changeBranch, emptyTree, type Step } from "#config/tree.ts";

/** The forms of `| display`, as the pipes of a line ask for them. */
export interface DisplayForm {
	readonly form: "text" | "set" | "json" | "xml";
	/** `display set relative`. */
	readonly isRelative: boolean;
	/** What groups give is shown too; with a remark where it came from, or without. */
	readonly inheritance: "remarks" | "brief" | "silent" | undefined;
	/** `display detail`. */
	readonly isDetailed: boolean;
	/** `display changed`: what differs from the configuration in force bears a mark. */
	readonly marksChanges: boolean;
}

/** Everything that `show` needs besides the words. */
export interface ShowContext {
	readonly root: ContainerNode;
	/** The tree, without what the user may not see. */
	readonly tree: Branch;
	/** The one in force, seen the same way; without it nothing counts as changed. */
	readonly before?: Branch;
	readonly level: Level;
	readonly hidesSecrets: boolean;
}

export type Shown =
	| { readonly ok: true; readonly text: string }
	/** `at` is the index of the word at fault. */
	| { readonly ok: false; readonly message: string; readonly at: number; readonly expected: readonly string[] };

/** Reads `display` out of the pipes. */
export function displayForm(pipes: readonly Pipe[]): DisplayForm {
	let display: DisplayForm = {
		form: "text",
		isRelative: false,
		inheritance: undefined,
		isDetailed: false,
		marksChanges: false,
	};
	for (const { kind, words, values } of pipes) {
		if (kind !== "display") continue;
		const [form, ...more] = words;
		if (form === "set") display = { ...display, form, isRelative: more.includes("relative") };
		else if (form === "json" || form === "xml") display = { ...display, form };
		else if (form === "changed") display = { ...display, form: "xml", marksChanges: true };
		else if (form === "detail") display = { ...display, isDetailed: true };
		else if (form === "inheritance") {
			const inheritance =
				values["no-comments"] !== undefined ? "silent" : values.brief !== undefined ? "brief" : "remarks";
			display = { ...display, inheritance };
		}
	}
	return display;
}

/** The text of what the words name below the level; nothing for what is not there. */
export function showStatement(context: ShowContext, items: readonly Item[], display: DisplayForm): Shown {
	const { root, level } = context;
	const tree = display.inheritance === undefined ? context.tree : inherit(root, context.tree);
	const place = placeOf(tree, level, items);
	if ("message" in place) return place;
	const text = place.branch === undefined ? "" : printed(context, { ...place, branch: place.branch }, display);
	return { ok: true, text };
}

/** The difference between two trees below the level. */
export function showDifference(context: ShowContext, before: Branch, display: DisplayForm): string {
	const { root, level, hidesSecrets } = context;
	const path = levelWords(level);
	const old = branchAt(before, level.path) ?? emptyTree;
	const fresh = branchAt(context.tree, level.path) ?? emptyTree;
	const node = level.path.length === 0 ? root : level.node;
	if (display.form === "set")
		return compareAsSet(node, old, fresh, { path: display.isRelative ? [] : path, hidesSecrets });
	return compareTrees(node, old, fresh, { path, hidesSecrets });
}

/** A branch, and which of its children are meant. */
interface Place {
	readonly node: BranchNode;
	readonly path: readonly Step[];
	readonly words: readonly string[];
	/** With only the children that are meant; undefined when it is not there. */
	readonly branch: Branch | undefined;
}

function placeOf(tree: Branch, level: Level, items: readonly Item[]): Place | (Shown & { readonly ok: false }) {
	const located = locate(tree, level, items, editOptions);
	if (located.ok) {
		const { target, node } = located;
		const words = pathWords(level.root, target.path);
		if (target.kind === "branch") return { node, path: target.path, words, branch: target.statement };
		const parent = branchAt(tree, target.path) as Branch;
		return { node, path: target.path, words, branch: only(parent, target.name) };
	}
	const resolved = resolveWords(level.node, items, { ...editOptions, valueIsOptional: true });
	if (resolved.ok) return { node: level.node, path: level.path, words: levelWords(level), branch: undefined };
	const list = resolved.kind === "missing" ? resolved.awaits : undefined;
	if (list?.child.node.kind !== "list" || list.keys?.length !== 0)
		return { ok: false, message: resolved.message, at: resolved.item, expected: resolved.expected };
	// `show security ike policy`: all entries of the list.
	const path = [...level.path, ...resolved.passed.map(({ step }) => step)];
	const parent = branchAt(tree, path);
	return {
		node: resolved.passed.at(-1)?.node ?? level.node,
		path,
		words: [...levelWords(level), ...passedWords(resolved.passed)],
		branch: parent === undefined ? undefined : only(parent, list.child.name),
	};
}

function printed(
	{ root, level, hidesSecrets, before }: ShowContext,
	place: Place & { readonly branch: Branch },
	display: DisplayForm,
): string {
	const { node, branch, path, words } = place;
	switch (display.form) {
		case "set": {
			const from = display.isRelative ? levelWords(level).length : 0;
			return printSetLines(node, branch, { path: words.slice(from), hidesSecrets });
		}
		case "json":
			return printJson(root, aloneAt(path, branch), { hidesSecrets });
		case "xml":
			return printXml(root, aloneAt(path, branch), {
				hidesSecrets,
				...(display.marksChanges && before !== undefined ? { before } : {}),
			});
		case "text":
			return printText(node, branch, { hidesSecrets, ...remarks(display) });
	}
}

function remarks({ inheritance }: DisplayForm): Pick<PrintOptions, "remarkOf"> {
	if (inheritance !== "remarks" && inheritance !== "brief") return {};
	return {
		remarkOf: (statement, name) => {
			const group = originOf(statement);
			if (group === undefined) return undefined;
			return inheritance === "brief" ? `inherited from '${group}'` : `'${name}' was inherited from group '${group}'`;
		},
	};
}

function only(branch: Branch, name: string): Branch {
	const slot = branch.children.get(name);
	return { ...branch, children: slot === undefined ? new Map() : new Map([[name, slot]]) };
}

/** A tree that holds nothing but the branch at its path. */
function aloneAt(path: readonly Step[], branch: Branch): Branch {
	return path.length === 0 ? branch : changeBranch(emptyTree, path, () => branch);
}

// Nothing that is shown is stored: no secret is encoded here.
const editOptions = { salt: (count: number) => new Uint8Array(count), mayAbbreviate: true } as const;
