/**
 * The protection of QUIC Initial packets. It hides nothing: its keys come from the connection ID that stands in clear in the client's
 * first packet.
 *
 * Source: RFC 9001 §5, RFC 9369 §3.3.
 */
import { createCipheriv, createDecipheriv, createHmac } from "node:crypto";
import { concat } from "#base/bytes.ts";
import { expandLabel } from "#tls/key-derivation.ts";
import { quicVersion } from "#tls/quic-packet.ts";

/** The keys of one direction. */
export interface QuicKeys {
	readonly key: Uint8Array;
	readonly iv: Uint8Array;
	readonly headerProtection: Uint8Array;
}

/** What was under the protection. */
export interface QuicPlainPacket {
	readonly number: number;
	readonly payload: Uint8Array;
}

/** The keys of the client's Initial packets; undefined for a version that is not known. */
export function clientInitialKeys(version: number, destinationId: Uint8Array): QuicKeys | undefined {
	const names = byVersion.get(version);
	if (names === undefined) return undefined;
	const initial = createHmac("sha256", names.salt).update(destinationId).digest();
	const secret = expandLabel("sha256", initial, "client in", 32);
	return {
		key: expandLabel("sha256", secret, `${names.prefix} key`, 16),
		iv: expandLabel("sha256", secret, `${names.prefix} iv`, 12),
		headerProtection: expandLabel("sha256", secret, `${names.prefix} hp`, 16),
	};
}

/**
 * Takes the protection off one Initial packet, from its first octet to its last. Undefined when it was not made with these keys.
 *
 * @param numberAt where the packet number begins.
 * @param largest the largest packet number that came before, -1 at first: numbers are sent cut short.
 */
export function unprotectInitial(
	packet: Uint8Array,
	numberAt: number,
	keys: QuicKeys,
	largest: number,
): QuicPlainPacket | undefined {
	if (packet.length < numberAt + 4 + sampleOctets) return undefined;
	const mask = headerMask(keys, packet.subarray(numberAt + 4, numberAt + 4 + sampleOctets));
	const first = (packet[0] as number) ^ ((mask[0] as number) & 0x0f);
	const numberOctets = (first & 3) + 1;
	// Not slice, which of a Buffer is no copy.
	const header = Uint8Array.from(packet.subarray(0, numberAt + numberOctets));
	header[0] = first;
	let truncated = 0;
	for (let index = 0; index < numberOctets; index++) {
		const octet = (header[numberAt + index] as number) ^ (mask[1 + index] as number);
		header[numberAt + index] = octet;
		truncated = truncated * 256 + octet;
	}
	const number = fullNumber(truncated, numberOctets, largest);
	const cipher = createDecipheriv("aes-128-gcm", keys.key, nonceOf(keys.iv, number));
	cipher.setAAD(header);
	cipher.setAuthTag(packet.subarray(packet.length - tagOctets));
	const head = cipher.update(packet.subarray(header.length, packet.length - tagOctets));
	try {
		return { number, payload: concat([head, cipher.final()]) };
	} catch {
		return undefined;
	}
}

/** The mask over the first octet and the packet number (RFC 9001 §5.4.3). */
export function headerMask(keys: QuicKeys, sample: Uint8Array): Uint8Array {
	return createCipheriv("aes-128-ecb", keys.headerProtection, null).update(sample);
}

/** The IV with the packet number over its end (RFC 9001 §5.3). */
export function nonceOf(iv: Uint8Array, number: number): Uint8Array {
	const nonce = Uint8Array.from(iv);
	let rest = number;
	for (let at = nonce.length - 1; rest > 0 && at >= 4; at--) {
		nonce[at] = (nonce[at] as number) ^ (rest % 256);
		rest = Math.floor(rest / 256);
	}
	return nonce;
}

/** The number that is nearest to the one expected and ends in what was sent (RFC 9000 §A.3). */
function fullNumber(truncated: number, octets: number, largest: number): number {
	const window = 256 ** octets;
	const expected = largest + 1;
	const candidate = expected - (expected % window) + truncated;
	if (candidate <= expected - window / 2 && candidate + window < 2 ** 62) return candidate + window;
	return candidate > expected + window / 2 && candidate >= window ? candidate - window : candidate;
}

const sampleOctets = 16;
const tagOctets = 16;
const byVersion: ReadonlyMap<number, { readonly salt: Uint8Array; readonly prefix: string }> = new Map([
	[quicVersion.v1, { salt: Buffer.from("38762cf7f55934b34d179ae6a4c80cadccbb7f0a", "hex"), prefix: "quic" }],
	[quicVersion.v2, { salt: Buffer.from("0dede3def700a6db819381be6e269dcbf9bd2ed9", "hex"), prefix: "quicv2" }],
]);
