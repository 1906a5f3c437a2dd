import assert from "node:assert/strict";
import { test } from "node:test";
import { flowKeywords, protocolNames } from "#signature/flow-keywords.ts";
import { anyTcp, problemOf, signatureOf } from "../../test/support/signatures.ts";

test("flow gives the direction; from_server is to_client", () => {
	assert.equal(signatureOf("flow:established,to_server;").direction, "to-server");
	assert.equal(signatureOf("flow:from_client;").direction, "to-server");
	assert.equal(signatureOf("flow:from_server , established;").direction, "to-client");
	assert.equal(signatureOf("flow:stateless,only_stream;").direction, "both");
	assert.equal(signatureOf("flow:no_stream;", anyTcp).packet?.isPacketOnly, true);
});

test("what contradicts or is not inspected is refused", () => {
	assert.match(problemOf("flow:to_server,to_client;"), /both directions/);
	assert.match(problemOf("flow:not_established;"), /only established/);
	assert.match(problemOf("flow:only_frag;"), /not supported/);
});

test("flowbits are commands with names; several are alternatives", () => {
	const { flowBits, isNoAlert } = signatureOf("flowbits:isset,a|b; flowbits:set,c; flowbits:noalert;");
	assert.deepEqual(flowBits, [
		{ command: "isset", names: ["a", "b"] },
		{ command: "set", names: ["c"] },
	]);
	assert.equal(isNoAlert, true);
	assert.match(problemOf("flowbits:set,a|b;"), /one name/);
	assert.match(problemOf("flowbits:isset;"), /names no bit/);
	assert.match(problemOf("flowbits:reset,a;"), /not supported/);
});

test("flowint has an operator and a number or another counter", () => {
	assert.deepEqual(signatureOf("flowint:n,+,1; flowint:n,>,m; flowint:k,isnotset;").flowIntegers, [
		{ name: "n", operator: "+", value: 1 },
		{ name: "n", operator: ">", value: "m" },
		{ name: "k", operator: "notset", value: 0 },
	]);
	for (const value of ["n", "n,?,1", "n,+", "n,isset,1", "n,+,-", ",+,1"]) problemOf(`flowint:${value};`);
});

test("threshold and detection_filter name type, track, count and seconds in any order", () => {
	assert.deepEqual(signatureOf("threshold: type limit, track by_src, seconds 60, count 1;").threshold, {
		type: "limit",
		track: "by_src",
		count: 1,
		seconds: 60,
	});
	assert.equal(signatureOf("detection_filter: track by_dst, count 5, seconds 2;").threshold?.type, "detection_filter");
	for (const value of [
		"type x,track by_src,count 1,seconds 1",
		"type limit,track x,count 1,seconds 1",
		"type limit,track by_src,count 0,seconds 1",
		"type limit,track by_src,count 1",
	])
		problemOf(`threshold:${value};`);
	assert.match(
		problemOf(
			"detection_filter: track by_dst, count 5, seconds 2; threshold: type limit, track by_src, count 1, seconds 1;",
		),
		/second threshold/,
	);
});

test("dsize is a test of packets, app-layer-protocol the protocol of the connection", () => {
	assert.deepEqual(signatureOf("dsize:>10;", anyTcp).packet?.payloadSize, { comparison: ">", value: 10, high: 0 });
	assert.equal(signatureOf("app-layer-protocol:tls;", anyTcp).protocol, "tls");
	assert.match(problemOf("app-layer-protocol:dcerpc;", anyTcp), /not supported/);
	assert.match(problemOf("dsize:x;", anyTcp), /no size/);
});

test("every keyword of the table says what it is, and old names of protocols mean the new ones", () => {
	for (const [name, { about }] of Object.entries(flowKeywords)) assert.ok(about.length > 5, name);
	assert.deepEqual([protocolNames.get("ssl"), protocolNames.get("http1")], ["tls", "http"]);
});
