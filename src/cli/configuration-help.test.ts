import assert from "node:assert/strict";
import { test } from "node:test";
import { aproposText, statementHelp } from "#cli/configuration-help.ts";
import { sampleRoot } from "../../test/support/config-sample.ts";

function reference(words: string): string {
	return statementHelp(sampleRoot, words.split(" "), "reference") ?? "";
}

test("apropos finds statements by name and by help, and shows how to set them", () => {
	const found = aproposText(sampleRoot, "bad-spi");
	assert.equal(found, "set security ike respond-bad-spi <number>\n    Answers to a bad SPI\n");
	assert.match(aproposText(sampleRoot, "Where it stands"), /^set system location <text>\n/);
	assert.match(aproposText(sampleRoot, "mtu"), /^set interfaces <interface-name> mtu <octets>\n/);
	assert.equal(aproposText(sampleRoot, "nowhere"), "Nothing has 'nowhere' in its name or help\n");
	assert.equal(aproposText(sampleRoot, "nowhere", "show nowhere\n"), "show nowhere\n");
});

test("topic tells what a statement does; names of objects may stand in the path or be left out", () => {
	assert.equal(
		statementHelp(sampleRoot, ["security", "ike", "policy", "p1", "mode"], "topic"),
		"security ike policy p1 mode\n\n    Exchange.\n",
	);
	assert.match(statementHelp(sampleRoot, ["sec", "ike", "policy", "mode"], "topic") ?? "", /Exchange/);
	assert.match(statementHelp(sampleRoot, ["interfaces", "ge-0/0/0", "mtu"], "topic") ?? "", /Largest packet/);
	assert.equal(statementHelp(sampleRoot, ["bogus"], "topic"), undefined);
	assert.equal(statementHelp(sampleRoot, [], "topic"), undefined);
});

test("reference tells values, range, default, order, permission and what is below", () => {
	assert.match(reference("security ike policy mode"), /main {25}Six messages\n.*Default: main/s);
	assert.match(reference("system ports"), /Value: 1\.\.65535\n.*Values: at most 4/s);
	assert.match(reference("security policies from-zone"), /Order: as entered/);
	assert.match(reference("security"), /Permission: security, to change it security-control\n {4}Statements:\n {6}ike /);
	assert.match(reference("security ike gateway allowlist"), /Also written: whitelist/);
	assert.match(
		reference("security ike gateway ike-policy"),
		/Names an entry of: security ike policy\n.*Mandatory: yes/s,
	);
});
