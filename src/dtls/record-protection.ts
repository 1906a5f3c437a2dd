/**
 * Seals and opens the records of one direction under one key.
 *
 *   AES-GCM             nonce = iv (4) | explicit nonce (8), which stands before the ciphertext and is epoch and sequence (RFC 5288 §3)
 *   ChaCha20-Poly1305   nonce = iv (12) XOR (0 (4) | epoch (2) | sequence (6)) (RFC 7905 §2)
 *   both                additional data = epoch (2) | sequence (6) | type (1) | version (2) | octets of the plaintext (2)
 */
import { createCipheriv } from "node:crypto";
import { type DtlsRecord, dtlsVersion } from "#dtls/record.ts";
import type { DtlsSuite } from "#dtls/suite.ts";
import type { DirectionKeys } from "#tls/key-derivation.ts";
import { openSealed, tagOctets } from "#tls/open-sealed.ts";
import { maxPlaintextOctets } from "#tls/record.ts";

/** What protection adds to a plaintext, at most. */
export const protectionOctets = 24;

export class RecordProtection {
	readonly #cipher: DtlsSuite["cipher"];
	readonly #keys: DirectionKeys;

	constructor({ cipher }: DtlsSuite, keys: DirectionKeys) {
		this.#cipher = cipher;
		this.#keys = keys;
	}

	/** The fragment of the record. */
	seal(type: number, epoch: number, sequence: number, plaintext: Uint8Array): Uint8Array {
		const counter = counterOf(epoch, sequence);
		const additional = additionalData(counter, type, plaintext.length);
		const nonce = this.#nonce(counter);
		const options = { authTagLength: tagOctets };
		const cipher = createCipheriv(this.#cipher as "chacha20-poly1305", this.#keys.key, nonce, options);
		cipher.setAAD(additional, { plaintextLength: plaintext.length });
		const sealed = [cipher.update(plaintext), cipher.final(), cipher.getAuthTag()];
		return Buffer.concat(this.#isExplicit ? [counter, ...sealed] : sealed);
	}

	/** The plaintext; undefined when it was not sealed under this key, and then the record is to be discarded silently. */
	open({ type, epoch, sequence, fragment }: DtlsRecord): Uint8Array | undefined {
		const explicitOctets = this.#isExplicit ? counterOctets : 0;
		const length = fragment.length - explicitOctets - tagOctets;
		if (length < 0 || length > maxPlaintextOctets) return undefined;
		const counter = counterOf(epoch, sequence);
		const nonce = this.#isExplicit ? this.#nonce(fragment.subarray(0, counterOctets)) : this.#nonce(counter);
		const additional = additionalData(counter, type, length);
		return openSealed(this.#cipher, this.#keys.key, nonce, additional, fragment.subarray(explicitOctets));
	}

	get #isExplicit(): boolean {
		return this.#cipher !== "chacha20-poly1305";
	}

	#nonce(counter: Uint8Array): Uint8Array {
		const { iv } = this.#keys;
		const nonce = new Uint8Array(nonceOctets);
		nonce.set(iv);
		for (let index = 0; index < counterOctets; index++) (nonce[index + 4] as number) ^= counter[index] as number;
		return nonce;
	}
}

function counterOf(epoch: number, sequence: number): Buffer {
	const counter = Buffer.alloc(counterOctets);
	counter.writeUInt16BE(epoch, 0);
	counter.writeUIntBE(sequence, 2, 6);
	return counter;
}

function additionalData(counter: Uint8Array, type: number, length: number): Buffer {
	const data = Buffer.alloc(13);
	data.set(counter);
	data.writeUInt8(type, 8);
	data.writeUInt16BE(dtlsVersion.dtls12, 9);
	data.writeUInt16BE(length, 11);
	return data;
}

const counterOctets = 8;
const nonceOctets = 12;
