import assert from "node:assert/strict";
import { test } from "node:test";
import { checkLayers, type Layers } from "../../scripts/check-layers.ts";
import { makeTree } from "../support/tree.ts";

const rules: Layers = {
	layers: ["base", "tls", "proxy", "ike", "daemon"],
	apart: [["proxy", "ike"]],
	coreMayImport: ["node:crypto"],
};

/** A tree that keeps every rule. */
const clean: Readonly<Record<string, string>> = {
	"src/base/bytes.ts": 'import { createHash } from "node:crypto";\nexport const a = createHash("sha256");\n',
	"src/tls/hello.ts":
		'import { a } from "#base/bytes.ts";\nimport type { Socket } from "node:net";\nexport const b = a;\n',
	"src/tls/hello.test.ts":
		'import { test } from "node:test";\nimport { b } from "#tls/hello.ts";\nsetTimeout(() => test("x", () => b), 1);\n',
	"src/tls/engine-shell.ts": 'import { connect } from "node:net";\nexport const c = () => [connect(1), Date.now()];\n',
	"src/daemon/managed.ts":
		'import { c } from "#tls/engine-shell.ts";\nexport const d = [c, process.pid, Math.random()];\n',
};

test("a tree that keeps the rules has no fault", (t) => {
	assert.deepEqual(checkLayers(makeTree(t, clean), rules), []);
});

const breaches: readonly (readonly [string, string, string, RegExp])[] = [
	[
		"a folder uses a later one",
		"src/base/x.ts",
		'import { b } from "#tls/hello.ts";\nexport const x = b;',
		/x\.ts:1: base may not use tls/,
	],
	[
		"a relative path does not hide the folder",
		"src/base/x.ts",
		'import { b } from "../tls/hello.ts";\nexport const x = b;',
		/base may not use tls/,
	],
	[
		"a type from a later folder counts too",
		"src/base/x.ts",
		'import type { b } from "#tls/hello.ts";\nexport type X = typeof b;',
		/base may not use tls/,
	],
	[
		"folders stay apart",
		"src/ike/x.ts",
		'import { y } from "#proxy/y.ts";\nexport const x = y;',
		/ike and proxy stay apart/,
	],
	[
		"a core imports a shell",
		"src/proxy/x.ts",
		'import { c } from "#tls/engine-shell.ts";\nexport const x = c;',
		/a core imports the shell src\/tls\/engine-shell\.ts/,
	],
	[
		"a core's test imports a shell",
		"src/tls/x.test.ts",
		'import { c } from "#tls/engine-shell.ts";\nc();',
		/a core imports the shell/,
	],
	[
		"a core imports node:net",
		"src/tls/x.ts",
		'import { connect } from "node:net";\nexport const x = connect;',
		/a core imports node:net/,
	],
	[
		"a core imports a package",
		"src/tls/x.ts",
		'import pino from "pino";\nexport const x = pino;',
		/a core imports pino/,
	],
	["a core imports lazily", "src/tls/x.ts", 'export const x = () => import("node:fs");', /a core imports node:fs/],
	["default export", "src/tls/x.ts", "export default function x() {}", /x\.ts:1: default export/],
	["default export by name", "src/tls/x.ts", "const x = 1;\nexport { x as default };", /x\.ts:2: default export/],
	["barrel with a star", "src/tls/x.ts", 'export * from "./hello.ts";', /only re-exports/],
	[
		"barrel with names",
		"src/tls/x.ts",
		'/** All of it. */\nexport { b } from "./hello.ts";\nexport type { c } from "./engine.ts";',
		/only re-exports/,
	],
	[
		"three folders up",
		"src/tls/a/b/x.ts",
		'import { a } from "../../../base/bytes.ts";\nexport const x = a;',
		/write #folder\/file\.ts/,
	],
	[
		"an import that leads nowhere",
		"src/tls/x.ts",
		'import { a } from "#base/gone.ts";\nexport const x = a;',
		/src\/base\/gone\.ts, which does not exist/,
	],
	[
		"an import from outside src",
		"src/tls/x.ts",
		'import { a } from "../../scripts/a.ts";\nexport const x = a;',
		/lies outside src/,
	],
	["an unknown folder", "src/misc/x.ts", "export const x = 1;", /folder "misc" is not in scripts\/layers\.json/],
	["the clock", "src/tls/x.ts", "export const x = () =>\n\tDate.now();", /x\.ts:2: Date\.now in a core/],
	["the clock as a date", "src/tls/x.ts", "export const x = new Date();", /new Date\(\) in a core/],
	["the clock of performance", "src/tls/x.ts", "export const x = performance.now();", /performance\.now in a core/],
	["a timer", "src/tls/x.ts", "setTimeout(() => 1, 2);", /setTimeout in a core/],
	["a timer handed on", "src/tls/x.ts", "export const x = { arm: setInterval };", /setInterval in a core/],
	["setImmediate", "src/tls/x.ts", "setImmediate(() => 1);", /setImmediate in a core/],
	["Math.random", "src/tls/x.ts", "export const x = Math.random();", /Math\.random in a core/],
	[
		"random octets",
		"src/tls/x.ts",
		'import { randomBytes } from "node:crypto";\nexport const x = randomBytes(8);',
		/randomBytes in a core/,
	],
	["the process", "src/tls/x.ts", "export const x = process.env.HOME;", /process\. in a core/],
	["fetch", "src/tls/x.ts", 'export const x = fetch("http://a/");', /fetch\( in a core/],
];

for (const [name, file, source, expected] of breaches) {
	test(`a breach is told: ${name}`, (t) => {
		const faults = checkLayers(
			makeTree(t, { ...clean, "src/proxy/y.ts": "export const y = 1;\n", [file]: source }),
			rules,
		);
		assert.match(faults.join("\n"), expected);
		for (const fault of faults) assert.ok(fault.startsWith(file), fault);
	});
}

test("a date of a given time, a member called fetch and a word in a comment are no breach", (t) => {
	const source =
		"// Date.now() would do\nexport const x = (now: number, port: Port) => [new Date(now), port.fetch(1), 'Date.now()'];\n";
	assert.deepEqual(checkLayers(makeTree(t, { ...clean, "src/tls/x.ts": source }), rules), []);
});

test("an import cycle is told once, with its way; a cycle of types only is none", (t) => {
	const cycle = {
		"src/tls/a.ts": 'import { b } from "#tls/b.ts";\nexport const a = b;\n',
		"src/tls/b.ts": 'import { c } from "./c.ts";\nexport const b = c;\n',
		"src/tls/c.ts": 'import { a } from "#tls/a.ts";\nexport const c = a;\n',
	};
	assert.deepEqual(checkLayers(makeTree(t, cycle), rules), [
		"src/tls/a.ts: import cycle: src/tls/a.ts -> src/tls/b.ts -> src/tls/c.ts -> src/tls/a.ts",
	]);
	const types = { ...cycle, "src/tls/c.ts": 'import type { a } from "#tls/a.ts";\nexport const c: typeof a = 1;\n' };
	assert.deepEqual(checkLayers(makeTree(t, types), rules), []);
});
