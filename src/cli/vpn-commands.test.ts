import assert from "node:assert/strict";
import { test } from "node:test";
import { parseCommand } from "#cli/grammar.ts";
import { operationalCommands } from "#cli/operational-commands.ts";
import { splitLine } from "#cli/parse-line.ts";

const read = (line: string) => {
	const split = splitLine(line);
	assert.ok(split.ok);
	const parsed = parseCommand(operationalCommands, split.parts[0].words, () => true);
	return parsed.ok ? [parsed.handler, parsed.values] : parsed.message;
};

test("associations are shown by index, family and peer, as a table or with all details", () => {
	assert.deepEqual(read("show security ike security-associations index 5 detail"), [
		"show-ike-associations",
		{ index: "5", detail: "" },
	]);
	assert.deepEqual(read("show security ike security-associations 2.2.2.2 family inet"), [
		"show-ike-associations",
		{ peer: "2.2.2.2", family: "inet" },
	]);
	assert.deepEqual(read("show security ipsec security-associations brief"), ["show-ipsec-associations", { brief: "" }]);
	assert.deepEqual(read("show security ipsec statistics index 131073"), ["show-ipsec-statistics", { index: "131073" }]);
});

test("they are cleared by the same, and by the port of the peer", () => {
	assert.deepEqual(read("clear security ike security-associations 1.1.1.2 port 19405"), [
		"clear-ike-associations",
		{ peer: "1.1.1.2", port: "19405" },
	]);
	assert.deepEqual(read("clear security ipsec security-associations family inet6"), [
		"clear-ipsec-associations",
		{ family: "inet6" },
	]);
	assert.deepEqual(read("clear security ipsec statistics"), ["clear-ipsec-statistics", {}]);
});
