import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { blankText, importsOf, lineAt } from "../../scripts/code-text.ts";
import { listSources, projectRoot, readText } from "../../scripts/source-files.ts";

test("comments, strings, templates and regular expressions become spaces; code inside a template stays", () => {
	const source = [
		"const a = 'Date.now()'; // Date.now()",
		"const b = `x $" + "{Date.now()} Date.now()`; /* Date.now() */",
		"const c = /Date.now()[/]/g; const d = a / b / Date.now();",
		'const e = "\\"Date.now()";',
		"const f = `a $" + "{g(`b $" + "{Date.now()}`)} Date.now()`;",
	];
	const counts = blankText(source.join("\n"))
		.split("\n")
		.map((line) => line.split("Date.now()").length - 1);
	assert.deepEqual(counts, [0, 1, 1, 0, 1]);
});

test("blanking keeps the length and the line breaks of any text and never throws", () => {
	const piece = fc.oneof(
		fc.constantFrom('"', "'", "`", "${", "}", "{", "/", "//", "/*", "*/", "\\", "\n", "["),
		fc.string(),
	);
	fc.assert(
		fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
			const source = pieces.join("");
			const blanked = blankText(source);
			assert.equal(blanked.length, source.length);
			assert.deepEqual([...blanked.matchAll(/\n/g)].length, [...source.matchAll(/\n/g)].length);
			importsOf(source);
		}),
		{ numRuns: 500 },
	);
});

test("imports are found with their line and kind, and not in comments or strings", () => {
	const source = [
		'import { a } from "#base/a.ts";',
		"import type {",
		"\tB,",
		'} from "./b.ts";',
		'import "./side-effect.ts";',
		'export { c } from "./c.ts";',
		'export type { D } from "./d.ts";',
		'const e = await import("./e.ts");',
		'type F = import("./f.ts").F;',
		'// import { x } from "./x.ts";',
		"const text = 'import { x } from \"./x.ts\"';",
		'import { type G } from "./g.ts";',
		'import typeName from "./h.ts";',
	];
	assert.deepEqual(
		importsOf(source.join("\n")).map((one) => [one.line, one.specifier, one.isTypeOnly, one.isReExport]),
		[
			[1, "#base/a.ts", false, false],
			[2, "./b.ts", true, false],
			[5, "./side-effect.ts", false, false],
			[6, "./c.ts", false, true],
			[7, "./d.ts", true, true],
			[8, "./e.ts", false, false],
			[9, "./f.ts", false, false],
			[12, "./g.ts", false, false],
			[13, "./h.ts", false, false],
		],
	);
});

test("every import that the lines of the real sources begin with is found", () => {
	for (const file of listSources(projectRoot)) {
		const source = readText(projectRoot, file);
		const begun = [...source.matchAll(/^import\b/gm)].length;
		const found = importsOf(source).filter(
			(one) => !one.isReExport && source.split("\n")[one.line - 1]?.startsWith("import"),
		);
		assert.equal(found.length, begun, file);
	}
});

test("the line of a position counts from 1", () => {
	assert.deepEqual(
		[0, 1, 2, 3].map((position) => lineAt("a\nb\n", position)),
		[1, 1, 2, 2],
	);
});
