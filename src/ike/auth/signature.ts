/**
 * AUTH by a signature: the methods of RFC 7296 and RFC 4754 (ECDSA), and method 14 of RFC 7427, whose data name the algorithm.
 *
 *     method 14: | octets of the AlgorithmIdentifier (1) | AlgorithmIdentifier in DER | signature |
 */
import { constants, type KeyObject, type SigningOptions, sign, verify } from "node:crypto";
import { type Decoded, done, equalBytes, malformed, Reader, Writer } from "#base/bytes.ts";
import { type AuthenticationBody, authenticationMethod } from "#ike/wire/authentication.ts";

/** One way to sign. */
export interface SignatureScheme {
	readonly name: string;
	/** Number of the AUTH method. */
	readonly method: number;
	/** Name of the hash for Node; null where the scheme hashes by itself. */
	readonly hash: string | null;
	/** Number of the hash in SIGNATURE_HASH_ALGORITHMS (RFC 7427 §4). */
	readonly hashId: number;
	/** Key type, with the curve for the methods that fix it. */
	readonly keyType: "rsa" | "ec" | "ed25519";
	readonly curve?: string;
	readonly options?: SigningOptions;
	/** AlgorithmIdentifier of method 14. */
	readonly algorithm?: Uint8Array;
	readonly danger?: string;
}

/** The hashes that this end verifies, as the data of SIGNATURE_HASH_ALGORITHMS: SHA-256, -384, -512 and identity. */
export const acceptedHashes = Uint8Array.of(0, 2, 0, 3, 0, 4, 0, 5);

/** Reads SIGNATURE_HASH_ALGORITHMS. */
export function decodeHashAlgorithms(data: Uint8Array): Decoded<readonly number[]> {
	if (data.length % 2 !== 0) return malformed(`signature hashes in ${data.length} octets; expected 2 each`);
	const reader = new Reader(data);
	return done(
		Array.from({ length: data.length / 2 }, () => reader.u16()),
		data.length,
	);
}

/**
 * How to sign with a key so that the peer can verify: by method 14 with the best hash that it announced, and by the older
 * methods when it announced none. Undefined when there is no way.
 */
export function chooseScheme(
	publicKey: KeyObject,
	peerHashes: readonly number[] | undefined,
): SignatureScheme | undefined {
	return schemes.find((scheme) => {
		if (!fitsKey(scheme, publicKey)) return false;
		const isNamed = scheme.method === authenticationMethod.digitalSignature;
		if (peerHashes === undefined) return !isNamed;
		return isNamed && peerHashes.includes(scheme.hashId);
	});
}

/** The scheme of a name; undefined when there is none. */
export function schemeNamed(name: string): SignatureScheme | undefined {
	return schemes.find((scheme) => scheme.name === name);
}

/** The signature over the octets, as the data of AUTH. */
export function signWith(scheme: SignatureScheme, key: KeyObject, octets: Uint8Array): Uint8Array {
	return sign(scheme.hash, octets, { key, ...scheme.options });
}

/** The AUTH payload of a signature. */
export function encodeSignature(scheme: SignatureScheme, signature: Uint8Array): AuthenticationBody {
	if (scheme.algorithm === undefined) return { method: scheme.method, data: signature };
	const writer = new Writer().u8(scheme.algorithm.length).bytes(scheme.algorithm).bytes(signature);
	return { method: scheme.method, data: writer.finish() };
}

/**
 * True when AUTH is a signature of the key over the octets, by a scheme that is accepted. `announcedHashes`: both ends have
 * announced hashes, so the methods with SHA-1 are refused.
 */
export function isSignature(
	{ method, data }: AuthenticationBody,
	publicKey: KeyObject,
	octets: Uint8Array,
	announcedHashes: boolean,
): boolean {
	const named = method === authenticationMethod.digitalSignature ? decodeNamed(data) : undefined;
	const scheme = schemes.find(
		(one) =>
			one.method === method &&
			fitsKey(one, publicKey) &&
			(one.algorithm === undefined || (named !== undefined && equalBytes(one.algorithm, named.algorithm))),
	);
	if (scheme === undefined || (announcedHashes && scheme.danger !== undefined)) return false;
	try {
		return verify(scheme.hash, octets, { key: publicKey, ...scheme.options }, named?.signature ?? data);
	} catch {
		return false;
	}
}

