import assert from "node:assert/strict";
import { test } from "node:test";
import { checkLinks, definesName } from "../../scripts/check-links.ts";
import { makeTree } from "../support/tree.ts";

const tree = {
	"ARCHITECTURE.md": 'The map: `src/tls/`; shown by `src/tls/hello.test.ts` "takes the hello whole"\n',
	"src/tls/hello.test.ts": 'test("takes the hello whole, whatever its size", () => {});\n',
	"README.md":
		"# Start here\n\nOk: [a](docs/a.md), [b](docs/a.md#two-words--more), [c](#start-here), [d](https://x.example/y)\n",
	"docs/a.md":
		"# One\n\n## Two words & more\n\n`src/tls/hello.ts:decodeHello` `src/tls/hello.ts:Reader.push` `src/*/x.ts` `src/tls/`\n",
	"src/tls/hello.ts":
		"export function decodeHello() {}\nexport class Reader {\n\tpush(octets: Uint8Array): void {}\n}\n// gone()\n",
};

test("links to files, headings, web pages and code that exist are in order", (t) => {
	assert.deepEqual(checkLinks(makeTree(t, tree)), []);
});

const breaches: readonly (readonly [string, RegExp])[] = [
	["[x](docs/gone.md)", /README\.md:3: link to docs\/gone\.md, which does not exist/],
	["[x](docs/a.md#three)", /link to #three of docs\/a\.md, which has no such heading/],
	["[x](#three)", /link to #three of README\.md/],
	["`src/tls/gone.ts`", /names src\/tls\/gone\.ts, which does not exist/],
	["`src/tls/gone.ts:decodeHello`", /names src\/tls\/gone\.ts/],
	["`src/tls/hello.ts:gone`", /src\/tls\/hello\.ts defines no gone/],
	["`src/tls/hello.ts:Reader.pull()`", /src\/tls\/hello\.ts defines no Reader\.pull/],
	["`src/gone/`", /names src\/gone\/, which does not exist/],
	[
		'`src/tls/hello.test.ts` "takes the hello", "takes any"',
		/src\/tls\/hello\.test\.ts has no test whose name holds "takes any"/,
	],
];

for (const [text, expected] of breaches) {
	test(`a link that leads nowhere is told: ${text}`, (t) => {
		const faults = checkLinks(makeTree(t, { ...tree, "README.md": `# Start\n\n${text}\n` }));
		assert.equal(faults.length, 1, faults.join("\n"));
		assert.match(faults[0] ?? "", expected);
	});
}

test("a folder that the map does not name is told", (t) => {
	assert.deepEqual(checkLinks(makeTree(t, { ...tree, "src/http/head.ts": "" })), [
		"ARCHITECTURE.md: does not name src/http/",
	]);
});

test("links inside fenced blocks are text", (t) => {
	assert.deepEqual(checkLinks(makeTree(t, { "README.md": "```\n[x](gone.md)\n```\nand `[x](gone.md)`\n" })), []);
});

test("a name counts as defined by a declaration or a member, not by a use or a comment", () => {
	const source =
		"export const table = 1;\nexport interface Row {\n\treadonly id: string;\n}\nclass A {\n\tasync #run() {\n\t\tcall(1);\n\t}\n}\n";
	for (const name of ["table", "Row", "Row.id", "A.run"]) assert.ok(definesName(source, name), name);
	for (const name of ["call1", "tab", "B.run", "Row.name"]) assert.ok(!definesName(source, name), name);
});
