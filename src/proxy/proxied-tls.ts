/**
 * What a proxy in front tells of the client's TLS session: the value of the TLV `ssl` of a PROXY header.
 *
 *   client (1): 1 TLS, 2 certificate on this connection, 4 in this session | verify (4): 0 verified | TLVs
 *
 * Source: "The PROXY protocol, versions 1 & 2" of HAProxy (doc/proxy-protocol.txt), §2.2.6.
 */
import { type Decoded, done, malformed, Reader, Writer } from "#base/bytes.ts";
import { readProxyTlvs, writeProxyTlv } from "#proxy/proxy-tlv.ts";

/** What the proxy in front knows of the client's TLS session. Texts are as sent, one character an octet. */
export interface ProxiedTls {
	/** The client came over TLS to the proxy in front. */
	readonly isTls: boolean;
	/** The client gave a certificate: on this connection, or at some time of the session. */
	readonly hasCertificate: boolean;
	readonly hadCertificate: boolean;
	/** The certificate was there and verified. */
	readonly isVerified: boolean;
	readonly version: string | undefined;
	readonly commonName: string | undefined;
	readonly cipher: string | undefined;
	readonly signatureAlgorithm: string | undefined;
	readonly keyAlgorithm: string | undefined;
	readonly group: string | undefined;
	readonly signatureScheme: string | undefined;
	/** DER. */
	readonly certificate: Uint8Array | undefined;
}

/** Decodes the value of the TLV `ssl`: client (1), verify (4), and TLVs of its own. Octets that are missing are malformed. */
export function decodeProxiedTls(value: Uint8Array): Decoded<ProxiedTls> {
	const reader = new Reader(value);
	const client = reader.u8();
	const verify = reader.u32();
	if (reader.isShort) return malformed(`the TLV of TLS has ${value.length} octets; expected 5 at least`);
	const tlvs = readProxyTlvs(reader, false);
	if (typeof tlvs === "string") return malformed(tlvs);
	const octetsOf = (type: number) => tlvs.find((tlv) => tlv.type === type)?.value;
	const textOf = (type: number) => {
		const octets = octetsOf(type);
		return octets === undefined ? undefined : Buffer.from(octets).toString("latin1");
	};
	const hasCertificate = (client & clientFlag.certificateNow) !== 0;
	const hadCertificate = (client & clientFlag.certificateOnce) !== 0;
	return done(
		{
			isTls: (client & clientFlag.tls) !== 0,
			hasCertificate,
			hadCertificate,
			isVerified: (hasCertificate || hadCertificate) && verify === 0,
			version: textOf(tlsSubtype.version),
			commonName: textOf(tlsSubtype.commonName),
			cipher: textOf(tlsSubtype.cipher),
			signatureAlgorithm: textOf(tlsSubtype.signatureAlgorithm),
			keyAlgorithm: textOf(tlsSubtype.keyAlgorithm),
			group: textOf(tlsSubtype.group),
			signatureScheme: textOf(tlsSubtype.signatureScheme),
			certificate: octetsOf(tlsSubtype.certificate),
		},
		value.length,
	);
}

/** Encodes the value of the TLV `ssl`; `version` is as OpenSSL names it: `TLSv1.3`. */
export function encodeProxiedTls(tls: ProxiedTls): Uint8Array {
	const client =
		(tls.isTls ? clientFlag.tls : 0) |
		(tls.hasCertificate ? clientFlag.certificateNow : 0) |
		(tls.hadCertificate ? clientFlag.certificateOnce : 0);
	const writer = new Writer().u8(client).u32(tls.isVerified ? 0 : 1);
	const add = (type: number, value: Uint8Array | string | undefined) => {
		if (value !== undefined)
			writeProxyTlv(writer, type, typeof value === "string" ? Buffer.from(value, "latin1") : value);
	};
	add(tlsSubtype.version, tls.version);
	add(tlsSubtype.commonName, tls.commonName);
	add(tlsSubtype.cipher, tls.cipher);
	add(tlsSubtype.signatureAlgorithm, tls.signatureAlgorithm);
	add(tlsSubtype.keyAlgorithm, tls.keyAlgorithm);
	add(tlsSubtype.group, tls.group);
	add(tlsSubtype.signatureScheme, tls.signatureScheme);
	add(tlsSubtype.certificate, tls.certificate);
	return writer.finish();
}

const clientFlag = { tls: 1, certificateNow: 2, certificateOnce: 4 } as const;
const tlsSubtype = {
	version: 0x21,
	commonName: 0x22,
	cipher: 0x23,
	signatureAlgorithm: 0x24,
	keyAlgorithm: 0x25,
	group: 0x26,
	signatureScheme: 0x27,
	certificate: 0x28,
} as const;
