import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { CliSystem } from "../../test/support/cli-session.ts";

const sample = `system { host-name gw; }
security { ike {
	policy p1 { mode main; pre-shared-key ascii-text secret1; }
	policy p2;
	gateway g { ike-policy p1; address 192.0.2.1; }
} }`;

test("R260: the prompts, the banner and the blank line before it", () => {
	const user = new CliSystem().login({ user: "admin" });
	assert.equal(user.prompt, "admin@gw> ");
	user.enter("configure");
	assert.equal(user.printed, "Entering configuration mode\n");
	assert.equal(user.prompt, "\n[edit]\nadmin@gw# ");
	user.enter("edit security ike");
	assert.equal(user.prompt, "\n[edit security ike]\nadmin@gw# ");
	user.enter("exit configuration-mode");
	assert.equal(user.printed, "Exiting configuration mode\n");
	assert.equal(user.prompt, "\nadmin@gw> ");
});

test("R260: mistakes are told as Junos tells them, the caret under the word", () => {
	const user = new CliSystem().login();
	assert.equal(user.enter("show version c"), `${" ".repeat(23)}^\nsyntax error, expecting <command>.\n`);
	assert.equal(user.enter("bogus"), `${" ".repeat(10)}^\nunknown command.\n`);
	assert.match(user.enter("s"), /^ {10}\^\n's' is ambiguous\.\nPossible completions:\n {2}set {18}Settings/);
	user.enter("configure");
	assert.equal(user.enter("set bogus"), `${" ".repeat(14)}^\nsyntax error.\n`);
	assert.equal(user.enter("set system host-name"), `${" ".repeat(30)}^\nmissing argument.\n`);
	assert.match(user.enter("set interfaces ge-0/0/0 mtu 9228"), /Value 9228 is not within range \(256\.\.9192\)\n$/);
	assert.match(user.enter("set security ike gateway g address x"), /^ {45}\^\ninvalid value 'x' in ip address: 'x'\n$/);
	assert.match(user.enter("set s"), /'s' is ambiguous\.\nPossible completions:\n> security {13}Security\n> system/);
	assert.equal(user.enter("delete system location"), "warning: statement not found\n");
	assert.equal(user.isOk, true);
	assert.match(user.enter('set system host-name "x'), /missing '"'\.\n$/);
	assert.match(user.enter("set system ports [ 1 2"), /missing '\]'\.\n$/);
});

test("a connection that breaks leaves configuration mode; an exclusive one loses its changes", () => {
	const system = new CliSystem({ configuration: sample });
	const user = system.login();
	user.enterAll("configure exclusive", "set system host-name lost");
	user.step({ type: "disconnected" });
	assert.equal(system.candidates.editors.size, 0);
	assert.equal(system.candidates.shared, system.candidates.active);
});

test("in a script the line is repeated above its caret, and mistakes fail", () => {
	const user = new CliSystem().login({ isInteractive: false });
	user.enter("show bogus");
	assert.equal(user.complaints, "show bogus\n     ^\nsyntax error, expecting <command>.\n");
	assert.equal(user.isOk, false);
	user.enter("configure");
	assert.equal(user.isOk, true);
});

test("Ctrl-C at a question goes back to the prompt; keys while the system works are not lost", () => {
	const user = new CliSystem().login();
	user.enterAll("configure", "delete");
	user.message({ type: "interrupt" });
	assert.match(user.prompt, /\[edit\]/);
	assert.equal(user.isOk, false);
	assert.notEqual(user.enter("show"), "");
	user.enter("load merge terminal");
	user.message({ type: "text", text: "system { location x; }", isLast: false });
	user.message({ type: "interrupt" });
	assert.equal(user.enter("show | compare"), "");
});

test("a file of more than the limit is counted and refused, never kept", () => {
	const user = new CliSystem().login();
	user.enterAll("configure", "load merge terminal");
	const part = "x".repeat(1_000_000);
	for (let index = 0; index < 60; index++) user.message({ type: "text", text: part, isLast: false });
	assert.match(user.type(""), /^error: 60000000 characters; at most \d+ are accepted\n$/);
	assert.equal(user.enter("show | compare"), "");
});

test("quit ends the session, an evicted one is told why", () => {
	const system = new CliSystem();
	const user = system.login();
	user.enter("quit");
	assert.equal(user.hasEnded, true);
	const other = system.login();
	other.enter("configure");
	other.step({ type: "evicted", text: "Session ended by root\n" });
	assert.match(other.printed, /Session ended by root/);
	assert.equal(system.candidates.editors.size, 0);
});

test("messages that nobody asked for change nothing", () => {
	const user = new CliSystem().login();
	user.message({ type: "answer", text: "yes" });
	user.message({ type: "text", text: "x", isLast: true });
	user.message({ type: "done" });
	user.message({ type: "failed", message: "x" });
	user.message({ type: "interrupt" });
	assert.equal(user.enter("show cli history"), "  show cli history\n");
});

test("any lines and keys are answered; the candidate changes only by commands that succeed", () => {
	const words = fc.constantFrom(
		"set",
		"show",
		"delete",
		"edit",
		"up",
		"top",
		"exit",
		"system",
		"security",
		"ike",
		"policy",
		"p1",
		"host-name",
		"gw",
		"configure",
		"run",
		"commit",
		"check",
		"rename",
		"to",
		"|",
		"match",
		"compare",
		"[",
		"]",
		'"',
		"?",
		"constructor",
		"wildcard",
		"range",
		"[1-3]",
		"load",
		"annotate",
	);
	const line = fc.array(fc.oneof({ weight: 6, arbitrary: words }, fc.string({ unit: "binary", maxLength: 8 })), {
		maxLength: 8,
	});
	const step = fc.tuple(fc.constantFrom("enter", "help", "space", "tab", "answer"), line);
	fc.assert(
		fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
			const system = new CliSystem({ configuration: sample });
			const user = system.login();
			user.enter("configure");
			for (const [what, parts] of steps) {
				if (user.hasEnded) return;
				const before = system.candidates.shared;
				const text = parts.join(" ");
				if (what === "enter") {
					user.question = undefined;
					user.enter(text);
					if (!user.isOk) assert.equal(system.candidates.shared, before, text);
				} else if (what === "answer") user.answer(text);
				else {
					user.press(what as "help" | "space" | "tab", text);
					assert.equal(system.candidates.shared, before);
				}
			}
		}),
		{ numRuns: 150 },
	);
});
