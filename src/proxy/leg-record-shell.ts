/** What one TLS leg negotiated, read off its socket. */
import type { X509Certificate } from "node:crypto";
import type { TLSSocket } from "node:tls";
import type { Certificate } from "#pki/certificate.ts";
import type { LegRecord } from "#telemetry/session-record.ts";

/** `group` and `certificate` where the caller knows them: the runtime tells the group on the leg to the server alone. */
export function legRecord(
	socket: TLSSocket,
	group: string | undefined,
	certificate: Certificate | undefined,
): LegRecord {
	const alpn = alpnOf(socket);
	return {
		version: socket.getProtocol() ?? "",
		cipherSuite: socket.getCipher()?.standardName ?? "",
		...(group === undefined ? {} : { group }),
		...(alpn === undefined ? {} : { alpn }),
		isResumed: socket.isSessionReused(),
		...(certificate === undefined ? {} : { certificateSha256: certificate.fingerprint }),
	};
}

/** The group of the leg to a server, by the name that the field gives it. */
export function groupOf(socket: TLSSocket): string | undefined {
	const info = socket.getEphemeralKeyInfo() as { name?: string } | null;
	return info?.name === undefined ? undefined : (groupNames[info.name] ?? info.name);
}

/** Version and suite in words; empty without TLS. */
export function tlsInWords(socket: TLSSocket | undefined): string {
	return socket === undefined ? "" : `${socket.getProtocol() ?? ""} ${socket.getCipher()?.standardName ?? ""}`.trim();
}

/** The protocol that was agreed upon. */
export function alpnOf(socket: TLSSocket | undefined): string | undefined {
	const chosen = socket?.alpnProtocol;
	return typeof chosen === "string" && chosen !== "" ? chosen : undefined;
}

/** OpenSSL's names where the field's differ. */
const groupNames: Readonly<Record<string, string>> = { prime256v1: "P-256", secp384r1: "P-384", secp521r1: "P-521" };

/** What the peer sent besides its certificate, and the root that OpenSSL found; DER. */
export function issuersOf(certificate: X509Certificate): Uint8Array[] {
	const issuers: Uint8Array[] = [];
	let at = certificate.issuerCertificate;
	while (at !== undefined && issuers.length < maxIssuers) {
		issuers.push(at.raw);
		at = at.issuerCertificate;
	}
	return issuers;
}

/** OpenSSL's verdict on the peer's chain, by its code; undefined when it trusts it. */
export function opensslErrorOf(socket: TLSSocket): string | undefined {
	const verdict = socket.authorizationError as (Error & { code?: string }) | string | null | undefined;
	return verdict instanceof Error ? (verdict.code ?? verdict.message) : (verdict ?? undefined);
}

const maxIssuers = 16;
