import assert from "node:assert/strict";
import { test } from "node:test";
import { CliSystem } from "../../test/support/cli-session.ts";

const sample = `system { host-name gw; }
security { ike {
	policy p1 { mode main; pre-shared-key ascii-text secret1; }
	policy p2;
	gateway g { ike-policy p1; address 192.0.2.1; }
} }`;

test("R260: edit, up, top, exit move; verbs behind top and up are done there", () => {
	const user = new CliSystem({ configuration: sample }).login();
	user.enterAll("configure", "edit security", "edit ike policy p1");
	assert.match(user.prompt, /\[edit security ike policy p1\]/);
	user.enter("exit");
	assert.match(user.prompt, /\[edit security\]/);
	user.enter("edit ike gateway g");
	user.enter("up 2");
	assert.match(user.prompt, /\[edit security\]/);
	assert.equal(user.enter("up 1 show system"), "host-name gw;\n");
	assert.equal(user.enter("top set system location here"), "");
	assert.equal(user.enter("top show system"), "host-name gw;\nlocation here;\n");
	assert.match(user.prompt, /\[edit security\]/);
	user.enter("top edit security ike policy p2");
	assert.match(user.prompt, /\[edit security ike policy p2\]/);
	user.enter("top");
	assert.match(user.prompt, /\n\[edit\]\n/);
	user.enter("exit");
	assert.equal(user.question, "Exit with uncommitted changes? [yes,no] (yes) ");
});

