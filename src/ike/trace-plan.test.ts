import assert from "node:assert/strict";
import { test } from "node:test";
import { tracedTopics, traceFileOf } from "#ike/trace-plan.ts";
import { configOf, findingsOf } from "../../test/support/config-text.ts";

const planOf = (ike: string, ipsec = "") => {
	const { security } = configOf(`security { ike { traceoptions { ${ike} } } ipsec { traceoptions { ${ipsec} } } }`);
	return { topics: tracedTopics(security.ike, security.ipsec), file: traceFileOf(security.ike) };
};

test("flags choose what is traced; all of IKE is not all of IPsec", () => {
	assert.deepEqual(planOf("").topics, []);
	assert.deepEqual(planOf("flag ike; flag timer;").topics, ["ike"]);
	assert.deepEqual(planOf("flag all;").topics, ["ike", "general", "config", "database", "routing-socket"]);
	assert.deepEqual(planOf("", "flag all;").topics, ["security-associations", "packet-drops"]);
});

test("the file has the defaults of Junos, and a name by which it is found among the logs", () => {
	assert.deepEqual(planOf("").file, {
		name: "iked.log",
		maxOctets: 131_072,
		files: 10,
		match: undefined,
		isWorldReadable: false,
		linesPerSecond: undefined,
	});
	const { file } = planOf("file vpn.log size 20k files 3 match gw-.* world-readable; rate-limit 50;");
	assert.deepEqual(file, {
		name: "vpn.log",
		maxOctets: 20_480,
		files: 3,
		match: "gw-.*",
		isWorldReadable: true,
		linesPerSecond: 50,
	});
});

test("a trace does not go into a log of the gateway", () => {
	const says = (name: string) => findingsOf(`security { ike { traceoptions { file ${name}; } } }`);
	assert.deepEqual(says("sallyport"), ["error security ike traceoptions file: sallyport.log is a log of the gateway"]);
	assert.deepEqual(says("messages.log").length, 1);
	assert.deepEqual(says("vpn"), []);
});
