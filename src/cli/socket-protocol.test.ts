import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
	decodeFromTerminal,
	decodeToTerminal,
	encodeFrame,
	FrameReader,
	type FromTerminal,
	maxFrame,
	type ToTerminal,
	textParts,
} from "#cli/socket-protocol.ts";

const text = fc.string({ unit: "binary", maxLength: 40 }).filter((value) => value.isWellFormed());
const number = fc.nat(10_000);
const fromTerminal: fc.Arbitrary<FromTerminal> = fc.oneof(
	fc.record({
		type: fc.constant("hello" as const),
		version: number,
		isInteractive: fc.boolean(),
		columns: number,
		rows: number,
		user: text,
	}),
	fc.constantFrom<FromTerminal>({ type: "done" }, { type: "interrupt" }),
	fc.record({ type: fc.constantFrom("line" as const, "answer" as const), text }),
	fc.record({
		type: fc.constant("complete" as const),
		key: fc.constantFrom("help" as const, "space" as const, "tab" as const),
		line: text,
		isRepeat: fc.boolean(),
	}),
	fc.record({ type: fc.constant("text" as const), text, isLast: fc.boolean() }),
	fc.record({ type: fc.constant("failed" as const), message: text }),
	fc.record({ type: fc.constant("resize" as const), columns: number, rows: number }),
);
const pipe = fc.record({
	kind: fc.constantFrom("match" as const, "count" as const),
	words: fc.array(text, { maxLength: 3 }),
	values: fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), text),
	start: number,
});
const toTerminal: fc.Arbitrary<ToTerminal> = fc.oneof(
	fc.record({ type: fc.constant("welcome" as const), version: number, user: text }),
	fc.record({
		type: fc.constant("settings" as const),
		settings: fc.record({ screenLength: number, screenWidth: fc.constant(undefined), completesOnSpace: fc.boolean() }),
	}),
	fc.record({ type: fc.constant("prompt" as const), banner: text, prompt: text, history: text }),
	fc.record({ type: fc.constant("completed" as const), line: text, shows: text }),
	fc.record({ type: fc.constant("begin" as const), pipes: fc.array(pipe, { maxLength: 3 }) }),
	fc.record({ type: fc.constantFrom("output" as const, "complaint" as const, "notice" as const), text }),
	fc.record({ type: fc.constant("finish" as const), isOk: fc.boolean() }),
	fc.record({ type: fc.constant("ask" as const), question: text, isHidden: fc.boolean() }),
	fc.constant<ToTerminal>({ type: "collect" }),
	fc.record({ type: fc.constant("read-file" as const), file: text }),
	fc.record({
		type: fc.constant("write-file" as const),
		file: text,
		text,
		isFirst: fc.boolean(),
		isLast: fc.boolean(),
	}),
	fc.record({
		type: fc.constant("run" as const),
		program: fc.constantFrom("ping" as const, "shell" as const),
		values: fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), text),
	}),
	fc.record({ type: fc.constant("end" as const), text, isOk: fc.boolean() }),
);

test("every message comes back as it went out", () => {
	fc.assert(
		fc.property(fromTerminal, (message) => {
			const frame = encodeFrame(message);
			assert.deepEqual(decodeFromTerminal(frame), { kind: "done", value: { ...message }, octets: frame.length });
		}),
	);
	fc.assert(
		fc.property(toTerminal, (message) => {
			const decoded = decodeToTerminal(encodeFrame(message));
			assert.ok(decoded.kind === "done");
			assert.equal(JSON.stringify(decoded.value), JSON.stringify(message));
		}),
	);
});

test("a frame needs all its octets", () => {
	const frame = encodeFrame({ type: "line", text: "show version" });
	for (let length = 0; length < frame.length; length++)
		assert.deepEqual(decodeFromTerminal(frame.subarray(0, length)), { kind: "need-more" });
});

test("lengths that cannot be are malformed before a single octet is waited for", () => {
	for (const length of [0, 1, maxFrame + 1, 0xffffffff]) {
		const head = Buffer.alloc(4);
		head.writeUInt32BE(length);
		assert.equal(decodeFromTerminal(head).kind, "malformed");
	}
});

