/** What the gateway's own leaf says when the gateway itself is the server: the part of an origin's certificate. */
import { type Certificate, decodeCertificate } from "#pki/certificate.ts";
import { derElement, derOid, derSequence, derSetOf, derUtf8String } from "#pki/der.ts";
import { assembleCertificate, planLeaf, type SigningCa } from "#pki/mint.ts";

/**
 * A certificate for `host` that nobody has signed and nobody gets to see: the pattern for a leaf. The same for all
 * workers, and for about a month; its dates begin in the past and have a month to go at least.
 */
export function ownIdentity(host: string, ca: SigningCa, now: number): Certificate {
	const notBefore = Math.floor(now / periodMs) * periodMs - dayMs;
	const name = derSequence(derSetOf(derSequence(derOid("2.5.4.3"), derUtf8String(host))));
	const subjectAltName = derSequence(derElement(0x82, Buffer.from(host, "latin1")));
	const identity = { subject: name, subjectAltName, notBefore, notAfter: notBefore + 2 * periodMs, hasCrl: false };
	const key = { publicKeyInfo: placeholderKey, keyIdentifier: noOctets, keyType: "ec" } as const;
	const toBeSigned = planLeaf(identity, ca, key, serial, { now, maximumLifetimeMs: 2 * periodMs, crlHost: undefined });
	const decoded = decodeCertificate(assembleCertificate(toBeSigned, ca.scheme, noOctets));
	if (decoded.kind !== "done") throw new Error(`the pattern of the own leaf for ${host} cannot be read`);
	return decoded.value;
}

const dayMs = 86_400_000;
const periodMs = 30 * dayMs;
const noOctets = new Uint8Array(8);
const serial = new Uint8Array(16).fill(0x5a);
/** SubjectPublicKeyInfo of Ed25519 with a key of zeros (RFC 8410 §4): it is in no leaf. */
const placeholderKey = derSequence(derSequence(derOid("1.3.101.112")), derElement(0x03, new Uint8Array(33)));
