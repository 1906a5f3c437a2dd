/** The cipher suites of DTLS 1.2 that the engine has: ECDHE with AEAD, nothing else (RFC 5289, RFC 7905). */
import { describeCipherSuite } from "#tls/cipher-suites.ts";
import type { KeySizes } from "#tls/key-derivation.ts";
import type { BulkCipher } from "#tls/open-sealed.ts";

export interface DtlsSuite extends KeySizes {
	readonly code: number;
	/** The IANA name. */
	readonly name: string;
	/** The kind of key that signs the exchange; EdDSA counts as ECDSA (RFC 8422 §2.2). */
	readonly authentication: "ECDSA" | "RSA";
	readonly cipher: BulkCipher;
}

/** The suite of a code point; undefined for all that the engine does not have. */
export function dtlsSuiteOf(code: number): DtlsSuite | undefined {
	return byCode.get(code);
}

function suite(
	code: number,
	authentication: DtlsSuite["authentication"],
	bulk: Omit<DtlsSuite, "code" | "name" | "authentication">,
): DtlsSuite {
	return { code, name: describeCipherSuite(code), authentication, ...bulk };
}

const aes128 = { cipher: "aes-128-gcm", keyOctets: 16, ivOctets: 4, hash: "sha256" } as const;
const aes256 = { cipher: "aes-256-gcm", keyOctets: 32, ivOctets: 4, hash: "sha384" } as const;
const chacha = { cipher: "chacha20-poly1305", keyOctets: 32, ivOctets: 12, hash: "sha256" } as const;

export const dtlsSuites: readonly DtlsSuite[] = [
	suite(0xc02b, "ECDSA", aes128),
	suite(0xc02c, "ECDSA", aes256),
	suite(0xcca9, "ECDSA", chacha),
	suite(0xc02f, "RSA", aes128),
	suite(0xc030, "RSA", aes256),
	suite(0xcca8, "RSA", chacha),
];

const byCode: ReadonlyMap<number, DtlsSuite> = new Map(dtlsSuites.map((one) => [one.code, one]));