test("other shapes, other types and other encodings are malformed", () => {
	const framed = (json: string | Buffer) => {
		const body = Buffer.from(json as string);
		const head = Buffer.alloc(4);
		head.writeUInt32BE(body.length);
		return Buffer.concat([head, body]);
	};
	for (const json of [
		"[]",
		"12",
		"null",
		"{}",
		"{,}",
		'{"type":"bogus"}',
		'{"type":"line"}',
		'{"type":"line","text":7}',
		'{"type":"complete","key":"x","line":"","isRepeat":false}',
		'{"type":"resize","columns":-1,"rows":1}',
		'{"type":"resize","columns":1.5,"rows":1}',
		'{"type":"constructor"}',
	])
		assert.equal(decodeFromTerminal(framed(json)).kind, "malformed", json);
	assert.equal(decodeFromTerminal(framed(Buffer.from([0x7b, 0xff, 0x7d]))).kind, "malformed");
	const polluted = decodeFromTerminal(framed('{"type":"line","text":"x","__proto__":{"a":1}}'));
	assert.ok(polluted.kind === "done" && !("a" in polluted.value));
	for (const json of [
		'{"type":"run","program":"rm","values":{}}',
		'{"type":"begin","pipes":[7]}',
		'{"type":"settings"}',
	])
		assert.equal(decodeToTerminal(framed(json)).kind, "malformed", json);
});

test("any octets are answered, and a stream that was cut anywhere gives the same messages", () => {
	fc.assert(
		fc.property(fc.uint8Array({ maxLength: 80 }), (octets) => {
			for (const decode of [decodeFromTerminal, decodeToTerminal]) {
				const decoded = decode(octets);
				if (decoded.kind === "done") assert.ok(decoded.octets <= octets.length);
			}
		}),
	);
	fc.assert(
		fc.property(fc.array(fromTerminal, { maxLength: 6 }), fc.array(fc.nat(400), { maxLength: 8 }), (messages, cuts) => {
			const stream = Buffer.concat(messages.map(encodeFrame));
			const reader = new FrameReader(decodeFromTerminal);
			const got: FromTerminal[] = [];
			let from = 0;
			for (const cut of [...cuts.sort((a, b) => a - b), stream.length]) {
				const { messages: some, broken } = reader.push(stream.subarray(from, Math.max(from, cut)));
				assert.equal(broken, undefined);
				got.push(...some);
				from = Math.max(from, cut);
			}
			assert.equal(JSON.stringify(got), JSON.stringify(messages));
		}),
	);
});

test("a valid frame with an octet changed never throws", () => {
	fc.assert(
		fc.property(fromTerminal, fc.nat(), fc.integer({ min: 0, max: 255 }), (message, at, octet) => {
			const frame = Uint8Array.from(encodeFrame(message));
			frame[at % frame.length] = octet;
			decodeFromTerminal(frame);
			new FrameReader(decodeFromTerminal).push(frame);
		}),
	);
});

test("a frame that comes octet by octet is read in linear time", () => {
	const frame = encodeFrame({ type: "line", text: "x".repeat(300_000) });
	const reader = new FrameReader(decodeFromTerminal);
	const started = performance.now();
	let count = 0;
	for (let at = 0; at < frame.length; at++) count += reader.push(frame.subarray(at, at + 1)).messages.length;
	assert.equal(count, 1);
	assert.ok(performance.now() - started < 2_000);
});

test("a text of any length is cut into parts that fit, never inside a character", () => {
	const long = "\u001f😀".repeat(100_000);
	const parts = [...textParts(long)];
	assert.equal(parts.join(""), long);
	for (const part of parts) {
		assert.ok(part.isWellFormed());
		encodeFrame({ type: "output", text: part });
	}
	assert.deepEqual([...textParts("")], [""]);
	assert.throws(() => encodeFrame({ type: "output", text: "x".repeat(maxFrame) }), RangeError);
});
