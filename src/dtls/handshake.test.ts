import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Reader } from "#base/bytes.ts";
import {
	decodeHandshakeFragment,
	encodeHandshakeFragment,
	encodeHandshakeMessage,
	type HandshakeFragment,
	MessageAssembler,
	maxHandshakeOctets,
	maxMessageOctets,
} from "#dtls/handshake.ts";

const fragmentOf = (sequence: number, octets: Uint8Array, offset = 0, size = octets.length): HandshakeFragment => ({
	type: 11,
	size,
	sequence,
	offset,
	octets,
});

test("a fragment that is written is read again; a cut one is malformed at every octet", () => {
	const fragment = fragmentOf(3, Uint8Array.of(1, 2, 3), 2, 9);
	const octets = encodeHandshakeFragment(fragment);
	const decoded = decodeHandshakeFragment(new Reader(octets));
	assert.deepEqual(decoded.kind === "done" && decoded.value, fragment);
	for (let length = 0; length < octets.length; length++)
		assert.equal(decodeHandshakeFragment(new Reader(octets.subarray(0, length))).kind, "malformed");
	const beyond = encodeHandshakeFragment(fragmentOf(3, Uint8Array.of(1, 2, 3), 8, 9));
	assert.equal(decodeHandshakeFragment(new Reader(beyond)).kind, "malformed");
	assert.equal(encodeHandshakeMessage({ type: 14, sequence: 1, body: new Uint8Array(0) }).length, 12);
});

test("messages come out whole and in order, however their fragments came", () => {
	fc.assert(
		fc.property(
			fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { minLength: 1, maxLength: 6 }),
			fc.integer({ min: 1, max: 12 }),
			fc.array(fc.nat(), { minLength: 300, maxLength: 300 }),
			(bodies, piece, order) => {
				const fragments = bodies.flatMap((body, sequence) =>
					Array.from({ length: Math.ceil(body.length / piece) }, (_, index) =>
						fragmentOf(sequence, body.subarray(index * piece, (index + 1) * piece), index * piece, body.length),
					),
				);
				const shuffled = fragments
					.map((fragment, index) => ({ fragment, key: order[index] ?? 0 }))
					.sort((a, b) => a.key - b.key);
				const assembler = new MessageAssembler();
				const taken: Uint8Array[] = [];
				for (const { fragment } of shuffled) {
					assembler.add(fragment, 0);
					for (let message = assembler.take(); message !== undefined; message = assembler.take())
						taken.push(Uint8Array.from(message.body));
				}
				assert.deepEqual(taken, bodies);
			},
		),
		{ numRuns: 200 },
	);
});

test("what is old is told; what is far ahead, too long, contradicts or changes its epoch is refused", () => {
	const assembler = new MessageAssembler();
	assert.equal(assembler.add(fragmentOf(0, Uint8Array.of(1)), 0), "taken");
	assert.equal(assembler.take()?.sequence, 0);
	assert.equal(assembler.add(fragmentOf(0, Uint8Array.of(1)), 0), "old");
	assert.equal(assembler.add(fragmentOf(9, Uint8Array.of(1)), 0), "refused");
	assert.equal(assembler.add(fragmentOf(1, Uint8Array.of(1), 0, maxMessageOctets + 1), 0), "refused");
	assert.equal(assembler.add(fragmentOf(1, Uint8Array.of(1), 0, 4), 0), "taken");
	assert.equal(assembler.add(fragmentOf(1, Uint8Array.of(2), 0, 4), 0), "refused");
	assert.equal(assembler.add(fragmentOf(1, Uint8Array.of(2), 1, 5), 0), "refused");
	assert.equal(assembler.add(fragmentOf(1, Uint8Array.of(2), 1, 4), 1), "refused");
});

test("a peer that sends fragments without end is refused", () => {
	const assembler = new MessageAssembler();
	const piece = fragmentOf(0, new Uint8Array(16_000), 0, 60_000);
	let taken = 0;
	while (assembler.add(piece, 0) === "taken") taken += piece.octets.length;
	assert.ok(taken <= maxHandshakeOctets);
});
