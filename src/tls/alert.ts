/**
 * TLS alerts: the table, the record that carries one before any key is agreed, and what an error of the TLS engine says
 * about the alert that the peer sent.
 *
 * Source: IANA "TLS Alerts"; RFC 8446 §6, RFC 5246 §7.2, RFC 6066 §9, RFC 7301 §3.2, RFC 7507 §3, RFC 9849 §11.2.
 */

import { contentType, encodeRecord, protocolVersion } from "#tls/record.ts";

export type AlertLevel = "warning" | "fatal";

export type AlertName = keyof typeof rows;

/** One row of the table. */
export interface Alert {
	readonly code: number;
	/** The IANA name. */
	readonly name: string;
	readonly rfc: string;
	readonly says: string;
	/** True when a peer that sends it did not accept the certificate that it was shown. */
	readonly isCertificateRefused: boolean;
}

/** What the peer's alert means for the gateway. */
export interface PeerAlert {
	readonly alert: Alert;
	/** The peer did not accept our certificate: a client that does not trust the CA, or pins its server. */
	readonly peerRefusedCertificate: boolean;
	/** The peer wants a certificate of ours and got none (TLS 1.3 says so clearly; before it says handshake_failure). */
	readonly peerWantsCertificate: boolean;
}

/** The row of an alert description; a code without a row is named by its number. */
export function alertOf(code: number): Alert {
	const row = byCode.get(code);
	if (row !== undefined) return row;
	return { code, name: `alert_${code}`, rfc: "", says: "an unassigned alert", isCertificateRefused: false };
}

/** The alert for a message: `unknown_ca (48): the issuer of the certificate is not trusted`. */
export function describeAlert(code: number): string {
	const { name, says } = alertOf(code);
	return `${name} (${code}): ${says}`;
}

/**
 * The record that tells a peer why the connection ends before any key was agreed: level and description stand in clear.
 *
 * Units: `alert` is a row's name or its code; `legacyVersion` is the version of the record, which a peer of TLS 1.0
 * may want to be its own.
 */
export function encodeAlert(
	alert: AlertName | number,
	level: AlertLevel = "fatal",
	legacyVersion: number = protocolVersion.tls12,
): Uint8Array {
	const description = typeof alert === "number" ? alert : rows[alert].code;
	return encodeRecord(contentType.alert, legacyVersion, Uint8Array.of(level === "fatal" ? 2 : 1, description));
}

/**
 * What alert of the peer an error of `node:tls` reports; undefined when it reports none (an own failure, a reset).
 *
 * OpenSSL ends the text with `SSL alert number 48`. Where the text is lost the code is read: `ERR_SSL_`, then a family
 * that changed between OpenSSL releases (`SSLV3_ALERT_`, since 3.5 `SSL/TLS_ALERT_`), then the name.
 */
export function peerAlertOf(error: { readonly code?: unknown; readonly message?: unknown }): PeerAlert | undefined {
	const row = rowByNumber(error.message) ?? rowByErrorCode(error.code);
	if (row === undefined) return undefined;
	return {
		alert: row,
		peerRefusedCertificate: row.isCertificateRefused,
		peerWantsCertificate: row.code === rows.certificate_required.code,
	};
}

function rowByNumber(message: unknown): Alert | undefined {
	if (typeof message !== "string") return undefined;
	const match = /SSL alert number (\d{1,3})\s*$/.exec(message);
	return match === null ? undefined : alertOf(Number(match[1]));
}

function rowByErrorCode(code: unknown): Alert | undefined {
	if (typeof code !== "string") return undefined;
	const match = /^ERR_SSL_(?:(?:SSL\/TLS|SSLV3|TLSV1|TLSV13)_ALERT_|TLSV1_)([A-Z_]+)$/.exec(code);
	const name = match?.[1];
	return name === undefined ? undefined : byOpensslName.get(name);
}

