/**
 * The algorithms of IKEv2 and ESP: one row each, by the name that the configuration uses.
 *
 * `danger` marks those that can be broken or nearly; they are there for peers that know nothing else.
 * Source: IANA "Internet Key Exchange Version 2 (IKEv2) Parameters".
 */

/** A cipher. */
export interface CipherRow {
	readonly name: string;
	/** Transform ID (type 1). */
	readonly id: number;
	/** Bits in the key length attribute; absent where the cipher has one length only. */
	readonly keyBits?: number;
	/** Octets of the key, without the salt. */
	readonly keyOctets: number;
	/** Octets taken from the keying material behind the key: the fixed part of a nonce (RFC 4106 §4). */
	readonly saltOctets: number;
	/** Octets of the initialization vector in each message. */
	readonly ivOctets: number;
	readonly blockOctets: number;
	/** Octets of the integrity check value when the cipher authenticates; 0 otherwise. */
	readonly tagOctets: number;
	/** The name that OpenSSL gives it. */
	readonly engine: string;
	readonly danger?: string;
}

/** An algorithm that authenticates messages. */
export interface IntegrityRow {
	readonly name: string;
	/** Transform ID (type 3). */
	readonly id: number;
	readonly hash: string;
	readonly keyOctets: number;
	readonly tagOctets: number;
	readonly danger?: string;
}

/** A pseudo-random function. All of them are HMAC, so a key of any length will do. */
export interface PrfRow {
	readonly name: string;
	/** Transform ID (type 2). */
	readonly id: number;
	readonly hash: string;
	/** Octets of the output, and of the keys made for it. */
	readonly octets: number;
	readonly danger?: string;
}

/** A key exchange. */
export interface GroupRow {
	readonly name: string;
	/** Transform ID (type 4). */
	readonly id: number;
	readonly kind: "modp" | "ecp" | "x25519" | "ml-kem";
	/** The name of the prime, curve or key type. */
	readonly engine: string;
	/** Octets of the initiator's public value. */
	readonly publicOctets: number;
	readonly danger?: string;
}

const smallBlock = "blocks of 64 bits collide";

export const ciphers: readonly CipherRow[] = [
	cbc("des-cbc", 2, undefined, 8, 8, "des-ede3-cbc", "56-bit keys can be searched"),
	cbc("3des-cbc", 3, undefined, 24, 8, "des-ede3-cbc", smallBlock),
	cbc("aes-128-cbc", 12, 128, 16, 16, "aes-128-cbc"),
	cbc("aes-192-cbc", 12, 192, 24, 16, "aes-192-cbc"),
	cbc("aes-256-cbc", 12, 256, 32, 16, "aes-256-cbc"),
	aead("aes-128-gcm", 20, 128, 16, "aes-128-gcm"),
	aead("aes-192-gcm", 20, 192, 24, "aes-192-gcm"),
	aead("aes-256-gcm", 20, 256, 32, "aes-256-gcm"),
	aead("chacha20-poly1305", 28, undefined, 32, "chacha20-poly1305"),
];

export const integrityAlgorithms: readonly IntegrityRow[] = [
	{ name: "hmac-md5-96", id: 1, hash: "md5", keyOctets: 16, tagOctets: 12, danger: "MD5 is broken" },
	{ name: "hmac-sha1-96", id: 2, hash: "sha1", keyOctets: 20, tagOctets: 12, danger: "SHA-1 is broken for signatures" },
	{ name: "hmac-sha-256-128", id: 12, hash: "sha256", keyOctets: 32, tagOctets: 16 },
	{ name: "hmac-sha-384", id: 13, hash: "sha384", keyOctets: 48, tagOctets: 24 },
	{ name: "hmac-sha-512", id: 14, hash: "sha512", keyOctets: 64, tagOctets: 32 },
];

export const prfs: readonly PrfRow[] = [
	{ name: "hmac-md5", id: 1, hash: "md5", octets: 16, danger: "MD5 is broken" },
	{ name: "hmac-sha1", id: 2, hash: "sha1", octets: 20, danger: "SHA-1 is broken for signatures" },
	{ name: "hmac-sha256", id: 5, hash: "sha256", octets: 32 },
	{ name: "hmac-sha384", id: 6, hash: "sha384", octets: 48 },
	{ name: "hmac-sha512", id: 7, hash: "sha512", octets: 64 },
];

export const groups: readonly GroupRow[] = [
	modp("group1", 1, 768, "modp1", "768-bit logarithms were computed in 2016"),
	modp("group2", 2, 1024, "modp2", "1024-bit logarithms are within the reach of states"),
	modp("group5", 5, 1536, "modp5"),
	modp("group14", 14, 2048, "modp14"),
	modp("group15", 15, 3072, "modp15"),
	modp("group16", 16, 4096, "modp16"),
	{ name: "group19", id: 19, kind: "ecp", engine: "prime256v1", publicOctets: 64 },
	{ name: "group20", id: 20, kind: "ecp", engine: "secp384r1", publicOctets: 96 },
	{ name: "group21", id: 21, kind: "ecp", engine: "secp521r1", publicOctets: 132 },
	modp("group24", 24, 2048, "modp2048s256", "the origin of its prime is not known"),
	{ name: "group31", id: 31, kind: "x25519", engine: "x25519", publicOctets: 32 },
	{ name: "ml-kem-512", id: 35, kind: "ml-kem", engine: "ml-kem-512", publicOctets: 800 },
	{ name: "ml-kem-768", id: 36, kind: "ml-kem", engine: "ml-kem-768", publicOctets: 1_184 },
	{ name: "ml-kem-1024", id: 37, kind: "ml-kem", engine: "ml-kem-1024", publicOctets: 1_568 },
];

/** The row of a name. A name that no row has is a mistake of the caller: it throws. */
export function cipherNamed(name: string): CipherRow {
	return named(ciphers, name);
}

/** The row of a name; throws when there is none. */
export function integrityNamed(name: string): IntegrityRow {
	return named(integrityAlgorithms, name);
}

/** The row of a name; throws when there is none. */
export function prfNamed(name: string): PrfRow {
	return named(prfs, name);
}

/** The row of a name; throws when there is none. */
export function groupNamed(name: string): GroupRow {
	return named(groups, name);
}

/** The row of a transform ID; undefined when it is not known. */
export function groupOfId(id: number): GroupRow | undefined {
	return groups.find((row) => row.id === id);
}

function named<T extends { readonly name: string }>(rows: readonly T[], name: string): T {
	const row = rows.find((one) => one.name === name);
	if (row === undefined) throw new RangeError(`no algorithm is called ${name}`);
	return row;
}

function cbc(
	name: string,
	id: number,
	keyBits: number | undefined,
	keyOctets: number,
	blockOctets: number,
	engine: string,
	danger?: string,
): CipherRow {
	const lengths = { keyOctets, saltOctets: 0, ivOctets: blockOctets, blockOctets, tagOctets: 0 };
	return { name, id, ...(keyBits && { keyBits }), ...lengths, engine, ...(danger && { danger }) };
}

function aead(name: string, id: number, keyBits: number | undefined, keyOctets: number, engine: string): CipherRow {
	const lengths = { keyOctets, saltOctets: 4, ivOctets: 8, blockOctets: 1, tagOctets: 16 };
	return { name, id, ...(keyBits && { keyBits }), ...lengths, engine };
}

function modp(name: string, id: number, bits: number, engine: string, danger?: string): GroupRow {
	return { name, id, kind: "modp", engine, publicOctets: bits / 8, ...(danger && { danger }) };
}
