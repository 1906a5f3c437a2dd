/**
 * The bodies of the messages of a DTLS 1.2 handshake, beside the ClientHello's reading (`tls/client-hello.ts`).
 *
 * Source: RFC 5246 §7.4, RFC 6347 §4.2.1, RFC 8422 §5, RFC 5746 §3, RFC 7627 §5.1.
 */
import { type Decoded, done, malformed, Reader, Writer } from "#base/bytes.ts";
import { dtlsVersion } from "#dtls/record.ts";
import { extensionType } from "#tls/extension-types.ts";

/** What a client offers. */
export interface ClientOffer {
	readonly random: Uint8Array;
	readonly cookie: Uint8Array;
	readonly suites: readonly number[];
	readonly groups: readonly number[];
	readonly schemes: readonly number[];
	readonly alpn: readonly string[];
	/** Undefined for none. */
	readonly serverName: string | undefined;
}

/** ClientHello: no session to resume, no compression, renegotiation_info and extended_master_secret always. */
export function encodeClientHello({
	random,
	cookie,
	suites,
	groups,
	schemes,
	alpn,
	serverName,
}: ClientOffer): Uint8Array {
	return new Writer(512)
		.u16(dtlsVersion.dtls12)
		.bytes(random)
		.u8(0)
		.prefixed(1, (writer) => writer.bytes(cookie))
		.prefixed(2, (writer) => writeCodes(writer, suites))
		.u8(1)
		.u8(0)
		.prefixed(2, (all) => {
			const add = (type: number, body: (writer: Writer) => void) => all.u16(type).prefixed(2, body);
			if (serverName !== undefined) {
				add(extensionType.serverName, (writer) =>
					writer.prefixed(2, (list) => list.u8(0).prefixed(2, (host) => host.bytes(Buffer.from(serverName, "latin1")))),
				);
			}
			add(extensionType.supportedGroups, (writer) => writer.prefixed(2, (list) => writeCodes(list, groups)));
			add(extensionType.ecPointFormats, (writer) => writer.u8(1).u8(0));
			add(extensionType.signatureAlgorithms, (writer) => writer.prefixed(2, (list) => writeCodes(list, schemes)));
			if (alpn.length > 0) add(extensionType.alpn, (writer) => writeProtocols(writer, alpn));
			add(extensionType.extendedMasterSecret, () => undefined);
			add(extensionType.renegotiationInfo, (writer) => writer.u8(0));
		})
		.finish();
}

export interface DtlsServerHello {
	readonly version: number;
	readonly random: Uint8Array;
	readonly suite: number;
	readonly hasExtendedMasterSecret: boolean;
	readonly hasRenegotiationInfo: boolean;
	readonly hasPointFormats: boolean;
	readonly alpn: string | undefined;
}

export function encodeServerHello(hello: DtlsServerHello): Uint8Array {
	return new Writer(128)
		.u16(hello.version)
		.bytes(hello.random)
		.u8(0)
		.u16(hello.suite)
		.u8(0)
		.prefixed(2, (all) => {
			const add = (type: number, body: (writer: Writer) => void) => all.u16(type).prefixed(2, body);
			if (hello.hasRenegotiationInfo) add(extensionType.renegotiationInfo, (writer) => writer.u8(0));
			if (hello.hasPointFormats) add(extensionType.ecPointFormats, (writer) => writer.u8(1).u8(0));
			if (hello.hasExtendedMasterSecret) add(extensionType.extendedMasterSecret, () => undefined);
			const { alpn } = hello;
			if (alpn !== undefined) add(extensionType.alpn, (writer) => writeProtocols(writer, [alpn]));
		})
		.finish();
}

/**
 * Decodes a ServerHello. Faults: malformed when a length disagrees, compression was chosen, an extension comes twice or was never asked
 * for by `encodeClientHello`, or renegotiation_info is not empty.
 */