test("R260: set answers nothing; show prints below the level", () => {
	const user = new CliSystem({ configuration: sample }).login();
	user.enter("configure");
	assert.equal(user.enter("set system ports [ 1 2 ]"), "");
	assert.equal(user.enter("show system"), "host-name gw;\nports [ 1 2 ];\n");
	assert.equal(user.enter("show system ports"), "ports [ 1 2 ];\n");
	assert.match(
		user.enter("show security ike policy p1"),
		/^mode main;\npre-shared-key ascii-text "\$9\$.*"; ## SECRET-DATA\n$/,
	);
	assert.match(user.enter("show security ike policy"), /^policy p1 \{\n.*policy p2;\n$/s);
	assert.equal(
		user.enter("show system | display set"),
		"set system host-name gw\nset system ports 1\nset system ports 2\n",
	);
	user.enter("edit system");
	assert.equal(user.enter("show | display set relative"), "set host-name gw\nset ports 1\nset ports 2\n");
	assert.deepEqual(JSON.parse(user.enter("show | display json")), {
		configuration: { system: { "host-name": "gw", ports: [1, 2] } },
	});
	assert.match(user.enter("show | display xml"), /<host-name>gw<\/host-name>/);
	assert.equal(user.enter("show security"), `${" ".repeat(15)}^\nsyntax error.\n`);
});

test("delete of a whole level asks first", () => {
	const user = new CliSystem({ configuration: sample }).login();
	user.enterAll("configure", "edit security ike", "delete");
	assert.equal(user.question, "Delete everything under this level? [yes,no] (no) ");
	user.answer("");
	assert.notEqual(user.enter("show"), "");
	user.enter("delete");
	user.answer("yes");
	assert.equal(user.enter("show"), "");
});

test("rename, copy, insert, deactivate, protect, annotate, replace and wildcards change the candidate", () => {
	const user = new CliSystem({ configuration: sample }).login();
	user.enterAll("configure", "edit security ike", "rename policy p2 to policy p3", "copy policy p1 to policy p4");
	assert.match(user.enter("show | display set | match policy | except key"), /policy p4 mode main/);
	assert.match(user.enter("rename policy p9 to policy p8"), /statement not found/);
	user.enterAll("deactivate policy p3", 'annotate policy p4 "the copy"', "protect policy p1");
	assert.match(user.enter("show policy"), /inactive: policy p3;\n\/\* the copy \*\/\npolicy p4/);
	assert.match(user.enter("delete policy p1"), /protected/);
	assert.equal(user.isOk, false);
	user.enterAll("unprotect policy p1", "activate policy p3");
	assert.equal(user.enter("replace pattern p4 with p5"), "");
	assert.match(user.enter("show policy"), /policy p5/);
	assert.equal(user.enter("wildcard delete policy p[35]"), "  matched: policy p3\n  matched: policy p5\n");
	assert.equal(user.question, "Delete 2 objects? [yes,no] (no) ");
	user.answer("yes");
	assert.match(user.enter("show | display set | count"), /set security/);
	user.enter("wildcard range set policy x[1-3] mode main");
	assert.match(user.enter("show"), /policy x1 \{.*policy x2 \{.*policy x3 \{/s);
});

test("R153 R265: what is locked by protect is changed by nobody to whom unprotect is denied, whatever the way", () => {
	const system = new CliSystem({
		configuration: "security { ike { protect: policy locked; policy open; } }",
		files: { "set.txt": "unprotect security ike policy locked\nset security ike policy locked mode main\n" },
	});
	const bob = system.login({ user: "bob", loginClass: { permissions: ["all"], denyCommands: "unprotect" } });
	const before = bob.enter("show configuration security");
	bob.enter("configure");
	for (const way of ["unprotect", "top unprotect", "up 1 unprotect"]) {
		assert.match(bob.enter(`${way} security ike policy locked`), /unknown command\.|syntax error/, way);
	}
	for (const change of [
		"delete security ike policy locked",
		"delete security",
		"rename security ike policy locked to policy mine",
		"load set set.txt",
	])
		assert.match(bob.enter(change), /statement is protected|the candidate is unchanged/, change);
	assert.equal(bob.enter("run show configuration security"), before);
	const root = system.login();
	root.enter("configure");
	assert.equal(root.enter("unprotect security ike policy locked"), "");
	assert.equal(root.enter("delete security ike policy locked"), "");
});

test("compare shows what changed, against the one in force, an earlier one, or a file; as commands too", () => {
	const system = new CliSystem({ configuration: sample, files: { "/tmp/old.conf": "system { host-name old; }" } });
	const user = system.login();
	user.enterAll("configure", "set system host-name new");
	assert.equal(user.enter("show | compare"), "[edit system]\n-  host-name gw;\n+  host-name new;\n");
	assert.equal(user.enter("show | compare | display set"), "set system host-name new\n");
	user.enterAll("commit", "set system location here");
	assert.match(
		user.enter("show | compare rollback 1"),
		/- {2}host-name gw;\n\+ {2}host-name new;\n\+ {2}location here;/,
	);
	assert.match(user.enter("show | compare rollback 0"), /^\[edit system\]\n\+ {2}location here;\n$/);
	assert.equal(user.enter("show | compare rollback 9"), "error: no such configuration\n");
	assert.match(user.enter("show | compare /tmp/old.conf"), /- {2}host-name old;/);
	assert.match(user.enter("show | compare /tmp/none"), /no such file/);
	assert.equal(user.enter("edit system") + user.enter("show | compare"), "[edit system]\n+  location here;\n");
	assert.match(user.enter("run show configuration | compare rollback 1"), /\+ {2}host-name new;/);
});

test("commit, commit check, commit and-quit, comments", () => {
	const user = new CliSystem({ configuration: sample }).login();
	user.enterAll("configure", "set security ike gateway bad");
	assert.equal(
		user.enter("commit check"),
		"[edit security ike gateway bad]\n  missing mandatory statement: 'ike-policy'\nerror: configuration check-out failed\n",
	);
	assert.equal(user.isOk, false);
	user.enterAll("delete security ike gateway bad", "set system host-name new");
	assert.equal(user.enter("commit check"), "configuration check succeeds\n");
	assert.equal(user.enter('commit comment "renamed" and-quit'), "commit complete\nExiting configuration mode\n");
	assert.equal(user.prompt, "\nadmin@gw> ");
	assert.equal(user.system.commits.active.record.comment, "renamed");
	assert.equal(user.enter("show configuration system"), "host-name new;\n");
	assert.match(user.enter("show configuration"), /^## Last commit: 2026-10-30 19:47:58 UTC by admin\nsystem \{/);
	user.enter("configure");
	assert.equal(
		user.enter("commit synchronize"),
		"warning: this system is not part of a cluster; committed here alone\ncommit complete\n",
	);
	assert.match(user.enter("commit at 25:00"), /expected hh:mm or YYYY-MM-DD/);
});

test("commit confirmed counts down in the banner, and rolls back by itself unless confirmed", () => {
	const system = new CliSystem({ configuration: sample });
	const user = system.login();
	const other = system.login({ user: "other" });
	user.enterAll("configure", "set system host-name new");
	assert.equal(
		user.enter("commit confirmed"),
		"commit confirmed will be automatically rolled back in 10 minutes unless confirmed\ncommit complete\n",
	);
	system.wait(61_000);
	user.enter("");
	assert.equal(user.prompt, "\n# commit confirmed will be rolled back in 9 minutes\n[edit]\nadmin@gw# ");
	assert.equal(user.enter("commit check"), "configuration check succeeds\n");
	assert.equal(user.prompt, "\n[edit]\nadmin@gw# ");
	assert.match(user.enter("commit confirmed 0"), /\^\nValue 0 is not within range \(1\.\.65535\)\n$/);
	user.enterAll("set system host-name newer", "commit confirmed 1");
	other.printed = "";
	system.wait(61_000);
	assert.equal(other.printed, "Commit was not confirmed; automatic rollback complete.\n");
	assert.equal(other.enter("show configuration system"), "host-name new;\n");
});

test("commit at waits for its time; clear system commit forgets it", () => {
	const system = new CliSystem({ configuration: sample });
	const user = system.login();
	user.enterAll("configure", "set system host-name later");
	assert.match(user.enter("commit at 20:00"), /commit at will be executed at 2026-10-30 20:00:00 UTC\n$/);
	assert.equal(user.enter("run clear system commit"), "Pending commit cleared\n");
	user.enter("commit at 20:00");
	system.wait(13 * 60_000);
	assert.equal(user.enter("run show configuration system"), "host-name later;\n");
	assert.match(user.enter("commit at 2026-11-01.10:00:00"), /executed at 2026-11-01 10:00:00 UTC/);
	assert.match(user.enter('commit at "2026-11-01 11:00"'), /executed at 2026-11-01 11:00:00 UTC/);
	assert.match(user.enter("commit at 2026-11-02"), /executed at 2026-11-02 00:00:00 UTC/);
	assert.equal(user.enter("commit at 2020-01-01.10:00:00"), "error: 2020-01-01 10:00:00 UTC is past\n");
	for (const time of ["99:00", "soon", '"2026-02-30 10:00"'])
		assert.match(user.enter(`commit at ${time}`), /\^\ninvalid time: '.*'; expected hh:mm or YYYY-MM-DD.hh:mm:ss\.\n$/);
});

test("rollback loads an earlier configuration, which needs a commit", () => {
	const user = new CliSystem({ configuration: sample }).login();
	user.enterAll("configure", "set system host-name new", "commit");
	assert.equal(user.enter("rollback 1"), "load complete\n");
	assert.match(user.enter("show | compare"), /\+ {2}host-name gw;/);
	assert.equal(user.enter("rollback"), "load complete\n");
	assert.equal(user.enter("show | compare"), "");
	assert.equal(user.enter("rollback rescue"), "error: no such configuration\n");
	assert.match(user.enter("rollback 50"), /Value 50 is not within range \(0\.\.49\)/);
	assert.equal(user.enter("load factory-default"), "warning: activating factory configuration\nload complete\n");
	assert.equal(user.enter("show"), "system {\n    host-name factory;\n}\n");
	assert.match(user.enter("run show system rollback 1 | display set"), /set system host-name gw\n/);
	assert.equal(
		user.enter("run show system rollback compare 1 0"),
		"[edit system]\n-  host-name gw;\n+  host-name new;\n",
	);
});

test("load from a file and from the terminal: merge, override, set, relative, json, with errors", () => {
	const files = {
		"full.conf": "system { location here; }",
		"part.conf": "policy p9 { mode main; }",
		"bad.conf": "system {\n  foo bar;\n}",
		"c.json": '{"configuration":{"system":{"location":"json"}}}',
	};
	const user = new CliSystem({ configuration: sample, files }).login();
	user.enter("configure");
	assert.equal(user.enter("load merge full.conf"), "load complete\n");
	assert.equal(user.enter("show system"), "host-name gw;\nlocation here;\n");
	user.enter("edit security ike");
	assert.equal(user.enter("load merge part.conf relative"), "load complete\n");
	assert.equal(user.enter("show policy p9"), "mode main;\n");
	assert.match(user.enter("load merge bad.conf"), /^bad\.conf:2:\(3\) syntax error: foo\n.*load complete \(1 error\)/s);
	assert.match(user.enter("load merge none.conf"), /^error: none\.conf: no such file\n$/);
	assert.equal(user.enter("load merge c.json json"), "load complete\n");
	assert.equal(user.enter("top show system location"), "location json;\n");
	user.enter("load set terminal");
	assert.ok(user.isCollecting);
	assert.equal(user.type("set system host-name pasted\nset system ports 7\n"), "load complete\n");
	assert.equal(user.enter("top show system ports"), "ports 7;\n");
	user.enter("load set terminal");
	assert.match(user.type("set foo\n"), /^terminal:1:\(5\) syntax error: foo\n/);
	user.enter("load override terminal");
	assert.equal(user.type("system { host-name only; }"), "load complete\n");
	assert.equal(user.enter("top show"), "system {\n    host-name only;\n}\n");
	user.enter("load patch terminal");
	assert.equal(user.type("[edit system]\n-  host-name only;\n+  host-name patched;\n"), "load complete\n");
});

test("load takes the option before the file too, as Junos has it", () => {
	const user = new CliSystem({ files: { "x.conf": "host-name x;" } }).login();
	user.enterAll("configure", "edit system");
	assert.equal(user.enter("load merge relative x.conf"), "load complete\n");
	assert.equal(user.enter("show"), "host-name x;\n");
});

test("save writes the level's text with the terminal's rights", () => {
	const user = new CliSystem({ configuration: sample }).login();
	user.enterAll("configure", "edit system");
	assert.equal(user.enter("save /tmp/system.conf"), "Wrote 1 lines of configuration to '/tmp/system.conf'\n");
	assert.equal(user.system.files.get("/tmp/system.conf"), "host-name gw;\n");
	assert.equal(user.enter("save terminal"), "host-name gw;\n");
});

test("configure tells who else is there, and that something was changed", () => {
	const system = new CliSystem({ configuration: sample });
	const first = system.login({ user: "root" });
	const second = system.login();
	first.enterAll("configure", "edit security", "set ike respond-bad-spi 3");
	system.wait(44_000);
	assert.equal(
		second.enter("configure"),
		`Entering configuration mode
Users currently editing the configuration:
  root terminal p0 (pid 1088) on since 2026-10-30 19:47:58 UTC, idle 00:00:44
      [edit security]
The configuration has been changed but not committed
`,
	);
	assert.match(second.enter("status"), /root terminal p0.*admin terminal p1/s);
	assert.equal(second.enter("commit"), "commit complete\n");
	assert.match(first.enter("run show configuration | display set | match bad-spi"), /respond-bad-spi 3/);
});

test("configure exclusive locks others out, and leaving it with changes throws them away", () => {
	const system = new CliSystem({ configuration: sample });
	const first = system.login({ user: "root" });
	const second = system.login();
	assert.equal(
		first.enter("configure exclusive"),
		"warning: uncommitted changes will be discarded on exit\nEntering configuration mode\n",
	);
	assert.match(second.enter("configure"), /exclusive \[edit\]/);
	assert.match(
		second.enter("set system host-name x"),
		/^error: configuration database locked by:\n {2}root terminal p0/,
	);
	first.enter("set system host-name lost");
	first.enter("exit");
	assert.equal(
		first.printed,
		"The configuration has been changed but not committed\nwarning: Auto rollback on exiting 'configure exclusive'\n",
	);
	assert.equal(first.question, "Discard uncommitted changes? [yes,no] (yes) ");
	assert.equal(
		first.answer(""),
		"warning: discarding uncommitted changes\nload complete\nExiting configuration mode\n",
	);
	assert.equal(second.enter("show system"), "host-name gw;\n");
});

test("configure private keeps its own copy; a commit of others asks for update first", () => {
	const system = new CliSystem({ configuration: sample });
	const first = system.login({ user: "one" });
	const second = system.login({ user: "two" });
	first.enter("configure private");
	second.enter("configure private");
	first.enterAll("set system host-name mine");
	second.enterAll("set system location there");
	assert.equal(second.enter("show system"), "host-name gw;\nlocation there;\n");
	assert.equal(first.enter("commit"), "commit complete\n");
	second.enter("update");
	assert.equal(second.enter("show system"), "host-name mine;\nlocation there;\n");
	assert.equal(second.enter("commit"), "commit complete\n");
	first.enter("set system host-name again");
	first.enter("exit");
	assert.equal(first.question, "Discard uncommitted changes? [yes,no] (yes) ");
	assert.match(first.answer("yes"), /discarding uncommitted changes\nExiting configuration mode/);
});

test("leaving a changed shared candidate asks, and no means to stay; the answer may be shortened", () => {
	const user = new CliSystem().login();
	user.enterAll("configure", "set system host-name x", "quit");
	assert.equal(user.printed, "The configuration has been changed but not committed\n");
	user.answer("n");
	assert.match(user.prompt, /\[edit\]/);
	user.enter("exit");
	user.answer("what");
	assert.equal(user.question, "Exit with uncommitted changes? [yes,no] (yes) ");
	user.answer("Y");
	assert.equal(user.prompt, "\nadmin@gw> ");
});

test("own classes see and change what their permissions and expressions name; secrets only with the permission", () => {
	const system = new CliSystem({ configuration: sample });
	const limited = system.login({
		user: "pat",
		loginClass: {
			permissions: ["view", "configure", "view-configuration", "system-control"],
			allowConfiguration: "^security ike respond-bad-spi",
			denyConfiguration: "^system location",
			denyCommands: "^request|^show cli",
		},
	});
	limited.enter("configure");
	assert.match(limited.enter("show security ike policy p1"), /pre-shared-key ascii-text \/\* SECRET-DATA \*\//);
	assert.match(limited.enter("show security ike | display set"), /SECRET-DATA/);
	assert.ok(!limited.enter("show | display json").includes("$9$"));
	assert.ok(!limited.enter("show | display xml").includes("$9$"));
	assert.equal(limited.enter("set system host-name pat"), "");
	assert.match(limited.enter("set system location here"), /^error: permission denied/);
	assert.match(limited.enter("delete security ike policy p2"), /^error: permission denied/);
	assert.equal(limited.enter("set security ike respond-bad-spi 7"), "");
	assert.equal(
		limited.enter("show | compare"),
		"[edit system]\n-  host-name gw;\n+  host-name pat;\n[edit security ike]\n+  respond-bad-spi 7;\n",
	);
	assert.equal(limited.enter("commit"), "commit complete\n");
	assert.match(limited.enter("run show cli"), /syntax error/);
	const narrow = system.login({
		loginClass: {
			permissions: ["view", "configure"],
			allowConfiguration: "^security ike gateway",
			denyConfiguration: ".*",
		},
	});
	narrow.enter("configure");
	assert.equal(
		narrow.enter("show"),
		"security {\n    ike {\n        gateway g {\n            ike-policy p1;\n            address 192.0.2.1;\n        }\n    }\n}\n",
	);
	assert.deepEqual(narrow.help("show security ike "), ["<[Enter]>", ">gateway", "|"]);
	assert.equal(narrow.enter("save /tmp/all"), "Wrote 8 lines of configuration to '/tmp/all'\n");
});

test("display changed marks what was changed and not committed", () => {
	const user = new CliSystem({ configuration: sample }).login();
	user.enterAll("configure", "set system location here", "delete security ike policy p2");
	const shown = user.enter("show | display changed");
	assert.match(shown, /^<configuration xmlns:junos="[^"]+">\n {4}<system junos:changed="changed">\n/);
	assert.match(shown, /\n {8}<host-name>gw<\/host-name>\n {8}<location junos:changed="changed">here<\/location>\n/);
	assert.match(shown, /\n {4}<security junos:changed="changed">\n {8}<ike junos:changed="changed">\n {12}<policy>\n/);
	user.enter("commit");
	assert.doesNotMatch(user.enter("show | display changed"), /changed/);
	assert.doesNotMatch(user.enter("run show configuration | display changed"), /changed/);
});

test("to leave a level, or to fail to go to another, brings nothing back that was deleted", () => {
	const user = new CliSystem({ configuration: sample }).login();
	user.enterAll("configure", "edit security ike policy p2", "edit pre-shared-key", "top delete security ike policy p2");
	assert.match(user.enter("up edit a"), /syntax error/);
	assert.match(user.prompt, /\[edit security ike policy p2 pre-shared-key\]/);
	user.enter("exit");
	assert.match(user.prompt, /\[edit security ike policy p2\]/);
	assert.equal(user.enter("top show | compare"), "[edit security ike]\n-   policy p2;\n");
});
