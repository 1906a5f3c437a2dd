import assert from "node:assert/strict";
import { test } from "node:test";
import { SignatureEngine, toClient, toServer } from "#signature/signature-engine.ts";
import { anyTcp, anyTls, signatureOf } from "../../test/support/signatures.ts";

test("each signature is searched for by one content, in the buffer where it is rare", () => {
	const engine = new SignatureEngine([
		signatureOf('http.method; content:"POST"; http.uri; content:"/gate.php"; http.header; content:"Accept";'),
	]);
	const { scans } = engine.heads[toServer];
	assert.deepEqual(
		scans.map(({ buffer, owners }) => [buffer, owners.lists()]),
		[["http.uri", [[0]]]],
	);
	assert.equal(engine.heads[toClient].scans.length, 0);
});

test("fast_pattern chooses, and equal contents of several signatures are one pattern", () => {
	const engine = new SignatureEngine([
		signatureOf('http.uri; content:"/long/path/of/it"; content:"ab/path/of"; fast_pattern; http.host; content:"c";'),
		signatureOf('http.uri; content:"/LONG/path/of/it"; nocase;'),
		signatureOf('http.uri; content:"/long/path/of/it";'),
	]);
	assert.equal(engine.figures.signatures, 3);
	assert.equal(
		engine.heads[toServer].scans[0]?.owners.lists().some((owners) => owners.length === 2),
		true,
	);
});

test("what has no content to search for is compared each time", () => {
	const engine = new SignatureEngine([
		signatureOf('http.uri; content:!"a";'),
		signatureOf('file.data; pcre:"/x/"; flow:to_client;'),
		signatureOf("tls_cert_expired;", anyTls),
	]);
	assert.equal(engine.figures.unfiltered, 3);
	assert.equal(engine.heads[toServer].always.length, 1);
	assert.equal(engine.bodies[toClient].always.length, 1);
	assert.equal(engine.handshakes.certificate.always.length, 1);
});

test("contents that stand at the beginning are searched for there only", () => {
	const engine = new SignatureEngine([
		signatureOf('content:"USER"; depth:4; flow:to_server;', anyTcp),
		signatureOf('content:"somewhere in it"; flow:to_server;', anyTcp),
	]);
	const { deep, shallow, isKept } = engine.streams[toServer];
	assert.deepEqual([deep?.owners.lists().length, shallow?.owners.lists().length, isKept], [1, 1, true]);
	assert.equal(engine.streams[toClient].isKept, false);
});

test("who passes is judged first, then who drops, and who sets bits before who asks for them", () => {
	const engine = new SignatureEngine([
		signatureOf('flowbits:isset,a; msg:"asks";'),
		signatureOf('flowbits:set,a; http.uri; content:"a"; msg:"sets";'),
		signatureOf('http.uri; content:"a"; msg:"drops";', "drop http any any -> any any"),
		signatureOf('http.uri; content:"a"; msg:"passes";', "pass http any any -> any any"),
	]);
	assert.deepEqual(
		Array.from({ length: engine.figures.signatures }, (_, index) => engine.signature(index).message),
		["passes", "drops", "sets", "asks"],
	);
});

test("a candidate is added once a round", () => {
	const engine = new SignatureEngine([signatureOf('http.uri; content:"a";'), signatureOf('http.uri; content:"b";')]);
	engine.beginCandidates();
	for (const index of [1, 0, 1]) engine.addCandidate(index);
	assert.deepEqual([...engine.candidates.subarray(0, engine.candidateCount)], [1, 0]);
	engine.beginCandidates();
	assert.equal(engine.candidateCount, 0);
});
