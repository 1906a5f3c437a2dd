/**
 * Opens the protected records of one direction under one key, for a reader that has the keys and looks on.
 *
 *   TLS 1.3             nonce = iv (12) XOR sequence; additional data = the header of the record; plaintext = content | type (1) | zeros
 *   TLS 1.2, AES-GCM    nonce = iv (4) | explicit nonce (8), which stands before the ciphertext
 *   TLS 1.2, ChaCha20   nonce = iv (12) XOR sequence
 *   TLS 1.2, both       additional data = sequence (8) | type (1) | version (2) | octets of the plaintext (2)
 *
 * Source: RFC 8446 §5.2, §5.3; RFC 5246 §6.2.3.3; RFC 5288 §3; RFC 7905 §2.
 */
import { concat, Writer } from "#base/bytes.ts";
import { cipherSuiteOf } from "#tls/cipher-suites.ts";
import type { DirectionKeys, KeySizes } from "#tls/key-derivation.ts";
import { type BulkCipher, openSealed, tagOctets } from "#tls/open-sealed.ts";
import { maxPlaintextOctets, type TlsRecord } from "#tls/record.ts";

/** What is needed of a cipher suite to open its records. */
export interface OpenableSuite extends KeySizes {
	readonly cipher: BulkCipher;
	readonly isTls13: boolean;
}

export interface OpenedRecord {
	/** The content type; in TLS 1.3 the one inside. */
	readonly type: number;
	readonly content: Uint8Array;
}

/** Of a code point; undefined for all but AES-GCM and ChaCha20-Poly1305. The exchange of keys does not matter here. */
export function openableSuiteOf(code: number): OpenableSuite | undefined {
	const suite = cipherSuiteOf(code);
	const bulk = bulks[suite?.bulk ?? ""];
	if (suite === undefined || bulk === undefined) return undefined;
	const hash = suite.name.endsWith("_SHA384") ? "sha384" : "sha256";
	return { ...bulk, hash, isTls13: suite.since === "TLSv1.3" };
}

export class RecordOpener {
	readonly #suite: OpenableSuite;
	readonly #keys: DirectionKeys;
	#sequence = 0;

	constructor(suite: OpenableSuite, keys: DirectionKeys) {
		this.#suite = suite;
		this.#keys = keys;
	}

	/** The next record; undefined when it is not the next under this key, and then the one asked for stays the next. */
	open(record: TlsRecord): OpenedRecord | undefined {
		const opened = this.#suite.isTls13 ? this.#open13(record) : this.#open12(record);
		if (opened !== undefined) this.#sequence++;
		return opened;
	}

	#open13({ type, legacyVersion, length, fragment }: TlsRecord): OpenedRecord | undefined {
		const header = new Writer(5).u8(type).u16(legacyVersion).u16(length).finish();
		const inner = this.#opened(this.#nonce(sequenceOctets(this.#sequence)), header, fragment);
		if (inner === undefined) return undefined;
		const typeAt = inner.findLastIndex((octet) => octet !== 0);
		if (typeAt === -1) return undefined;
		return { type: inner[typeAt] as number, content: inner.subarray(0, typeAt) };
	}

	#open12({ type, legacyVersion, fragment }: TlsRecord): OpenedRecord | undefined {
		const sequence = sequenceOctets(this.#sequence);
		const explicitOctets = this.#suite.ivOctets === 4 ? sequence.length : 0;
		const length = fragment.length - explicitOctets - tagOctets;
		if (length < 0 || length > maxPlaintextOctets) return undefined;
		const nonce =
			explicitOctets > 0 ? concat([this.#keys.iv, fragment.subarray(0, explicitOctets)]) : this.#nonce(sequence);
		const additional = new Writer(13).bytes(sequence).u8(type).u16(legacyVersion).u16(length).finish();
		const content = this.#opened(nonce, additional, fragment.subarray(explicitOctets));
		return content === undefined ? undefined : { type, content };
	}

	#opened(nonce: Uint8Array, additional: Uint8Array, sealed: Uint8Array): Uint8Array | undefined {
		return openSealed(this.#suite.cipher, this.#keys.key, nonce, additional, sealed);
	}

	#nonce(sequence: Uint8Array): Uint8Array {
		const nonce = Uint8Array.from(this.#keys.iv);
		for (const [index, octet] of sequence.entries()) (nonce[index + 4] as number) ^= octet;
		return nonce;
	}
}

function sequenceOctets(sequence: number): Uint8Array {
	return new Writer(8)
		.u32(Math.floor(sequence / 2 ** 32))
		.u32(sequence % 2 ** 32)
		.finish();
}

const bulks: Readonly<Record<string, Pick<OpenableSuite, "cipher" | "keyOctets" | "ivOctets">>> = {
	AES_128_GCM: { cipher: "aes-128-gcm", keyOctets: 16, ivOctets: 4 },
	AES_256_GCM: { cipher: "aes-256-gcm", keyOctets: 32, ivOctets: 4 },
	CHACHA20_POLY1305: { cipher: "chacha20-poly1305", keyOctets: 32, ivOctets: 12 },
};
