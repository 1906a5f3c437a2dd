/** The roots that may vouch for servers: the runtime's public roots and the CA profiles of this installation. */
import { getCACertificates } from "node:tls";

export class TrustStore {
	readonly #profiles: ReadonlyMap<string, readonly string[]>;
	readonly #pem = new Map<string, readonly string[]>();

	/** `profiles` are PEM certificates by the name of their CA profile. */
	constructor(profiles: ReadonlyMap<string, readonly string[]>) {
		this.#profiles = profiles;
	}

	/** The PEM certificates for `trusted-ca`: profile names, or `all` for the public roots and every profile. */
	roots(names: readonly string[]): readonly string[] {
		const key = names.join(" ");
		const known = this.#pem.get(key);
		if (known !== undefined) return known;
		const wanted = names.includes("all") ? [...this.#profiles.keys()] : names;
		const own = wanted.flatMap((name) => this.#profiles.get(name) ?? []);
		const roots = names.includes("all") ? [...getCACertificates("default"), ...own] : own;
		this.#pem.set(key, roots);
		return roots;
	}
}
