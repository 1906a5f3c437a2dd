/**
 * Why a chain can be refused, and which of three profiles refuses for it. One table: the validator asks it, and the
 * documentation prints it.
 *
 * - strict: RFC 5280 to the letter and the CA/Browser Forum's Baseline Requirements as far as a verifier can see them.
 * - web-pki (default): what publicly trusted certificates keep, so that a certificate outside those rules stands out.
 * - lenient: for private PKIs. Everything that decides about safety stays; rules about form fall away.
 */

import type { KeyKind } from "#pki/public-key.ts";
import { visibleText } from "#telemetry/display-text.ts";

export type ProfileName = "strict" | "web-pki" | "lenient";

interface RefusalRow {
	readonly says: string;
	/** Where the rule stands. BR is the CA/Browser Forum's Baseline Requirements for TLS server certificates. */
	readonly source: string;
	/** The profiles that refuse. */
	readonly in: readonly ProfileName[];
}

const every: readonly ProfileName[] = ["strict", "web-pki", "lenient"];
const notLenient: readonly ProfileName[] = ["strict", "web-pki"];
const strictOnly: readonly ProfileName[] = ["strict"];

const rows = {
	// The path
	"unknown-issuer": { says: "no trust anchor was reached", source: "RFC 5280 §6.1", in: every },
	"self-signed": {
		says: "the certificate is signed by its own key and is no trust anchor",
		source: "RFC 5280 §6.1",
		in: every,
	},
	"signature-invalid": {
		says: "a signature does not verify with the issuer's key",
		source: "RFC 5280 §6.1.3 (a)(1)",
		in: every,
	},
	"too-much-work": {
		says: "the search for a path or its checks exceed the work budget",
		source: "RFC 5280 §8",
		in: every,
	},
	"path-too-long": {
		says: "more intermediate certificates than a CA or the caller allows",
		source: "RFC 5280 §6.1.4 (l)",
		in: every,
	},
	"own-authority": {
		says: "the path leads through the gateway's own signing CA",
		source: "de Carné de Carnavalet and Mannan, NDSS 2016",
		in: every,
	},
	"leaf-is-anchor": {
		says: "the server's own certificate stands in the trust store",
		source: "RFC 5280 §6.1",
		in: notLenient,
	},
	"name-mismatch": { says: "the certificate is not for the host", source: "RFC 9525 §6", in: every },

	// Each certificate
	malformed: { says: "a part of the certificate is malformed or repeated", source: "RFC 5280 §4.2", in: every },
	expired: { says: "the certificate's validity has ended", source: "RFC 5280 §6.1.3 (a)(2)", in: every },
	"not-yet-valid": { says: "the certificate's validity has not begun", source: "RFC 5280 §6.1.3 (a)(2)", in: every },
	"critical-extension-unknown": {
		says: "a critical extension is not one that is processed",
		source: "RFC 5280 §4.2",
		in: every,
	},
	"signature-algorithm-refused": {
		says: "the signature algorithm is unknown or too weak",
		source: "BR 7.1.3.2; RFC 9155",
		in: every,
	},
	"key-refused": {
		says: "the key is too small, too large, of another kind, or visibly weak",
		source: "BR 6.1.5, 6.1.6",
		in: every,
	},
	"not-version-3": { says: "the certificate is not version 3", source: "RFC 5280 §6.1.4 (k); BR 7.1.1", in: every },
	"anchor-not-version-3": { says: "the trust anchor is not version 3", source: "BR 7.1.1", in: notLenient },
	"issuer-name-empty": { says: "the issuer has no name", source: "RFC 5280 §4.1.2.4", in: every },

	// Certificate authorities
	"ca-basic-constraints": { says: "an issuer is not marked as a CA", source: "RFC 5280 §6.1.4 (k)", in: every },
	"anchor-basic-constraints": {
		says: "the trust anchor is not marked as a CA",
		source: "RFC 5280 §4.2.1.9",
		in: notLenient,
	},
	"ca-basic-constraints-critical": {
		says: "a CA's basicConstraints is not critical",
		source: "RFC 5280 §4.2.1.9",
		in: notLenient,
	},
	"ca-key-usage": { says: "an issuer's keyUsage lacks keyCertSign", source: "RFC 5280 §6.1.4 (n)", in: every },
	"ca-key-usage-missing": { says: "an intermediate has no keyUsage", source: "RFC 5280 §4.2.1.3", in: strictOnly },
	"ca-subject-empty": { says: "a CA has no subject name", source: "RFC 5280 §4.1.2.6", in: every },
	"ca-extended-key-usage": {
		says: "an issuer's extendedKeyUsage excludes the purpose",
		source: "BR 7.1.2.2; RFC 5280 §4.2.1.12",
		in: every,
	},
	"ca-subject-key-identifier": {
		says: "a CA has no subjectKeyIdentifier",
		source: "RFC 5280 §4.2.1.2",
		in: notLenient,
	},
	"anchor-extended-key-usage": {
		says: "the trust anchor has an extendedKeyUsage",
		source: "BR 7.1.2.1.2",
		in: strictOnly,
	},
	"anchor-authority-key-identifier": {
		says: "the trust anchor's authorityKeyIdentifier is not its own key identifier alone",
		source: "BR 7.1.2.1.3",
		in: notLenient,
	},

	// The server's certificate
	"leaf-extended-key-usage": {
		says: "the extendedKeyUsage does not allow the purpose",
		source: "RFC 5280 §4.2.1.12",
		in: every,
	},
	"leaf-extended-key-usage-missing": { says: "there is no extendedKeyUsage", source: "BR 7.1.2.7.6", in: strictOnly },
	"leaf-extended-key-usage-any": {
		says: "anyExtendedKeyUsage stands in for the purpose",
		source: "BR 7.1.2.7.10",
		in: strictOnly,
	},
	"leaf-extended-key-usage-critical": {
		says: "the extendedKeyUsage is critical",
		source: "BR 7.1.2.7.6",
		in: strictOnly,
	},
	"leaf-key-usage": { says: "the keyUsage does not allow a TLS handshake", source: "RFC 8446 §4.4.2.2", in: every },
	"leaf-key-usage-signature": {
		says: "the keyUsage lacks digitalSignature",
		source: "RFC 8446 §4.4.2.2",
		in: notLenient,
	},
	"leaf-key-cert-sign": { says: "keyCertSign is set without being a CA", source: "RFC 5280 §4.2.1.9", in: notLenient },
	"leaf-is-ca": { says: "the server's certificate is a CA", source: "BR 7.1.2.7.8", in: notLenient },
	"leaf-name-constraints": {
		says: "nameConstraints stands in a certificate that is no CA",
		source: "RFC 5280 §4.2.1.10",
		in: notLenient,
	},
	"leaf-names-missing": { says: "there is no subjectAltName", source: "RFC 9525 §6.1; BR 7.1.2.7.12", in: notLenient },
	"leaf-dns-name-syntax": {
		says: "a dNSName is not in preferred name syntax",
		source: "RFC 5280 §4.2.1.6",
		in: notLenient,
	},
	"leaf-wildcard-public-suffix": { says: "a wildcard covers a public suffix", source: "BR 3.2.2.6", in: strictOnly },
	"leaf-address-syntax": { says: "an iPAddress has neither 4 nor 16 octets", source: "RFC 5280 §4.2.1.6", in: every },
	"leaf-email-syntax": { says: "an rfc822Name is not a mailbox", source: "RFC 5280 §4.2.1.6", in: notLenient },
	"leaf-names-not-critical": {
		says: "the subject is empty and subjectAltName is not critical",
		source: "RFC 5280 §4.2.1.6",
		in: notLenient,
	},
	"leaf-names-critical": {
		says: "the subject is not empty and subjectAltName is critical",
		source: "BR 7.1.2.7.12",
		in: notLenient,
	},
	"leaf-common-name": {
		says: "the common name is not one of the subjectAltName's names",
		source: "BR 7.1.4.3",
		in: strictOnly,
	},
	"leaf-common-name-foreign": {
		says: "the common name is none of the subjectAltName's names and no domain above one",
		source: "BR 7.1.4.3",
		in: notLenient,
	},

	// The form of extensions
	"serial-number": {
		says: "the serial number is not positive or longer than 20 octets",
		source: "RFC 5280 §4.1.2.2",
		in: strictOnly,
	},
	"authority-key-identifier-missing": {
		says: "there is no authority key identifier",
		source: "RFC 5280 §4.2.1.1",
		in: notLenient,
	},
	"anchor-authority-key-identifier-missing": {
		says: "the trust anchor is not self-issued and has no authority key identifier",
		source: "RFC 5280 §4.2.1.1",
		in: strictOnly,
	},
	"extension-must-not-be-critical": {
		says: "an identifier or information access extension is critical",
		source: "RFC 5280 §4.2.1.1, §4.2.1.2, §4.2.2.1",
		in: notLenient,
	},
	"policy-constraints-not-critical": {
		says: "policyConstraints or inhibitAnyPolicy is not critical",
		source: "RFC 5280 §4.2.1.11, §4.2.1.14",
		in: notLenient,
	},
	"name-constraints-not-critical": {
		says: "nameConstraints is not critical",
		source: "RFC 5280 §4.2.1.10",
		in: strictOnly,
	},

	"crl-number": {
		says: "a CRL has no CRL number, or a critical one",
		source: "RFC 5280 §5.2.3",
		in: notLenient,
	},

	// Constraints over the path
	"name-constraint-violated": {
		says: "a name lies outside what a CA may certify",
		source: "RFC 5280 §6.1.3 (b), (c)",
		in: every,
	},
	"name-constraint-malformed": { says: "a name constraint cannot be applied", source: "RFC 5280 §4.2.1.10", in: every },
	"name-constraint-leading-period": {
		says: "a DNS name constraint begins with a period",
		source: "RFC 5280 §4.2.1.10",
		in: notLenient,
	},
	"policy-mapping-any": { says: "a policy mapping names anyPolicy", source: "RFC 5280 §6.1.4 (a)", in: every },
	"no-valid-policy": {
		says: "an explicit policy is required and none is valid",
		source: "RFC 5280 §6.1.3 (f), §6.1.5 (g)",
		in: every,
	},
} as const satisfies Record<string, RefusalRow>;

