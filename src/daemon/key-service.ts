/** The key store in `managed`: opened as the configuration asks, and the signing CAs that come out of it. */
import { isAbsolute, join } from "node:path";
import { trustedCaId, trustedRsaCaId, untrustedCaId, untrustedRsaCaId } from "#daemon/default-configuration.ts";
import type { StateDirectory } from "#daemon/state-directory.ts";
import { type Authority, type AuthorityPlan, loadAuthority, openAuthority } from "#pki/authority-shell.ts";
import type { KeyStoreSettings } from "#pki/key-protection-shell.ts";
import { KeyStore, type KeyStoreAlarm, storedCertificateIds } from "#pki/key-store-shell.ts";
import type { PkiConfig } from "#pki/schema.ts";

export class KeyService {
	readonly #state: StateDirectory;
	#opened: { readonly store: KeyStore; readonly own: ReadonlyMap<string, Authority> } | undefined;

	/** Opens nothing yet: a configuration must say how, and it may name what is in the store. */
	constructor(state: StateDirectory) {
		this.#state = state;
	}

	/** Names of the certificates that a configuration may use. */
	certificateIds(): ReadonlySet<string> {
		const stored = this.#opened?.store.entries.keys() ?? storedCertificateIds(this.#state.keys);
		return new Set([...ownCas.map(({ id }) => id), ...stored]);
	}

	/**
	 * Opens the store and the gateway's own CAs; on a first start they are made. Those with RSA keys come when they are used.
	 *
	 * Faults: throws `FaultError` KEY_STORE_BROKEN that names the file and the remedy.
	 */
	open(config: PkiConfig, now: number): void {
		const store = new KeyStore(this.#state.keys, this.#settings(config), now);
		const own = new Map(ownCas.filter(isAlwaysThere).map((plan) => [plan.id, openAuthority(store, plan, now)]));
		this.#opened = { store, own };
	}

	/** The open store. */
	get store(): KeyStore {
		return this.#open.store;
	}

	/** Protects keys at rest as another configuration asks. Faults: as `open`; then they are protected as before. */
	protect(config: PkiConfig): void {
		this.store.protect(this.#settings(config));
	}

	/** Our own two signing CAs and those with these names. */
	authorities(ids: readonly string[], now: number): Map<string, Authority> {
		const { store, own } = this.#open;
		const authorities = new Map(own);
		for (const id of ids) if (!authorities.has(id)) authorities.set(id, this.#authority(store, id, now));
		return authorities;
	}

	/** What needs attention about keys. */
	alarms(): readonly KeyStoreAlarm[] {
		return this.#opened?.store.alarms() ?? [];
	}

	/** One of our own, or one whose key was in memory only, is made anew under its name. */
	#authority(store: KeyStore, id: string, now: number): Authority {
		const plan = ownCas.find((own) => own.id === id);
		if (plan !== undefined) return openAuthority(store, plan, now);
		const wasNotKept = store.entry(id)?.keyProblem === "not-kept";
		return wasNotKept ? openAuthority(store, { id, title: id, lifetimeDays }, now) : loadAuthority(store, id);
	}

	#settings({ security: { pki } }: PkiConfig): KeyStoreSettings {
		const { passphraseFile: file } = pki.keyStore;
		return {
			isPersistent: pki.persistPrivateKeys === "enable",
			passphraseFile: file === undefined || isAbsolute(file) ? file : join(this.#state.path, file),
		};
	}

	get #open() {
		if (this.#opened === undefined) throw new Error("the key store is not open");
		return this.#opened;
	}
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
