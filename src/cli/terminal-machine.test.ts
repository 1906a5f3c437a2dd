import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { ToTerminal } from "#cli/socket-protocol.ts";
import { type TerminalEffect, TerminalMachine } from "#cli/terminal-machine.ts";
import { CliDesk } from "../../test/support/cli-desk.ts";
import { CliSystem } from "../../test/support/cli-session.ts";

const sample = "system { host-name gw; } security { ike { policy strong; policy spare; } }";

function desk(options: { rows?: number; columns?: number; configuration?: string } = {}): CliDesk {
	const handlers = { "show-log": () => Array.from({ length: 60 }, (_, index) => `line ${index + 1}\n`).join("") };
	return new CliDesk(new CliSystem({ configuration: options.configuration ?? sample, handlers }), options);
}

test("R260: abbreviations complete while they are typed, the screen reads as on an SRX", () => {
	const at = desk().type("conf\rse sys ho new\rsh | comp\r");
	assert.equal(
		at.shown,
		`admin@gw> conf
Entering configuration mode

[edit]
admin@gw# set system host-name new

[edit]
admin@gw# show | comp
[edit system]
-  host-name gw;
+  host-name new;

[edit]
admin@gw#`,
	);
});

test("what the operator wants everybody to read stands above the first prompt", () => {
	const system = new CliSystem({ configuration: sample });
	system.greeting = "Authorized use only.\nTLS is inspected here.\n";
	assert.match(new CliDesk(system, {}).shown, /^Authorized use only\.\nTLS is inspected here\.\nadmin@gw>/);
});

test("? is answered below the line, which stands again unchanged", () => {
	const at = desk().type("conf\rset sec ike po?");
	assert.match(
		at.shown,
		/admin@gw# set security ike po\nPossible completions:\n> policy {15}IKE policy\nadmin@gw# set security ike po$/,
	);
	assert.equal(at.screen.cursor.column, "admin@gw# set security ike po".length);
});

test("TAB completes names, a second one lists them", () => {
	const at = desk().type("conf\rset security ike policy s\t");
	assert.match(at.shown, /Possible completions:\n {2}<name>.*\n {2}spare .*\n {2}strong /);
	at.type("tr\t");
	assert.equal(at.last, "admin@gw# set security ike policy strong");
});

test("errors stand under their word", () => {
	const at = desk().type("show bogus\r");
	const lines = at.screen.lines;
	const row = lines.findIndex((line) => line.endsWith("^"));
	assert.equal(lines[row - 1], "admin@gw> show bogus");
	assert.equal(lines[row]?.length, "admin@gw> show ".length + 1);
	assert.equal(lines[row + 1], "syntax error, expecting <command>.");
});

test("output longer than the screen stops, keys page through it, q leaves", () => {
	const at = desk({ rows: 10 }).type("show log messages\r");
	assert.equal(at.last, "---(more 15%)---");
	at.type(" ");
	assert.equal(at.last, "---(more 30%)---");
	at.type("/line 50\r");
	assert.match(at.shown, /line 50\nline 51/);
	at.type("q");
	assert.equal(at.last, "admin@gw>");
	assert.ok(!at.screen.lines.includes("line 60"));
	at.type("show log messages | no-more\r");
	assert.ok(at.screen.lines.includes("line 60"));
	assert.equal(at.last, "admin@gw>");
});

test("pipes work on what is shown: match, count, last, hold, save", () => {
	const at = desk({ rows: 10 }).type("show log messages | match 5 | count\r");
	assert.match(at.shown, /Count: 15 lines\n/);
	at.type("show log messages | last 2\r");
	assert.match(at.shown, /line 59\nline 60\n\nadmin@gw>$/);
	at.type("show log messages | save /tmp/log.txt\r");
	assert.match(at.shown, /Wrote 60 lines of output to '\/tmp\/log\.txt'\n/);
	assert.equal(at.system.files.get("/tmp/log.txt")?.split("\n").length, 61);
	at.type("show log messages | last 1 | hold\r");
	assert.equal(at.last, "---(more 100%)---");
	at.type("q");
	assert.equal(at.last, "admin@gw>");
});

