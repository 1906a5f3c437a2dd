import assert from "node:assert/strict";
import { test } from "node:test";
import { check } from "#config/check.ts";
import type { LeafType } from "#config/leaf-types.ts";
import { printText } from "#config/print-text.ts";
import { type BranchNode, type Child, findByName, helpLine, isBranchNode, type SchemaNode } from "#config/schema.ts";
import { parseText } from "#config/text.ts";
import { formatWord } from "#config/word.ts";
import { rootSchema, verifyConfiguration } from "#product/root-schema.ts";

/** A statement with the words that lead to it. */
interface Place {
	readonly words: readonly string[];
	readonly child: Child;
	readonly parents: readonly BranchNode[];
}

const places = [...walk(rootSchema, [], [])];

test("nothing configured is a sound configuration that denies everything", () => {
	const { snapshot, errors } = check(rootSchema, parseText(rootSchema, "").tree);
	assert.deepEqual(errors, []);
	assert.ok(snapshot !== undefined);
	assert.deepEqual(verifyConfiguration(snapshot, { caIds: new Set() }), []);
	assert.equal(snapshot.security.policies.defaultPolicy.permitAll, false);
});

test("the parts of the configuration are printed in the order of Junos", () => {
	assert.deepEqual(
		rootSchema.children.map(({ name }) => name),
		[
			"groups",
			"system",
			"services",
			"security",
			"interfaces",
			"routing-options",
			"routing-instances",
			"access",
			"schedulers",
			"applications",
		],
	);
	const security = rootSchema.byName.get("security")?.node as BranchNode;
	assert.deepEqual(security.children.map(({ name }) => name).slice(0, 9), [
		"log",
		"pki",
		"ike",
		"ipsec",
		"alarms",
		"address-book",
		"flow",
		"policies",
		"zones",
	]);
});

test("every statement and every fixed word is explained", () => {
	assert.ok(places.length > 1_000, `${places.length} statements`);
	for (const { words, child } of places) {
		const { node } = child;
		assert.ok(helpLine(node.help).length >= 3, words.join(" "));
		assert.doesNotMatch(helpLine(node.help), /[.!]$/, words.join(" "));
		for (const type of typesOf(node)) {
			assert.ok(type.describes.length > 0, words.join(" "));
			for (const [word, help] of Object.entries(type.words ?? {}))
				assert.ok(help.length > 1, `${words.join(" ")} ${word}`);
		}
	}
});

test("a statement whose help says what loosening opens names the danger", () => {
	for (const { words, child } of places) {
		const { help } = child.node;
		if (typeof help !== "string" && help.loosened !== undefined)
			assert.match(help.loosened, /^danger: /, words.join(" "));
	}
	const dangerous = places.filter(({ child }) => textOf(child.node).includes("danger"));
	assert.ok(dangerous.length > 60, `${dangerous.length} statements`);
	const named = (words: string) => dangerous.some((place) => place.words.join(" ").startsWith(words));
	for (const words of [
		"services ssl proxy profile <name> actions ignore-server-auth-failure",
		"services ssl initiation profile <name> actions ignore-server-auth-failure",
		"services gateway explicit-proxy <name> permit-local-targets",
		"security policies default-policy permit-all",
		"security ipsec vpn <name> ike no-anti-replay",
		"security ike gateway <name> general-ikeid",
		"security pki ca-profile <name> revocation-check disable",
		"system services web-management http",
	])
		assert.ok(named(words), words);
});

test("every reference points at a list that exists", () => {
	for (const { words, child, parents } of places) {
		for (const type of typesOf(child.node)) {
			for (const path of type.references ?? []) {
				if (path === "groups group") continue;
				const own = child.node.kind === "list" ? [...parents, child.node] : parents;
				const target = follow(own, path);
				assert.equal(target?.kind, "list", `${words.join(" ")} refers to ${path}`);
			}
		}
	}
});

test("names that a snapshot gives to siblings are all different", () => {
	for (const { child } of places) {
		if (!isBranchNode(child.node)) continue;
		const properties = [
			...child.node.children.map(({ property }) => property),
			...(child.node.kind === "list" ? child.node.keys.map(({ property }) => property) : []),
		];
		assert.equal(new Set(properties).size, properties.length, child.name);
	}
});

