/**
 * Keys of an association of IKE as a line of Wireshark's `ikev2_decryption_table`.
 *
 *     SPIi,SPIr,SK_ei,SK_er,"cipher",SK_ai,SK_ar,"integrity"
 *
 * Danger: who has the line reads the negotiation that it is of.
 */
import type { IkeAlgorithms, IkeKeys } from "#ike/crypto/derive-keys.ts";

export interface LoggedAssociation {
	readonly initiatorSpi: Uint8Array;
	readonly responderSpi: Uint8Array;
	readonly algorithms: IkeAlgorithms;
	readonly keys: IkeKeys;
}

/** The line; undefined when Wireshark knows no such cipher. */
export function danger_decryptionLine(one: LoggedAssociation): string | undefined {
	const { algorithms, keys } = one;
	const cipher = cipherNames[algorithms.cipher.name];
	const integrity = algorithms.integrity === undefined ? noIntegrity : integrityNames[algorithms.integrity.name];
	if (cipher === undefined || integrity === undefined) return undefined;
	return [
		hexOf(one.initiatorSpi),
		hexOf(one.responderSpi),
		hexOf(keys.initiator.encryption),
		hexOf(keys.responder.encryption),
		`"${cipher}"`,
		hexOf(keys.initiator.integrity),
		hexOf(keys.responder.integrity),
		`"${integrity}"`,
	].join(",");
}

function hexOf(octets: Uint8Array): string {
	return Buffer.from(octets).toString("hex");
}

const cipherNames: Readonly<Record<string, string>> = {
	"3des-cbc": "3DES [RFC2451]",
	"aes-128-cbc": "AES-CBC-128 [RFC3602]",
	"aes-192-cbc": "AES-CBC-192 [RFC3602]",
	"aes-256-cbc": "AES-CBC-256 [RFC3602]",
	"aes-128-gcm": "AES-GCM-128 with 16 octet ICV [RFC5282]",
	"aes-192-gcm": "AES-GCM-192 with 16 octet ICV [RFC5282]",
	"aes-256-gcm": "AES-GCM-256 with 16 octet ICV [RFC5282]",
};
const integrityNames: Readonly<Record<string, string>> = {
	"hmac-md5-96": "HMAC_MD5_96 [RFC2403]",
	"hmac-sha1-96": "HMAC_SHA1_96 [RFC2404]",
	"hmac-sha-256-128": "HMAC_SHA2_256_128 [RFC4868]",
	"hmac-sha-384": "HMAC_SHA2_384_192 [RFC4868]",
	"hmac-sha-512": "HMAC_SHA2_512_256 [RFC4868]",
};
const noIntegrity = "NONE [RFC4306]";