test("questions are asked and answered on the line", () => {
	const at = desk().type("conf\rset system host-name x\rexit\r");
	assert.equal(at.last, "Exit with uncommitted changes? [yes,no] (yes)");
	at.type("no\r");
	assert.equal(at.last, "admin@gw#");
	at.type("delete\ryes\rshow\r");
	assert.match(at.shown, /\(no\) yes\n\n\[edit\]\nadmin@gw# show\n\n\[edit\]\nadmin@gw#$/);
});

test("keys that come while a command runs wait for the prompt", () => {
	const at = desk().type("configure\rset system host-name a\rset system host-name b\rshow system\rexit\r\rquit\r");
	assert.match(at.shown, /host-name b;/);
	assert.equal(at.hasEnded, true);
});

test("pasted lines are entered one by one; blanks, tabs and question marks in them are text", () => {
	const text = 'conf\nset system location "what?\tnow"\nset system host-name pasted\nshow system\n';
	const at = desk().type(`\x1b[200~${text}\x1b[201~`);
	assert.match(at.shown, /host-name pasted;\nlocation "what\? now";/);
});

test("text for load is typed until Ctrl-D", () => {
	const at = desk().type("conf\rload merge terminal\r");
	assert.match(at.shown, /\[Type \^D at a new line to end input\]$/);
	at.type("system {\rhost-name typed;\r}\r\x04");
	assert.match(at.shown, /load complete\n/);
	at.type("load set terminal\r\x1b[200~set system location p\nset system ports 9\n\x1b[201~\x04show system\r");
	assert.match(at.shown, /host-name typed;\nlocation p;\nports 9;/);
	at.type("load merge terminal\r").type("system {\r").type("\x03");
	assert.equal(at.last, "admin@gw#");
});

test("files are read and written with the terminal's rights, and only those that the line names", () => {
	const system = new CliSystem({ files: { "/tmp/a.conf": "system { host-name file; }", "/etc/shadow": "x" } });
	const at = new CliDesk(system).type("conf\rload override /tmp/a.conf\rsave /tmp/b.conf\r");
	assert.equal(system.files.get("/tmp/b.conf"), "system {\n    host-name file;\n}\n");
	at.type("load merge /tmp/none\r");
	assert.match(at.shown, /error: \/tmp\/none: no such file\n\n\[edit\]\nadmin@gw#$/);
	const machine = new TerminalMachine(80, 24);
	for (const message of [
		{ type: "read-file", file: "/etc/shadow" },
		{ type: "write-file", file: "/etc/passwd", text: "x", isFirst: true, isLast: true },
	] satisfies ToTerminal[]) {
		const effects = machine.step({ type: "message", message });
		assert.deepEqual(effects, [
			{ type: "send", message: { type: "failed", message: "the file was not named on this terminal" } },
		]);
	}
});

test("programs of the terminal run there, through the pipes", () => {
	const at = desk();
	at.programs.ping = "64 octets\n64 octets\nlost\n";
	at.type("ping 192.0.2.1 count 2 | match octets | count\r");
	assert.match(at.shown, /Count: 2 lines\n/);
});

test("Ctrl-C drops the line, ends a question, and stops output", () => {
	const at = desk({ rows: 10 }).type("show ver\x03");
	assert.match(at.shown, /admin@gw> show ver\^C\nadmin@gw>$/);
	at.type("show log messages\r").type("\x03");
	assert.equal(at.last, "admin@gw>");
	at.type("conf\rdelete\r").type("\x03");
	assert.equal(at.last, "admin@gw#");
});

test("refresh runs the command again until Ctrl-C", () => {
	const at = desk().type("show log messages | last 1 | refresh 5\r");
	assert.match(at.shown, /---\(refreshed at 2026-10-30 19:47:58 UTC\)---\nline 60$/);
	assert.deepEqual(at.effects.at(-1), { type: "wake", afterMs: 5_000 });
	at.step({ type: "woken" });
	assert.equal(at.screen.lines.filter((line) => line === "line 60").length, 2);
	at.type("\x03");
	assert.equal(at.last, "admin@gw>");
	at.step({ type: "woken" });
	assert.equal(at.screen.lines.filter((line) => line === "line 60").length, 2);
});

test("notices stand above the line that is being typed, and after the output otherwise", () => {
	const at = desk().type("show ver");
	at.user.step({ type: "noticed", text: "Commit was not confirmed; automatic rollback complete.\n" });
	assert.match(at.shown, /^Commit was not confirmed; automatic rollback complete\.\nadmin@gw> show ver$/);
});

test("resize draws the line anew and tells the system", () => {
	const at = desk().type("show log messages");
	at.step({ type: "resized", columns: 40, rows: 10 });
	assert.equal(at.last, "admin@gw> show log messages");
	at.type("\x15show log messages\r");
	assert.equal(at.last, "---(more 15%)---");
	at.type("q").type("set cli screen-length 0\rshow log messages\r");
	assert.ok(at.screen.lines.includes("line 60"));
	assert.equal(at.last, "admin@gw>");
});

test("complete-on-space off makes SPACE a blank", () => {
	const at = desk().type("set cli complete-on-space off\rsh ver");
	assert.equal(at.last, "admin@gw> sh ver");
});

test("names of hosts are asked for and put in place", () => {
	const handlers = { "show-log": () => "from 192.0.2.1\n" };
	const at = new CliDesk(new CliSystem({ handlers })).type("show log messages | resolve\r");
	assert.deepEqual(at.effects.at(-1), { type: "resolve", addresses: ["192.0.2.1"] });
	at.step({ type: "names-resolved", names: new Map([["192.0.2.1", "host.example"]]) });
	assert.match(at.shown, /from host\.example\n\nadmin@gw>$/);
});

test("a long output makes the socket wait, and the end of the pager lets it go on", () => {
	const machine = new TerminalMachine(80, 10);
	const take = (message: ToTerminal): TerminalEffect[] => machine.step({ type: "message", message });
	take({ type: "begin", pipes: [] });
	const full = take({ type: "output", text: "x\n".repeat(5_000) });
	assert.deepEqual(full.at(-1), { type: "flow", isPaused: true });
	const left = machine.step({ type: "keys", octets: Buffer.from("q") });
	assert.ok(left.some((effect) => effect.type === "flow" && !effect.isPaused));
	assert.ok(left.some((effect) => effect.type === "send" && effect.message.type === "interrupt"));
});

test("the end of the system ends the terminal", () => {
	const at = desk();
	at.step({ type: "disconnected", reason: "the gateway ended the connection" });
	assert.equal(at.hasEnded, true);
	assert.match(at.shown, /the gateway ended the connection$/);
});

test("whatever is typed, the terminal and the system go on", () => {
	const key = fc.constantFrom(
		..."setsyhow?\t |\r\r",
		"configure\r",
		"set system host-name x\r",
		"show | compare\r",
		"show log messages\r",
		"exit\r",
		"\x03",
		"\x04",
		"\x1b[A",
		"\x12",
		"\x1b[200~set a\nb\x1b[201~",
		"load merge terminal\r",
		"ping 192.0.2.1\r",
		"delete\r",
		"yes\r",
		" ",
		"q",
	);
	fc.assert(
		fc.property(fc.array(key, { maxLength: 60 }), (keys) => {
			const at = desk({ rows: 10, columns: 60 });
			for (const one of keys) {
				if (at.hasEnded) return;
				at.type(one);
			}
			// From wherever it stands, Ctrl-C and q lead back to a prompt.
			at.type("\x03q\x03\x03\x15");
			if (!at.hasEnded) assert.match(at.last, /^admin@\S+[>#]/);
		}),
		{ numRuns: 150 },
	);
});