function row(code: number, rfc: string, says: string, isCertificateRefused = false): Omit<Alert, "name"> {
	return { code, rfc, says, isCertificateRefused };
}

const rows = {
	close_notify: row(0, "RFC 8446", "the peer sends nothing more"),
	unexpected_message: row(10, "RFC 8446", "a message came out of turn"),
	bad_record_mac: row(20, "RFC 8446", "a record could not be authenticated"),
	decryption_failed: row(21, "RFC 5246", "a record could not be decrypted"),
	record_overflow: row(22, "RFC 8446", "a record was too long"),
	decompression_failure: row(30, "RFC 5246", "a record could not be decompressed"),
	handshake_failure: row(40, "RFC 8446", "no acceptable set of parameters"),
	no_certificate: row(41, "RFC 5246", "the peer has no certificate to show"),
	bad_certificate: row(42, "RFC 8446", "the certificate was refused", true),
	unsupported_certificate: row(43, "RFC 8446", "the kind of certificate is not supported", true),
	certificate_revoked: row(44, "RFC 8446", "the certificate is revoked", true),
	certificate_expired: row(45, "RFC 8446", "the certificate has expired or is not yet valid", true),
	certificate_unknown: row(46, "RFC 8446", "the certificate was not accepted", true),
	illegal_parameter: row(47, "RFC 8446", "a field of the handshake is wrong or inconsistent"),
	unknown_ca: row(48, "RFC 8446", "the issuer of the certificate is not trusted", true),
	access_denied: row(49, "RFC 8446", "the certificate is valid and access is denied"),
	decode_error: row(50, "RFC 8446", "a message could not be decoded"),
	decrypt_error: row(51, "RFC 8446", "a signature or Finished message could not be verified"),
	export_restriction: row(60, "RFC 5246", "export restrictions are not met"),
	protocol_version: row(70, "RFC 8446", "the protocol version is not supported"),
	insufficient_security: row(71, "RFC 8446", "the offered parameters are too weak"),
	internal_error: row(80, "RFC 8446", "an internal error"),
	inappropriate_fallback: row(86, "RFC 7507", "the client fell back to an older version without need"),
	user_canceled: row(90, "RFC 8446", "the user canceled the handshake"),
	no_renegotiation: row(100, "RFC 5246", "renegotiation is refused"),
	missing_extension: row(109, "RFC 8446", "a required extension is missing"),
	unsupported_extension: row(110, "RFC 8446", "an extension came that was not asked for"),
	certificate_unobtainable: row(111, "RFC 6066", "a certificate could not be fetched"),
	unrecognized_name: row(112, "RFC 6066", "no server of that name"),
	bad_certificate_status_response: row(113, "RFC 6066", "the stapled revocation answer was refused", true),
	bad_certificate_hash_value: row(114, "RFC 6066", "the certificate does not match its hash", true),
	unknown_psk_identity: row(115, "RFC 8446", "no pre-shared key of that identity"),
	certificate_required: row(116, "RFC 8446", "a client certificate is required and none was sent"),
	no_application_protocol: row(120, "RFC 7301", "no common application protocol"),
	ech_required: row(121, "RFC 9849", "the client insists on Encrypted Client Hello"),
} as const satisfies Record<string, Omit<Alert, "name">>;

/** What the engine says of a peer that closed before its handshake was done. */
export const peerClosedHandshake = "the peer closed the connection during the handshake";

/** Every assigned alert, by code. */
export const alerts: readonly Alert[] = Object.entries(rows).map(([name, fields]) => ({ name, ...fields }));

const byCode: ReadonlyMap<number, Alert> = new Map(alerts.map((alert) => [alert.code, alert]));

/** OpenSSL's spelling is IANA's in capitals, but for one. */
const byOpensslName: ReadonlyMap<string, Alert> = new Map(
	alerts.map((alert) => [alert.name === "user_canceled" ? "USER_CANCELLED" : alert.name.toUpperCase(), alert]),
);
