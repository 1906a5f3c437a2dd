/**
 * The signing CAs of an installation: made on first start, kept in the key store, used to sign leaves. Private keys never
 * leave the process that holds this object.
 */
import { createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import { hostname } from "node:os";
import { FaultError, fault } from "#base/fault.ts";
import type { Certificate } from "#pki/certificate.ts";
import { checkLeaf, type LeafCheck } from "#pki/check-leaf.ts";
import type { KeyStore } from "#pki/key-store-shell.ts";
import {
	assembleCertificate,
	keyIdentifier,
	type MintingRules,
	planAuthority,
	type SignatureScheme,
	type SigningCa,
} from "#pki/mint.ts";
import { type CrlPlan, planCrl } from "#pki/mint-crl.ts";
import { describeSigningCa } from "#pki/signing-ca.ts";

/** A leaf as it was checked, and its certificate with the signature, DER. */
export interface SignedLeaf {
	readonly kind: "signed";
	readonly leaf: Certificate;
	readonly certificate: Uint8Array;
}

export type LeafAnswer = SignedLeaf | Extract<LeafCheck, { readonly kind: "refused" }>;

/** A signing CA with its key. */
export class Authority {
	readonly ca: SigningCa;
	/** True when this call of `openAuthority` made it. */
	readonly isNew: boolean;
	readonly #key: KeyObject;
	readonly #publicKeyInfo: Uint8Array;

	constructor(ca: SigningCa, key: KeyObject, isNew: boolean) {
		this.ca = ca;
		this.isNew = isNew;
		this.#key = key;
		this.#publicKeyInfo = createPublicKey(key).export({ type: "spki", format: "der" });
	}

	/** Its signatures take milliseconds: they are better made by `signLeafAside`. */
	get isSlow(): boolean {
		return this.ca.scheme === "rsa-sha256" || this.ca.scheme === "ecdsa-p384";
	}

	/** Signs a leaf's to-be-signed part after checking that it is one. The answer's leaf carries the signature. */
	signLeaf(toBeSigned: Uint8Array, rules: MintingRules): LeafAnswer {
		const check = checkLeaf(toBeSigned, this.ca, this.#publicKeyInfo, rules);
		if (check.kind === "refused") return check;
		return this.#signed(check.leaf, toBeSigned, sign(digests[this.ca.scheme], toBeSigned, this.#key));
	}

	/** The same, with the signature made in a thread of its own. */
	async signLeafAside(toBeSigned: Uint8Array, rules: MintingRules): Promise<LeafAnswer> {
		const check = checkLeaf(toBeSigned, this.ca, this.#publicKeyInfo, rules);
		if (check.kind === "refused") return check;
		const signature = await signAside(digests[this.ca.scheme], toBeSigned, this.#key);
		return this.#signed(check.leaf, toBeSigned, signature);
	}

	#signed(leaf: Certificate, toBeSigned: Uint8Array, signature: Uint8Array): SignedLeaf {
		return { kind: "signed", leaf, certificate: assembleCertificate(toBeSigned, this.ca.scheme, signature) };
	}

	/** The CA's revocation list, DER. Only for a CA that may sign one. */
	signCrl(plan: CrlPlan): Uint8Array {
		const toBeSigned = planCrl(this.ca, plan);
		return assembleCertificate(toBeSigned, this.ca.scheme, sign(digests[this.ca.scheme], toBeSigned, this.#key));
	}
}

/** What a new CA is called and how long it serves. */
export interface AuthorityPlan {
	/** The handle in the configuration and the name of the entry. */
	readonly id: string;
	/** Begins the common name; a random number that makes it unique follows. */
	readonly title: string;
	readonly lifetimeDays: number;
	/** P-256, also when absent, or RSA 3072: as strong, for leaves with RSA keys. */
	readonly keyType?: "ec" | "rsa";
}

/**
 * The CA `plan.id` of the store; made when there is none, or when its key was in memory only and went with the
 * process that had it.
 *
 * Faults: throws `FaultError` KEY_STORE_BROKEN that names the file and the remedy.
 */
export function openAuthority(store: KeyStore, plan: AuthorityPlan, now: number): Authority {
	const entry = store.entry(plan.id);
	if (entry === undefined || entry.keyProblem === "not-kept") return makeAuthority(store, plan, now);
	return loadAuthority(store, plan.id);
}

/** A CA that must be in the store. */
export function loadAuthority(store: KeyStore, id: string): Authority {
	const entry = store.entry(id);
	if (entry === undefined || entry.certificates.length === 0) throw broken(store, id, "there is no such certificate");
	const { key, keyProblem } = entry;
	if (key === undefined) throw broken(store, id, keyProblem === "damaged" ? "its key is damaged" : "it has no key");
	const scheme = schemeOf(key);
	if (scheme === undefined) {
		const expected = "P-256, P-384, RSA of 2048 bits or more or Ed25519";
		throw broken(store, id, `its key cannot sign here; expected ${expected}, got ${key.asymmetricKeyType}`);
	}
	const described = describeSigningCa(id, entry.certificates, scheme);
	if (described.kind === "refused") throw broken(store, id, described.reason);
	const publicKeyInfo = createPublicKey(key).export({ type: "spki", format: "der" });
	if (Buffer.compare(publicKeyInfo, described.certificate.publicKey.raw) !== 0)
		throw broken(store, id, "its key is another's");
	return new Authority(described.ca, key, false);
}

function makeAuthority(store: KeyStore, plan: AuthorityPlan, now: number): Authority {
	const isRsa = plan.keyType === "rsa";
	const { privateKey, publicKey } = isRsa
		? generateKeyPairSync("rsa", { modulusLength: 3_072 })
		: generateKeyPairSync("ec", { namedCurve: "P-256" });
	const scheme: SignatureScheme = isRsa ? "rsa-sha256" : "ecdsa-p256";
	const publicKeyInfo = publicKey.export({ type: "spki", format: "der" });
	const start = Math.floor(now / 1000) * 1000 - backdateMs;
	const toBeSigned = planAuthority({
		commonName: `${plan.title} ${randomBytes(4).toString("hex")}`,
		organization: `Sallyport on ${hostname()}`.slice(0, maxOrganization),
		notBefore: start,
		notAfter: start + plan.lifetimeDays * dayMs,
		key: { publicKeyInfo, keyIdentifier: keyIdentifier(publicKeyInfo) },
		scheme,
		serial: randomBytes(16),
	});
	const certificate = assembleCertificate(toBeSigned, scheme, sign(digests[scheme], toBeSigned, privateKey));
	const { id } = plan;
	store.change({ put: [{ id, created: now, isExportable: false, certificates: [certificate], key: privateKey }] });
	return new Authority(loadAuthority(store, id).ca, privateKey, true);
}

/** Undefined for a key that cannot sign. */
export function schemeOf(key: KeyObject): SignatureScheme | undefined {
	const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
	if (type === "ec" && details?.namedCurve === "prime256v1") return "ecdsa-p256";
	if (type === "ec" && details?.namedCurve === "secp384r1") return "ecdsa-p384";
	if (type === "rsa" && (details?.modulusLength ?? 0) >= 2048) return "rsa-sha256";
	return type === "ed25519" ? "ed25519" : undefined;
}

function broken(store: KeyStore, id: string, why: string): FaultError {
	const message = `${store.file} cannot be used: certificate "${id}": ${why}; restore the file from a backup, or move it away to begin with new CAs`;
	return new FaultError(fault("KEY_STORE_BROKEN", message, { cause: why }));
}

function signAside(digest: string | null, octets: Uint8Array, key: KeyObject): Promise<Buffer> {
	return new Promise((resolve, reject) => {
		sign(digest, octets, key, (error, signature) => (error === null ? resolve(signature) : reject(error)));
	});
}

const digests: Readonly<Record<SignatureScheme, string | null>> = {
	"ecdsa-p256": "sha256",
	"ecdsa-p384": "sha384",
	"rsa-sha256": "sha256",
	ed25519: null,
};
const dayMs = 86_400_000;
/** A client whose clock is a day behind still accepts the CA. */
const backdateMs = dayMs;
/** ub-organization-name of X.520. */
const maxOrganization = 64;
