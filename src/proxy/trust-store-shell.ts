/** The roots that may vouch for servers: the runtime's public roots and the CA profiles of this installation. */
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { type Certificate, decodeCertificate } from "#pki/certificate.ts";
import { pemCertificates } from "#pki/pem.ts";
import { TrustAnchors } from "#pki/trust-anchors.ts";

/** The same roots twice: for our own path validation and for the TLS engine. */
export interface TrustedRoots {
	readonly anchors: TrustAnchors;
	readonly pem: readonly string[];
	/** True when a TLS context that names no roots of its own uses these: all contexts share them. */
	readonly isDefault: boolean;
}

/** One per process: the roots of `all` become the default of its TLS contexts when they are first asked for. */
export class TrustStore {
	readonly #profiles: ReadonlyMap<string, readonly string[]>;
	readonly #roots = new Map<string, TrustedRoots>();

	/** `profiles` are PEM certificates by the name of their CA profile. */
	constructor(profiles: ReadonlyMap<string, readonly string[]>) {
		this.#profiles = profiles;
	}

	/** The roots for `trusted-ca`: profile names, or `all` for the public roots and every profile. */
	roots(names: readonly string[]): TrustedRoots {
		const key = names.join(" ");
		const known = this.#roots.get(key);
		if (known !== undefined) return known;
		const isDefault = names.includes("all");
		const wanted = isDefault ? [...this.#profiles.keys()] : names;
		const own = wanted.flatMap((name) => this.#profiles.get(name) ?? []);
		const pem = isDefault ? [...publicRoots, ...own] : own;
		if (isDefault) setDefaultCACertificates(pem);
		const roots = { anchors: new TrustAnchors(pem.flatMap(readCertificates)), pem, isDefault };
		this.#roots.set(key, roots);
		return roots;
	}
}

/** A root that our decoder refuses is no anchor; OpenSSL alone cannot make a server trusted. */
function readCertificates(pem: string): Certificate[] {
	return pemCertificates(pem).flatMap((der) => {
		const decoded = decodeCertificate(der);
		return decoded.kind === "done" ? [decoded.value] : [];
	});
}

/** What the runtime trusts by itself, read before a store adds to it. */
const publicRoots: readonly string[] = getCACertificates("default");
