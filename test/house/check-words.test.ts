import assert from "node:assert/strict";
import { test } from "node:test";
import { checkWords } from "../../scripts/check-words.ts";
import { makeTree } from "../support/tree.ts";

/** The words in parts, so that this file does not hold them. */
const word = (...parts: string[]) => parts.join("");

const breaches: readonly (readonly [string, string, string])[] = [
	["README.md", `see ${word("/wo", "rk/main/README")}`, "a path of one machine"],
	["scripts/a.ts", `const home = "${word("/ho", "me/anna/x")}";`, "a path of one machine"],
	["docs/a.md", `read ${word("../sha", "red")}/a.md`, "a path outside the checkout"],
	["package-lock.json", `{ "resolved": "${word("ht", "tps://a.example/")}" }`, "a package registry by name"],
	[".ci/run", `npm --registry https://${word("registry.", "npmjs")}.org`, "a package registry by name"],
	["src/a.ts", `// ${word("TO", "DO")} later`, "unfinished work"],
	["src/a.ts", `throw new Error("${word("not imple", "mented")}")`, "unfinished work"],
];

for (const [file, text, says] of breaches) {
	test(`"${text.slice(0, 12)}..." in ${file} is told with its line`, (t) => {
		const faults = checkWords(makeTree(t, { [file]: `first line\n${text}\n` }));
		assert.equal(faults.length, 1, faults.join("\n"));
		assert.ok(
			faults.every((fault) => fault.startsWith(`${file}:2: ${says}: `)),
			faults.join("\n"),
		);
	});
}

test("paths inside a URL or another path, and what .gitignore names, are no fault", (t) => {
	const root = makeTree(t, {
		".gitignore": "node_modules/\nvar/\n",
		"README.md": `http://a.example${word("/wo", "rk/")} and src${word("/wo", "rk/")}x and ${word("TO", "DO")} in prose`,
		"node_modules/a/a.ts": `// ${word("TO", "DO")}`,
		"var/log.txt": word("/wo", "rk/main"),
	});
	assert.deepEqual(checkWords(root), []);
});
