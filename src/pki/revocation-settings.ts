/** What the configuration says about revocation: for one authority, and for one profile of connections. */
import type { Certificate } from "#pki/certificate.ts";
import { type RevocationPointers, revocationPointers } from "#pki/revocation.ts";

/** `security pki ca-profile NAME revocation-check`. */
export interface AuthorityRevocation {
	/** Danger: nothing is asked about what this authority signed. */
	readonly isDisabled: boolean;
	readonly asksOcsp: boolean;
	readonly asksCrl: boolean;
	readonly sendsNonce: boolean;
	/** In place of what certificates name. */
	readonly ocspUrls: readonly string[];
	readonly crlUrls: readonly string[];
	/** A list is fetched anew after this time; 0 when the one at hand expires. */
	readonly refreshMs: number;
	/** Danger: no answer is as good as a good one. */
	readonly acceptsUnavailable: boolean;
}

/** `actions ocsp` and `actions crl` of a profile. */
export interface RevocationSettings {
	/** The same for equal settings: verdicts are kept apart by it. */
	readonly key: string;
	/** How long a session waits for all answers together. */
	readonly timeoutMs: number;
	readonly asksOcsp: boolean;
	readonly asksCrl: boolean;
	readonly ignoresHold: boolean;
}

/** For authorities that no CA profile speaks of. Without a nonce, answers come from the responders' caches. */
export const usualRevocation: AuthorityRevocation = {
	isDisabled: false,
	asksOcsp: true,
	asksCrl: true,
	sendsNonce: false,
	ocspUrls: [],
	crlUrls: [],
	refreshMs: 86_400_000,
	acceptsUnavailable: false,
};

/** What is asked about a path: the authority nearest to the leaf that has settings of its own decides. */
export function revocationOf(
	path: readonly Certificate[],
	byFingerprint: ReadonlyMap<string, AuthorityRevocation>,
): AuthorityRevocation {
	for (let depth = 1; depth < path.length; depth++) {
		const found = byFingerprint.get((path[depth] as Certificate).fingerprint);
		if (found !== undefined) return found;
	}
	return usualRevocation;
}

/** Where a certificate's state is asked under these settings, the most promising address first. */
export function placesToAsk(
	certificate: Certificate,
	authority: AuthorityRevocation,
	settings: RevocationSettings,
): Pick<RevocationPointers, "ocsp" | "crls"> {
	const named = revocationPointers(certificate);
	const ocsp = authority.ocspUrls.length > 0 ? authority.ocspUrls : named.ocsp;
	const lists = authority.crlUrls.length > 0 ? authority.crlUrls : [...named.crls, ...named.deltaCrls];
	return {
		ocsp: authority.asksOcsp && settings.asksOcsp ? ocsp.slice(0, maxResponders) : [],
		crls: authority.asksCrl && settings.asksCrl ? lists.slice(0, maxLists) : [],
	};
}

const maxResponders = 2;
const maxLists = 6;
