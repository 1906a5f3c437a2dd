/** Key-exchange groups by code point (IANA "TLS Supported Groups"), with the names that OpenSSL 3.5 and Node take. */

export interface KeyExchangeGroup {
	readonly code: number;
	/** The IANA name. */
	readonly name: string;
	/** The name in `ecdhCurve`; absent where the runtime's OpenSSL does not have the group. */
	readonly opensslName: string | undefined;
	/** True when a quantum computer of tomorrow does not open a session that is recorded today. */
	readonly isPostQuantum: boolean;
}

/** The group of a code point; undefined for GREASE and what the table does not hold. */
export function groupOf(code: number): KeyExchangeGroup | undefined {
	return byCode.get(code);
}

/** The IANA name, or `0x1234` when there is none. */
export function describeGroup(code: number): string {
	return byCode.get(code)?.name ?? `0x${code.toString(16).padStart(4, "0")}`;
}

function group(code: number, name: string, opensslName?: string): KeyExchangeGroup {
	return { code, name, opensslName, isPostQuantum: /MLKEM|Kyber/.test(name) };
}

export const keyExchangeGroups: readonly KeyExchangeGroup[] = [
	group(0x0013, "secp192r1"),
	group(0x0015, "secp224r1"),
	group(0x0016, "secp256k1"),
	group(0x0017, "secp256r1", "P-256"),
	group(0x0018, "secp384r1", "P-384"),
	group(0x0019, "secp521r1", "P-521"),
	group(0x001a, "brainpoolP256r1"),
	group(0x001b, "brainpoolP384r1"),
	group(0x001c, "brainpoolP512r1"),
	group(0x001d, "x25519", "X25519"),
	group(0x001e, "x448", "X448"),
	group(0x001f, "brainpoolP256r1tls13"),
	group(0x0020, "brainpoolP384r1tls13"),
	group(0x0021, "brainpoolP512r1tls13"),
	group(0x0100, "ffdhe2048", "ffdhe2048"),
	group(0x0101, "ffdhe3072", "ffdhe3072"),
	group(0x0102, "ffdhe4096", "ffdhe4096"),
	group(0x0103, "ffdhe6144", "ffdhe6144"),
	group(0x0104, "ffdhe8192", "ffdhe8192"),
	group(0x0200, "MLKEM512", "MLKEM512"),
	group(0x0201, "MLKEM768", "MLKEM768"),
	group(0x0202, "MLKEM1024", "MLKEM1024"),
	group(0x11eb, "SecP256r1MLKEM768", "SecP256r1MLKEM768"),
	group(0x11ec, "X25519MLKEM768", "X25519MLKEM768"),
	group(0x11ed, "SecP384r1MLKEM1024", "SecP384r1MLKEM1024"),
	group(0x6399, "X25519Kyber768Draft00"),
];

const byCode: ReadonlyMap<number, KeyExchangeGroup> = new Map(keyExchangeGroups.map((entry) => [entry.code, entry]));
