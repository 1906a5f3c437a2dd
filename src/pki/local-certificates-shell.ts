/**
 * The gateway's own certificates in the key store: key pairs, requests and certificates are made, loaded, joined,
 * replaced, repaired and removed. Each operation is one change of the store, or none.
 *
 * What is wrong with a wish is thrown as an `Error` with a sentence for whoever wished it.
 */
import { createPublicKey, generateKeyPair, type KeyObject, randomBytes, sign } from "node:crypto";
import { promisify } from "node:util";
import { schemeOf } from "#pki/authority-shell.ts";
import { type Certificate, decodeCertificate } from "#pki/certificate.ts";
import { certificateId, replacedId } from "#pki/certificate-id.ts";
import { assembleCertificateRequest, planCertificateRequest } from "#pki/certificate-request.ts";
import { parseDistinguishedName } from "#pki/distinguished-name.ts";
import { type ImportedCertificate, type ImportFiles, importCertificates, isKeyOf } from "#pki/import-certificate.ts";
import type { KeyStore, KeyStoreChange, KeyStoreEntry, NewEntry } from "#pki/key-store-shell.ts";
import { assembleCertificate, type SignatureScheme } from "#pki/mint.ts";
import { encodePkcs12 } from "#pki/pkcs12.ts";
import { planSelfSigned } from "#pki/plan-certificate.ts";
import { readPrivateKey } from "#pki/private-key-file.ts";
import { checkSubjectAltNames, encodeSubjectAltName, type SubjectAltNames } from "#pki/subject-alt-name.ts";

export type KeyKind =
	| { readonly type: "rsa"; readonly bits: 2_048 | 3_072 | 4_096 }
	| { readonly type: "ecdsa"; readonly bits: 256 | 384 }
	| { readonly type: "ed25519" };

/** Whom a certificate names. `subject` as `CN=..., O=...`. */
export interface SubjectPlan extends SubjectAltNames {
	readonly subject: string;
}

export interface SelfSignedOptions extends SubjectPlan {
	readonly isCa: boolean;
	readonly days: number;
	/** The key is to be exportable: it must have been made so. */
	readonly isExportable: boolean;
}

/** What loading came to. */
export interface LoadedCertificates {
	readonly ids: readonly string[];
	/** Names under which the same certificates are stored already; those were discarded (R85). */
	readonly duplicates: readonly string[];
	readonly passedOver: readonly string[];
}

/** Takes a change: writes it, puts it in force, and takes it back when it cannot be. */
export type ChangeStore = (change: KeyStoreChange) => Promise<void>;

export class LocalCertificates {
	readonly #store: KeyStore;
	readonly #change: ChangeStore;
	readonly #now: () => number;

	constructor(store: KeyStore, change: ChangeStore, now: () => number) {
		this.#store = store;
		this.#change = change;
		this.#now = now;
	}

	/** Makes a key pair under a new name. */
	async generateKeyPair(id: string, kind: KeyKind, isExportable: boolean): Promise<void> {
		this.#checkNew(id);
		const key = await makeKey(kind);
		this.#checkNew(id);
		await this.#change({ put: [{ id, created: this.#now(), isExportable, certificates: [], key }] });
	}

