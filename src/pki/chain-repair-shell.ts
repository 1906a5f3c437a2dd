/**
 * Completes chains whose servers leave intermediate certificates out: fetches them from where the certificates say
 * (RFC 5280 §4.2.2.1, caIssuers). What is fetched is a candidate for path building and never an anchor.
 *
 * Bounds: three rounds, three addresses in a round and one deadline over all; `maxKept` addresses are remembered for a
 * day, and what failed for a minute.
 */
import { WeightedMap } from "#base/weighted-map.ts";
import type { Certificate } from "#pki/certificate.ts";
import { decodeIssuerCertificates } from "#pki/certs-only.ts";
import type { Fetcher } from "#pki/fetch-shell.ts";
import { isIssuerByName, type MissingIssuer, missingIssuers } from "#pki/missing-issuers.ts";
import type { TrustAnchors } from "#pki/trust-anchors.ts";

export interface BrokenChain {
	readonly leaf: Certificate;
	/** What the server sent and what is known otherwise. */
	readonly intermediates: readonly Certificate[];
	readonly anchors: TrustAnchors;
	readonly timeoutMs: number;
}

/** Certificates that were missing, and where they came from. */
export interface FetchedIssuers {
	readonly certificates: readonly Certificate[];
	readonly from: readonly string[];
}

export class ChainRepair {
	readonly #fetcher: Fetcher;
	readonly #known = new WeightedMap<string, KeptIssuers>(maxKept, maxKeptOctets);

	constructor(fetcher: Fetcher) {
		this.#fetcher = fetcher;
	}

	get size(): { readonly addresses: number; readonly octets: number } {
		return { addresses: this.#known.size, octets: this.#known.weight };
	}

	/** What could be fetched in time; empty when nothing was. Never rejects. */
	async complete(chain: BrokenChain): Promise<FetchedIssuers> {
		const certificates: Certificate[] = [];
		const from: string[] = [];
		const until = Date.now() + chain.timeoutMs;
		for (let round = 0; round < maxRounds; round++) {
			const leftMs = until - Date.now();
			const missing = missingIssuers(chain.leaf, [...chain.intermediates, ...certificates], chain.anchors);
			if (missing.length === 0 || leftMs <= 0) break;
			const found = await Promise.all(missing.map((one) => this.#issuerOf(one, leftMs)));
			const before = certificates.length;
			for (const { issuers, url } of found.flatMap((one) => one ?? [])) {
				certificates.push(...issuers);
				from.push(url);
			}
			if (certificates.length === before) break;
		}
		return { certificates, from };
	}

	/** The certificates at the first address that has an issuer of this certificate. */
	async #issuerOf(
		{ certificate, urls }: MissingIssuer,
		timeoutMs: number,
	): Promise<{ readonly issuers: readonly Certificate[]; readonly url: string } | undefined> {
		for (const url of urls) {
			const issuers = (await this.#certificatesAt(url, timeoutMs)).filter(
				// One that signed itself could only be an anchor, and an anchor is never fetched.
				(candidate) => !candidate.isSelfIssued && isIssuerByName(candidate, certificate),
			);
			if (issuers.length > 0) return { issuers, url };
		}
		return undefined;
	}

	async #certificatesAt(url: string, timeoutMs: number): Promise<readonly Certificate[]> {
		const known = this.#known.get(url);
		if (known !== undefined && known.until > Date.now()) return known.certificates;
		const outcome = await this.#fetcher.fetch({ url, maxOctets, timeoutMs, mayBePrivate: false });
		if (outcome.kind === "failed") return [];
		const decoded = decodeIssuerCertificates(outcome.octets);
		const certificates = decoded.kind === "done" ? decoded.value : [];
		const until = Date.now() + (certificates.length > 0 ? keepMs : keepFailureMs);
		// A decoded certificate holds a few times its octets.
		this.#known.set(url, { certificates, until }, outcome.octets.length * decodedFactor + url.length + entryOctets);
		return certificates;
	}
}

interface KeptIssuers {
	readonly certificates: readonly Certificate[];
	readonly until: number;
}

const maxRounds = 3;
const maxOctets = 65_536;
const keepMs = 86_400_000;
const keepFailureMs = 60_000;
const maxKept = 1_024;
const maxKeptOctets = 16_777_216;
const decodedFactor = 4;
const entryOctets = 200;
