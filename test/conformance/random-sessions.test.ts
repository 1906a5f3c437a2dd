/**
 * Whatever is entered in configuration mode, on the whole schema of the product: every line is answered, one that fails
 * changes nothing, and what stands there in the end is the same in every form in which it can be told.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { compareAsSet } from "#cli/compare-set.ts";
import { compareTrees } from "#config/compare.ts";
import { parseJson } from "#config/json.ts";
import { topLevel } from "#config/level.ts";
import { applyPatch } from "#config/patch.ts";
import { printJson } from "#config/print-json.ts";
import { printSetLines } from "#config/print-set.ts";
import { printText } from "#config/print-text.ts";
import { printXml } from "#config/print-xml.ts";
import { applyLines } from "#config/set-lines.ts";
import { fixedSalt, formatTextError, parseText, type TextError } from "#config/text.ts";
import { type Branch, emptyTree, equalSlots } from "#config/tree.ts";
import { rootSchema } from "#product/root-schema.ts";
import { CliSystem, type CliUser } from "../support/cli-session.ts";
import { treeOfXml } from "../support/config-xml.ts";

const arbitraryPlans = fc.array(fc.array(fc.nat(), { minLength: 1, maxLength: 12, size: "max" }), {
	maxLength: 40,
	size: "max",
});
const options = { salt: fixedSalt };
const top = topLevel(rootSchema);

test("R260: any lines are answered, and what they leave comes back from every form", () => {
	fc.assert(
		fc.property(arbitraryPlans, (plans) => {
			const system = new CliSystem({ root: rootSchema, configuration: "" });
			const user = system.login({ columns: 120 });
			for (const plan of plans) {
				if (user.hasEnded) break;
				if (!user.prompt.endsWith("# ")) user.enter("configure");
				const line = lineFrom(user, plan);
				const before = system.candidates.shared;
				user.question = undefined;
				user.enter(line);
				if (user.isCollecting) user.type(chosen(texts, plan.at(-1) ?? 0) ?? "");
				if (user.question !== undefined) user.answer(chosen(["yes", "no", "", "?"], plan.at(-1) ?? 0) ?? "");
				if (!user.isOk) assert.equal(system.candidates.shared, before, line);
			}
			comesBack(system.candidates.active, system.candidates.shared);
		}),
		{ numRuns: 60 },
	);
});

/** A line of words that completion offers where they stand, with some in between that it does not. */
function lineFrom(user: CliUser, plan: readonly number[]): string {
	let line = chosen(verbs, plan[0] ?? 0) ?? "";
	for (const choice of plan.slice(1)) {
		const offered = choice % 8 === 0 ? [] : wordsOf(user.press("help", `${line} `).shows);
		const word = chosen(offered, choice >> 3);
		line += ` ${word === undefined || word.startsWith("<") ? chosen(values, choice >> 3) : word}`;
	}
	return line;
}

function wordsOf(shows: string): string[] {
	const words = shows.split("\n").map((row) => row.slice(2).split(" ", 1)[0] ?? "");
	return words.slice(1).filter((word) => word !== "" && word !== "|" && word !== "<[Enter]>");
}

function comesBack(active: Branch, tree: Branch): void {
	const text = printText(rootSchema, tree);
	same(parseText(rootSchema, text, options), tree, text);
	const lines = printSetLines(rootSchema, tree);
	same(applyLines(emptyTree, top, lines, options), tree, lines);
	const json = printJson(rootSchema, tree);
	same(parseJson(rootSchema, json, options), tree, json);
	const xml = printXml(rootSchema, tree);
	same({ tree: treeOfXml(rootSchema, xml), errors: [] }, tree, xml);
	const difference = compareTrees(rootSchema, active, tree);
	same(applyPatch(active, top, difference, options), tree, difference);
	const commands = compareAsSet(rootSchema, active, tree, { path: [], hidesSecrets: false });
	same(applyLines(active, top, commands, options), tree, commands);
}

function same(got: { readonly tree: Branch; readonly errors: readonly TextError[] }, tree: Branch, form: string): void {
	assert.deepEqual(
		got.errors.map((error) => formatTextError("form", error)),
		[],
		form,
	);
	assert.ok(equalSlots(got.tree, tree), form);
}

function chosen<T>(from: readonly T[], choice: number): T | undefined {
	return from[choice % from.length];
}

const verbs = [
	...["set", "set", "set", "set", "set", "set", "delete", "show", "edit", "rename", "copy", "insert", "activate"],
	...["deactivate", "protect", "unprotect", "annotate", "wildcard delete", "wildcard range set", "replace pattern"],
	...["top", "up", "exit", "run show", "top set", "help topic", "help apropos", "load merge terminal", "commit check"],
	...["load set terminal", "load patch terminal", "load override relative terminal", "commit", "rollback", "status"],
	...["show | compare", "show | display set", "show | display inheritance", "show | display changed"],
];
const values = [
	...["a", "b", "p1", "to", "before", "10.0.0.0/8", "10.0.0.1", "2001:db8::1", "::/0", "ge-0/0/0.0", "st0.1", "5"],
	...[
		"100",
		"443",
		"-1",
		"99999999999",
		"any",
		"all",
		"x.test",
		'"two words"',
		"<*>",
		"<a*>",
		"[ a b ]",
		"[",
		"]",
		'"',
	],
	...["$9$xFU-b2ZUH5Qn4aQn/CB17-V", "é", "\u202e", "constructor", "__proto__", ";", "{", "/*", "#", "inactive:", "\\"],
	...["00:11:22:33:44:55", "esp", "tls12", "n".repeat(300), "a[1-3]", "|", "?", "\u001b[2J"],
];
const texts = [
	"system { host-name x; }",
	"set system host-name y\ndelete security",
	"[edit]\n+ system { host-name z; }",
	"} } {",
	"groups { g { security { ike { policy <*> { mode main; } } } } }\napply-groups g;",
];

test("of alternatives in one line the last one stands, with all that is said of it", () => {
	const rule = "set security application-firewall rule-sets a default-rule";
	for (const [line, stands] of [
		["permit deny block-message", "deny block-message;"],
		["deny block-message permit", "permit;"],
	]) {
		const { tree, errors } = applyLines(emptyTree, top, `${rule} ${line}`, options);
		assert.deepEqual(errors, []);
		assert.equal(printSetLines(rootSchema, tree), `${rule} ${stands?.replace(";", "")}\n`);
	}
});
