/**
 * What one certificate must be, wherever it stands in a path: readable, in its time, with a key and a signature
 * algorithm of strength, a CA when it issues, for the purpose when it is the leaf.
 *
 * These checks come before any signature is verified, so that a hostile chain is refused for little work.
 * Source: RFC 5280 §4.1, §4.2, §6.1.3 (a), §6.1.4 (k)-(o).
 */

import type { Certificate } from "#pki/certificate.ts";
import { keyUsageBit } from "#pki/extensions.ts";
import { extensionOid, purposeOid } from "#pki/oids.ts";
import type { PublicKeyInfo } from "#pki/public-key.ts";
import { type Refusal, type RefusalCode, refusal, type ValidationProfile } from "#pki/validation-profile.ts";
import { signatureScheme } from "#pki/verify-signature.ts";

/** What the checks need to know besides the certificate. */
export interface CheckContext {
	readonly profile: ValidationProfile;
	/** Milliseconds since 1970. */
	readonly now: number;
	/** The purpose in dotted form; undefined accepts every purpose. */
	readonly purpose: string | undefined;
}

export type Place = "leaf" | "intermediate" | "anchor";

/** A rule that is broken, before it is known whether the profile refuses for it. */
export interface Violation {
	readonly code: RefusalCode;
	readonly sentence: string;
}

/** One rule: looks at one thing, so that a rule the profile passes over cannot hide the next. */
export type Rule<C extends CheckContext> = (
	certificate: Certificate,
	context: C,
	place: Place,
) => Violation | undefined;

/** The first essential rule that the certificate breaks in this place and the profile refuses for, or undefined. */
export function checkCertificate(
	certificate: Certificate,
	place: Place,
	depth: number,
	context: CheckContext,
): Refusal | undefined {
	return firstRefusal(place === "leaf" ? leafRules : issuerRules, certificate, place, depth, context);
}

/** Asks the rules in order. `depth` is the certificate's place counted from the leaf. */
export function firstRefusal<C extends CheckContext>(
	rules: readonly Rule<C>[],
	certificate: Certificate,
	place: Place,
	depth: number,
	context: C,
): Refusal | undefined {
	for (const rule of rules) {
		const violation = rule(certificate, context, place);
		if (violation !== undefined && context.profile.refuses.has(violation.code))
			return refusal(
				violation.code,
				depth,
				`certificate ${depth} (${certificate.subject.shortText}): ${violation.sentence}`,
			);
	}
	return undefined;
}

function readable(certificate: Certificate): Violation | undefined {
	const [first] = certificate.faults;
	return first === undefined ? undefined : { code: "malformed", sentence: first };
}

function inTime(certificate: Certificate, { now }: CheckContext): Violation | undefined {
	// A certificate is valid through its last second.
	if (Math.floor(now / 1000) * 1000 > certificate.notAfter)
		return { code: "expired", sentence: `expired on ${dateText(certificate.notAfter)}` };
	if (now < certificate.notBefore)
		return { code: "not-yet-valid", sentence: `not valid before ${dateText(certificate.notBefore)}` };
	return undefined;
}

function understood(certificate: Certificate): Violation | undefined {
	for (const { oid, isCritical } of certificate.extensions) {
		if (isCritical && !processedExtensions.has(oid))
			return {
				code: "critical-extension-unknown",
				sentence: `the critical extension ${oid} is not one that is processed`,
			};
	}
	return undefined;
}

function strongKey({ publicKey }: Certificate, { profile }: CheckContext): Violation | undefined {
	return findWeakKey(publicKey, profile);
}

/** The key's kind, size and the numbers that betray a weak one (BR 6.1.6 for RSA exponents). */
export function findWeakKey(key: PublicKeyInfo, profile: ValidationProfile): Violation | undefined {
	const refuse = (sentence: string): Violation => ({ code: "key-refused", sentence });
	if (!profile.keyKinds.has(key.kind)) return refuse(`keys of kind ${key.kind} (${key.algorithm}) are not accepted`);
	if (key.kind === "ec" && !profile.curves.has(key.curve ?? ""))
		return key.hasInheritedParameters && profile.curves.has("inherited")
			? undefined
			: refuse(`the curve ${key.curve} is not accepted; expected ${[...profile.curves].join(", ")}`);
	if (key.kind !== "rsa" && key.kind !== "rsa-pss") return undefined;
	if (key.bits < profile.minRsaBits)
		return refuse(`an RSA key of ${key.bits} bits; at least ${profile.minRsaBits} are expected`);
	if (key.bits > maxRsaBits) return refuse(`an RSA key of ${key.bits} bits; at most ${maxRsaBits} are verified`);
	if (profile.mustRsaBitsBeOctets && key.bits % 8 !== 0)
		return refuse(`an RSA key of ${key.bits} bits is not whole octets`);
	if (isEven(key.modulus)) return refuse("an RSA modulus that is even");
	const exponent = key.exponent ?? noOctets;
	const isSmall = exponent.length === 0 || (exponent.length === 1 && (exponent[0] as number) < 3);
	if (isSmall || isEven(exponent) || exponent.length > maxExponentOctets)
		return refuse("an RSA exponent that is even, below 3 or above 64 bits");
	return undefined;
}

