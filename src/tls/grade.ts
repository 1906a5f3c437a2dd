/**
 * The grades of a profile: which versions, suites, groups and signature schemes a leg may use.
 *
 * | grade | versions | suites |
 * |---|---|---|
 * | strict | 1.2, 1.3 | ECDHE with AES-GCM or ChaCha20-Poly1305 |
 * | compatible | 1.2, 1.3 | and ECDHE with AES-CBC |
 * | legacy | 1.0 to 1.3 | and RSA key transport with AES; SHA-1 signatures (R158, R163 to R166) |
 *
 * 3DES (R165) is in no grade: OpenSSL 3 is built without it. DHE is in none either: a server picks its prime alone.
 * ML-DSA certificates are in none until path validation reads them.
 */

import { type CipherSuite, cipherSuiteOf, type Grade } from "#tls/cipher-suites.ts";
import { protocolVersion } from "#tls/record.ts";

/** What a grade allows; suites and groups in our order of preference. */
export interface GradeRules {
	/** Ascending and without holes (R162). */
	readonly versions: readonly number[];
	readonly suites: readonly CipherSuite[];
	readonly groups: readonly number[];
	readonly schemes: readonly number[];
	/** OpenSSL's security level: 2 asks for 112 bits (RSA 2048, no SHA-1), 0 for nothing. */
	readonly securityLevel: 0 | 2;
}

/** The rules of a grade. */
export function gradeRules(grade: Grade): GradeRules {
	return rules[grade];
}

function suites(...codes: readonly number[]): CipherSuite[] {
	return codes.flatMap((code) => cipherSuiteOf(code) ?? []);
}

const tls13Suites = suites(0x1301, 0x1302, 0x1303);
const aeadSuites = suites(0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8);
const cbcSuites = suites(0xc023, 0xc027, 0xc024, 0xc028, 0xc009, 0xc013, 0xc00a, 0xc014);
const rsaTransportSuites = suites(0x009c, 0x009d, 0x003c, 0x003d, 0x002f, 0x0035);

/** X25519MLKEM768, X25519, P-256, P-384, then the rest that the runtime has at 128 bits and more. */
const groups: readonly number[] = [0x11ec, 0x001d, 0x0017, 0x0018, 0x11eb, 0x11ed, 0x0019, 0x001e];

const schemes: readonly number[] = [
	0x0403, 0x0503, 0x0603, 0x0807, 0x0808, 0x0804, 0x0805, 0x0806, 0x0809, 0x080a, 0x080b, 0x0401, 0x0501, 0x0601,
];

const sha1Schemes: readonly number[] = [0x0203, 0x0201];

const modernVersions: readonly number[] = [protocolVersion.tls12, protocolVersion.tls13];

const rules: Readonly<Record<Grade, GradeRules>> = {
	strict: { versions: modernVersions, suites: [...tls13Suites, ...aeadSuites], groups, schemes, securityLevel: 2 },
	compatible: {
		versions: modernVersions,
		suites: [...tls13Suites, ...aeadSuites, ...cbcSuites],
		groups,
		schemes,
		securityLevel: 2,
	},
	legacy: {
		versions: [protocolVersion.tls10, protocolVersion.tls11, ...modernVersions],
		suites: [...tls13Suites, ...aeadSuites, ...cbcSuites, ...rsaTransportSuites],
		groups,
		schemes: [...schemes, ...sha1Schemes],
		securityLevel: 0,
	},
};
