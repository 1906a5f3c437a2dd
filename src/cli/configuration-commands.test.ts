import assert from "node:assert/strict";
import { test } from "node:test";
import { configurationCommands } from "#cli/configuration-commands.ts";
import { listCommands, parseCommand } from "#cli/grammar.ts";
import { splitLine } from "#cli/parse-line.ts";

function parsed(line: string): string {
	const split = splitLine(line);
	assert.ok(split.ok);
	const command = parseCommand(configurationCommands, split.parts[0].words, () => true, line.length);
	if (!command.ok) return `${command.at} ${command.message}`;
	return `${command.handler} ${JSON.stringify(command.values)} ${command.rest.length}`;
}

test("R260: every verb of configuration mode is there", () => {
	const verbs =
		"activate annotate commit copy deactivate delete edit exit help insert load protect quit rename replace rollback run save set show status top unprotect up update wildcard";
	assert.deepEqual(Object.keys(configurationCommands.children ?? {}).sort(), verbs.split(" ").sort());
});

test("statements are left to the configuration", () => {
	assert.equal(parsed("set system host-name gw"), "edit-line {} 3");
	assert.equal(parsed("delete"), "edit-line {} 0");
	assert.equal(parsed("set"), "3 missing argument.");
	assert.equal(parsed("show"), "show {} 0");
	assert.equal(parsed("top set x"), "top {} 2");
});

test("commit takes its options in any order, confirmed with or without minutes", () => {
	assert.equal(parsed("commit"), "commit {} 0");
	assert.equal(
		parsed("commit confirmed 5 comment hello and-quit"),
		'commit {"confirmed":"5","comment":"hello","and-quit":""} 0',
	);
	assert.equal(parsed("commit confirmed and-quit"), 'commit {"confirmed":"","and-quit":""} 0');
	assert.equal(parsed("commit at 22:00"), 'commit {"at":"22:00"} 0');
	assert.match(parsed("commit confirmed 0"), /expecting <command>|not within range/);
});

test("load, rollback, replace and wildcard read their values", () => {
	assert.equal(parsed("load merge terminal relative"), 'load {"file":"terminal","relative":""} 0');
	assert.equal(parsed("load merge relative x.conf"), 'load {"file":"x.conf"} 0');
	assert.equal(parsed("load set /tmp/x json"), 'load {"file":"/tmp/x","json":""} 0');
	assert.equal(parsed("load factory-default"), "load-factory-default {} 0");
	assert.equal(parsed("rollback rescue"), 'rollback {"number":"rescue"} 0');
	assert.equal(parsed("replace pattern a with b upto 3"), 'replace-pattern {"pattern":"a","with":"b","upto":"3"} 0');
	assert.match(parsed("replace pattern a"), /missing argument/);
	assert.equal(parsed("wildcard range set a[1-3] b"), "wildcard-range {} 2");
});

test("every verb has help", () => {
	for (const { syntax, help } of listCommands(configurationCommands)) assert.notEqual(help, "", syntax);
});
