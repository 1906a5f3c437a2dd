import assert from "node:assert/strict";
import { randomFillSync } from "node:crypto";
import { test } from "node:test";
import { openOpenSsl } from "#base/openssl-shell.ts";
import { openPacketCalls } from "#base/packet-calls-shell.ts";
import { plainMemory } from "#base/packet-memory.ts";
import { cipherFault, knownAnswers } from "#esp/known-answers.ts";
import { OpenSslCiphers } from "#esp/openssl-cipher-shell.ts";
import { nodeCiphers, tagOctetsOf } from "#esp/packet-cipher.ts";

const openSsl = await openOpenSsl();
const memory = (await openPacketCalls()).memory(65_536);

test("the known packets come out right with the OpenSSL within Node (B38)", () => {
	assert.equal(cipherFault(new OpenSslCiphers(openSsl, memory)), undefined);
});

test("what one engine seals the other opens, every algorithm, with extended numbers and without, any length", () => {
	const fast = new OpenSslCiphers(openSsl, memory);
	const slow = nodeCiphers(memory);
	for (const { name, protection: known } of knownAnswers)
		for (const hasExtendedSequenceNumbers of [false, true]) {
			const protection = { ...known, hasExtendedSequenceNumbers };
			const keys = {
				encryption: randomFillSync(new Uint8Array(known.cipher.keyOctets + known.cipher.saltOctets)),
				integrity: randomFillSync(new Uint8Array(known.integrity === undefined ? 0 : 32)),
			};
			for (const [one, other] of [
				[fast, slow],
				[slow, fast],
			] as const) {
				const outbound = one.open(protection, keys, "outbound");
				const inbound = other.open(protection, keys, "inbound");
				for (const octets of [16, 1_408, 9_008]) {
					const at = 1_000;
					const end = at + 8 + known.cipher.ivOctets + octets;
					randomFillSync(memory.octets, at, end - at);
					const plain = memory.octets.slice(at, end);
					outbound.seal(at, end, 7);
					assert.notDeepEqual(memory.octets.slice(at, end), plain);
					assert.ok(inbound.open(at, end, 7), `${name} ${octets}`);
					assert.deepEqual(memory.octets.slice(at, end), plain);
					const last = end + tagOctetsOf(protection) - 1;
					outbound.seal(at, end, 7);
					memory.octets[last] = (memory.octets[last] as number) ^ 0x80;
					assert.ok(!inbound.open(at, end, 7));
				}
				outbound.close();
				inbound.close();
			}
		}
});

test("no key is left beside the packets; an algorithm that is not there is an error", () => {
	const ciphers = new OpenSslCiphers(openSsl, memory);
	const [{ protection }] = knownAnswers as [(typeof knownAnswers)[number]];
	const keys = { encryption: new Uint8Array(36).fill(0xa5), integrity: new Uint8Array(0) };
	ciphers.open(protection, keys, "outbound").close();
	assert.ok(!Buffer.from(memory.octets.subarray(0, 256)).includes(Buffer.alloc(8, 0xa5)));
	const unknown = { ...protection, cipher: { ...protection.cipher, engine: "rot13" } };
	assert.throws(() => ciphers.open(unknown, keys, "outbound"), /^Error: OpenSSL has no rot13$/);
	assert.throws(() => new OpenSslCiphers(openSsl, plainMemory(4_096)), /memory/);
});
