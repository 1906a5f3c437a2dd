/** permessage-deflate against RFC 7692's examples and against zlib's own compressor with a kept context. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { constants, createDeflateRaw } from "node:zlib";
import fc from "fast-check";
import { MessageInflater } from "#inspect/message-inflater.ts";
import { cutAt, deflated } from "../../test/support/websocket.ts";

function inflate(inflater: MessageInflater, pieces: readonly Uint8Array[]): Buffer {
	const parts: Buffer[] = [];
	const drain = () => {
		for (let count = inflater.read(); count > 0; count = inflater.read())
			parts.push(Buffer.from(inflater.output.subarray(0, count)));
	};
	for (const piece of pieces) {
		inflater.write(piece, 0, piece.length);
		drain();
	}
	inflater.endMessage();
	drain();
	return Buffer.concat(parts);
}

const hexadecimal = (text: string) => Buffer.from(text.replaceAll(" ", ""), "hex");
const keeping = { windowBits: 15, keepsContext: true };

test("the messages of RFC 7692 §7.2.3 are undone, one after the other", () => {
	const inflater = new MessageInflater(keeping, 1_000);
	for (const coded of [
		"f2 48 cd c9 c9 07 00",
		"f2 00 11 00 00",
		"00 05 00 fa ff 48 65 6c 6c 6f 00",
		"f3 48 cd c9 c9 07 00 00",
		"f2 48 05 00 00 00 ff ff ca c9 c9 07 00",
	]) {
		assert.equal(inflate(inflater, [hexadecimal(coded)]).toString(), "Hello", coded);
	}
	assert.equal(inflate(inflater, [hexadecimal("00")]).toString(), "");
	inflater.close();
});

test("a message whose last block is not its end is refused, for receivers disagree on what the next ones say", () => {
	const last = "f3 48 cd c9 c9 07 00";
	const hidden = "00 f2 48 cd c9 c9 07 00";
	for (const [name, coded] of [
		["nothing behind it", [last, hidden]],
		["another octet behind it", [`${last} 01`]],
		["another block behind it", [`${last} f2 48 cd c9 c9 07 00`]],
		["more behind the octet", [`${last} 00 00`]],
		["a message without octets behind the end", ["01", "", hidden]],
	] as const)
		for (const cut of [1, 7, 8, 9]) {
			const inflater = new MessageInflater(keeping, 1_000);
			for (const message of coded) inflate(inflater, cutAt(hexadecimal(message), [cut]));
			assert.match(inflater.fault?.message ?? "", /does not end where its last block does/, `${name}, cut at ${cut}`);
			inflater.close();
		}
});

test("a last block that the end of the message completes, and one in pieces, go before other messages", () => {
	const inflater = new MessageInflater(keeping, 1_000);
	const last = hexadecimal("f3 48 cd c9 c9 07 00 00");
	for (let cut = 1; cut < last.length; cut++)
		assert.equal(inflate(inflater, cutAt(last, [cut])).toString(), "Hello", `cut at ${cut}`);
	assert.equal(inflate(inflater, [hexadecimal("01")]).toString(), "");
	assert.equal(inflate(inflater, [hexadecimal("f2 48 cd c9 c9 07 00")]).toString(), "Hello");
	inflater.close();
});

/** Messages compressed by zlib with a context that lasts. */
async function compressed(messages: readonly Uint8Array[], windowBits: number): Promise<Buffer[]> {
	const deflate = createDeflateRaw({ windowBits });
	const parts: Buffer[] = [];
	deflate.on("data", (part: Buffer) => parts.push(part));
	const coded: Buffer[] = [];
	for (const message of messages) {
		deflate.write(message);
		await new Promise<void>((resolve) => deflate.flush(constants.Z_SYNC_FLUSH, () => resolve()));
		const octets = Buffer.concat(parts.splice(0));
		coded.push(octets.subarray(0, octets.length - 4));
	}
	deflate.end();
	await once(deflate.resume(), "end");
	return coded;
}

test("a context that is kept is kept over messages, whatever the window and however they are cut", async () => {
	const message = fc.oneof(fc.uint8Array({ maxLength: 3_000 }), fc.constant(Buffer.from("the same again and again")));
	await fc.assert(
		fc.asyncProperty(
			fc.array(message, { minLength: 1, maxLength: 6 }),
			fc.integer({ min: 9, max: 15 }),
			fc.array(fc.nat(5_000), { maxLength: 6 }),
			async (messages, windowBits, cuts) => {
				const inflater = new MessageInflater({ windowBits, keepsContext: true }, 10_000);
				for (const [index, coded] of (await compressed(messages, windowBits)).entries()) {
					assert.deepEqual(inflate(inflater, cutAt(coded, cuts)), Buffer.from(messages[index] ?? []));
				}
				assert.equal(inflater.fault, undefined);
				inflater.close();
			},
		),
		{ numRuns: 40 },
	);
});

test("where the context ends with each message, one that refers to the last is refused", async () => {
	const text = Buffer.from("a sentence that is said twice, a sentence that is said twice");
	const [first, second] = (await compressed([text, text], 15)) as [Buffer, Buffer];
	const inflater = new MessageInflater({ windowBits: 15, keepsContext: false }, 1_000);
	assert.deepEqual(inflate(inflater, [first]), text);
	assert.deepEqual(inflate(inflater, [first]), text);
	inflate(inflater, [second]);
	assert.match(inflater.fault?.message ?? "", /cannot be decoded; invalid distance/);
});

test("a bomb costs the cap and no more; the cap is a message's own", () => {
	const inflater = new MessageInflater(keeping, 100_000);
	for (let round = 0; round < 3; round++)
		assert.equal(inflate(inflater, [deflated(Buffer.alloc(90_000))]).length, 90_000);
	const bomb = deflated(Buffer.alloc(50_000_000));
	assert.ok(inflate(inflater, [bomb]).length <= 100_000);
	assert.equal(inflater.fault?.code, "CONTENT_TOO_LARGE_DECODED");
	assert.equal(inflater.read(), -1);
});

test("changed octets never throw and never exceed the cap", () => {
	const coded = deflated("some text that can be compressed, some text that can be compressed".repeat(20));
	fc.assert(
		fc.property(
			fc.array(fc.tuple(fc.nat(coded.length - 1), fc.nat(255)), { maxLength: 4 }),
			fc.array(fc.nat(200), { maxLength: 4 }),
			(changes, cuts) => {
				const changed = Uint8Array.from(coded);
				for (const [at, octet] of changes) changed[at] = octet;
				const inflater = new MessageInflater(keeping, 5_000);
				for (let round = 0; round < 2; round++) assert.ok(inflate(inflater, cutAt(changed, cuts)).length <= 5_000);
				inflater.close();
			},
		),
	);
});
