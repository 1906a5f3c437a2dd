import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { OpaqueStream } from "#inspect/opaque-stream.ts";
import { type PatternRule, patternPlaces, patternService } from "#inspect/pattern-service.ts";
import { forward, stop } from "#inspect/plaintext-stream.ts";
import type { InspectionService } from "#inspect/service.ts";

const octets = (text: string) => Buffer.from(text, "latin1");
const rule = (name: string, verdict: PatternRule["verdict"]): PatternRule => ({
	name,
	octets: octets(name),
	ignoresCase: false,
	places: patternPlaces,
	verdict,
});
const streamOf = (...rules: PatternRule[]) => new OpaqueStream([patternService(rules)]);

test("R182: octets of an unknown protocol travel on as they are and are not said to be inspected", () => {
	const stream = streamOf(rule("evil", "block"));
	assert.equal(stream.fromClient(octets("harmless")), forward);
	assert.equal(stream.fromServer(octets("harmless")), forward);
	assert.equal(stream.inspection, "decrypted, not inspected");
	assert.deepEqual([stream.requests, stream.isClientWaiting, stream.released.length], [0, false, 0]);
	assert.equal(stream.clientMayGoOn(), forward);
	assert.equal(stream.clientEnded(), forward);
	assert.equal(stream.serverEnded(), forward);
	stream.close();
	assert.equal(stream.stop, undefined);
	assert.deepEqual(stream.findings, []);
});

for (const [side, place] of [
	["fromClient", "stream-to-server"],
	["fromServer", "stream-to-client"],
] as const) {
	test(`a pattern in ${place} cuts the connection without an answer, however its octets are cut`, () => {
		for (let cut = 1; cut < 4; cut++) {
			const stream = streamOf(rule("evil", "block"));
			assert.equal(stream[side](octets("xxevil".slice(0, 2 + cut))), forward);
			assert.equal(stream[side](octets("xxevil".slice(2 + cut))), stop);
			assert.deepEqual(stream.stop, { answer: undefined, why: `blocked by pattern "evil" in ${place}` });
			assert.deepEqual(stream.findings, [{ service: "pattern", name: "evil", where: place, verdict: "block" }]);
		}
	});
}

test("a pattern half in one direction and half in the other is none", () => {
	const stream = streamOf(rule("evil", "block"));
	assert.equal(stream.fromClient(octets("ev")), forward);
	assert.equal(stream.fromServer(octets("il")), forward);
});

test("a finding that is only reported lets the octets travel", () => {
	const stream = streamOf(rule("odd", "report"));
	assert.equal(stream.fromServer(octets("odd")), forward);
	assert.deepEqual(stream.findings, [
		{ service: "pattern", name: "odd", where: "stream-to-client", verdict: "report" },
	]);
});

test("findings are bounded, and the one that blocks is always among them", () => {
	let verdict: "report" | "block" = "report";
	const chatty: InspectionService = {
		name: "chatty",
		open: () => ({ octets: (place) => ({ name: "each", place, verdict }), ended: () => {} }),
	};
	const stream = new OpaqueStream([chatty]);
	for (let count = 0; count < 1_000; count++) assert.equal(stream.fromClient(octets("x")), forward);
	assert.equal(stream.findings.length, 32);
	verdict = "block";
	assert.equal(stream.fromClient(octets("x")), stop);
	assert.equal(stream.findings.length, 33);
	assert.equal(stream.findings.at(-1)?.verdict, "block");
});

test("every service is asked until one blocks", () => {
	const asked: string[] = [];
	const service = (name: string, verdict: "report" | "block"): InspectionService => ({
		name,
		open: () => ({
			octets: (place) => {
				asked.push(name);
				return { name, place, verdict };
			},
			ended: () => {},
		}),
	});
	const stream = new OpaqueStream([service("a", "report"), service("b", "block"), service("c", "block")]);
	assert.equal(stream.fromClient(octets("x")), stop);
	assert.deepEqual(asked, ["a", "b"]);
});

test("no octets make it throw, and a pattern is found exactly when it is there", () => {
	fc.assert(
		fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 8 }), fc.nat(8), (pieces, where) => {
			const chunks = [...pieces.slice(0, where), octets("evil"), ...pieces.slice(where)];
			for (const [given, isThere] of [
				[pieces, Buffer.concat(pieces).includes("evil")],
				[chunks, true],
			] as const) {
				const stream = streamOf(rule("evil", "block"));
				assert.equal(
					given.some((piece) => stream.fromServer(piece) === stop),
					isThere,
				);
			}
		}),
	);
});
