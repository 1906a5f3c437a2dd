/** One direction of a WebSocket: what is told, what travels, and what is refused, however the octets are cut. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { WebSocketDirection, type WebSocketSink } from "#http/websocket-direction.ts";
import { webSocketOpcodes } from "#http/websocket-frame.ts";
import { clientKey, cutAt, type FrameParts, frame, message } from "../../test/support/websocket.ts";

const { ping, close, binary } = webSocketOpcodes;
const held = 1_000;

/** Joins the octets of a message, so that any cut gives the same lines. */
class Notes implements WebSocketSink {
	readonly lines: string[] = [];
	stopAt = "";
	#open = "";

	messageOctets(octets: Uint8Array, start: number, end: number, isCompressed: boolean): boolean {
		assert.ok(start < end);
		this.#open += `${isCompressed ? "~" : ""}${Buffer.from(octets.subarray(start, end)).toString("latin1")}`;
		return this.stopAt !== "" && this.#open.includes(this.stopAt);
	}

	messageEnd(): boolean {
		this.lines.push(this.#open);
		this.#open = "";
		return false;
	}
}

class Wire {
	readonly notes = new Notes();
	readonly direction: WebSocketDirection;
	passed = Buffer.alloc(0);

	constructor(sender: "client" | "server", mayCompress = false, maxHeld = held) {
		this.direction = new WebSocketDirection(sender, mayCompress, this.notes, maxHeld);
	}

	feed(...pieces: readonly Uint8Array[]): this {
		for (const piece of pieces) {
			const passed = this.direction.feed(piece);
			const { released } = this.direction;
			this.passed = Buffer.concat([
				this.passed,
				...(released === undefined ? [] : [released]),
				piece.subarray(0, passed),
			]);
		}
		return this;
	}

