import assert from "node:assert/strict";
import { test } from "node:test";
import { routingCommands, unroutingCommands } from "#firewall/policy-routing.ts";

const local = { table: "local" };
const ours = { table: "23057" };

test("marked packets ask a table in which every address is this host; a rule that is there is not made again", () => {
	assert.deepEqual(routingCommands([local]), [
		"rule add pref 23057 fwmark 0x5a110001 lookup 23057",
		"route replace local default dev lo table 23057",
	]);
	assert.deepEqual(routingCommands([local, ours]), ["route replace local default dev lo table 23057"]);
});

test("all of it is taken away, each rule as often as it is there, and the rules last", () => {
	assert.deepEqual(unroutingCommands([local, ours, ours]), [
		"route replace local default dev lo table 23057",
		"route flush table 23057",
		"rule del pref 23057 fwmark 0x5a110001 lookup 23057",
		"rule del pref 23057 fwmark 0x5a110001 lookup 23057",
	]);
});

test("rules of others are left alone", () => {
	assert.deepEqual(unroutingCommands([local, { table: 100 }, {}]), []);
});
