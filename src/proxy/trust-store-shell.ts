/** The roots that may vouch for servers, for our own path validation and for the TLS engine alike. */
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import type { Certificate } from "#pki/certificate.ts";
import { certificatePem } from "#pki/pem.ts";
import { TrustAnchors } from "#pki/trust-anchors.ts";
import {
	assembleDefaultStore,
	type DefaultStore,
	type RuntimeRoots,
	resolveTrust,
	type TrustSelection,
	type TrustSources,
} from "#pki/trust-selection.ts";

/** The same roots twice: decoded for our own validation, as PEM for the TLS engine. */
export interface TrustedRoots {
	readonly anchors: TrustAnchors;
	/** Certificates of authorities that are no roots: they complete what a server leaves out. */
	readonly intermediates: readonly Certificate[];
	readonly pem: readonly string[];
	/** The same for the same certificates: verdicts, sessions and contexts are kept apart by it. */
	readonly key: string;
	/** True when a TLS context that names no roots of its own uses these: all contexts share them. */
	readonly isDefault: boolean;
}

/**
 * One per configuration in force. The first set asked for that holds the public roots becomes the default of the
 * process's TLS contexts: hundreds of roots cost milliseconds and a mebibyte in each context of their own.
 *
 * Contexts keep the roots with which they were made. A session that began under an earlier configuration and makes a
 * context late may meet the roots of the next one on OpenSSL's side; since both verdicts must say yes, it can only be
 * trusted by what both configurations trust.
 */
export class TrustStore {
	readonly #sources: TrustSources;
	readonly #selection: TrustSelection;
	readonly #roots = new Map<string, TrustedRoots>();
	#defaultStore: DefaultStore | undefined;
	#defaultKey: string | undefined;

	constructor(sources: TrustSources, selection: TrustSelection) {
		this.#sources = sources;
		this.#selection = selection;
	}

	/** The roots for `trusted-ca`. */
	roots(names: readonly string[]): TrustedRoots {
		const spelled = JSON.stringify(names);
		const known = this.#roots.get(spelled);
		if (known !== undefined) return known;
		const resolved = resolveTrust(names, this.#sources, this.#selection, () => this.#store());
		const { anchors, intermediates, key } = resolved;
		const pem = [...anchors, ...intermediates].map(({ der }) => certificatePem(der));
		if (resolved.hasDefaultStore && this.#defaultKey === undefined) {
			this.#defaultKey = key;
			setDefaultCACertificates(pem);
		}
		const roots = { anchors: new TrustAnchors(anchors), intermediates, pem, key, isDefault: key === this.#defaultKey };
		this.#roots.set(spelled, roots);
		return roots;
	}

	#store(): DefaultStore {
		this.#defaultStore ??= assembleDefaultStore(runtimeRoots, this.#sources.defaultRoots, this.#selection.excluded);
		return this.#defaultStore;
	}
}

/** What the runtime trusts by itself, read before a store adds to it. */
export const runtimeRoots: RuntimeRoots = readRuntimeRoots();

/** NODE_EXTRA_CA_CERTS and the system's store, where the runtime was told to use them. */
function readRuntimeRoots(): RuntimeRoots {
	const runtime = getCACertificates("bundled");
	const bundled = new Set(runtime);
	return { runtime, environment: getCACertificates("default").filter((pem) => !bundled.has(pem)) };
}