	/** A certificate that the key pair signs itself (R43, R57-R62). */
	async generateSelfSigned(id: string, options: SelfSignedOptions): Promise<void> {
		const { key, scheme, entry } = this.#keyPair(id);
		if (entry.certificates.length > 0)
			throw new Error(`certificate "${id}" exists already; replace it, or clear it first`);
		if (options.isExportable && !entry.isExportable)
			throw new Error(`key pair "${id}" was not made exportable; make one with generate-key-pair ... exportable`);
		const { subject, subjectAltName } = encodeNames(options);
		if (!options.isCa && subjectAltName === undefined)
			throw new Error(
				"a server's certificate needs a domain-name, ip-address or email: clients do not read its subject",
			);
		const notBefore = Math.floor(this.#now() / 1_000) * 1_000 - backdateMs;
		const toBeSigned = planSelfSigned({
			subject,
			subjectAltName,
			publicKeyInfo: publicKeyInfoOf(key),
			isCa: options.isCa,
			notBefore,
			notAfter: notBefore + options.days * dayMs,
			scheme,
			serial: randomBytes(16),
		});
		const certificate = assembleCertificate(toBeSigned, scheme, sign(digests[scheme], toBeSigned, key));
		await this.#change({ put: [{ ...newEntry(entry), certificates: [certificate] }] });
	}

	/** A request for a certificate, DER, by the key pair of this name (R68-R71). */
	async generateRequest(id: string, plan: SubjectPlan, isSigning: boolean): Promise<Uint8Array> {
		const { key, scheme, entry } = this.#keyPair(id);
		const { subject, subjectAltName } = encodeNames(plan);
		if (!isSigning && subjectAltName === undefined)
			throw new Error(
				"a server's certificate needs a domain-name, ip-address or email: clients do not read its subject",
			);
		const info = planCertificateRequest({ subject, subjectAltName, publicKeyInfo: publicKeyInfoOf(key), isSigning });
		const request = assembleCertificateRequest(info, scheme, sign(digests[scheme], info, key));
		await this.#change({ put: [{ ...newEntry(entry), request }] });
		return request;
	}

	/** Loads certificates with their keys; a key that waits here for its certificate is joined (R44, R73-R78). */
	async load(id: string, files: ImportFiles, isExportable: boolean): Promise<LoadedCertificates> {
		const { imported, passedOver } = this.#import(id, files);
		const duplicates: string[] = [];
		const put: NewEntry[] = [];
		const remove: string[] = [];
		for (const one of imported) {
			const same = this.#withCertificate(one.certificate);
			if (same !== undefined) {
				duplicates.push(same);
				continue;
			}
			this.#checkJoined(one.id, one);
			const present = this.#store.entry(one.id);
			if (present !== undefined && one.joined !== one.id) {
				const remedy = present.certificates.length > 0 ? "replace it, or choose another name" : "choose another name";
				throw new Error(`"${one.id}" exists already and has another key; ${remedy}`);
			}
			if (present !== undefined && present.certificates.length > 0)
				throw new Error(`certificate "${one.id}" exists already; replace it, or choose another name`);
			put.push(this.#entryOf(one, isExportable));
			if (one.joined !== undefined && one.joined !== one.id) remove.push(one.joined);
		}
		if (put.length > 0) await this.#change({ put, remove });
		return { ids: put.map((entry) => entry.id), duplicates, passedOver };
	}

	/**
	 * Puts another certificate in the place of one; whatever speaks of the name speaks of the new one from now on. Answers
	 * the name under which the one before is kept (R86, R87).
	 */
	async replace(id: string, files: ImportFiles, isExportable: boolean): Promise<{ readonly kept: string }> {
		const old = this.#certified(id);
		const { imported } = this.#import(id, files);
		const [first, second] = imported;
		if (first === undefined || second !== undefined)
			throw new Error(`${imported.length} certificates with keys; expected the one that replaces "${id}"`);
		const same = this.#withCertificate(first.certificate);
		if (same !== undefined) throw new Error(`the same certificate is stored already, as "${same}"`);
		this.#checkJoined(id, first);
		const kept = replacedId(id, (one) => this.#store.entry(one) !== undefined);
		const isOwnKey = first.joined === id;
		const fresh = this.#entryOf(first, isExportable || (isOwnKey && old.isExportable));
		const remove = first.joined === undefined || isOwnKey ? [] : [first.joined];
		await this.#change({ put: [fresh, { ...newEntry(old), id: kept, request: undefined }], remove });
		return { kept };
	}

	/** Gives a certificate the private key that it lacks (R84). */
	async repair(id: string, keyFile: Uint8Array, passphrase: string | undefined): Promise<void> {
		const entry = this.#certified(id);
		if (entry.key !== undefined) throw new Error(`the key of certificate "${id}" is whole; nothing is to be repaired`);
		const read = readPrivateKey(keyFile, passphrase);
		if (read.kind === "needs-passphrase") throw new Error(needsPassphrase);
		if (read.kind === "refused") throw new Error(`the private key: ${read.reason}`);
		if (!isKeyOf(certificateOf(entry), read.key)) throw new Error(`this is not the private key of certificate "${id}"`);
		await this.#change({ put: [{ ...newEntry(entry), key: read.key }] });
	}

	/** PKCS#12 with the certificate, its chain and its key, which must have been made exportable (R92). */
	exportPkcs12(id: string, passphrase: string): Uint8Array {
		const { key, isExportable, certificates } = this.#certified(id);
		if (!isExportable)
			throw new Error(
				`the key of certificate "${id}" was not made exportable; only type der and type pem leave it here`,
			);
		if (key === undefined) throw new Error(`certificate "${id}" has no private key; repair it first`);
		if (passphrase === "") throw new Error("a key is not exported without a passphrase");
		return encodePkcs12({ certificates, key, friendlyName: id, passphrase, random: randomBytes(80) });
	}

	/** The certificate alone, DER. */
	exportCertificate(id: string): Uint8Array {
		return certificateOf(this.#certified(id)).der;
	}

	/** Removes certificates; their key pairs stay, for the next certificate. */
	async clearCertificates(ids: readonly string[]): Promise<void> {
		const entries = ids.map((id) => this.#certified(id));
		const put = entries.filter(({ key }) => key !== undefined);
		const remove = entries.filter(({ key }) => key === undefined).map(({ id }) => id);
		await this.#change({ put: put.map((entry) => ({ ...newEntry(entry), certificates: [] })), remove });
	}

	/** Removes key pairs that have no certificate, with their requests. */
	async clearKeyPairs(ids: readonly string[]): Promise<void> {
		for (const id of ids) {
			if (this.#existing(id).certificates.length > 0)
				throw new Error(`key pair "${id}" has a certificate; clear security pki local-certificate first`);
		}
		await this.#change({ remove: ids });
	}

	/** Forgets requests; the key pairs stay. */
	async clearRequests(ids: readonly string[]): Promise<void> {
		const entries = ids.map((id) => this.#existing(id));
		const bare = entries.find(({ request }) => request === undefined);
		if (bare !== undefined) throw new Error(`there is no certificate request "${bare.id}"`);
		await this.#change({ put: entries.map((entry) => ({ ...newEntry(entry), request: undefined })) });
	}

	#import(id: string, files: ImportFiles) {
		checkId(id);
		// The key of this name goes before the same one under another name.
		const waiting = [...this.#store.entries.values()]
			.flatMap(({ id: name, key }) => (key === undefined ? [] : [{ id: name, key }]))
			.sort((one, other) => Number(other.id === id) - Number(one.id === id));
		const answer = importCertificates(id, files, waiting);
		if (answer.kind === "needs-passphrase") throw new Error(needsPassphrase);
		if (answer.kind === "refused") throw new Error(answer.reason);
		return answer;
	}

	/** A key serves one certificate: another for it takes the place of that one. */
	#checkJoined(id: string, { joined }: ImportedCertificate): void {
		if (joined === undefined || joined === id || this.#store.entry(joined)?.certificates.length === 0) return;
		throw new Error(`it is for the key of certificate "${joined}"; replace that one with it`);
	}

	/** What a certificate with its key comes to; a waiting key brings its own permission to be exported. */
	#entryOf({ id, certificate, chain, key, joined }: ImportedCertificate, isExportable: boolean): NewEntry {
		const wasExportable = joined !== undefined && this.#store.entry(joined)?.isExportable === true;
		return {
			id,
			created: this.#now(),
			isExportable: joined === undefined ? isExportable : wasExportable,
			certificates: [certificate, ...chain].map(({ der }) => der),
			key,
		};
	}

	#withCertificate({ der }: Certificate): string | undefined {
		for (const { id, certificates } of this.#store.entries.values())
			if (certificates[0] !== undefined && Buffer.compare(certificates[0], der) === 0) return id;
		return undefined;
	}

	#checkNew(id: string): void {
		checkId(id);
		if (this.#store.entry(id) !== undefined)
			throw new Error(`"${id}" exists already; choose another name, or clear it first`);
	}

	#existing(id: string): KeyStoreEntry {
		const entry = this.#store.entry(id);
		if (entry !== undefined) return entry;
		const existing = [...this.#store.entries.keys()].map((one) => `"${one}"`).join(", ") || "none";
		throw new Error(`certificate-id "${id}" does not exist; existing: ${existing}`);
	}

	#certified(id: string): KeyStoreEntry {
		const entry = this.#existing(id);
		if (entry.certificates.length === 0) throw new Error(`"${id}" is a key pair that has no certificate yet`);
		return entry;
	}

	#keyPair(id: string): { readonly key: KeyObject; readonly scheme: SignatureScheme; readonly entry: KeyStoreEntry } {
		if (this.#store.entry(id) === undefined)
			throw new Error(
				`there is no key pair "${id}"; request security pki generate-key-pair certificate-id ${id} first`,
			);
		const entry = this.#existing(id);
		const { key } = entry;
		const scheme = key === undefined ? undefined : schemeOf(key);
		if (key === undefined || scheme === undefined) throw new Error(`the key of "${id}" is broken; repair it first`);
		return { key, scheme, entry };
	}
}

/** The certificate of an entry that has one. */
export function certificateOf({ id, certificates }: KeyStoreEntry): Certificate {
	const decoded = decodeCertificate(certificates[0] ?? new Uint8Array(0));
	if (decoded.kind !== "done") throw new Error(`certificate "${id}" cannot be read`);
	return decoded.value;
}

async function makeKey(kind: KeyKind): Promise<KeyObject> {
	const { privateKey } =
		kind.type === "rsa"
			? await makePair("rsa", { modulusLength: kind.bits })
			: kind.type === "ecdsa"
				? await makePair("ec", { namedCurve: `P-${kind.bits}` })
				: await makePair("ed25519");
	return privateKey;
}

function encodeNames(plan: SubjectPlan): { subject: Uint8Array; subjectAltName: Uint8Array | undefined } {
	const name = parseDistinguishedName(plan.subject);
	if (name.kind === "refused") throw new Error(`subject: ${name.reason}`);
	const { dns = [], email = [], ip = [], uri = [] } = plan;
	if (dns.length + email.length + ip.length + uri.length === 0) return { subject: name.der, subjectAltName: undefined };
	const reason = checkSubjectAltNames(plan);
	if (reason !== undefined) throw new Error(reason);
	return { subject: name.der, subjectAltName: encodeSubjectAltName(plan) };
}

function checkId(id: string): void {
	const checked = certificateId.parse(id);
	if (!checked.ok) throw new Error(checked.message);
}

function newEntry({ id, created, isExportable, certificates, request, key }: KeyStoreEntry): NewEntry {
	return { id, created, isExportable, certificates, request, key };
}

function publicKeyInfoOf(key: KeyObject): Uint8Array {
	return createPublicKey(key).export({ type: "spki", format: "der" });
}

const makePair = promisify(generateKeyPair);
const needsPassphrase =
	"the private key is encrypted; add passphrase to be asked for its passphrase, or passphrase-file with the name of a file";
const digests: Readonly<Record<SignatureScheme, string | null>> = {
	"ecdsa-p256": "sha256",
	"ecdsa-p384": "sha384",
	"rsa-sha256": "sha256",
	ed25519: null,
};
const dayMs = 86_400_000;
/** For clients whose clock is behind. */
const backdateMs = dayMs;
