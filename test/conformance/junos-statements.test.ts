/**
 * Configurations of Junos devices: what is set is accepted and means something, and `show` prints it as such a device
 * does, character by character (secrets by what they say, since their form is salted).
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { check } from "#config/check.ts";
import { formatFinding } from "#config/finding.ts";
import { levelBelow, topLevel } from "#config/level.ts";
import { printSetLines } from "#config/print-set.ts";
import { printText } from "#config/print-text.ts";
import { itemOf, type Resolved, resolveWords } from "#config/resolve.ts";
import type { BranchNode } from "#config/schema.ts";
import { decodeSecret } from "#config/secret-codec.ts";
import { applyLines } from "#config/set-lines.ts";
import { fixedSalt, formatTextError, parseText } from "#config/text.ts";
import { type Branch, branchAt, changeBranch, emptyTree } from "#config/tree.ts";
import { type RootConfig, rootSchema, verifyConfiguration } from "#product/root-schema.ts";
import { CliSystem } from "../support/cli-session.ts";

interface Example {
	readonly example: string;
	/** Files of `set` lines, in order. */
	readonly set: readonly string[];
	/** More lines that are optional; `show` is of the configuration without them. */
	readonly then?: string;
	readonly show: readonly { readonly level: string; readonly file: string }[];
}

const folder = join(import.meta.dirname, "../data/junos");
const read = (file: string): string => readFileSync(join(folder, file), "utf8");
const examples = JSON.parse(read("manifest.json")) as readonly Example[];
const skips = (
	JSON.parse(readFileSync(join(import.meta.dirname, "skips.json"), "utf8")) as Record<string, Record<string, string>>
)["junos/statements"] as Record<string, string>;
const options = { salt: fixedSalt };

for (const { example, set, then, show } of examples) {
	describe(example, () => {
		for (const file of [...set, ...(then === undefined ? [] : [then])]) {
			it(`${file} is accepted line by line`, () => {
				assert.deepEqual(problems(applyLines(emptyTree, topLevel(rootSchema), read(file), options).errors), []);
			});
		}
		const tree = set.length > 0 ? loaded(set) : show.reduce(mergedShow, emptyTree);
		it("as a whole it passes the checks of a commit", { skip: skips[example] ?? false }, () => {
			assert.deepEqual(commitErrors(tree), []);
			if (then !== undefined) assert.deepEqual(commitErrors(loaded([...set, then])), []);
		});
		for (const { level, file } of show) {
			it(`show ${level} prints ${file}`, { skip: skips[file] ?? false }, () => {
				const { node, branch } = levelAt(tree, level);
				assert.equal(revealed(printText(node, branch)), revealed(read(file)));
			});
			it(`${file} reads, and is printed as it was read`, { skip: skips[file] ?? false }, () => {
				const { node } = levelAt(tree, level);
				const { tree: again, errors } = parseText(node, read(file));
				assert.deepEqual(problems(errors), []);
				assert.equal(printText(node, again), read(file));
			});
		}
		const isSet = set.length > 0;
		it(`load ${isSet ? "set" : "merge"} terminal takes it, and show prints it at each level`, () => {
			const user = new CliSystem({ root: rootSchema, configuration: "" }).login({ columns: 200 });
			user.enter("configure");
			for (const file of isSet ? set : show.map((shown) => shown.file)) {
				user.enter(`load ${isSet ? "set" : "merge"} terminal`);
				assert.ok(user.isCollecting);
				assert.equal(user.type(read(file)), "load complete\n");
			}
			for (const { level, file } of show) {
				if (skips[file] !== undefined) continue;
				if (level === "") assert.equal(revealed(user.enter("top show")), revealed(read(file)));
				else {
					assert.equal(revealed(user.enter(`top show ${level}`)), revealed(read(file)));
					assert.equal(user.enter(`top edit ${level}`), "");
					assert.equal(revealed(user.enter("show")), revealed(read(file)));
				}
			}
		});
		it("its set lines give the same configuration again", () => {
			const lines = printSetLines(rootSchema, tree);
			const { tree: again, errors } = applyLines(emptyTree, topLevel(rootSchema), lines, options);
			assert.deepEqual(problems(errors), []);
			assert.equal(printText(rootSchema, again), printText(rootSchema, tree));
		});
	});
}

