/**
 * The signing CAs of an installation: made on first start, kept as files of mode 0600, used to sign leaves. Private keys
 * never leave the process that holds this object.
 *
 *   keys/NAME.key   PKCS #8, PEM      keys/NAME.crt   certificate, PEM
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { FaultError, fault } from "#base/fault.ts";
import { type Certificate, decodeCertificate } from "#pki/certificate.ts";
import { checkLeaf, type LeafCheck } from "#pki/check-leaf.ts";
import { keyUsageBit } from "#pki/extensions.ts";
import { assembleCertificate, keyIdentifier, planAuthority, type SignatureScheme, type SigningCa } from "#pki/mint.ts";
import { type CrlPlan, planCrl } from "#pki/mint-crl.ts";
import { certificatePem, pemCertificates } from "#pki/pem.ts";

/** A leaf as it was checked, and its certificate with the signature, DER. */
export interface SignedLeaf {
	readonly kind: "signed";
	readonly leaf: Certificate;
	readonly certificate: Uint8Array;
}

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

	/** Signs a leaf's to-be-signed part after checking that it is one. The answer's leaf carries the signature. */
	signLeaf(toBeSigned: Uint8Array): SignedLeaf | Extract<LeafCheck, { readonly kind: "refused" }> {
		const check = checkLeaf(toBeSigned, this.ca, this.#publicKeyInfo);
		if (check.kind === "refused") return check;
		const signature = sign(digests[this.ca.scheme], toBeSigned, this.#key);
		return {
			kind: "signed",
			leaf: check.leaf,
			certificate: assembleCertificate(toBeSigned, this.ca.scheme, signature),
		};
	}

	/** The CA's revocation list, DER. Only for a CA that may sign one. */
	signCrl(plan: CrlPlan): Uint8Array {
		const toBeSigned = planCrl(this.ca, plan);
		return assembleCertificate(toBeSigned, this.ca.scheme, sign(digests[this.ca.scheme], toBeSigned, this.#key));
	}
}

/** What a new CA is called and how long it serves. */
export interface AuthorityPlan {
	/** The handle in the configuration and the name of the files. */
	readonly id: string;
	/** Begins the common name; a random number that makes it unique follows. */
	readonly title: string;
	readonly lifetimeDays: number;
}

/**
 * Loads the CA `plan.id` from `directory`, or makes it (P-256) when neither of its files exists.
 *
 * Faults: throws `FaultError` KEY_STORE_BROKEN that names the file and the remedy.
 */
export function openAuthority(directory: string, plan: AuthorityPlan, now: number): Authority {
	const files = authorityFiles(directory, plan.id);
	if (existsSync(files.key) || existsSync(files.certificate)) return loadAuthority(directory, plan.id);
	return makeAuthority(directory, plan, now);
}

/** Loads a CA that must exist. */
export function loadAuthority(directory: string, id: string): Authority {
	const files = authorityFiles(directory, id);
	const key = readFile(files.key, (text) => createPrivateKey(text));
	const der = readFile(files.certificate, firstCertificate);
	const decoded = decodeCertificate(der);
	if (decoded.kind !== "done") throw broken(files.certificate, "it is not a certificate");
	const certificate = decoded.value;
	const publicKeyInfo = createPublicKey(key).export({ type: "spki", format: "der" });
	if (Buffer.compare(publicKeyInfo, certificate.publicKey.raw) !== 0) {
		throw broken(files.key, `it is not the key of ${files.certificate}`);
	}
	if (certificate.typed.basicConstraints?.isCa !== true) throw broken(files.certificate, "it is not a CA certificate");
	const subjectKeyIdentifier = certificate.typed.subjectKeyIdentifier;
	if (subjectKeyIdentifier === undefined) throw broken(files.certificate, "it has no subjectKeyIdentifier");
	const { notBefore, notAfter } = certificate;
	const ca = {
		id,
		certificate: der,
		subject: certificate.subject.raw,
		subjectKeyIdentifier,
		notBefore,
		notAfter,
		scheme: schemeOf(key, files.key),
		maySignCrls: ((certificate.typed.keyUsage ?? keyUsageBit.cRLSign) & keyUsageBit.cRLSign) !== 0,
	};
	return new Authority(ca, key, false);
}

/** The names of the CAs in a directory. */
export function storedAuthorityIds(directory: string): string[] {
	const files = readdirSync(directory);
	return files.flatMap((file) => (file.endsWith(".key") ? [file.slice(0, -".key".length)] : []));
}

function makeAuthority(directory: string, plan: AuthorityPlan, now: number): Authority {
	const files = authorityFiles(directory, plan.id);
	const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
	const scheme: SignatureScheme = "ecdsa-p256";
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
	writePrivate(files.key, privateKey.export({ type: "pkcs8", format: "pem" }) as string);
	writePrivate(files.certificate, certificatePem(certificate));
	const made = loadAuthority(directory, plan.id);
	return new Authority(made.ca, privateKey, true);
}

function firstCertificate(text: string): Uint8Array {
	const [der] = pemCertificates(text);
	if (der === undefined) throw new Error("it holds no PEM certificate");
	return der;
}

function schemeOf(key: KeyObject, file: string): SignatureScheme {
	const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
	if (type === "ec" && details?.namedCurve === "prime256v1") return "ecdsa-p256";
	if (type === "ec" && details?.namedCurve === "secp384r1") return "ecdsa-p384";
	if (type === "rsa" && (details?.modulusLength ?? 0) >= 2048) return "rsa-sha256";
	if (type === "ed25519") return "ed25519";
	throw broken(
		file,
		`its type cannot sign here; expected P-256, P-384, RSA of 2048 bits or more or Ed25519, got ${type}`,
	);
}

function readFile<T>(file: string, read: (text: string) => T): T {
	try {
		return read(readFileSync(file, "utf8"));
	} catch (error) {
		throw broken(file, error instanceof Error ? error.message : String(error));
	}
}

function writePrivate(file: string, text: string): void {
	const fresh = `${file}.new`;
	writeFileSync(fresh, text, { mode: 0o600 });
	renameSync(fresh, file);
}

function broken(file: string, why: string): FaultError {
	const message = `${file} cannot be used: ${why}; restore it from a backup, or move the .key and .crt of this name away to have a new CA made`;
	return new FaultError(fault("KEY_STORE_BROKEN", message, { cause: why }));
}

function authorityFiles(directory: string, id: string): { key: string; certificate: string } {
	return { key: join(directory, `${id}.key`), certificate: join(directory, `${id}.crt`) };
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
