import assert from "node:assert/strict";
import { test } from "node:test";
import { commandsIn, type ScriptEffect, type ScriptEvent, ScriptMachine } from "#cli/script-machine.ts";
import type { ToTerminal } from "#cli/socket-protocol.ts";
import { CliSystem } from "../../test/support/cli-session.ts";

/** A script against a whole system: what it printed, what it complained, how it ended. */
function run(lines: readonly string[], options: { stopsOnError?: boolean; system?: CliSystem } = {}) {
	const { stopsOnError = false, system = new CliSystem({ handlers: { "show-log": () => "one\ntwo\n" } }) } = options;
	const machine = new ScriptMachine({ stopsOnError });
	const left = [...lines];
	const result = { output: "", complaints: "", isOk: undefined as boolean | undefined, left };
	const waiting: ScriptEvent[] = [];
	let isBusy = false;
	const take = (event: ScriptEvent): void => {
		waiting.push(event);
		if (isBusy) return;
		isBusy = true;
		for (let next = waiting.shift(); next !== undefined; next = waiting.shift())
			for (const effect of machine.step(next)) perform(effect);
		isBusy = false;
	};
	const deliver = (message: ToTerminal): void => take({ type: "message", message });
	const perform = (effect: ScriptEffect): void => {
		if (effect.type === "output") result.output += effect.text;
		else if (effect.type === "complaint") result.complaints += effect.text;
		else if (effect.type === "send") session().message(effect.message);
		else if (effect.type === "read-line") take({ type: "line-read", line: left.shift() });
		else if (effect.type === "read-file") {
			const text = system.files.get(effect.file);
			take(
				text === undefined
					? { type: "file-failed", message: "no such file" }
					: { type: "file-read", text, isLast: true },
			);
		} else if (effect.type === "write-file") {
			const before = effect.isFirst && !effect.isAppended ? "" : (system.files.get(effect.file) ?? "");
			system.files.set(effect.file, before + effect.text);
			if (effect.isAnswered) take({ type: "file-written" });
		} else if (effect.type === "run-program") {
			take({ type: "program-said", text: "said\n" });
			take({ type: "program-ended", message: effect.program === "ping" ? "" : "it failed" });
		} else if (effect.type === "resolve") take({ type: "names-resolved", names: new Map([["192.0.2.1", "host"]]) });
		else result.isOk = effect.isOk;
	};
	const session = () => user;
	// The first prompt comes while the user is being made: it waits until there is one.
	isBusy = true;
	const user = system.login({ isInteractive: false, deliver });
	isBusy = false;
	take({ type: "message", message: { type: "welcome", version: 1, user: "admin" } });
	return result;
}

test("a script sets, shows and commits; its output is plain text", () => {
	const system = new CliSystem();
	const result = run(["configure", "set system host-name new", "show system", "commit", "exit"], { system });
	assert.equal(
		result.output,
		"Entering configuration mode\nhost-name new;\ncommit complete\nExiting configuration mode\n",
	);
	assert.equal(result.complaints, "");
	assert.equal(result.isOk, true);
});

test("mistakes are apart from the output, and make the script fail; the rest is done all the same", () => {
	const result = run(["show bogus", "show log messages"]);
	assert.equal(result.complaints, "show bogus\n     ^\nsyntax error, expecting <command>.\n");
	assert.equal(result.output, "one\ntwo\n");
	assert.equal(result.isOk, false);
	const stopped = run(["show bogus", "show log messages"], { stopsOnError: true });
	assert.equal(stopped.output, "");
	assert.deepEqual(stopped.left, ["show log messages"]);
});

test("questions are answered by the next line; without one the default holds", () => {
	const system = new CliSystem();
	run(["configure", "delete", "yes", "commit"], { system });
	assert.equal(system.candidates.active.children.size, 0);
	const other = new CliSystem();
	run(["configure", "delete"], { system: other });
	assert.notEqual(other.candidates.shared.children.size, 0);
});

test("text for load follows in the script, to Ctrl-D or the end", () => {
	const system = new CliSystem();
	const lines = ["configure", "load set terminal", "set system location x", "\x04", "commit and-quit"];
	assert.match(run(lines, { system }).output, /load complete\ncommit complete\nExiting/);
	const open = run(["configure", "load merge terminal", "system { location y; }"]);
	assert.match(open.output, /load complete/);
});

test("pipes, files and programs work as on a terminal", () => {
	const system = new CliSystem({
		files: { "in.conf": "system { location f; }" },
		handlers: { "show-log": () => "a 192.0.2.1\nb\n" },
	});
	const result = run(
		[
			"show log messages | match a | count",
			"show log messages | save out.txt",
			"show log messages | append out.txt",
			"show log messages | tee tee.txt",
			"show log messages | resolve",
			"ping 192.0.2.1",
			"file list missing",
			"configure",
			"load merge in.conf",
			"load merge none.conf",
			"save all.conf",
		],
		{ system },
	);
	assert.match(result.output, /^Count: 1 lines\nWrote 2 lines of output to 'out\.txt'\nWrote 2 lines/);
	assert.match(result.output, /a host\nb\nsaid\nsaid\n/);
	assert.equal(system.files.get("out.txt"), "a 192.0.2.1\nb\na 192.0.2.1\nb\n");
	assert.equal(system.files.get("tee.txt"), "a 192.0.2.1\nb\n");
	assert.match(system.files.get("all.conf") ?? "", /location f;/);
	assert.equal(result.complaints, "error: it failed\nerror: no such file\n");
});

test("a system that asks for other files than the line names gets none", () => {
	const machine = new ScriptMachine({ stopsOnError: false });
	for (const message of [
		{ type: "read-file", file: "/etc/shadow" },
		{ type: "write-file", file: "/etc/passwd", text: "x", isFirst: true, isLast: true },
	] satisfies ToTerminal[])
		assert.deepEqual(machine.step({ type: "message", message }), [
			{ type: "send", message: { type: "failed", message: "the file was not named in the command" } },
		]);
});

test("a connection that breaks makes the script fail; a session that is ended says why", () => {
	const machine = new ScriptMachine({ stopsOnError: false });
	assert.deepEqual(machine.step({ type: "disconnected", reason: "gone" }), [
		{ type: "complaint", text: "gone\n" },
		{ type: "end", isOk: false },
	]);
	assert.deepEqual(machine.step({ type: "line-read", line: "x" }), []);
	const other = new ScriptMachine({ stopsOnError: false });
	const end: ToTerminal = { type: "end", text: "Session ended by root\n", isOk: false };
	assert.deepEqual(other.step({ type: "message", message: end }), [
		{ type: "complaint", text: "Session ended by root\n" },
		{ type: "end", isOk: false },
	]);
});

test("a text holds one command a line, or several with semicolons outside quotes", () => {
	assert.deepEqual([...commandsIn('show version; set x "a;b"\nquit')], ["show version", ' set x "a;b"', "quit"]);
	assert.deepEqual([...commandsIn("")], [""]);
});
