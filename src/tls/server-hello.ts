/**
 * The ServerHello and the HelloRetryRequest: what a server chose, read from octets that nobody decrypts.
 *
 *     type 2 (1) | length (3) | legacy_version (2) | random (32) | session_id <0..32> | cipher_suite (2)
 *     | compression_method (1) | extensions <0..2^16-1>
 *
 * Source: RFC 8446 §4.1.3, §4.1.4; RFC 5246 §7.4.1.3.
 */

import { concat, type Decoded, done, equalBytes, malformed, needMore, Reader } from "#base/bytes.ts";
import { describeAlert } from "#tls/alert.ts";
import { describeExtension, extensionType } from "#tls/extension-types.ts";
import { contentType, decodeRecord } from "#tls/record.ts";

export interface ServerHello {
	/** True for a HelloRetryRequest: the client sends a second ClientHello. */
	readonly isRetryRequest: boolean;
	/** The version chosen: that of supported_versions, else that of the message. */
	readonly version: number;
	readonly cipherSuite: number;
	/** The group of the key share, in a retry the group that is asked for; absent before TLS 1.3. */
	readonly group: number | undefined;
	readonly sessionId: Uint8Array;
	readonly compressionMethod: number;
	/** True when the server goes on with a pre-shared key: a resumed session of TLS 1.3. */
	readonly isResumed: boolean;
	/** The protocol, where the server says it in clear (TLS 1.2). */
	readonly alpn: string | undefined;
	/** Types in order. */
	readonly extensionTypes: readonly number[];
}

/** The longest ServerHello that is accepted, with its header; real ones have some hundred octets. */
export const maxServerHelloOctets = 16_384;

/**
 * Decodes the handshake message at the beginning of `octets` (without record headers).
 *
 * Bounds: at most `maxServerHelloOctets`.
 * Faults: malformed when a length disagrees with the message, an extension comes twice, or a body that is read is wrong.
 */
export function decodeServerHello(octets: Uint8Array): Decoded<ServerHello> {
	const header = new Reader(octets);
	if (header.remaining < 1) return needMore;
	const type = header.u8();
	if (type !== serverHelloType) return malformed(`handshake message has type ${type}; expected ServerHello (2)`);
	if (header.remaining < 3) return needMore;
	const end = 4 + header.u24();
	if (end > maxServerHelloOctets)
		return malformed(`ServerHello has ${end} octets; at most ${maxServerHelloOctets} are allowed`);
	if (octets.length < end) return needMore;
	const reader = new Reader(octets, 4, end);
	const legacyVersion = reader.u16();
	const random = reader.take(32);
	const sessionId = reader.take(reader.u8());
	const cipherSuite = reader.u16();
	const compressionMethod = reader.u8();
	if (reader.isShort) return malformed("ServerHello ends before its extensions");
	if (legacyVersion >>> 8 !== 3)
		return malformed(`ServerHello version is 0x${legacyVersion.toString(16).padStart(4, "0")}; expected 0x03xx`);
	if (sessionId.length > 32) return malformed(`session_id has ${sessionId.length} octets; at most 32 are allowed`);
	const isRetryRequest = equalBytes(random, retryRandom);
	const chosen: Chosen = { version: legacyVersion, group: undefined, isResumed: false, alpn: undefined };
	const extensionTypes: number[] = [];
	const reason = readExtensions(reader, isRetryRequest, extensionTypes, chosen);
	if (reason !== undefined) return malformed(reason);
	return done({ isRetryRequest, cipherSuite, sessionId, compressionMethod, extensionTypes, ...chosen }, end);
}

/**
 * Decodes the first ServerHello of what a server sent so far, over any number of records: for a reader that only looks
 * on. `octets` in the answer counts the stream up to the end of the record in which the message ends.
 *
 * Bounds: the caller gives up on need-more once `stream` is longer than it cares for; a call is linear in `stream`.
 * Faults: a record before the message is complete that is no handshake record is malformed; an alert is named.
 */
export function decodeServerFlight(stream: Uint8Array): Decoded<ServerHello> {
	const fragments: Uint8Array[] = [];
	let at = 0;
	while (at < stream.length) {
		const record = decodeRecord(stream.subarray(at));
		if (record.kind !== "done") return record;
		const { type, fragment } = record.value;
		if (type === contentType.alert) return malformed(`server answers with ${describeAlert(fragment[1] ?? 0)}`);
		if (type !== contentType.handshake) return malformed(`record of type ${type} before the ServerHello`);
		fragments.push(fragment);
		at += record.octets;
		const hello = decodeServerHello(concat(fragments));
		if (hello.kind === "done") return done(hello.value, at);
		if (hello.kind === "malformed") return hello;
		if (fragments.length >= maxRecords) return malformed(`ServerHello is split over more than ${maxRecords} records`);
	}
	return needMore;
}

interface Chosen {
	version: number;
	group: number | undefined;
	isResumed: boolean;
	alpn: string | undefined;
}

function readExtensions(reader: Reader, isRetry: boolean, types: number[], into: Chosen): string | undefined {
	if (reader.remaining === 0) return undefined;
	const length = reader.u16();
	if (length !== reader.remaining || reader.isShort)
		return `extensions say ${length} octets; the ServerHello holds ${reader.remaining}`;
	while (reader.remaining > 0) {
		const type = reader.u16();
		const body = reader.sub(reader.u16());
		if (reader.isShort) return `${describeExtension(type)} reaches past the end of the ServerHello`;
		if (types.includes(type)) return `${describeExtension(type)} comes twice`;
		types.push(type);
		const reason = readBody(type, body, isRetry, into);
		if (reason !== undefined) return `${describeExtension(type)}: ${reason}`;
	}
	return undefined;
}

function readBody(type: number, body: Reader, isRetry: boolean, into: Chosen): string | undefined {
	switch (type) {
		case extensionType.supportedVersions:
			into.version = body.u16();
			break;
		case extensionType.keyShare:
			into.group = body.u16();
			if (!isRetry && body.take(body.u16()).length === 0) return "an empty key share";
			break;
		case extensionType.preSharedKey:
			body.u16();
			into.isResumed = true;
			break;
		case extensionType.alpn: {
			const list = body.sub(body.u16());
			const name = list.take(list.u8());
			if (list.isShort || name.length === 0 || list.remaining > 0) return "expected one protocol name";
			into.alpn = Buffer.from(name).toString("latin1");
			break;
		}
		default:
			return undefined;
	}
	if (body.isShort) return "an inner length reaches past its end";
	return body.remaining > 0 ? `${body.remaining} octets behind its value` : undefined;
}

const serverHelloType = 2;

/** No server splits a hello so far that a look at it would cost more than this many copies. */
const maxRecords = 64;

/** SHA-256 of "HelloRetryRequest" (RFC 8446 §4.1.3). */
export const retryRandom = Uint8Array.from(
	Buffer.from("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c", "hex"),
);