export function decodeDtlsServerHello(body: Uint8Array): Decoded<DtlsServerHello> {
	const reader = new Reader(body);
	const version = reader.u16();
	const random = reader.take(32);
	const session = reader.take(reader.u8());
	const suite = reader.u16();
	const compression = reader.u8();
	if (reader.isShort || session.length > 32) return malformed("ServerHello ends before its extensions");
	if (compression !== 0) return malformed(`ServerHello chooses compression ${compression}, which was not offered`);
	const seen = new Map<number, Uint8Array>();
	if (reader.remaining > 0) {
		const extensions = reader.sub(reader.u16());
		while (extensions.remaining > 0) {
			const type = extensions.u16();
			const value = extensions.take(extensions.u16());
			if (seen.has(type)) return malformed(`ServerHello has extension ${type} twice`);
			if (!askedFor.has(type)) return malformed(`ServerHello has extension ${type}, which was not asked for`);
			seen.set(type, value);
		}
		if (reader.isShort || extensions.isShort || reader.remaining > 0)
			return malformed("ServerHello's extensions do not fit");
	}
	const renegotiation = seen.get(extensionType.renegotiationInfo);
	if (renegotiation !== undefined && (renegotiation.length !== 1 || renegotiation[0] !== 0))
		return malformed("renegotiation_info of a first handshake is not empty");
	const protocols = seen.get(extensionType.alpn);
	const alpn = protocols === undefined ? undefined : onlyProtocol(protocols);
	if (alpn === "") return malformed("ServerHello does not choose one application protocol");
	return done(
		{
			version,
			random,
			suite,
			hasExtendedMasterSecret: seen.has(extensionType.extendedMasterSecret),
			hasRenegotiationInfo: renegotiation !== undefined,
			hasPointFormats: seen.has(extensionType.ecPointFormats),
			alpn,
		},
		body.length,
	);
}

/** HelloVerifyRequest; its version says nothing (RFC 6347 §4.2.1). */
export function encodeHelloVerifyRequest(cookie: Uint8Array): Uint8Array {
	return new Writer(64)
		.u16(dtlsVersion.dtls10)
		.prefixed(1, (writer) => writer.bytes(cookie))
		.finish();
}

export function decodeHelloVerifyRequest(body: Uint8Array): Decoded<Uint8Array> {
	const reader = new Reader(body);
	reader.u16();
	const cookie = reader.take(reader.u8());
	if (reader.isShort || reader.remaining > 0) return malformed("HelloVerifyRequest does not hold one cookie");
	return done(cookie, body.length);
}

/** A chain of certificates, DER, the own one first. */
export function encodeCertificates(chain: readonly Uint8Array[]): Uint8Array {
	return new Writer(4_096)
		.prefixed(3, (list) => {
			for (const certificate of chain) list.prefixed(3, (one) => one.bytes(certificate));
		})
		.finish();
}

export function decodeCertificates(body: Uint8Array): Decoded<readonly Uint8Array[]> {
	const reader = new Reader(body);
	const list = reader.sub(reader.u24());
	const chain: Uint8Array[] = [];
	while (list.remaining > 0) {
		const certificate = list.take(list.u24());
		if (certificate.length === 0) return malformed("a certificate of the chain is empty or cut");
		if (chain.length >= maxCertificates) return malformed(`more than ${maxCertificates} certificates in a chain`);
		chain.push(certificate);
	}
	if (reader.isShort || list.isShort || reader.remaining > 0) return malformed("the list of certificates does not fit");
	return done(chain, body.length);
}

export interface ServerKeyExchange {
	readonly group: number;
	readonly publicKey: Uint8Array;
	readonly scheme: number;
	readonly signature: Uint8Array;
}

/** What is signed, behind both randoms: curve type, group and public key. */
export function exchangeParameters(group: number, publicKey: Uint8Array): Uint8Array {
	return new Writer(128)
		.u8(namedCurve)
		.u16(group)
		.prefixed(1, (point) => point.bytes(publicKey))
		.finish();
}

export function encodeServerKeyExchange({ group, publicKey, scheme, signature }: ServerKeyExchange): Uint8Array {
	return new Writer(512)
		.bytes(exchangeParameters(group, publicKey))
		.u16(scheme)
		.prefixed(2, (writer) => writer.bytes(signature))
		.finish();
}

