/** Signatures over the key exchange (RFC 5246 §7.4.3, RFC 8422 §5.4, RFC 8446 §4.2.3 for PSS in TLS 1.2). */
import { constants, createPublicKey, type KeyObject, sign, verify } from "node:crypto";
import type { DtlsSuite } from "#dtls/suite.ts";
import { decodeCertificate } from "#pki/certificate.ts";

/** A certificate with what its key can do. */
export interface Identity {
	/** DER: the certificate itself, then those above it. */
	readonly certificates: readonly Uint8Array[];
	readonly authentication: DtlsSuite["authentication"];
	/** Best first. */
	readonly schemes: readonly number[];
	/** The group of the key's curve; undefined where it has none that clients list. */
	readonly curve: number | undefined;
	sign(scheme: number, octets: Uint8Array): Uint8Array;
}

/** The key of a certificate that a peer presented. */
export interface PeerKey {
	readonly authentication: DtlsSuite["authentication"];
	verify(scheme: number, octets: Uint8Array, signature: Uint8Array): boolean;
}

/** Undefined when the engine cannot use the key. */
export function identityOf(certificates: readonly Uint8Array[], key: KeyObject): Identity | undefined {
	const authentication = authenticationOf(key);
	if (authentication === undefined) return undefined;
	return {
		certificates,
		authentication,
		schemes: schemesOf(key),
		curve: curves.get(key.asymmetricKeyDetails?.namedCurve ?? ""),
		sign: (scheme, octets) => signExchange(key, scheme, octets),
	};
}

/** Reads the key of a certificate, DER; undefined when the certificate cannot be read or the engine cannot use its key. */
export function peerKeyOf(certificate: Uint8Array): PeerKey | undefined {
	const decoded = decodeCertificate(certificate);
	if (decoded.kind !== "done") return undefined;
	let key: KeyObject;
	try {
		key = createPublicKey({ key: Buffer.from(decoded.value.publicKey.raw), format: "der", type: "spki" });
	} catch {
		return undefined;
	}
	const authentication = authenticationOf(key);
	if (authentication === undefined) return undefined;
	return { authentication, verify: (scheme, octets, signature) => verifyExchange(key, scheme, octets, signature) };
}

/** The kind of a key, as suites tell it apart; undefined when the engine cannot use it. */
function authenticationOf(key: KeyObject): DtlsSuite["authentication"] | undefined {
	return authentications.get(key.asymmetricKeyType ?? "");
}

/** The schemes that a key can sign with, best first. */
function schemesOf(key: KeyObject): readonly number[] {
	const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
	if (type === "ed25519") return [0x0807];
	if (type === "ec") return details?.namedCurve === "secp384r1" ? [0x0503, 0x0403] : [0x0403, 0x0503];
	return type === "rsa" ? rsaSchemes : [];
}

/** Signs with a scheme of `schemesOf`. */
function signExchange(key: KeyObject, scheme: number, octets: Uint8Array): Uint8Array {
	const { hash, padding } = rowOf(scheme);
	return sign(hash, octets, padding === undefined ? key : { key, ...padding });
}

/** True when the signature is of this key over these octets. */
function verifyExchange(key: KeyObject, scheme: number, octets: Uint8Array, signature: Uint8Array): boolean {
	if (!schemesOf(key).includes(scheme)) return false;
	const { hash, padding } = rowOf(scheme);
	try {
		return verify(hash, octets, padding === undefined ? key : { key, ...padding }, signature);
	} catch {
		// A signature that is no DER at all.
		return false;
	}
}

function rowOf(scheme: number): Row {
	return rows.get(scheme) ?? { hash: null };
}

interface Row {
	readonly hash: string | null;
	readonly padding?: { readonly padding: number; readonly saltLength?: number };
}

const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
const pkcs1 = { padding: constants.RSA_PKCS1_PADDING };
const rows: ReadonlyMap<number, Row> = new Map<number, Row>([
	[0x0403, { hash: "sha256" }],
	[0x0503, { hash: "sha384" }],
	[0x0804, { hash: "sha256", padding: pss }],
	[0x0805, { hash: "sha384", padding: pss }],
	[0x0806, { hash: "sha512", padding: pss }],
	[0x0401, { hash: "sha256", padding: pkcs1 }],
	[0x0501, { hash: "sha384", padding: pkcs1 }],
	[0x0601, { hash: "sha512", padding: pkcs1 }],
	[0x0807, { hash: null }],
]);
const rsaSchemes = [0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601];
/** All schemes of the engine, in our order of preference. */
export const dtlsSchemes: readonly number[] = [0x0403, 0x0503, 0x0807, ...rsaSchemes];
const authentications: ReadonlyMap<string, DtlsSuite["authentication"]> = new Map([
	["ec", "ECDSA"],
	["ed25519", "ECDSA"],
	["rsa", "RSA"],
] as const);
const curves: ReadonlyMap<string, number> = new Map([
	["prime256v1", 0x0017],
	["secp384r1", 0x0018],
	["secp521r1", 0x0019],
]);
