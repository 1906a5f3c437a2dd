import assert from "node:assert/strict";
import { test } from "node:test";
import { CliSystem } from "../../test/support/cli-session.ts";

const sample = `system { host-name gw; }
security { ike {
	policy p1 { mode main; pre-shared-key ascii-text secret1; }
	policy p2;
	gateway g { ike-policy p1; address 192.0.2.1; }
} }`;

test("run does a command of operational mode, but none that belongs to it alone", () => {
	const handlers = { "show-uptime": () => "up\n" };
	const user = new CliSystem({ handlers }).login();
	user.enter("configure");
	assert.equal(user.enter("run show system uptime"), "up\n");
	assert.equal(user.enter("run quit"), "error: command is not valid in configuration mode\n");
	assert.equal(user.enter("run configure"), "error: already in configuration mode\n");
	assert.equal(user.enter("run show bogus"), `${" ".repeat(19)}^\nsyntax error, expecting <command>.\n`);
});

test("handlers get their values; display json only where there is such a form", () => {
	const handlers = {
		"show-proxy-sessions": (values: object, isJson: boolean) => `${JSON.stringify(values)} ${isJson}\n`,
	};
	const user = new CliSystem({ handlers }).login();
	assert.equal(
		user.enter("sh serv ssl prox sess source 10.0.0.0/8 findings last 5"),
		'{"source":"10.0.0.0/8","findings":"","last":"5"} false\n',
	);
	assert.equal(user.enter("show services ssl proxy sessions | display json"), "{} true\n");
	assert.match(
		user.enter("show services ssl proxy sessions | display set"),
		/the output of this command has no such form/,
	);
	assert.match(user.enter("show system uptime | compare"), /has no such form/);
});

test("set cli changes the session: prompt, screen, completion, idle time, timestamp", () => {
	const system = new CliSystem({ handlers: { "show-uptime": () => "up\n" } });
	const user = system.login();
	assert.equal(user.enter('set cli prompt "lab> "'), "Prompt set to 'lab> '\n");
	assert.equal(user.prompt, "\nlab> ");
	user.enter("set cli screen-length 0");
	assert.equal(user.printed, "Screen length set to 0\n");
	assert.deepEqual(user.sent.filter(({ type }) => type === "settings").at(-1), {
		type: "settings",
		settings: { screenLength: 0, screenWidth: undefined, completesOnSpace: true },
	});
	assert.equal(user.enter("set cli complete-on-space off"), "Disabling complete-on-space\n");
	user.enter("set cli timestamp");
	assert.equal(user.enter("show system uptime"), "2026-10-30 19:47:58 UTC\nup\n");
	user.enter("set cli timestamp disable");
	assert.match(user.enter("show cli"), /complete-on-space set to off\n.*screen-length set to 0\n/s);
	assert.match(user.enter("show cli history"), /set cli timestamp disable\n {2}show cli\n {2}show cli history\n$/);
	assert.equal(user.enter("set cli idle-timeout 5"), "Idle timeout set to 5 minutes\n");
	system.wait(4 * 60_000);
	assert.equal(user.hasEnded, false);
	system.wait(2 * 60_000);
	assert.equal(user.hasEnded, true);
});

test("help finds commands and statements, and tells what they do", () => {
	const user = new CliSystem({ configuration: sample }).login();
	assert.match(user.enter("help apropos uptime"), /show system uptime\n {4}Time, and since when/);
	assert.match(
		user.enter("help apropos mode"),
		/set security ike policy <name> mode \(main \| aggressive\)\n {4}Exchange/,
	);
	assert.match(user.enter("help topic security ike policy mode"), /Exchange\.\n$/);
	assert.match(user.enter("help reference security ike policy mode"), /main {25}Six messages\n.*Default: main/s);
	assert.match(user.enter("help reference bogus"), /no such statement/);
	user.enterAll("configure", "edit security ike");
	assert.match(user.enter("help reference gateway g dead-peer-detection interval"), /Default: 10/);
	assert.match(user.enter("help apropos nothing-has-this"), /Nothing has/);
});

test("read-only sees no configuration, operator no configuration mode, unauthorized nothing", () => {
	const system = new CliSystem({
		configuration: sample,
		handlers: { "show-uptime": () => "up\n", "show-log": () => "log\n" },
	});
	const reader = system.login({ loginClass: "read-only" });
	assert.equal(reader.enter("show system uptime"), "up\n");
	assert.match(reader.enter("show configuration"), /syntax error, expecting <command>/);
	assert.match(reader.enter("configure"), /unknown command/);
	assert.match(reader.enter("show log messages"), /syntax error, expecting <command>/);
	assert.deepEqual(reader.help(""), ["exit", "explain", "help", "quit", "set", "show", "test"]);
	const operator = system.login({ loginClass: "operator" });
	assert.equal(operator.enter("show log messages"), "log\n");
	assert.match(operator.enter("request system configuration rescue save"), /unknown command/);
	const nobody = system.login({ loginClass: "unauthorized" });
	assert.match(nobody.enter("show system uptime"), /unknown command/);
	assert.match(nobody.enter("show cli authorization"), /unknown command/);
});