describe("the corpus", () => {
	it("has no file that the manifest does not name, and no skip that is of no use", () => {
		const named = examples.flatMap(({ set, then, show }) =>
			[...set, then ?? [], ...show.map(({ file }) => file)].flat(),
		);
		assert.deepEqual(readdirSync(folder).sort(), [...named, "manifest.json"].sort());
		for (const name of Object.keys(skips))
			assert.ok(named.includes(name) || examples.some(({ example }) => example === name), name);
	});

	it("steps from level to level give the same as lines from the top", () => {
		const steps = [
			"edit security zones security-zone untrust",
			"set interfaces ge-0/0/3.0",
			"set host-inbound-traffic system-services ike",
			"top",
			"edit security ike proposal ike-phase1-proposal",
			"set dh-group group2",
			"up",
			"edit gateway gw-chicago",
			"set ike-policy ike-phase1-policy",
		];
		const lines = [
			"set security zones security-zone untrust interfaces ge-0/0/3.0",
			"set security zones security-zone untrust host-inbound-traffic system-services ike",
			"set security ike proposal ike-phase1-proposal dh-group group2",
			"set security ike gateway gw-chicago ike-policy ike-phase1-policy",
		];
		const walked = applyLines(emptyTree, topLevel(rootSchema), steps.join("\n"), options);
		const straight = applyLines(emptyTree, topLevel(rootSchema), lines.join("\n"), options);
		assert.deepEqual(problems([...walked.errors, ...straight.errors]), []);
		assert.equal(printText(rootSchema, walked.tree), printText(rootSchema, straight.tree));
	});

	it("a snippet is read relative to its level", () => {
		const { node } = levelAt(emptyTree, "system scripts");
		const snippet = "commit {\n    file ex-script-snippet.xsl;\n}\n";
		const { tree, errors } = parseText(node, snippet);
		assert.deepEqual(problems(errors), []);
		assert.equal(printText(node, tree), snippet);
	});
});

function loaded(files: readonly string[]): Branch {
	return files.reduce((tree, file) => applyLines(tree, topLevel(rootSchema), read(file), options).tree, emptyTree);
}

/** The tree with what a file shows of a level put there. */
function mergedShow(tree: Branch, { level, file }: Example["show"][number]): Branch {
	const { node, path } = levelAt(tree, level);
	return changeBranch(tree, path, () => parseText(node, read(file)).tree);
}

function levelAt(
	tree: Branch,
	words: string,
): { node: BranchNode; branch: Branch; path: Resolved["passed"][number]["step"][] } {
	if (words === "") return { node: rootSchema, branch: tree, path: [] };
	const resolved = resolveWords(rootSchema, words.split(" ").map(itemOf), options);
	assert.ok(resolved.ok, words);
	const { node, path } = levelBelow(topLevel(rootSchema), resolved);
	return { node, branch: branchAt(tree, path) ?? emptyTree, path: [...path] };
}

function commitErrors(tree: Branch): string[] {
	const { snapshot, errors } = check(rootSchema, tree);
	const more = snapshot === undefined ? [] : verifyConfiguration(snapshot as RootConfig, { caIds: new Set() });
	return [...errors, ...more].filter(({ severity }) => severity === "error").map(formatFinding);
}

function problems(errors: readonly Parameters<typeof formatTextError>[1][]): string[] {
	return errors.map((error) => formatTextError("lines", error));
}

/** The text with every secret in clear. */
function revealed(text: string): string {
	return text.replace(/"(\$9\$[^"]*)"/g, (_, secret: string) => `<${decodeSecret(secret)}>`);
}
