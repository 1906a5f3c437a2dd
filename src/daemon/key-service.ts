/** The key store in `managed`: opened as the configuration asks, and the signing CAs that come out of it. */
import { isAbsolute, join } from "node:path";
import { trustedCaId, trustedRsaCaId, untrustedCaId, untrustedRsaCaId } from "#daemon/default-configuration.ts";
import type { StateDirectory } from "#daemon/state-directory.ts";
import { type Authority, type AuthorityPlan, loadAuthority, openAuthority } from "#pki/authority-shell.ts";
import { decodeCertificate } from "#pki/certificate.ts";
import type { KeyStoreSettings } from "#pki/key-protection-shell.ts";
import { KeyStore, type KeyStoreAlarm, type StoredCertificate, storedCertificates } from "#pki/key-store-shell.ts";
import type { PkiConfig } from "#pki/schema.ts";
import type { CertificateFacts } from "#product/certificate-uses.ts";
import type { OwnCertificate } from "#proxy/own-certificates.ts";

export class KeyService {
	readonly #state: StateDirectory;
	#opened: KeyStore | undefined;
	/** By name, as long as the entry is the same. */
	readonly #authorities = new Map<string, { readonly version: number | undefined; readonly authority: Authority }>();

	/** Opens nothing yet: a configuration must say how, and it may name what is in the store. */
	constructor(state: StateDirectory) {
		this.#state = state;
	}

	/** The certificates that a configuration may name; our own signing CAs are there even before the first start. */
	certificates(): ReadonlyMap<string, CertificateFacts> {
		const facts = new Map<string, CertificateFacts>();
		for (const { id } of ownCas) facts.set(id, { hasCertificate: true, isCa: true, hasKey: true });
		for (const { id, certificate, hasKey } of this.#stored())
			facts.set(id, { hasCertificate: certificate !== undefined, isCa: isCa(certificate), hasKey });
		return facts;
	}

	/** Names of those that may sign leaves. */
	signerIds(): ReadonlySet<string> {
		return new Set([...this.certificates()].filter(([, one]) => one.isCa).map(([id]) => id));
	}

	/**
	 * Opens the store and the gateway's own CAs; on a first start they are made. Those with RSA keys come when they are used.
	 *
	 * Faults: throws `FaultError` KEY_STORE_BROKEN that names the file and the remedy.
	 */
	open(config: PkiConfig, now: number): void {
		const store = new KeyStore(this.#state.keys, this.#settings(config), now);
		this.#opened = store;
		for (const { id } of ownCas.filter(isAlwaysThere)) this.#authority(id, now);
	}

	get isOpen(): boolean {
		return this.#opened !== undefined;
	}

	/** The open store. */
	get store(): KeyStore {
		if (this.#opened === undefined) throw new Error("the key store is not open");
		return this.#opened;
	}

	/** Protects keys at rest as another configuration asks. Faults: as `open`; then they are protected as before. */
	protect(config: PkiConfig): void {
		this.store.protect(this.#settings(config));
	}

	/** Our own two signing CAs and those with these names. */
	authorities(ids: readonly string[], now: number): Map<string, Authority> {
		const all = new Set([...ownCas.filter(isAlwaysThere).map(({ id }) => id), ...ids]);
		return new Map([...all].map((id) => [id, this.#authority(id, now)]));
	}

	/** Those of these that are whole, with their keys. */
	ownCertificates(ids: readonly string[]): readonly OwnCertificate[] {
		return ids.flatMap((id) => {
			const entry = this.store.entry(id);
			if (entry?.key === undefined || entry.certificates.length === 0) return [];
			const key = new Uint8Array(entry.key.export({ type: "pkcs8", format: "der" }));
			return [{ id, certificates: entry.certificates, key }];
		});
	}

	/** What needs attention about keys. */
	alarms(): readonly KeyStoreAlarm[] {
		return this.#opened?.alarms() ?? [];
	}

	/** Ours are made when they are not there; one whose key was in memory only is made anew under its name. */
	#authority(id: string, now: number): Authority {
		const { store } = this;
		const entry = store.entry(id);
		const known = this.#authorities.get(id);
		if (known !== undefined && known.version === entry?.version) return known.authority;
		const own = ownCas.find((plan) => plan.id === id);
		const plan = own ?? (entry?.keyProblem === "not-kept" ? { id, title: id, lifetimeDays } : undefined);
		const authority = plan === undefined ? loadAuthority(store, id) : openAuthority(store, plan, now);
		this.#authorities.set(id, { version: store.entry(id)?.version, authority });
		return authority;
	}

	#stored(): Iterable<StoredCertificate> {
		if (this.#opened === undefined) return storedCertificates(this.#state.keys);
		return [...this.#opened.entries.values()].map(({ id, certificates, key, keyProblem }) => ({
			id,
			certificate: certificates[0],
			hasKey: key !== undefined || keyProblem === "not-kept",
		}));
	}

	#settings({ security: { pki } }: PkiConfig): KeyStoreSettings {
		const { passphraseFile: file } = pki.keyStore;
		return {
			isPersistent: pki.persistPrivateKeys === "enable",
			passphraseFile: file === undefined || isAbsolute(file) ? file : join(this.#state.path, file),
		};
	}
}

/** True for a signing CA that every installation has. */
export function isOwnCa(id: string): boolean {
	return ownCas.some((plan) => plan.id === id);
}

function isCa(der: Uint8Array | undefined): boolean {
	const decoded = der === undefined ? undefined : decodeCertificate(der);
	return decoded?.kind === "done" && decoded.value.typed.basicConstraints?.isCa === true;
}

const lifetimeDays = 1_825;
const ownCas: readonly AuthorityPlan[] = [
	{ id: trustedCaId, title: "Sallyport CA", lifetimeDays },
	{ id: untrustedCaId, title: "UNTRUSTED by Sallyport", lifetimeDays },
	{ id: trustedRsaCaId, title: "Sallyport CA (RSA)", lifetimeDays, keyType: "rsa" },
	{ id: untrustedRsaCaId, title: "UNTRUSTED by Sallyport (RSA)", lifetimeDays, keyType: "rsa" },
];

/** RSA keys of 3072 bits take a second to make. */
function isAlwaysThere({ keyType }: AuthorityPlan): boolean {
	return keyType !== "rsa";
}
