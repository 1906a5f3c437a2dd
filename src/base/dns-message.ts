/**
 * Messages of the domain name system, as far as one question with one answer needs them.
 *
 *    0                   1
 *    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5
 *   +-------------------------------+
 *   |              ID               |
 *   |Q| opcode |A|T|R|R| Z |  rcode |     Q: it answers; T: it was cut; R: recursion
 *   |  questions | answers | authority | additional    (2 each)
 *   |  name | type | class                              each question
 *   |  name | type | class | TTL (4) | length | data    each record
 *
 * Source: RFC 1035 §4; the options RFC 6891.
 */
import { type Decoded, done, malformed, Reader, Writer } from "#base/bytes.ts";

/** One question about a name in normal form; an IDN stands in its A-label form. */
export interface DnsQuestion {
	readonly id: number;
	readonly name: string;
	readonly type: number;
}

/** One record of an answer. `data` is a view. */
export interface DnsRecord {
	readonly type: number;
	readonly ttlSeconds: number;
	readonly data: Uint8Array;
}

export interface DnsAnswer {
	readonly id: number;
	/** RCODE: 0 is an answer, 3 says that there is no such name. */
	readonly code: number;
	/** It did not fit, and is not whole. */
	readonly isCut: boolean;
	readonly name: string;
	readonly type: number;
	/** The records of the answer section, those of aliases among them. */
	readonly records: readonly DnsRecord[];
}

/** Type of the record by which servers announce their ECH keys (RFC 9460 §14.1). */
export const httpsRecordType = 65;

/**
 * The question, with recursion desired; answers may have `maxAnswerOctets` (RFC 6891). The name has at most 253 characters and
 * labels of at most 63.
 */
export function encodeDnsQuestion({ id, name, type }: DnsQuestion): Uint8Array {
	const writer = new Writer().u16(id).u16(0x0100).u16(1).u16(0).u16(0).u16(1);
	for (const label of name.split(".")) writer.prefixed(1, (octets) => octets.bytes(Buffer.from(label, "latin1")));
	writer.u8(0).u16(type).u16(internetClass);
	return writer.u8(0).u16(optionsType).u16(maxAnswerOctets).u32(0).u16(0).finish();
}

/**
 * Decodes an answer to one question.
 *
 * Bounds: at most `maxRecords` records; a name has at most 255 octets, and points only backwards.
 * Faults: malformed when it is no answer, has not one question, or ends before its records. Never need-more: a datagram is complete.
 */
export function decodeDnsAnswer(octets: Uint8Array): Decoded<DnsAnswer> {
	const reader = new Reader(octets);
	const id = reader.u16();
	const flags = reader.u16();
	const questions = reader.u16();
	const answers = reader.u16();
	reader.u32();
	if (reader.isShort) return malformed(`a DNS message of ${octets.length} octets; expected 12 at least`);
	if ((flags & 0x8000) === 0) return malformed("a DNS question; expected an answer");
	if (questions !== 1) return malformed(`a DNS answer to ${questions} questions; expected one`);
	const name = readName(octets, reader);
	const type = reader.u16();
	reader.u16();
	if (name === undefined || reader.isShort) return malformed("a DNS answer whose question is damaged");
	if (answers > maxRecords) return malformed(`a DNS answer of ${answers} records; at most ${maxRecords} are read`);
	const records: DnsRecord[] = [];
	for (let index = 0; index < answers; index++) {
		if (readName(octets, reader) === undefined) return malformed("a DNS record whose name is damaged");
		const recordType = reader.u16();
		reader.u16();
		const ttlSeconds = reader.u32();
		const data = reader.take(reader.u16());
		if (reader.isShort) return malformed("a DNS answer ends inside a record");
		records.push({ type: recordType, ttlSeconds, data });
	}
	return done({ id, code: flags & 0x0f, isCut: (flags & 0x0200) !== 0, name, type, records }, octets.length);
}

/** Reads a name, which may end by pointing to one before it; undefined when it is none. */
function readName(octets: Uint8Array, reader: Reader): string | undefined {
	const labels: string[] = [];
	let at = reader;
	let before = octets.length;
	for (let length = 0; length <= maxNameOctets; ) {
		const start = at.position;
		const octet = at.u8();
		if (at.isShort) return undefined;
		if (octet === 0) return labels.join(".").toLowerCase();
		if (octet >= 0xc0) {
			const target = ((octet & 0x3f) << 8) | at.u8();
			// Only backwards, so that no name goes round in a circle.
			if (at.isShort || target >= Math.min(start, before)) return undefined;
			before = target;
			at = new Reader(octets, target);
			continue;
		}
		if (octet > 63) return undefined;
		labels.push(Buffer.from(at.take(octet)).toString("latin1"));
		if (at.isShort) return undefined;
		length += octet + 1;
	}
	return undefined;
}

const internetClass = 1;
const optionsType = 41;
/** What passes everywhere without fragments. */
const maxAnswerOctets = 1_232;
const maxNameOctets = 255;
const maxRecords = 64;
