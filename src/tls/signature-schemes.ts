/** Signature schemes by code point (IANA "TLS SignatureScheme"); OpenSSL 3.5 and Node take the same names in `sigalgs`. */

export interface SignatureScheme {
	readonly code: number;
	/** The IANA name; for the pairs of hash and signature that only TLS 1.2 has, in the same form. */
	readonly name: string;
	/** The hash, where the scheme names one. */
	readonly hash: "MD5" | "SHA1" | "SHA224" | "SHA256" | "SHA384" | "SHA512" | undefined;
	readonly key: "RSA" | "DSA" | "ECDSA" | "EdDSA" | "ML-DSA";
}

/** The scheme of a code point; undefined for GREASE and what the table does not hold. */
export function signatureSchemeOf(code: number): SignatureScheme | undefined {
	return byCode.get(code);
}

/** The IANA name, or `0x1234` when there is none. */
export function describeSignatureScheme(code: number): string {
	return byCode.get(code)?.name ?? `0x${code.toString(16).padStart(4, "0")}`;
}

function scheme(
	code: number,
	name: string,
	key: SignatureScheme["key"],
	hash?: SignatureScheme["hash"],
): SignatureScheme {
	return { code, name, hash, key };
}

export const signatureSchemes: readonly SignatureScheme[] = [
	scheme(0x0101, "rsa_pkcs1_md5", "RSA", "MD5"),
	scheme(0x0201, "rsa_pkcs1_sha1", "RSA", "SHA1"),
	scheme(0x0202, "dsa_sha1", "DSA", "SHA1"),
	scheme(0x0203, "ecdsa_sha1", "ECDSA", "SHA1"),
	scheme(0x0301, "rsa_pkcs1_sha224", "RSA", "SHA224"),
	scheme(0x0302, "dsa_sha224", "DSA", "SHA224"),
	scheme(0x0303, "ecdsa_sha224", "ECDSA", "SHA224"),
	scheme(0x0401, "rsa_pkcs1_sha256", "RSA", "SHA256"),
	scheme(0x0402, "dsa_sha256", "DSA", "SHA256"),
	scheme(0x0403, "ecdsa_secp256r1_sha256", "ECDSA", "SHA256"),
	scheme(0x0501, "rsa_pkcs1_sha384", "RSA", "SHA384"),
	scheme(0x0502, "dsa_sha384", "DSA", "SHA384"),
	scheme(0x0503, "ecdsa_secp384r1_sha384", "ECDSA", "SHA384"),
	scheme(0x0601, "rsa_pkcs1_sha512", "RSA", "SHA512"),
	scheme(0x0602, "dsa_sha512", "DSA", "SHA512"),
	scheme(0x0603, "ecdsa_secp521r1_sha512", "ECDSA", "SHA512"),
	scheme(0x0804, "rsa_pss_rsae_sha256", "RSA", "SHA256"),
	scheme(0x0805, "rsa_pss_rsae_sha384", "RSA", "SHA384"),
	scheme(0x0806, "rsa_pss_rsae_sha512", "RSA", "SHA512"),
	scheme(0x0807, "ed25519", "EdDSA"),
	scheme(0x0808, "ed448", "EdDSA"),
	scheme(0x0809, "rsa_pss_pss_sha256", "RSA", "SHA256"),
	scheme(0x080a, "rsa_pss_pss_sha384", "RSA", "SHA384"),
	scheme(0x080b, "rsa_pss_pss_sha512", "RSA", "SHA512"),
	scheme(0x081a, "ecdsa_brainpoolP256r1tls13_sha256", "ECDSA", "SHA256"),
	scheme(0x081b, "ecdsa_brainpoolP384r1tls13_sha384", "ECDSA", "SHA384"),
	scheme(0x081c, "ecdsa_brainpoolP512r1tls13_sha512", "ECDSA", "SHA512"),
	scheme(0x0904, "mldsa44", "ML-DSA"),
	scheme(0x0905, "mldsa65", "ML-DSA"),
	scheme(0x0906, "mldsa87", "ML-DSA"),
];

const byCode: ReadonlyMap<number, SignatureScheme> = new Map(signatureSchemes.map((entry) => [entry.code, entry]));
