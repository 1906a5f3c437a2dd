import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { concat } from "#base/bytes.ts";
import type { Protection } from "#ike/crypto/cipher.ts";
import { maxFragments, openSealed, type Sealer, sealMessage } from "#ike/crypto/sealed-message.ts";
import { cipherNamed, integrityNamed } from "#ike/crypto/transform-table.ts";
import { decodeMessage } from "#ike/wire/message.ts";
import { decodePayloads } from "#ike/wire/payload.ts";
import { heads, payloads } from "../../../test/support/ike-arbitraries.ts";
import { seededRandom } from "../../../test/support/seeded-random.ts";

const random = seededRandom("sealed");
const protections: readonly Protection[] = [
	{ cipher: cipherNamed("aes-256-gcm") },
	{ cipher: cipherNamed("chacha20-poly1305") },
	{ cipher: cipherNamed("aes-128-cbc"), integrity: integrityNamed("hmac-sha-256-128") },
	{ cipher: cipherNamed("3des-cbc"), integrity: integrityNamed("hmac-sha1-96") },
];
const sealers: readonly Sealer[] = protections.map((protection) => ({
	protection,
	keys: {
		encryption: random(protection.cipher.keyOctets + protection.cipher.saltOctets),
		integrity: random(protection.integrity?.keyOctets ?? 0),
	},
	random,
}));

/** What is inside the datagrams, put together. */
function opened(sealer: Sealer, datagrams: readonly Uint8Array[]) {
	let first = 0;
	const parts = datagrams.map((datagram) => {
		const message = decodeMessage(datagram);
		assert.ok(message.kind === "done" && message.value.sealed !== undefined);
		first ||= message.value.sealed.firstPayload;
		return openSealed(sealer, datagram, message.value.sealed);
	});
	if (parts.includes(undefined)) return undefined;
	return decodePayloads(first, concat(parts as Uint8Array[]));
}

test("what is sealed is opened, whole or in fragments of any size", () => {
	fc.assert(
		fc.property(
			fc.constantFrom(...sealers),
			heads,
			fc.array(payloads, { maxLength: 4 }),
			fc.constantFrom(0, 200, 576, 1_280),
			(sealer, head, value, maxOctets) => {
				const datagrams = sealMessage(sealer, head, value, maxOctets);
				if (maxOctets > 0) for (const { length } of datagrams) assert.ok(length <= maxOctets, `${length}`);
				const chain = opened(sealer, datagrams);
				assert.ok(chain?.kind === "done");
				assert.deepEqual(
					chain.value.payloads.map((one) => JSON.stringify(one)),
					value.map((one) => JSON.stringify(one)),
				);
			},
		),
	);
});

test("a datagram of which one bit changed is not authentic, header included", () => {
	fc.assert(
		fc.property(fc.constantFrom(...sealers), heads, fc.nat(), fc.nat(7), (sealer, head, place, bit) => {
			const [datagram] = sealMessage(sealer, head, [{ type: "vendor-id", data: Uint8Array.of(1, 2, 3) }]);
			const changed = Uint8Array.from(datagram as Uint8Array);
			const at = place % changed.length;
			changed[at] = (changed[at] as number) ^ (1 << bit);
			const message = decodeMessage(changed);
			if (message.kind !== "done" || message.value.sealed === undefined) return;
			assert.equal(openSealed(sealer, changed, message.value.sealed), undefined);
		}),
	);
});

test("a message that would need more than 64 fragments is a mistake of ours", () => {
	const [sealer] = sealers as [Sealer];
	const head = { initiatorSpi: random(8), responderSpi: random(8), exchange: 35, messageId: 1 };
	const flags = { isInitiator: true, isResponse: false };
	const large = { type: "vendor-id", data: new Uint8Array(60_000) } as const;
	assert.throws(() => sealMessage(sealer, { ...head, ...flags }, [large], 576), RangeError);
	assert.ok(sealMessage(sealer, { ...head, ...flags }, [large], 1_280).length <= maxFragments);
});