	get fault(): string {
		return this.direction.fault?.message ?? "";
	}
}

test("fragments are one message, control frames lie between them, and the octets travel as they came", () => {
	const [first, ...rest] = message("a message in parts", 3);
	const octets = Buffer.concat([first as Buffer, frame("are you there", { opcode: ping }), ...rest, ...message("", 1)]);
	const wire = new Wire("server").feed(octets);
	assert.deepEqual(wire.notes.lines, ["a message in parts", ""]);
	assert.deepEqual(wire.passed, octets);
	assert.equal(wire.direction.isAtBoundary, true);
});

test("a client's mask is undone, across chunks and frames of any length", () => {
	const text = "0123456789".repeat(6_000);
	const octets = Buffer.concat(message(text, 2, { key: clientKey }));
	const wire = new Wire("client").feed(...cutAt(octets, [1, 3, 7, 20, 21, 30_000, 30_011, 55_555]));
	assert.equal(wire.notes.lines[0], text);
	assert.deepEqual(wire.passed, octets);
});

test("a frame travels when it is whole; a large one as it comes", () => {
	const small = frame("x".repeat(500));
	const wire = new Wire("server").feed(small.subarray(0, 400));
	assert.equal(wire.passed.length, 0);
	assert.deepEqual(wire.feed(small.subarray(400)).passed, small);
	const large = frame("x".repeat(5_000));
	const other = new Wire("server").feed(large.subarray(0, 2), large.subarray(2, 3_000));
	assert.equal(other.passed.length, 3_000);
	assert.equal(other.direction.isAtBoundary, false);
	assert.deepEqual(other.feed(large.subarray(3_000)).passed, large);
	assert.equal(other.direction.isAtBoundary, true);
});

test("what is stopped does not travel; whole frames before it do", () => {
	const good = frame("good");
	const wire = new Wire("server");
	wire.notes.stopAt = "bad";
	wire.feed(Buffer.concat([good, frame("this is bad"), frame("and more")]));
	assert.deepEqual(wire.passed, good);
	assert.deepEqual([wire.direction.isStopped, wire.direction.isAtBoundary, wire.fault], [true, true, ""]);
	wire.feed(frame("later"));
	assert.deepEqual(wire.passed, good);
});

test("F15: a sender that breaks the rules of the protocol is refused by name, and its frame does not travel", () => {
	const cases: readonly (readonly ["client" | "server", RegExp, ...Buffer[]])[] = [
		["client", /WebSocket client: a frame without a mask/, frame("x")],
		["server", /a frame with a mask/, frame("x", { key: clientKey })],
		["server", /continuation of no message/, frame("x", { opcode: 0 })],
		["server", /new message before the end/, frame("x", { isFinal: false }), frame("y")],
		["server", /compression was not agreed upon/, frame("x", { rsv: 4 })],
		["server", /RSV2 or RSV3/, frame("x", { rsv: 1 })],
		["server", /message behind the close frame/, frame(Uint8Array.of(3, 232), { opcode: close }), frame("x")],
		["server", /half a code/, frame("x", { opcode: close })],
		["server", /close code 1005/, frame(Uint8Array.of(0x03, 0xed), { opcode: close })],
	];
	for (const [sender, reason, ...frames] of cases) {
		const first = frames.slice(0, -1);
		const last = frames.at(-1) as Buffer;
		const wire = new Wire(sender).feed(...first, last);
		assert.match(wire.fault, reason);
		assert.deepEqual(wire.passed, Buffer.concat(first));
		assert.equal(wire.direction.fault?.code, "WEBSOCKET_MALFORMED");
	}
	const late = new Wire("server", true).feed(frame("x", { isFinal: false, rsv: 4 }), frame("y", { opcode: 0, rsv: 4 }));
	assert.match(late.fault, /RSV1 on a continuation/);
});

test("behind its close frame a side may still answer a ping", () => {
	const wire = new Wire("server").feed(frame("", { opcode: close }), frame("", { opcode: webSocketOpcodes.pong }));
	assert.deepEqual([wire.fault, wire.direction.hasClosed], ["", true]);
});

/** A conversation of one side: messages in fragments with control frames between, compressed ones marked. */
const frames = (key: FrameParts["key"]) =>
	fc
		.array(
			fc.record({
				payload: fc.uint8Array({ maxLength: 2_500 }),
				fragments: fc.integer({ min: 1, max: 4 }),
				isCompressed: fc.boolean(),
				pings: fc.boolean(),
			}),
			{ maxLength: 6 },
		)
		.map((messages) => ({
			payloads: messages.map(({ payload, isCompressed }) => ({ payload, isCompressed })),
			octets: Buffer.concat(
				messages.flatMap(({ payload, fragments, isCompressed, pings }) =>
					message(payload, fragments, { opcode: binary, key, rsv: isCompressed ? 4 : 0 }).flatMap((one) =>
						pings ? [frame("ping", { opcode: ping, key }), one] : [one],
					),
				),
			),
		}));

for (const [sender, key] of [
	["client", clientKey],
	["server", undefined],
] as const) {
	test(`any cut of what a ${sender} sends tells the same messages and lets the same octets travel`, () => {
		fc.assert(
			fc.property(
				frames(key),
				fc.array(fc.nat(20_000), { maxLength: 12 }),
				fc.constantFrom(0, 64, held),
				(sent, cuts, most) => {
					const wire = new Wire(sender, true, most).feed(...cutAt(sent.octets, cuts));
					assert.equal(wire.fault, "");
					assert.deepEqual(wire.passed, sent.octets);
					const told = wire.notes.lines.map((line) => line.length);
					assert.equal(told.length, sent.payloads.length);
					if (sent.payloads.some(({ isCompressed }) => isCompressed)) return;
					const texts = sent.payloads.map(({ payload }) => Buffer.from(payload).toString("latin1"));
					assert.deepEqual(wire.notes.lines, texts);
				},
			),
		);
	});

	test(`any octets of a ${sender} are answered the same however they are cut, and nothing beyond them travels`, () => {
		const changed = fc
			.tuple(frames(key), fc.array(fc.tuple(fc.nat(20_000), fc.nat(255)), { maxLength: 4 }))
			.map(([sent, changes]) => {
				const octets = Uint8Array.from(sent.octets);
				if (octets.length > 0) for (const [at, octet] of changes) octets[at % octets.length] = octet;
				return octets;
			});
		fc.assert(
			fc.property(
				fc.oneof(changed, fc.uint8Array({ maxLength: 200 })),
				fc.array(fc.nat(20_000), { maxLength: 8 }),
				(octets, cuts) => {
					const [whole, pieces] = [new Wire(sender).feed(octets), new Wire(sender).feed(...cutAt(octets, cuts))];
					assert.equal(pieces.fault, whole.fault);
					assert.deepEqual(pieces.notes.lines, whole.notes.lines);
					assert.deepEqual(pieces.passed, Buffer.from(octets.subarray(0, pieces.passed.length)));
					// A large frame that turns out bad has travelled in part.
					if (whole.direction.isAtBoundary && pieces.direction.isAtBoundary)
						assert.equal(pieces.passed.length, whole.passed.length);
				},
			),
		);
	});
}
