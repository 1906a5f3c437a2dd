/**
 * The SA payload: proposals, each with transforms, each with attributes.
 *
 *     proposal:  | last (0) or 2 | 0 | length (2) | number | protocol | SPI octets | transforms | SPI | transforms ...
 *     transform: | last (0) or 3 | 0 | length (2) | type | 0 | id (2) | attributes ...
 *     attribute: | 1 + type (15 bits) | value (2) |   or   | 0 + type | length (2) | value |
 *
 * Source: RFC 7296 §3.3.
 */
import { type Decoded, done, malformed, Reader, Writer } from "#base/bytes.ts";

/** Protocols of a proposal, a notify and a delete (RFC 7296 §3.3.1). */
export const protocolId = { none: 0, ike: 1, ah: 2, esp: 3 } as const;

/** Transform types (RFC 7296 §3.3.2; additional key exchanges 1 to 7: RFC 9370). */
export const transformType = {
	encryption: 1,
	prf: 2,
	integrity: 3,
	keyExchange: 4,
	extendedSequenceNumbers: 5,
	additionalKeyExchange1: 6,
	additionalKeyExchange7: 12,
} as const;

export interface Transform {
	readonly type: number;
	readonly id: number;
	/** Bits of the key, where the cipher has several lengths. */
	readonly keyBits?: number;
	/** An attribute that is not known: the transform cannot be chosen (RFC 7296 §3.3.6). */
	readonly hasUnknownAttribute?: true;
}

export interface Proposal {
	/** 1 for the first, one more for each that follows. */
	readonly number: number;
	readonly protocol: number;
	/** Empty, 4 octets (ESP, AH) or 8 (IKE). */
	readonly spi: Uint8Array;
	readonly transforms: readonly Transform[];
}

/**
 * Decodes the body of an SA payload.
 *
 * Bounds: at most 32 proposals of at most 64 transforms each.
 * Faults: a length that does not fit, a count that is not true, a proposal without transforms.
 */
export function decodeSecurityAssociation(body: Uint8Array): Decoded<readonly Proposal[]> {
	const reader = new Reader(body);
	const proposals: Proposal[] = [];
	for (let isLast = false; !isLast; ) {
		if (proposals.length === maxProposals) return malformed(`SA has more than ${maxProposals} proposals`);
		const mark = reader.u8();
		reader.u8();
		const length = reader.u16();
		const inner = reader.sub(length - 4);
		if (length < 8 || reader.isShort) return malformed(`SA ends within proposal ${proposals.length + 1}`);
		if (mark !== 0 && mark !== moreProposals) return malformed(`proposal is marked ${mark}; expected 0 or 2`);
		const proposal = decodeProposal(inner);
		if (proposal.kind !== "done") return proposal;
		proposals.push(proposal.value);
		isLast = mark === 0;
	}
	if (reader.remaining > 0) return malformed(`SA has ${reader.remaining} octets behind its last proposal`);
	return done(proposals, body.length);
}

/** Encodes the body of an SA payload. */
export function encodeSecurityAssociation(proposals: readonly Proposal[]): Uint8Array {
	const writer = new Writer();
	for (const [index, { number, protocol, spi, transforms }] of proposals.entries()) {
		const inner = new Writer().u8(number).u8(protocol).u8(spi.length).u8(transforms.length).bytes(spi);
		for (const [at, transform] of transforms.entries()) writeTransform(inner, transform, at === transforms.length - 1);
		writer.u8(index === proposals.length - 1 ? 0 : moreProposals).u8(0);
		writer.u16(inner.length + 4).bytes(inner.finish());
	}
	return writer.finish();
}

function decodeProposal(reader: Reader): Decoded<Proposal> {
	const number = reader.u8();
	const protocol = reader.u8();
	const spiOctets = reader.u8();
	const count = reader.u8();
	const spi = reader.take(spiOctets);
	if (reader.isShort) return malformed(`proposal ${number} ends within its SPI`);
	if (count === 0 || count > maxTransforms) return malformed(`proposal ${number} has ${count} transforms`);
	const transforms: Transform[] = [];
	for (let index = 0; index < count; index++) {
		const mark = reader.u8();
		reader.u8();
		const length = reader.u16();
		const inner = reader.sub(length - 4);
		if (length < 8 || reader.isShort) return malformed(`proposal ${number} ends within transform ${index + 1}`);
		const expected = index === count - 1 ? 0 : moreTransforms;
		if (mark !== expected) return malformed(`transform ${index + 1} is marked ${mark}; expected ${expected}`);
		const transform = decodeTransform(inner);
		if (transform.kind !== "done") return transform;
		transforms.push(transform.value);
	}
	if (reader.remaining > 0) return malformed(`proposal ${number} has octets behind its last transform`);
	return done({ number, protocol, spi, transforms }, 0);
}

function decodeTransform(reader: Reader): Decoded<Transform> {
	const type = reader.u8();
	reader.u8();
	const id = reader.u16();
	let keyBits: number | undefined;
	let hasUnknownAttribute = false;
	while (reader.remaining > 0) {
		const kind = reader.u16();
		const value = reader.u16();
		if ((kind & shortAttribute) === 0) reader.take(value);
		if (kind === (shortAttribute | keyLengthAttribute)) keyBits = value;
		else hasUnknownAttribute = true;
	}
	if (reader.isShort) return malformed(`transform ${id} of type ${type} ends within an attribute`);
	return done({ type, id, ...(keyBits && { keyBits }), ...(hasUnknownAttribute && { hasUnknownAttribute }) }, 0);
}

function writeTransform(writer: Writer, { type, id, keyBits }: Transform, isLast: boolean): void {
	writer.u8(isLast ? 0 : moreTransforms).u8(0);
	writer.u16(keyBits === undefined ? 8 : 12);
	writer.u8(type).u8(0).u16(id);
	if (keyBits !== undefined) writer.u16(shortAttribute | keyLengthAttribute).u16(keyBits);
}

const moreProposals = 2;
const moreTransforms = 3;
const shortAttribute = 0x8000;
const keyLengthAttribute = 14;
const maxProposals = 32;
const maxTransforms = 64;
