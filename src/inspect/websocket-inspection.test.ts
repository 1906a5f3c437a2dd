/** The messages of a WebSocket before the services, and how one that blocks ends. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { WebSocketTerms } from "#http/websocket-terms.ts";
import { ExchangeInspection } from "#inspect/exchange-inspection.ts";
import { patternPlaces, patternService } from "#inspect/pattern-service.ts";
import { WebSocketInspection } from "#inspect/websocket-inspection.ts";
import type { Finding } from "#telemetry/session-record.ts";
import { clientKey, cutAt, deflated, frame, message } from "../../test/support/websocket.ts";

const octets = Buffer.from("forbidden");
const services = [
	patternService([{ name: "word", octets, ignoresCase: false, places: patternPlaces, verdict: "block" }]),
];
const none: WebSocketTerms = { client: undefined, server: undefined };
const plain = { windowBits: 15, keepsContext: true };
const deflate: WebSocketTerms = { client: plain, server: plain };

class Conversation {
	readonly findings: Finding[] = [];
	readonly inspection: WebSocketInspection;
	readonly passed: Record<"client" | "server", Uint8Array[]> = { client: [], server: [] };

	constructor(terms: WebSocketTerms, maxDecodedOctets = 100_000) {
		const exchange = new ExchangeInspection(services, this.findings, maxDecodedOctets);
		this.inspection = new WebSocketInspection(terms, exchange, "00ff00ff00ff00ff", maxDecodedOctets, 1_000);
	}

	/** True when it is to be stopped. */
	feed(side: "client" | "server", ...pieces: readonly Uint8Array[]): boolean {
		return pieces.some((piece) => this.inspection.feed(side, piece, this.passed[side]));
	}

	/** The close frame that the client gets, and what travels before it. */
	closing(side: "client" | "server"): { readonly before: string; readonly code: number; readonly reason: string } {
		const answer = Buffer.from(this.inspection.stop(side, side === "server" ? this.passed.server : []).answer ?? []);
		const at = answer.lastIndexOf(0x88);
		const before = answer.subarray(0, at).toString("latin1");
		return { before, code: answer.readUInt16BE(at + 2), reason: answer.toString("utf8", at + 4) };
	}
}

test("a pattern in a fragmented, compressed message is found in either direction, and does not travel", () => {
	for (const [side, key, where] of [
		["client", clientKey, "stream-to-server"],
		["server", undefined, "stream-to-client"],
	] as const) {
		const conversation = new Conversation(deflate);
		const payload = deflated(`${"so much to say ".repeat(30)}forbidden${" and on".repeat(50)}`);
		const fragments = message(payload, 4, { rsv: 4, key });
		const [first, ...rest] = fragments as [Buffer, ...Buffer[]];
		assert.equal(conversation.feed(side, frame("harmless", { key }), first), false);
		assert.equal(conversation.feed(side, ...rest), true);
		assert.deepEqual(conversation.findings, [{ service: "pattern", name: "word", where, verdict: "block" }]);
		const sent = Buffer.concat(conversation.passed[side]).length;
		assert.ok(sent >= frame("harmless", { key }).length + first.length);
		assert.ok(sent < Buffer.concat([frame("harmless", { key }), ...fragments]).length);
		const { code, reason } = conversation.closing(side);
		assert.equal(code, 1_008);
		assert.equal(reason, "closed by the gateway; session 00ff00ff00ff00ff; rule: pattern word");
	}
});

test("what lies in two messages is not one", () => {
	const conversation = new Conversation(none);
	assert.equal(conversation.feed("server", frame("forbid"), frame("den")), false);
	assert.equal(conversation.feed("server", ...message("forbidden", 9).slice(0, 8)), false);
	assert.equal(conversation.feed("server", ...message("forbidden", 9).slice(8)), true);
});

test("frames of the server before the one that blocks travel, with the close frame behind them", () => {
	const conversation = new Conversation(none);
	assert.equal(conversation.feed("server", Buffer.concat([frame("good"), frame("forbidden")])), true);
	assert.equal(conversation.closing("server").before, frame("good").toString("latin1"));
});

test("the client of a frame that is under way, and one that was told to close, gets no close frame", () => {
	const under = new Conversation(none);
	const large = frame("x".repeat(5_000));
	under.feed("server", large.subarray(0, 2_000));
	assert.equal(under.feed("client", frame("forbidden", { key: clientKey })), true);
	assert.equal(under.inspection.stop("client", []).answer, undefined);
	const closed = new Conversation(none);
	closed.feed("server", frame("", { opcode: 8 }));
	assert.equal(closed.feed("client", frame("forbidden", { key: clientKey })), true);
	assert.equal(closed.inspection.stop("client", []).answer, undefined);
});

test("the code says whose fault it is: protocol, data or size", () => {
	const cases = [
		[1_002, "WEBSOCKET_MALFORMED", frame("x", { key: clientKey })],
		[1_007, "CONTENT_ENCODING_MALFORMED", frame(Uint8Array.of(0xff, 0xff, 0xff), { rsv: 4 })],
		[1_009, "CONTENT_TOO_LARGE_DECODED", frame(deflated(Buffer.alloc(5_000_000)).subarray(0, 900), { rsv: 4 })],
	] as const;
	for (const [code, faultCode, octets] of cases) {
		const conversation = new Conversation(deflate);
		assert.equal(conversation.feed("server", octets), true);
		assert.equal(conversation.closing("server").code, code);
		assert.equal(conversation.inspection.stop("server", []).faultCode, faultCode);
		conversation.inspection.close();
	}
});

test("any cut of a conversation gives the same findings and lets the same octets travel", () => {
	const text = fc.oneof(fc.constant("forbidden"), fc.string({ maxLength: 400 }));
	const messages = fc.array(fc.record({ text, parts: fc.integer({ min: 1, max: 3 }), isCompressed: fc.boolean() }), {
		maxLength: 5,
	});
	fc.assert(
		fc.property(messages, fc.array(fc.nat(4_000), { maxLength: 10 }), (sent, cuts) => {
			const all = Buffer.concat(
				sent.flatMap(({ text, parts, isCompressed }) =>
					message(isCompressed ? deflated(text) : text, parts, { rsv: isCompressed ? 4 : 0, key: clientKey }),
				),
			);
			const [whole, pieces] = [new Conversation(deflate), new Conversation(deflate)];
			assert.equal(pieces.feed("client", ...cutAt(all, cuts)), whole.feed("client", all));
			assert.deepEqual(pieces.findings, whole.findings);
			assert.deepEqual(Buffer.concat(pieces.passed.client), Buffer.concat(whole.passed.client));
			assert.equal(
				whole.findings.length > 0,
				sent.some(({ text }) => text.includes("forbidden")),
			);
			for (const { inspection } of [whole, pieces]) inspection.close();
		}),
	);
});
