/**
 * The ClientHello: the one message from which the policy decides before anything is answered.
 *
 *     type 1 (1) | length (3) | legacy_version (2) | random (32) | session_id <0..32> | cipher_suites <2..2^16-2>
 *     | compression_methods <1..2^8-1> | extensions <0..2^16-1>
 *
 * Every inner length is strict: the gateway and the server behind it must read the same message.
 *
 * Source: RFC 8446 §4.1.2, RFC 5246 §7.4.1.2.
 */

import { type Decoded, done, malformed, needMore, Reader } from "#base/bytes.ts";
import { describeExtension, extensionType } from "#tls/extension-types.ts";
import { isGrease, isGreaseProtocol } from "#tls/grease.ts";
import { type HelloExtensions, noExtensions, readHelloExtension } from "#tls/hello-extensions.ts";

/** One extension as it was sent; `body` is a view of the message. */
export interface Extension {
	readonly type: number;
	readonly body: Uint8Array;
}

/** A decoded ClientHello. Octet fields are views of the message; lists keep the client's order and its GREASE values. */
export interface ClientHello extends HelloExtensions {
	/** The version field; TLS 1.3 clients say 0x0303 here and the truth in `supportedVersions`. */
	readonly legacyVersion: number;
	readonly random: Uint8Array;
	readonly sessionId: Uint8Array;
	readonly cipherSuites: readonly number[];
	readonly compressionMethods: readonly number[];
	readonly extensions: readonly Extension[];
	/** The host name of `serverName`; undefined when none was sent, or an address, or nothing that is a name. */
	readonly sni: string | undefined;
	/** True when encrypted_client_hello is there, be it GREASE: the name that counts may be hidden. */
	readonly hasEch: boolean;
	/** True when any list holds a GREASE value: a sign of a browser's TLS library. */
	readonly isGreasePresent: boolean;
}

/** The longest ClientHello that is accepted, with its four-octet header. */
export const maxHelloOctets = 65_536;

export const handshakeHeaderOctets = 4;

const clientHelloType = 1;

/**
 * Decodes the handshake message at the beginning of `octets` (without record headers).
 *
 * Bounds: at most `maxHelloOctets`; a longer message is malformed as soon as its length is read.
 * Faults: malformed when a length disagrees with the message, an extension comes twice, pre_shared_key is not last, the
 * null compression method is missing, or a list that must hold something is empty.
 */
export function decodeClientHello(octets: Uint8Array): Decoded<ClientHello> {
	const header = decodeHelloHeader(octets);
	if (header.kind !== "done") return header;
	const end = header.value;
	if (end > maxHelloOctets) return malformed(tooLarge(end));
	if (octets.length < end) return needMore;
	return decodeHelloBody(new Reader(octets, handshakeHeaderOctets, end), { majorVersion: 3, hasCookie: false });
}

/** How a body is laid out: over datagrams a cookie stands behind the session ID, and versions count down from 0xfe. */
export interface HelloForm {
	readonly majorVersion: number;
	readonly hasCookie: boolean;
}

/** Decodes what is behind the header of the handshake message, up to the end of the reader. */
export function decodeHelloBody(reader: Reader, form: HelloForm): Decoded<ClientHello> {
	const legacyVersion = reader.u16();
	const random = reader.take(32);
	const sessionId = reader.take(reader.u8());
	if (form.hasCookie) reader.take(reader.u8());
	const cipherSuiteOctets = reader.u16();
	const cipherSuiteReader = reader.sub(cipherSuiteOctets);
	const compressionMethods = [...reader.take(reader.u8())];
	if (reader.isShort) return malformed("ClientHello ends before its compression methods");
	if (legacyVersion >>> 8 !== form.majorVersion) {
		const expected = `0x${form.majorVersion.toString(16).padStart(2, "0")}xx`;
		return malformed(`ClientHello version is 0x${legacyVersion.toString(16).padStart(4, "0")}; expected ${expected}`);
	}
	if (sessionId.length > 32) return malformed(`session_id has ${sessionId.length} octets; at most 32 are allowed`);
	if (cipherSuiteOctets < 2 || cipherSuiteOctets % 2 !== 0)
		return malformed(`cipher_suites has ${cipherSuiteOctets} octets; expected an even number, at least 2`);
	if (!compressionMethods.includes(0)) return malformed("compression_methods does not hold the null method");
	const cipherSuites: number[] = [];
	while (cipherSuiteReader.remaining > 0) cipherSuites.push(cipherSuiteReader.u16());

	const extensions: Extension[] = [];
	const known = noExtensions();
	const reason = readExtensions(reader, extensions, known);
	if (reason !== undefined) return malformed(reason);
	const isGreasePresent =
		cipherSuites.some(isGrease) ||
		extensions.some((extension) => isGrease(extension.type)) ||
		known.supportedGroups.some(isGrease) ||
		known.supportedVersions.some(isGrease) ||
		known.signatureAlgorithms.some(isGrease) ||
		known.alpn.some(isGreaseProtocol);
	return done(
		{
			legacyVersion,
			random,
			sessionId,
			cipherSuites,
			compressionMethods,
			extensions,
			sni: known.serverName.kind === "host-name" ? known.serverName.name : undefined,
			hasEch: known.encryptedClientHello !== undefined,
			isGreasePresent,
			...known,
		},
		reader.position,
	);
}

/** Reads type and length: the octets of the whole message, header included. The type is judged before the length is there. */
export function decodeHelloHeader(octets: Uint8Array): Decoded<number> {
	const reader = new Reader(octets);
	if (reader.remaining < 1) return needMore;
	const type = reader.u8();
	if (type !== clientHelloType) return malformed(`first handshake message has type ${type}; expected ClientHello (1)`);
	if (reader.remaining < 3) return needMore;
	return done(handshakeHeaderOctets + reader.u24(), handshakeHeaderOctets);
}

/** The wording for a hello of `octets`, more than are accepted. */
export function tooLarge(octets: number): string {
	return `ClientHello has ${octets} octets; at most ${maxHelloOctets} are allowed`;
}

/** Reads the extension block into the list and the known fields; answers why it is malformed. */
function readExtensions(reader: Reader, extensions: Extension[], known: HelloExtensions): string | undefined {
	// A hello of TLS 1.2 or before may end before the extensions (RFC 5246 §7.4.1.2).
	if (reader.remaining === 0) return undefined;
	const length = reader.u16();
	if (length !== reader.remaining || reader.isShort)
		return `extensions say ${length} octets; the ClientHello holds ${reader.remaining}`;
	const seen = new Set<number>();
	while (reader.remaining > 0) {
		const type = reader.u16();
		const body = reader.take(reader.u16());
		if (reader.isShort) return `${describeExtension(type)} reaches past the end of the ClientHello`;
		if (seen.has(type)) return `${describeExtension(type)} comes twice`;
		seen.add(type);
		extensions.push({ type, body });
		const reason = readHelloExtension(type, body, known);
		if (reason !== undefined) return `${describeExtension(type)}: ${reason}`;
	}
	const last = extensions.at(-1);
	// "The pre_shared_key extension MUST be the last extension in the ClientHello" (RFC 8446 §4.2.11).
	if (known.hasPreSharedKey && last?.type !== extensionType.preSharedKey)
		return `${describeExtension(extensionType.preSharedKey)} is not the last extension`;
	return undefined;
}