export function decodeServerKeyExchange(body: Uint8Array): Decoded<ServerKeyExchange> {
	const reader = new Reader(body);
	const curveType = reader.u8();
	const group = reader.u16();
	const publicKey = reader.take(reader.u8());
	const scheme = reader.u16();
	const signature = reader.take(reader.u16());
	if (reader.isShort || reader.remaining > 0) return malformed("ServerKeyExchange does not fit its fields");
	if (curveType !== namedCurve)
		return malformed(`ServerKeyExchange has curve type ${curveType}; expected named_curve (3)`);
	return done({ group, publicKey, scheme, signature }, body.length);
}

/** CertificateRequest: the kinds of keys and the schemes; no names of authorities. */
export function encodeCertificateRequest(schemes: readonly number[]): Uint8Array {
	return new Writer(64)
		.prefixed(1, (types) => types.u8(ecdsaSign).u8(rsaSign))
		.prefixed(2, (writer) => writeCodes(writer, schemes))
		.u16(0)
		.finish();
}

/** Answers the schemes. */
export function decodeCertificateRequest(body: Uint8Array): Decoded<readonly number[]> {
	const reader = new Reader(body);
	reader.take(reader.u8());
	const list = reader.sub(reader.u16());
	const schemes: number[] = [];
	while (list.remaining > 0) schemes.push(list.u16());
	reader.take(reader.u16());
	if (reader.isShort || list.isShort || reader.remaining > 0)
		return malformed("CertificateRequest does not fit its fields");
	return done(schemes, body.length);
}

export function encodeClientKeyExchange(publicKey: Uint8Array): Uint8Array {
	return new Writer(128).prefixed(1, (point) => point.bytes(publicKey)).finish();
}

export function decodeClientKeyExchange(body: Uint8Array): Decoded<Uint8Array> {
	const reader = new Reader(body);
	const publicKey = reader.take(reader.u8());
	if (reader.isShort || reader.remaining > 0) return malformed("ClientKeyExchange does not hold one point");
	return done(publicKey, body.length);
}

export interface SignedMessages {
	readonly scheme: number;
	readonly signature: Uint8Array;
}

export function encodeCertificateVerify({ scheme, signature }: SignedMessages): Uint8Array {
	return new Writer(512)
		.u16(scheme)
		.prefixed(2, (writer) => writer.bytes(signature))
		.finish();
}

export function decodeCertificateVerify(body: Uint8Array): Decoded<SignedMessages> {
	const reader = new Reader(body);
	const scheme = reader.u16();
	const signature = reader.take(reader.u16());
	if (reader.isShort || reader.remaining > 0) return malformed("CertificateVerify does not fit its fields");
	return done({ scheme, signature }, body.length);
}

function writeCodes(writer: Writer, codes: readonly number[]): void {
	for (const code of codes) writer.u16(code);
}

function writeProtocols(writer: Writer, names: readonly string[]): void {
	writer.prefixed(2, (list) => {
		for (const name of names) list.prefixed(1, (one) => one.bytes(Buffer.from(name, "latin1")));
	});
}

/** The one name of the list; empty when there is not exactly one. */
function onlyProtocol(value: Uint8Array): string {
	const reader = new Reader(value);
	const list = reader.sub(reader.u16());
	const name = list.take(list.u8());
	const isOne = !reader.isShort && !list.isShort && list.remaining === 0 && reader.remaining === 0;
	return isOne ? Buffer.from(name).toString("latin1") : "";
}

const askedFor: ReadonlySet<number> = new Set([
	extensionType.serverName,
	extensionType.ecPointFormats,
	extensionType.supportedGroups,
	extensionType.alpn,
	extensionType.extendedMasterSecret,
	extensionType.renegotiationInfo,
]);
const namedCurve = 3;
const rsaSign = 1;
const ecdsaSign = 64;
export const maxCertificates = 16;