export type RefusalCode = keyof typeof rows;

/** The table by code. */
export const refusalTable: Readonly<Record<RefusalCode, RefusalRow>> = rows;

/** What a validation enforces. The three presets are below; a test may make its own. */
export interface ValidationProfile {
	readonly name: string;
	readonly refuses: ReadonlySet<RefusalCode>;
	readonly keyKinds: ReadonlySet<KeyKind>;
	readonly curves: ReadonlySet<string>;
	readonly minRsaBits: number;
	/** Modulus lengths must be whole octets (BR 6.1.5). */
	readonly mustRsaBitsBeOctets: boolean;
	/** Hash functions that may be signed with. */
	readonly hashes: ReadonlySet<string>;
}

const nistCurves = ["P-256", "P-384", "P-521"];
const strongHashes: ReadonlySet<string> = new Set(["sha256", "sha384", "sha512"]);

export const validationProfiles: Readonly<Record<ProfileName, ValidationProfile>> = {
	strict: {
		name: "strict",
		refuses: refusedBy("strict"),
		keyKinds: new Set<KeyKind>(["rsa", "ec"]),
		curves: new Set(nistCurves),
		minRsaBits: 2048,
		mustRsaBitsBeOctets: true,
		hashes: strongHashes,
	},
	"web-pki": {
		name: "web-pki",
		refuses: refusedBy("web-pki"),
		keyKinds: new Set<KeyKind>(["rsa", "ec", "ed25519", "ml-dsa-44", "ml-dsa-65", "ml-dsa-87"]),
		curves: new Set(nistCurves),
		minRsaBits: 2048,
		mustRsaBitsBeOctets: true,
		hashes: strongHashes,
	},
	lenient: {
		name: "lenient",
		refuses: refusedBy("lenient"),
		keyKinds: new Set<KeyKind>(["rsa", "rsa-pss", "ec", "ed25519", "ed448", "ml-dsa-44", "ml-dsa-65", "ml-dsa-87"]),
		curves: new Set([...nistCurves, "brainpoolP256r1", "brainpoolP384r1", "brainpoolP512r1"]),
		minRsaBits: 2048,
		mustRsaBitsBeOctets: false,
		hashes: strongHashes,
	},
};

function refusedBy(profile: ProfileName): ReadonlySet<RefusalCode> {
	return new Set((Object.keys(rows) as RefusalCode[]).filter((code) => refusalTable[code].in.includes(profile)));
}

/** Why a chain was refused. */
export interface Refusal {
	readonly code: RefusalCode;
	/** What was found and what was expected, in one sentence. */
	readonly sentence: string;
	/** Which certificate: 0 is the leaf, 1 its issuer and so on. */
	readonly depth: number;
	/** Where the rule stands. */
	readonly source: string;
}

/**
 * Makes a refusal of a row of the table. What the certificate brings into the sentence stands there on one line and
 * without characters that a terminal obeys.
 */
export function refusal(code: RefusalCode, depth: number, sentence: string): Refusal {
	const shown = shortened(visibleText(shortened(sentence)));
	return { code, sentence: shown, depth, source: refusalTable[code].source };
}

/** Names of certificates can have hundreds of kilobytes, and the sentence goes into every record. */
function shortened(sentence: string): string {
	if (sentence.length <= maxSentence) return sentence;
	return `${sentence.slice(0, maxSentence / 2)} ... ${sentence.slice(-maxSentence / 2)}`;
}

const maxSentence = 600;
