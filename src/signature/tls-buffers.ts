/** The buffers of a TLS handshake. */
import { createHash } from "node:crypto";
import type { Certificate } from "#pki/certificate.ts";
import type { DistinguishedName } from "#pki/name.ts";
import { attributeShortName } from "#pki/oids.ts";
import type { BufferName } from "#signature/buffer-table.ts";
import type { ClientHello } from "#tls/client-hello.ts";
import { ja3, ja3Text } from "#tls/fingerprint.ts";
import { isGrease } from "#tls/grease.ts";
import type { ServerHello } from "#tls/server-hello.ts";

/** What was seen of a handshake so far. */
export interface HandshakeFacts {
	readonly clientHello?: ClientHello;
	readonly serverHello?: ServerHello;
	/** The server's chain, its own certificate first. */
	readonly chain?: readonly Certificate[];
}

/** The octets of a buffer; several for `tls.certs`, none when the handshake has no such thing. */
export function tlsBuffer(name: BufferName, { clientHello, serverHello, chain }: HandshakeFacts): readonly Buffer[] {
	const certificate = chain?.[0];
	switch (name) {
		case "tls.sni":
			return texts(clientHello?.sni);
		case "ja3.hash":
			return texts(clientHello === undefined ? undefined : ja3(clientHello));
		case "ja3.string":
			return texts(clientHello === undefined ? undefined : ja3Text(clientHello));
		case "ja3s.hash":
			return texts(
				serverHello === undefined ? undefined : createHash("md5").update(ja3sText(serverHello)).digest("hex"),
			);
		case "ja3s.string":
			return texts(serverHello === undefined ? undefined : ja3sText(serverHello));
		case "tls.cert_subject":
			return texts(certificate === undefined ? undefined : nameText(certificate.subject));
		case "tls.cert_issuer":
			return texts(certificate === undefined ? undefined : nameText(certificate.issuer));
		case "tls.cert_serial":
			return texts(certificate?.serialText.replace(/(..)(?=.)/g, "$1:"));
		case "tls.cert_fingerprint":
			return texts(certificate === undefined ? undefined : fingerprint(certificate));
		case "tls.certs":
			return (chain ?? []).map(({ der }) => Buffer.from(der.buffer, der.byteOffset, der.length));
		default:
			return [];
	}
}

/** `C=US, O=Example, CN=example.com`: the order of the certificate, as Suricata writes it. */
export function nameText(name: DistinguishedName): string {
	return name.relativeNames
		.map((attributes) =>
			attributes.map(({ type, text }) => `${attributeShortName[type] ?? type}=${text ?? ""}`).join(" + "),
		)
		.join(", ");
}

/** What JA3S hashes: `version,suite,extensions`, in decimal (github.com/salesforce/ja3). */
export function ja3sText({ version, cipherSuite, extensionTypes }: ServerHello): string {
	// TLS 1.3 says 1.2 in the field that JA3S reads.
	return `${Math.min(version, 0x0303)},${cipherSuite},${extensionTypes.filter((type) => !isGrease(type)).join("-")}`;
}

function fingerprint({ der }: Certificate): string {
	return createHash("sha1")
		.update(der)
		.digest("hex")
		.replace(/(..)(?=.)/g, "$1:");
}

function texts(text: string | undefined): readonly Buffer[] {
	return text === undefined ? [] : [Buffer.from(text, "utf8")];
}
