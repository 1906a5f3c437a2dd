/**
 * Which kind of key a leaf has: the class of the server's own key, so that the client sees neither another algorithm nor
 * more strength than there is behind the gateway (checklist M8).
 *
 * | server's key | leaf, best first | strength of the first |
 * |---|---|---|
 * | P-256, Ed25519, other curves below 384 bits, ML-DSA-44 | P-256, RSA 2048, P-384 | 128 bits |
 * | P-384 and above, Ed448, ML-DSA-65 and -87 | P-384, P-256, RSA 3072 | 192 bits |
 * | RSA below 3072 bits | RSA 2048, P-256, P-384 | 112 bits |
 * | RSA of 3072 bits and more | RSA 3072, P-256, P-384 | 128 bits |
 *
 * The others of a row are for clients that do not take the first. A leaf stronger than its server comes last, and only
 * when there is no other that the client takes. Browsers take no Ed25519, P-521 and ML-DSA leaves, and none below RSA 2048.
 * Source: NIST SP 800-57 part 1, table 2; CA/Browser Forum baseline requirements §6.1.5.
 */
import type { PublicKeyInfo } from "#pki/public-key.ts";

export type LeafKeyClass = "p256" | "p384" | "rsa2048" | "rsa3072";

/** The classes for a server's key, best first; none when the key is below the floor, where anybody may have it. */
export function leafKeyClasses({ kind, bits, curve }: PublicKeyInfo): readonly LeafKeyClass[] {
	switch (kind) {
		case "rsa":
		case "rsa-pss":
			if (bits < rsaFloorBits) return [];
			return bits < strongRsaBits ? ["rsa2048", "p256", "p384"] : ["rsa3072", "p256", "p384"];
		case "ec":
			if (bits > 0 && bits < ecFloorBits) return [];
			return bits >= 384 && curve !== undefined ? strongCurve : usualCurve;
		case "ed448":
		case "ml-dsa-65":
		case "ml-dsa-87":
			return strongCurve;
		case "ed25519":
		case "ml-dsa-44":
			return usualCurve;
		default:
			return [];
	}
}

/** The algorithm of a class: it names the signing CA of the same kind. */
export function isRsaClass(keyClass: LeafKeyClass): boolean {
	return keyClass === "rsa2048" || keyClass === "rsa3072";
}

const usualCurve: readonly LeafKeyClass[] = ["p256", "rsa2048", "p384"];
const strongCurve: readonly LeafKeyClass[] = ["p384", "p256", "rsa3072"];
const strongRsaBits = 3_072;
/** Numbers of 829 bits have been factored (RSA-250, 2020). */
const rsaFloorBits = 1_024;
const ecFloorBits = 224;