test("every statement can be set alone, is printed, and what is printed reads back as the same", () => {
	for (const { words, child, parents } of places) {
		const line = `${sampleWords({ words, child, parents }).join(" ")};`;
		const read = parseText(rootSchema, line);
		assert.deepEqual(
			read.errors.map(({ message }) => message),
			[],
			line,
		);
		const printed = printText(rootSchema, read.tree);
		// An empty container says nothing and is not kept.
		if (child.node.kind === "container" && child.node.presence !== true) continue;
		const again = parseText(rootSchema, printed);
		assert.deepEqual(again.errors, [], printed);
		assert.equal(printText(rootSchema, again.tree), printed, line);
		assert.ok(printed.includes(child.node.unnamed === true ? "" : child.name), printed);
	}
});

test("a sample of every leaf passes its own type, and one out of range does not", () => {
	for (const { words, child } of places) {
		for (const type of typesOf(child.node)) {
			assert.equal(type.parse(sampleOf(type)).ok, true, `${words.join(" ")}: ${sampleOf(type)}`);
			if (type.range === undefined || type.words !== undefined) continue;
			assert.equal(type.parse(String(type.range.max + 1)).ok, false, words.join(" "));
			assert.equal(type.parse(String(type.range.min - 1)).ok, false, words.join(" "));
		}
	}
});

function* walk(node: BranchNode, words: readonly string[], above: readonly BranchNode[]): Generator<Place> {
	const parents = [...above, node];
	for (const child of node.children) {
		if (child.node.kind === "list" && child.node.holdsGroups === true) continue;
		const keys = child.node.kind === "list" ? child.node.keys.map((key) => `<${key.name}>`) : [];
		const here = [...words, child.name, ...keys];
		yield { words: here, child, parents };
		if (isBranchNode(child.node)) yield* walk(child.node, here, parents);
	}
}

function typesOf(node: SchemaNode): readonly LeafType<unknown>[] {
	if (node.kind === "list") return node.keys.map(({ type }) => type);
	return "type" in node ? [node.type] : [];
}

function textOf(node: SchemaNode): string {
	return JSON.stringify([node.help, typesOf(node).map((type) => type.words)]);
}

/** The node at a reference path, seen from the innermost of the branches. */
function follow(branches: readonly BranchNode[], path: string): SchemaNode | undefined {
	const words = path.split(" ").filter((word) => word !== "*");
	const up = words.filter((word) => word === "..").length;
	let node: SchemaNode | undefined = up === 0 ? branches[0] : branches.at(-1 - up);
	for (const word of words.slice(up))
		node = node !== undefined && isBranchNode(node) ? findByName(node, word)?.node : undefined;
	return node;
}

/** The words of a `set` line for a statement, with sample keys and a sample value. */
function sampleWords({ child, parents }: Place): string[] {
	const words: string[] = [];
	const path = [...parents.slice(1).map((node, index) => childOf(parents[index] as BranchNode, node)), child];
	for (const step of path) {
		if (step.node.unnamed !== true) words.push(step.name);
		if (step.node.kind === "list") {
			for (const key of step.node.keys) {
				if (key.keyword !== undefined) words.push(key.keyword);
				words.push(formatWord(sampleOf(key.type)));
			}
		}
	}
	if ("type" in child.node) words.push(formatWord(sampleOf(child.node.type)));
	return words;
}

function childOf(parent: BranchNode, node: BranchNode): Child {
	return parent.children.find((child) => child.node === node) as Child;
}

/** A value that the type accepts. */
function sampleOf(type: LeafType<unknown>): string {
	if (type.words !== undefined) return Object.keys(type.words)[0] as string;
	if (type.name === "size") return "1m";
	if (type.range !== undefined) return String(type.range.min);
	return samples.find((sample) => type.parse(sample).ok) ?? "";
}

const samples = [
	"sample",
	"10.0.0.0/8",
	"2001:db8::/32",
	"192.0.2.1",
	"2001:db8::1",
	"192.0.2.1:443",
	"host.example:443",
	"eth0.0",
	"https://host.example/",
	"user@host.example",
	"00:11:22:33:44:55",
	"2026-01-01.00:00:00",
	"09:00",
	"0011",
	"00".repeat(32),
	"10.0.0.1/255.0.0.255",
	"443",
	"$6$salt$hash",
	"ecdhe-rsa-with-aes-128-gcm-sha256",
	"0123456789abcdef0123456789abcdef0123",
	"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHh4eHh4eHh4eHh4",
];
