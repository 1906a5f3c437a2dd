import assert from "node:assert/strict";
import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { checks } from "../../scripts/check.ts";
import { projectRoot, readText } from "../../scripts/source-files.ts";
import { makeTree } from "../support/tree.ts";

/** The faults that one check finds in a tree with this project's own configuration and these files. */
function faultsOf(t: TestContext, name: string, files: Readonly<Record<string, string>>): string {
	const root = makeTree(t, {
		"package.json": '{ "name": "x", "type": "module", "imports": { "#*": "./src/*" } }\n',
		"tsconfig.json": readText(projectRoot, "tsconfig.json"),
		"biome.json": readText(projectRoot, "biome.json").replace(/"vcs": \{[^}]*\}/, '"vcs": { "enabled": false }'),
		"knip.json": '{ "entry": ["scripts/*.ts"], "project": ["src/**/*.ts", "scripts/*.ts"] }\n',
		...files,
	});
	symlinkSync(join(projectRoot, "node_modules"), join(root, "node_modules"));
	const check = checks.find((one) => one.name === name);
	assert.ok(check);
	return check.run(root).join("\n");
}

const clean = {
	"src/base/a.ts": "export const a: readonly number[] = [1];\n",
	"scripts/b.ts": 'import { a } from "#base/a.ts";\n\nconsole.log(a);\n',
};

const wrong: readonly (readonly [string, string, Readonly<Record<string, string>>, RegExp])[] = [
	["types", "a type error", { "src/base/x.ts": "export const x: string = 1;\n" }, /x\.ts.*TS2322/],
	[
		"types",
		"an unchecked index",
		{ "src/base/x.ts": 'import { a } from "#base/a.ts";\n\nexport const x: number = a[0];\n' },
		/TS2322/,
	],
	["types", "an enum", { "src/base/x.ts": "export enum X {\n\tA,\n}\n" }, /TS1294/],
	["biome", "the format", { "src/base/x.ts": "export const x = 'y'\n" }, /x\.ts.*format/],
	["biome", "any", { "src/base/x.ts": "export const x = (y: any) => y;\n" }, /noExplicitAny/],
	["biome", "console in the product", { "src/base/x.ts": "console.log(1);\n" }, /noConsole/],
	["biome", "a default export", { "src/base/x.ts": "export default 1;\n" }, /noDefaultExport/],
	[
		"biome",
		"a non-null assertion",
		{ "src/base/x.ts": "export const x = (y: string | null) => y!;\n" },
		/noNonNullAssertion/,
	],
	["dead-code", "an unused file", { "src/base/x.ts": "export const x = 1;\n" }, /Unused files[\s\S]*x\.ts/],
	[
		"dead-code",
		"an unused export",
		{ "src/base/a.ts": "export const a = 1;\nexport const z = 2;\n" },
		/Unused exports[\s\S]*\bz\b/,
	],
	[
		"dead-code",
		"an unlisted package",
		{ "scripts/b.ts": 'import "fastify";\n' },
		/Unlisted dependencies[\s\S]*fastify/,
	],
];

for (const name of ["types", "biome", "dead-code"]) {
	test(`${name}: a clean tree has no fault`, (t) => {
		const files = name === "dead-code" ? clean : { ...clean, "src/base/c.ts": "export const c = 1;\n" };
		assert.equal(faultsOf(t, name, files), "");
	});
}

for (const [name, what, files, expected] of wrong) {
	test(`${name}: ${what} is told`, (t) => {
		assert.match(faultsOf(t, name, { ...clean, ...files }), expected);
	});
}
