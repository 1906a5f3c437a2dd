import assert from "node:assert/strict";
import { test } from "node:test";
import { formatComplaint } from "#cli/complaint.ts";

test("R260: the caret stands under the word, behind the prompt", () => {
	const place = { line: "show version c", prompt: "admin@gw> ", columns: 80 };
	assert.equal(
		formatComplaint({ at: 13, message: "syntax error, expecting <command>." }, place),
		`${" ".repeat(23)}^\nsyntax error, expecting <command>.\n`,
	);
});

test("without a screen the line is repeated above the caret", () => {
	const place = { line: "bogus", prompt: undefined, columns: 0 };
	assert.equal(formatComplaint({ at: 0, message: "unknown command." }, place), "bogus\n^\nunknown command.\n");
});

test("the caret finds its column in a line that goes over several rows or has wide letters", () => {
	const long = { line: `set ${"x".repeat(40)} y`, prompt: "gw# ", columns: 20 };
	assert.equal(formatComplaint({ at: 45, message: "m" }, long), `${" ".repeat(9)}^\nm\n`);
	const wide = { line: "set 字 y", prompt: "gw# ", columns: 80 };
	assert.equal(formatComplaint({ at: 6, message: "m" }, wide), `${" ".repeat(11)}^\nm\n`);
});

test("a caret one past the line, and what the word could have been", () => {
	const place = { line: "s", prompt: "> ", columns: 80 };
	const candidates = [{ text: "set", help: "Set", kind: "keyword" as const }];
	assert.equal(
		formatComplaint({ at: 0, message: "'s' is ambiguous.", candidates }, place),
		"  ^\n's' is ambiguous.\nPossible completions:\n  set                  Set\n",
	);
	assert.equal(formatComplaint({ at: 3, message: "missing argument." }, place), "     ^\nmissing argument.\n");
});