function decodeNamed(data: Uint8Array): { readonly algorithm: Uint8Array; readonly signature: Uint8Array } | undefined {
	const reader = new Reader(data);
	const algorithm = reader.take(reader.u8());
	const signature = reader.take(reader.remaining);
	return reader.isShort ? undefined : { algorithm, signature };
}

function fitsKey({ keyType, curve }: SignatureScheme, key: KeyObject): boolean {
	return key.asymmetricKeyType === keyType && (curve === undefined || curve === curveOf(key));
}

function curveOf(key: KeyObject): string | undefined {
	return key.asymmetricKeyDetails?.namedCurve;
}

function hex(text: string): Uint8Array {
	return Buffer.from(text.replace(/\s/g, ""), "hex");
}

/** RSASSA-PSS with the same hash for mask and message, and a salt as long as it (RFC 7427 §A.4.3). */
function pss(hash: "sha256" | "sha384" | "sha512"): Uint8Array {
	const [id, salt] = { sha256: ["01", "20"], sha384: ["02", "30"], sha512: ["03", "40"] }[hash] as [string, string];
	const digest = `300d 0609 6086480165030402${id} 0500`;
	return hex(
		`3041 0609 2a864886f70d01010a 3034 a00f ${digest} a11c 301a 0609 2a864886f70d010108 ${digest} a203 0201${salt}`,
	);
}

const named = authenticationMethod.digitalSignature;
const raw: SigningOptions = { dsaEncoding: "ieee-p1363" };
const pssOptions: SigningOptions = {
	padding: constants.RSA_PKCS1_PSS_PADDING,
	saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
};

/** In order of preference for signing. Method 14 carries ECDSA in DER, methods 9 to 11 as two numbers (RFC 4754 §7). */
const schemes: readonly SignatureScheme[] = [
	{ name: "ed25519", method: named, hash: null, hashId: 5, keyType: "ed25519", algorithm: hex("300506032b6570") },
	...(
		[
			["sha256", 2, "02", "0b"],
			["sha384", 3, "03", "0c"],
			["sha512", 4, "04", "0d"],
		] as const
	).flatMap(([hash, hashId, ecdsa, rsa]): SignatureScheme[] => [
		{
			name: `ecdsa-${hash}`,
			method: named,
			hash,
			hashId,
			keyType: "ec",
			algorithm: hex(`300a06082a8648ce3d0403${ecdsa}`),
		},
		{ name: `rsa-pss-${hash}`, method: named, hash, hashId, keyType: "rsa", options: pssOptions, algorithm: pss(hash) },
		{
			name: `rsa-${hash}`,
			method: named,
			hash,
			hashId,
			keyType: "rsa",
			algorithm: hex(`300d06092a864886f70d0101${rsa}0500`),
		},
	]),
	{
		name: "ecdsa-256",
		method: authenticationMethod.ecdsa256,
		hash: "sha256",
		hashId: 2,
		keyType: "ec",
		curve: "prime256v1",
		options: raw,
	},
	{
		name: "ecdsa-384",
		method: authenticationMethod.ecdsa384,
		hash: "sha384",
		hashId: 3,
		keyType: "ec",
		curve: "secp384r1",
		options: raw,
	},
	{
		name: "ecdsa-521",
		method: authenticationMethod.ecdsa521,
		hash: "sha512",
		hashId: 4,
		keyType: "ec",
		curve: "secp521r1",
		options: raw,
	},
	{
		name: "rsa-sha1",
		method: authenticationMethod.rsaSignature,
		hash: "sha1",
		hashId: 1,
		keyType: "rsa",
		danger: "SHA-1 is broken for signatures",
	},
];
