/**
 * Whether certificates of VPN peers were revoked: by the validator, fetcher and settings of CA profiles that servers are
 * asked about with. Who can be asked and does not answer is no good news: the peer is refused, unless its CA profile
 * accepts that (`crl disable on-download-failure`, `ocsp connection-failure disable`).
 */
import type { PeerTrust } from "#daemon/peer-trust.ts";
import { lookUp, refuseLookUp, revocationConfiguration } from "#daemon/worker-revocation.ts";
import type { Certificate } from "#pki/certificate.ts";
import type { Crl } from "#pki/crl.ts";
import { Fetcher } from "#pki/fetch-shell.ts";
import type { RevocationVerdict } from "#pki/revocation.ts";
import { placesToAsk, type RevocationSettings, revocationOf } from "#pki/revocation-settings.ts";
import { RevocationChecker, type RevocationConfiguration } from "#pki/revocation-shell.ts";
import { TrustAnchors } from "#pki/trust-anchors.ts";
import { validationProfiles } from "#pki/validation-profile.ts";
import { pathKeyOf } from "#pki/verify-chain.ts";
import { Resolver } from "#proxy/resolver-shell.ts";

export class PeerRevocation {
	readonly #fetcher = new Fetcher({ permitted: [], isOwnListener: () => true }, refuseLookUp, () => undefined);
	readonly #checker: RevocationChecker;
	#configuration: RevocationConfiguration = { authorities: new Map(), loadedCrls: [], crlIssuers: [] };

	/** `listFetched` hears of each list. */
	constructor(listFetched: (url: string, crl: Crl) => void) {
		this.#checker = new RevocationChecker(this.#fetcher, this.#configuration, {
			decided: () => undefined,
			listFetched,
		});
	}

	/** Other settings: what was decided before is found anew. */
	configure({ revocation, profiles, loadedCrls, staticHosts }: PeerTrust): void {
		const resolver = new Resolver(staticHosts, maxNames, keepNamesMs);
		const guard = { permitted: revocation.permittedNetworks, isOwnListener: () => false };
		this.#fetcher.configure(guard, (host, answer) => lookUp(resolver, host, answer));
		this.#configuration = revocationConfiguration(revocation, profiles, loadedCrls);
		this.#checker.configure(this.#configuration);
	}

	/** Everything is fetched again. */
	forget(): void {
		this.#checker.forget();
	}

	/**
	 * Why the peer with a validated path (leaf first, anchor last) is refused; undefined when it is not. With `isAgain` it was
	 * accepted before: then only what is known for certain counts.
	 *
	 * Bounds: answers within `settings.timeoutMs`. Never rejects.
	 */
	check(path: readonly Certificate[], isAgain: boolean): Promise<string | undefined> {
		const question = {
			path,
			pathKey: pathKeyOf(path, "ike"),
			staple: undefined,
			// What demands a staple is for TLS: IKE brings none.
			isResumed: true,
			anchors: new TrustAnchors(path.slice(-1)),
			profile: validationProfiles.lenient,
			settings,
		};
		return new Promise((resolve) => {
			this.#checker.check(question, (verdict) => resolve(this.#refusal(path, verdict, isAgain)));
		});
	}

	#refusal(
		path: readonly Certificate[],
		{ answer, sentence }: RevocationVerdict,
		isAgain: boolean,
	): string | undefined {
		if (answer === "good") return undefined;
		if (answer !== "unavailable") return sentence;
		if (isAgain || !this.#isAskable(path)) return undefined;
		return `whether its certificate was revoked could not be found out: ${sentence}; make its list or responder reachable, or accept that in the CA profile`;
	}

	/** A path that names nobody to ask is as its authority wants it. */
	#isAskable(path: readonly Certificate[]): boolean {
		const authority = revocationOf(path, this.#configuration.authorities);
		return path.slice(0, -1).some((certificate) => {
			const { ocsp, crls } = placesToAsk(certificate, authority, settings);
			return ocsp.length + crls.length > 0;
		});
	}
}

const settings: RevocationSettings = {
	key: "ike",
	timeoutMs: 5_000,
	asksOcsp: true,
	asksCrl: true,
	ignoresHold: false,
};
const maxNames = 256;
const keepNamesMs = 60_000;
