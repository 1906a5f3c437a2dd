import assert from "node:assert/strict";
import { test } from "node:test";
import { routingCommands, showRules, unroutingCommands } from "#firewall/policy-routing.ts";

const local = { priority: 0, table: "local" };
const ours = { priority: 23_057, fwmark: "0x5a110001", table: "23057" };
const words = (commands: readonly (readonly string[])[]) => commands.map((command) => command.join(" "));

test("marked packets ask a table in which every address is this host; a rule that is there is not made again", () => {
	assert.deepEqual(words(routingCommands("ipv4", [local])), [
		"-4 rule add pref 23057 fwmark 0x5a110001 lookup 23057",
		"-4 route replace local default dev lo table 23057",
	]);
	assert.deepEqual(words(routingCommands("ipv6", [local, ours])), [
		"-6 route replace local default dev lo table 23057",
	]);
	assert.deepEqual(showRules("ipv6"), ["-6", "-j", "rule", "show"]);
});

test("all of it is taken away, each rule as often as it is there, and the rules last", () => {
	assert.deepEqual(words(unroutingCommands("ipv4", [local, ours, ours])), [
		"-4 route replace local default dev lo table 23057",
		"-4 route flush table 23057",
		"-4 rule del pref 23057 fwmark 0x5a110001 lookup 23057",
		"-4 rule del pref 23057 fwmark 0x5a110001 lookup 23057",
	]);
});

test("rules of others are left alone", () => {
	assert.deepEqual(unroutingCommands("ipv4", [local, { priority: 5, fwmark: "0x1", table: 100 }, {}]), []);
});
