/** Reads what `| display xml` prints back into a tree: the proof that nothing is lost in it. */
import assert from "node:assert/strict";
import { Entries } from "#config/entries.ts";
import { stepInto } from "#config/resolve.ts";
import { type BranchNode, findByName, isBranchNode } from "#config/schema.ts";
import {
	type Branch,
	branchOf,
	emptyTree,
	leafListOf,
	leafOf,
	type Marks,
	type Slot,
	withMarks,
	withSlot,
} from "#config/tree.ts";

interface Element {
	readonly name: string;
	readonly attributes: string;
	/** Undefined for an element that closes itself. */
	readonly text: string | undefined;
	readonly below: readonly Element[];
}

/** The tree of a whole `<configuration>`. */
export function treeOfXml(schema: BranchNode, xml: string): Branch {
	const [root, more] = elementsIn(xml);
	assert.ok(root?.name === "configuration" && more === undefined);
	return branchOfXml(schema, emptyTree, root.below);
}

function branchOfXml(node: BranchNode, start: Branch, elements: readonly Element[]): Branch {
	let branch = start;
	let comment: string | undefined;
	for (const element of elements) {
		if (element.name === "comment" && findByName(node, "comment") === undefined) {
			comment = /^\/\* ([\s\S]*) \*\/$/.exec(element.text ?? "")?.[1];
			continue;
		}
		if (node.kind === "list" && node.keys.some(({ name }) => name === element.name)) continue;
		const marks: Partial<Marks> = {
			isInactive: element.attributes.includes('inactive="inactive"'),
			isProtected: element.attributes.includes('protect="protect"'),
			comment,
		};
		branch = withSlot(branch, element.name, slotOf(node, branch.children.get(element.name), element, marks));
		comment = undefined;
	}
	return branch;
}

function slotOf(node: BranchNode, present: Slot | undefined, element: Element, marks: Partial<Marks>): Slot {
	const child = findByName(node, element.name);
	assert.ok(child !== undefined, element.name);
	if (child.node.kind === "leaf-list") {
		const values = present?.kind === "leaf-list" ? present.values : [];
		const own = present?.kind === "leaf-list" ? { ...marks, comment: present.comment } : marks;
		return withMarks(leafListOf([...values, element.text ?? ""]), own);
	}
	if (!isBranchNode(child.node)) return withMarks(leafOf(element.text), marks);
	if (child.node.kind === "container")
		return withMarks(branchOfXml(child.node, branchOf(stepInto(child)), element.below), marks);
	const keys = child.node.keys.map(({ name }) => element.below.find((below) => below.name === name)?.text ?? "");
	const entry = branchOfXml(child.node, branchOf(stepInto(child, keys)), element.below.slice(keys.length));
	const entries = present?.kind === "entries" ? present : Entries.empty<Branch>(child.node.order);
	return entries.set(withMarks(entry, marks));
}

/** The elements of a text in which an element holds text or elements, never both. */
function elementsIn(xml: string): Element[] {
	const top: Element[] = [];
	const open: { readonly name: string; readonly attributes: string; readonly below: Element[] }[] = [];
	let text = "";
	for (const [piece = "", slash = "", name = "", attributes = "", isClosed = ""] of xml.matchAll(token)) {
		if (name === "") text += piece;
		else if (slash === "" && isClosed === "") {
			open.push({ name, attributes, below: [] });
			text = "";
		} else {
			const element = slash === "" ? { name, attributes, below: [] } : open.pop();
			assert.ok(element?.name === name, name);
			(open.at(-1)?.below ?? top).push({ ...element, text: slash === "" ? undefined : unescaped(text) });
			text = "";
		}
	}
	return top;
}

function unescaped(text: string): string {
	return text.replace(/&(amp|lt|gt|quot);/g, (_, name: string) => characters[name] ?? "");
}

const token = /<(\/?)([a-z0-9-]+)([^<>]*?)(\/?)>|[^<]+/g;
const characters: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"' };