function strongSignature(
	{ signatureAlgorithm }: Certificate,
	{ profile }: CheckContext,
	place: Place,
): Violation | undefined {
	if (place === "anchor") return undefined;
	const scheme = signatureScheme(signatureAlgorithm);
	const code = "signature-algorithm-refused";
	if (scheme === undefined)
		return {
			code,
			sentence: `the signature algorithm ${signatureAlgorithm.oid} is unknown, or its parameters are wrong`,
		};
	if (scheme.hash !== "" && !profile.hashes.has(scheme.hash)) return { code, sentence: `signed with ${scheme.hash}` };
	return undefined;
}

function versionThree(certificate: Certificate, _: CheckContext, place: Place): Violation | undefined {
	if (certificate.version === 3) return undefined;
	return {
		code: place === "anchor" ? "anchor-not-version-3" : "not-version-3",
		sentence: `expected version 3, got ${certificate.version}`,
	};
}

function leafPurpose({ typed }: Certificate, { purpose }: CheckContext): Violation | undefined {
	const purposes = typed.extendedKeyUsage;
	if (purpose === undefined || purposes === undefined || isFor(purposes, purpose)) return undefined;
	return {
		code: "leaf-extended-key-usage",
		sentence: `extendedKeyUsage is ${purposes.join(", ")}; expected ${purpose}`,
	};
}

function leafHandshake({ typed }: Certificate, { purpose }: CheckContext): Violation | undefined {
	if (!isForTls(purpose) || typed.keyUsage === undefined || (typed.keyUsage & handshakeBits) !== 0) return undefined;
	return { code: "leaf-key-usage", sentence: "keyUsage allows neither signatures nor key exchange" };
}

function leafSignature({ typed }: Certificate, { purpose }: CheckContext): Violation | undefined {
	if (!isForTls(purpose) || typed.keyUsage === undefined) return undefined;
	if ((typed.keyUsage & keyUsageBit.digitalSignature) !== 0) return undefined;
	return { code: "leaf-key-usage-signature", sentence: "keyUsage lacks digitalSignature" };
}

function markedAsCa({ typed }: Certificate, _: CheckContext, place: Place): Violation | undefined {
	if (typed.basicConstraints?.isCa === true) return undefined;
	return {
		code:
			place === "anchor" && typed.basicConstraints === undefined ? "anchor-basic-constraints" : "ca-basic-constraints",
		sentence: "it issues certificates and its basicConstraints does not say CA",
	};
}

function maySignCertificates({ typed }: Certificate): Violation | undefined {
	if (typed.keyUsage === undefined || (typed.keyUsage & keyUsageBit.keyCertSign) !== 0) return undefined;
	return { code: "ca-key-usage", sentence: "it issues certificates and its keyUsage lacks keyCertSign" };
}

function caNamed({ subject }: Certificate): Violation | undefined {
	return subject.isEmpty ? { code: "ca-subject-empty", sentence: "a CA without a subject name" } : undefined;
}

function caPurpose({ typed }: Certificate, { purpose }: CheckContext): Violation | undefined {
	const purposes = typed.extendedKeyUsage;
	if (purpose === undefined || purposes === undefined || isFor(purposes, purpose)) return undefined;
	return {
		code: "ca-extended-key-usage",
		sentence: `extendedKeyUsage is ${purposes.join(", ")}; expected ${purpose} in it`,
	};
}

function isFor(purposes: readonly string[], purpose: string): boolean {
	return purposes.includes(purpose) || purposes.includes(purposeOid.any);
}

function isForTls(purpose: string | undefined): boolean {
	return purpose === purposeOid.serverAuth || purpose === purposeOid.clientAuth;
}

function isEven(octets: Uint8Array | undefined): boolean {
	return ((octets?.at(-1) ?? 0) & 1) === 0;
}

/** `2026-11-20 12:00:00 UTC`. */
export function dateText(milliseconds: number): string {
	return `${new Date(milliseconds).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

/** Verifying with a larger key would cost more than the work budget reckons with. */
const maxRsaBits = 8192;
const maxExponentOctets = 8;
const noOctets = new Uint8Array(0);
const handshakeBits = keyUsageBit.digitalSignature | keyUsageBit.keyEncipherment | keyUsageBit.keyAgreement;

const everywhere: readonly Rule<CheckContext>[] = [
	readable,
	inTime,
	understood,
	strongKey,
	strongSignature,
	versionThree,
];
const leafRules: readonly Rule<CheckContext>[] = [...everywhere, leafPurpose, leafHandshake, leafSignature];
const issuerRules: readonly Rule<CheckContext>[] = [...everywhere, markedAsCa, maySignCertificates, caNamed, caPurpose];

/** The extensions whose demands this validator keeps. */
const processedExtensions: ReadonlySet<string> = new Set([
	extensionOid.basicConstraints,
	extensionOid.keyUsage,
	extensionOid.extendedKeyUsage,
	extensionOid.subjectAltName,
	extensionOid.nameConstraints,
	extensionOid.certificatePolicies,
	extensionOid.policyMappings,
	extensionOid.policyConstraints,
	extensionOid.inhibitAnyPolicy,
	extensionOid.crlDistributionPoints,
	extensionOid.tlsFeature,
	// Only identifiers and pointers; whether they may be critical is a rule of form.
	extensionOid.authorityKeyIdentifier,
	extensionOid.subjectKeyIdentifier,
	extensionOid.authorityInfoAccess,
]);
