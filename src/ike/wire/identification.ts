/**
 * The IDi and IDr payloads: who somebody says they are.
 *
 *     | type (1) | 0 (3) | data ... |
 *
 * Source: RFC 7296 §3.5.
 */
import { type Decoded, done, malformed, Reader, Writer } from "#base/bytes.ts";

/** Identity types. The range and subnet types of IKEv1 are not of IKEv2. */
export const identityType = {
	ipv4: 1,
	fqdn: 2,
	email: 3,
	ipv6: 5,
	distinguishedName: 9,
	generalName: 10,
	keyId: 11,
} as const;

export interface IdentityBody {
	readonly idType: number;
	readonly data: Uint8Array;
}

/** Decodes the body. Faults: no type, an address of a wrong length. An unknown type is kept as it is. */
export function decodeIdentification(body: Uint8Array): Decoded<IdentityBody> {
	const reader = new Reader(body);
	const idType = reader.u8();
	reader.u24();
	if (reader.isShort) return malformed(`identity has ${body.length} octets; at least 4 are needed`);
	const data = reader.take(reader.remaining);
	const expected = addressOctets.get(idType);
	if (expected !== undefined && data.length !== expected)
		return malformed(`identity of type ${idType} has ${data.length} octets; an address has ${expected}`);
	return done({ idType, data }, body.length);
}

/** Encodes the body: also the octets that are authenticated (RFC 7296 §2.15). */
export function encodeIdentification({ idType, data }: IdentityBody): Uint8Array {
	return new Writer(data.length + 4).u8(idType).u24(0).bytes(data).finish();
}

const addressOctets: ReadonlyMap<number, number> = new Map([
	[identityType.ipv4, 4],
	[identityType.ipv6, 16],
]);
