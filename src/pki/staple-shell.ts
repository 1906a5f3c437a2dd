/**
 * Keeps OCSP responses for certificates of one's own, so that a handshake can staple one without waiting: fetched behind
 * the sessions' back, replaced long before they run out, never used when they have.
 *
 * Bounds: one response for each subject, `maxAtOnce` subjects asked about at a time; the fetcher's own.
 */
import type { Certificate } from "#pki/certificate.ts";
import type { Fetcher } from "#pki/fetch-shell.ts";
import { fetchOcsp, type OcspAnswer } from "#pki/ocsp-fetch-shell.ts";
import { demandsStaple, refreshAt, retryAt, type StapleSubject, stapleObstacle } from "#pki/staple.ts";
import { validationProfiles } from "#pki/validation-profile.ts";
import { SignatureCache } from "#pki/verify-signature.ts";

/** What is told of a certificate's response whenever it changes. Times are milliseconds since 1970. */
export interface StapleFacts {
	readonly id: string;
	readonly sha256: string;
	/** When the response that is stapled runs out; undefined when none is. */
	readonly goodUntil: number | undefined;
	/** Why there is none, or why it could not be replaced. */
	readonly problem: string | undefined;
	/** Clients refuse the certificate without one. */
	readonly isDemanded: boolean;
	/** There is a responder to ask. */
	readonly isAskable: boolean;
}

export class StapleKeeper {
	readonly #fetcher: Fetcher;
	readonly #told: (facts: StapleFacts) => void;
	readonly #chance: () => number;
	readonly #cache = new SignatureCache(maxSignatures);
	#kept: ReadonlyMap<string, Kept> = new Map();
	#asking = 0;

	/** `told` hears of each subject once it is known how it stands, and of every change. */
	constructor(fetcher: Fetcher, told: (facts: StapleFacts) => void, chance: () => number = Math.random) {
		this.#fetcher = fetcher;
		this.#told = told;
		this.#chance = chance;
	}

	/** Other certificates, or other places to ask. Responses at hand stay, unless their certificate is another. */
	configure(subjects: readonly StapleSubject[]): void {
		const next = new Map<string, Kept>();
		for (const subject of subjects) {
			const before = this.#kept.get(subject.id);
			const isSame =
				before?.subject.certificate.fingerprint === subject.certificate.fingerprint &&
				before.subject.urls.join(" ") === subject.urls.join(" ") &&
				before.subject.issuer?.fingerprint === subject.issuer?.fingerprint;
			if (isSame) {
				before.subject = subject;
				next.set(subject.id, before);
				continue;
			}
			const kept: Kept = { subject, response: undefined, dueAt: 0, failures: 0, isAsked: false };
			next.set(subject.id, kept);
			const problem = stapleObstacle(subject);
			if (problem === undefined) continue;
			kept.dueAt = Number.POSITIVE_INFINITY;
			this.#tell(kept, problem);
		}
		this.#kept = next;
	}

	/** The response to staple to the certificate of this name; undefined when none is good now. */
	response(id: string, now: number): Uint8Array | undefined {
		const response = this.#kept.get(id)?.response;
		return response !== undefined && response.until > now ? response.octets : undefined;
	}

	/** Asks about what is due. To be called about once a second. */
	tick(now: number): void {
		for (const kept of this.#kept.values()) {
			if (kept.response !== undefined && kept.response.until <= now) this.#runOut(kept);
			if (kept.isAsked || kept.dueAt > now || this.#asking >= maxAtOnce) continue;
			kept.isAsked = true;
			this.#asking++;
			void this.#ask(kept.subject).then((answer) => {
				this.#asking--;
				kept.isAsked = false;
				// Replaced by another configuration meanwhile.
				if (this.#kept.get(kept.subject.id) === kept) this.#answered(kept, answer, Date.now());
			});
		}
	}

	#ask({ certificate, issuer, urls, namedUrls }: StapleSubject): Promise<OcspAnswer> {
		return fetchOcsp(this.#fetcher, {
			certificate,
			issuer: issuer as Certificate,
			urls,
			namedUrls,
			timeoutMs,
			// Browsers refuse a response that they find weak, as they refuse such a certificate.
			profile: validationProfiles["web-pki"],
			cache: this.#cache,
		});
	}

	#answered(kept: Kept, answer: OcspAnswer, now: number): void {
		if (answer.kind === "answered" && answer.status.kind === "good") {
			const { until } = answer.status;
			kept.response = { octets: answer.response, until };
			kept.failures = 0;
			kept.dueAt = refreshAt(now, until, this.#chance());
			return this.#tell(kept, undefined);
		}
		kept.failures++;
		kept.dueAt = retryAt(now, kept.failures, this.#chance());
		// What is known to be wrong is not said any longer, however fresh the response of before.
		if (answer.kind === "answered") kept.response = undefined;
		this.#tell(kept, problemOf(answer));
	}

	#runOut(kept: Kept): void {
		kept.response = undefined;
		this.#tell(kept, kept.problem ?? "the last response has run out");
	}

	#tell(kept: Kept, problem: string | undefined): void {
		const { id, certificate, urls } = kept.subject;
		const goodUntil = kept.response?.until;
		const isNews = kept.problem !== problem || kept.toldUntil !== goodUntil;
		kept.problem = problem;
		kept.toldUntil = goodUntil;
		if (!isNews) return;
		const isDemanded = demandsStaple(certificate);
		const isAskable = urls.length > 0;
		this.#told({ id, sha256: certificate.fingerprint, goodUntil, problem, isDemanded, isAskable });
	}
}

interface Kept {
	subject: StapleSubject;
	response: { readonly octets: Uint8Array; readonly until: number } | undefined;
	dueAt: number;
	failures: number;
	isAsked: boolean;
	problem?: string | undefined;
	toldUntil?: number | undefined;
}

function problemOf(answer: OcspAnswer): string {
	if (answer.kind === "failed") return answer.why;
	if (answer.status.kind === "revoked") return "its responder says that it was revoked; load another certificate";
	return "its responder does not know the certificate";
}

const timeoutMs = 10_000;
const maxAtOnce = 8;
const maxSignatures = 1_024;
