/**
 * Finds out whether a certificate of a validated path was revoked: from the staple, from answers at hand, then from
 * responders and lists. What is unsettled is asked about at once, for all certificates of the path in parallel; a list is
 * fetched when the responder failed or has been silent for a third of the time.
 *
 * Bounds: one wait per session, of the profile's timeout; one fetch however many sessions wait; verdicts, answers and
 * lists are kept within the capacities below. A list goes on loading when a session has given up, for those that follow.
 */
import { randomBytes } from "node:crypto";
import { BoundedMap } from "#base/bounded.ts";
import type { Decoded } from "#base/bytes.ts";
import { WeightedMap } from "#base/weighted-map.ts";
import { newWorkBudget } from "#pki/build-path.ts";
import type { Certificate } from "#pki/certificate.ts";
import { type Crl, decodeCrlStepwise } from "#pki/crl.ts";
import type { Fetcher } from "#pki/fetch-shell.ts";
import { fetchOcsp, shownUrl } from "#pki/ocsp-fetch-shell.ts";
import { pemDer } from "#pki/pem.ts";
import {
	decideEach,
	type RevocationAnswer,
	type RevocationQuestion,
	type RevocationVerdict,
	worstVerdict,
} from "#pki/revocation.ts";
import {
	type AuthorityRevocation,
	placesToAsk,
	type RevocationSettings,
	revocationOf,
} from "#pki/revocation-settings.ts";
import type { TrustAnchors } from "#pki/trust-anchors.ts";
import type { ValidationProfile } from "#pki/validation-profile.ts";
import { SignatureCache } from "#pki/verify-signature.ts";

/** What is asked about one connection. */
export interface PathQuestion {
	/** A validated path, leaf first and anchor last. */
	readonly path: readonly Certificate[];
	/** The same for the same path, trust and validation profile. */
	readonly pathKey: string;
	readonly staple: Uint8Array | undefined;
	readonly isResumed: boolean;
	readonly anchors: TrustAnchors;
	readonly profile: ValidationProfile;
	readonly settings: RevocationSettings;
}

/** What `configure` may change. */
export interface RevocationConfiguration {
	/** Settings of CA profiles, by the SHA-256 fingerprint of their certificates. */
	readonly authorities: ReadonlyMap<string, AuthorityRevocation>;
	/** Lists that the operator loaded. */
	readonly loadedCrls: readonly Crl[];
	/** Certificates of CA profiles: they may sign indirect lists. */
	readonly crlIssuers: readonly Certificate[];
}

export interface RevocationObserver {
	/** A verdict that was not told within the last ten minutes. `isAskable` is false when the path names no place to ask. */
	decided(question: PathQuestion, verdict: RevocationVerdict, isAskable: boolean): void;
	/** A list was fetched; `isNew` when it took the place of another of the same address. */
	listFetched(url: string, crl: Crl, isNew: boolean): void;
}

export class RevocationChecker {
	readonly #fetcher: Fetcher;
	readonly #observer: RevocationObserver;
	#configuration: RevocationConfiguration;
	readonly #verdicts = new BoundedMap<string, { readonly verdict: RevocationVerdict; readonly until: number }>(
		maxVerdicts,
	);
	readonly #responses = new WeightedMap<string, Uint8Array>(maxResponses, maxResponseOctets);
	readonly #lists = new WeightedMap<string, FetchedList>(maxLists, maxListOctets);
	readonly #failures = new BoundedMap<string, { readonly why: string; readonly until: number }>(maxVerdicts);
	readonly #reported = new BoundedMap<string, { readonly answer: RevocationAnswer; readonly until: number }>(
		maxVerdicts,
	);
	readonly #asking = new Map<string, Promise<void>>();
	readonly #loading = new Map<string, Promise<void>>();
	readonly #waiting = new Map<string, Waiter[]>();
	#decodingOctets = 0;
	readonly #signatures = new SignatureCache(maxVerdicts);

	constructor(fetcher: Fetcher, configuration: RevocationConfiguration, observer: RevocationObserver) {
		this.#fetcher = fetcher;
		this.#configuration = configuration;
		this.#observer = observer;
	}

	/** Another configuration: verdicts are found anew, out of the answers at hand. */
	configure(configuration: RevocationConfiguration): void {
		this.#configuration = configuration;
		this.#verdicts.clear();
		this.#failures.clear();
		this.#reported.clear();
	}

	/** Forgets all lists and answers that were fetched, and every verdict. */
	forget(): void {
		this.#verdicts.clear();
		this.#failures.clear();
		this.#responses.clear();
		this.#lists.clear();
	}

	/** The lists at hand with the address each came from. */
	fetchedLists(): readonly { readonly url: string; readonly crl: Crl }[] {
		return [...this.#lists.entries()].map(([url, { crl }]) => ({ url, crl }));
	}

	get size(): Readonly<Record<"verdicts" | "responses" | "lists" | "listOctets" | "waiting", number>> {
		return {
			verdicts: this.#verdicts.size,
			responses: this.#responses.size,
			lists: this.#lists.size,
			listOctets: this.#lists.weight,
			waiting: this.#waiting.size,
		};
	}

	/** Answers at once when the verdict is known, otherwise within the settings' timeout; exactly once. Never throws. */
	check(question: PathQuestion, answer: (verdict: RevocationVerdict) => void): void {
		const key = `${question.settings.key} ${question.pathKey}`;
		const now = Date.now();
		const known = this.#verdicts.get(key);
		if (known !== undefined && known.until > now && (isSettled(known.verdict) || question.staple === undefined))
			return answer(known.verdict);
		const authority = revocationOf(question.path, this.#configuration.authorities);
		const verdicts = this.#decide(question, authority, now);
		const open = this.#openCertificates(question, authority, verdicts);
		if (open.length === 0) return answer(this.#conclude(key, question, authority, verdicts, now));
		const waiter: Waiter = { question, answer };
		const waiting = this.#waiting.get(key);
		if (waiting !== undefined) {
			waiting.push(waiter);
			return;
		}
		this.#waiting.set(key, [waiter]);
		this.#askAbout(key, question, authority, open);
	}

	/** The places of the certificates whose state is not settled and can be asked. */
	#openCertificates(
		{ path, settings }: PathQuestion,
		authority: AuthorityRevocation,
		verdicts: readonly RevocationVerdict[],
	): number[] {
		// One that is revoked settles the path; a staple that is missing cannot be fetched.
		if (authority.isDisabled || verdicts.some(({ answer }) => answer === "revoked" || answer === "staple-missing"))
			return [];
		return verdicts.flatMap((verdict, depth) => {
			if (isSettled(verdict) || depth >= maxDepth) return [];
			const { ocsp, crls } = placesToAsk(path[depth] as Certificate, authority, settings);
			return ocsp.length + crls.length > 0 ? [depth] : [];
		});
	}

	#askAbout(key: string, question: PathQuestion, authority: AuthorityRevocation, open: readonly number[]): void {
		const { timeoutMs } = question.settings;
		let isOver = false;
		const finish = () => {
			if (isOver) return;
			isOver = true;
			clearTimeout(deadline);
			const waiters = this.#waiting.get(key) ?? [];
			this.#waiting.delete(key);
			for (const waiter of waiters) this.#answer(key, waiter, authority);
		};
		const deadline = setTimeout(finish, timeoutMs);
		let hedgeTimer: NodeJS.Timeout | undefined;
		const hedge = new Promise<void>((resolve) => {
			hedgeTimer = setTimeout(resolve, timeoutMs / hedgePart);
		});
		void Promise.all(open.map((depth) => this.#settle(question, authority, depth, hedge))).then(() => {
			clearTimeout(hedgeTimer);
			// Too late for those who waited: the next one looks anew.
			if (isOver) this.#verdicts.take(key);
			finish();
		});
	}

	#answer(key: string, { question, answer }: Waiter, authority: AuthorityRevocation): void {
		const now = Date.now();
		answer(this.#conclude(key, question, authority, this.#decide(question, authority, now), now));
	}

	/** Resolves when the certificate's state is settled or nothing is left to ask. */
	async #settle(
		question: PathQuestion,
		authority: AuthorityRevocation,
		depth: number,
		hedge: Promise<void>,
	): Promise<void> {
		const { ocsp, crls } = placesToAsk(question.path[depth] as Certificate, authority, question.settings);
		const isOpen = () => {
			const verdict = this.#decide(question, authority, Date.now())[depth];
			return verdict !== undefined && !isSettled(verdict);
		};
		const asked = ocsp.length === 0 ? Promise.resolve() : this.#askResponder(question, authority, depth, ocsp);
		if (crls.length === 0) return asked;
		if (ocsp.length > 0) await Promise.race([asked, hedge]);
		if (!isOpen()) return;
		const fetched = Promise.all(crls.map((url) => this.#fetchList(url, authority))).then(() => undefined);
		await new Promise<void>((resolve) => {
			let left = 2;
			for (const source of [asked, fetched])
				void source.then(() => {
					if (--left === 0 || !isOpen()) resolve();
				});
		});
	}

	/** One question about a certificate at a time, whoever asks. */
	#askResponder(
		question: PathQuestion,
		authority: AuthorityRevocation,
		depth: number,
		urls: readonly string[],
	): Promise<void> {
		const { fingerprint } = question.path[depth] as Certificate;
		const failure = this.#failures.get(fingerprint);
		if (failure !== undefined && failure.until > Date.now()) return Promise.resolve();
		const inFlight = this.#asking.get(fingerprint);
		if (inFlight !== undefined) return inFlight;
		const asking = this.#askResponders(question, authority, depth, urls).finally(() =>
			this.#asking.delete(fingerprint),
		);
		this.#asking.set(fingerprint, asking);
		return asking;
	}

	async #askResponders(
		question: PathQuestion,
		authority: AuthorityRevocation,
		depth: number,
		urls: readonly string[],
	): Promise<void> {
		const certificate = question.path[depth] as Certificate;
		const answer = await fetchOcsp(this.#fetcher, {
			certificate,
			issuer: question.path[depth + 1] as Certificate,
			urls,
			namedUrls: authority.ocspUrls,
			nonce: authority.sendsNonce ? randomBytes(nonceOctets) : undefined,
			timeoutMs: question.settings.timeoutMs,
			profile: question.profile,
			cache: this.#signatures,
		});
		if (answer.kind === "answered") {
			const { response } = answer;
			return this.#responses.set(certificate.fingerprint, response, response.length + entryOctets);
		}
		const until = Date.now() + (answer.isOverload ? keepOverloadMs : keepFailureMs);
		this.#failures.set(certificate.fingerprint, { why: answer.why, until });
	}

	/** Fetches a list, or leaves the one that is at hand when none can be had; once, however many ask. */
	#fetchList(url: string, authority: AuthorityRevocation): Promise<void> {
		const inFlight = this.#loading.get(url);
		if (inFlight !== undefined) return inFlight;
		const loading = this.#loadList(url, authority).finally(() => this.#loading.delete(url));
		this.#loading.set(url, loading);
		return loading;
	}

	async #loadList(url: string, authority: AuthorityRevocation): Promise<void> {
		const before = this.#lists.get(url);
		const failure = this.#failures.get(url);
		const now = Date.now();
		if ((before !== undefined && before.fetchedAt + keepFailureMs > now) || (failure?.until ?? 0) > now) return;
		const outcome = await this.#fetcher.fetch({
			url,
			maxOctets: maxOneList,
			timeoutMs: listTimeoutMs,
			mayBePrivate: authority.crlUrls.includes(url),
		});
		if (outcome.kind === "failed")
			return this.#listFailed(url, outcome.why, outcome.isOverload === true ? keepOverloadMs : keepFailureMs);
		const decoded = await this.#decodeList(pemDer(outcome.octets, "X509 CRL") ?? outcome.octets);
		if (decoded === undefined) return this.#listFailed(url, "too many other lists are being read", keepOverloadMs);
		if (decoded.kind !== "done")
			return this.#listFailed(url, decoded.kind === "malformed" ? decoded.reason : "it is cut short");
		const crl = decoded.value;
		const fetched: FetchedList = { crl, fetchedAt: Date.now() };
		this.#lists.set(url, fetched, crl.der.length + crl.entryCount * entryIndexOctets + entryOctets);
		this.#failures.take(url);
		const isNew = before !== undefined && before.crl.fingerprint !== crl.fingerprint;
		if (isNew) this.#verdicts.clear();
		this.#observer.listFetched(url, crl, isNew);
	}

	/** In pieces, so that sessions go on meanwhile; undefined when the lists at hand are as much as may be held. */
	async #decodeList(der: Uint8Array): Promise<Decoded<Crl> | undefined> {
		if (this.#decodingOctets + der.length > maxListOctets) return undefined;
		this.#decodingOctets += der.length;
		try {
			const steps = decodeCrlStepwise(der);
			for (;;) {
				const step = steps.next();
				if (step.done === true) return step.value;
				await new Promise((resolve) => setImmediate(resolve));
			}
		} finally {
			this.#decodingOctets -= der.length;
		}
	}

	#listFailed(url: string, why: string, keptMs = keepFailureMs): void {
		this.#failures.set(url, { why: `list ${shownUrl(url)}: ${why}`, until: Date.now() + keptMs });
	}

	#decide(question: PathQuestion, authority: AuthorityRevocation, now: number): RevocationVerdict[] {
		const { path, settings } = question;
		const ocspResponses = new Map<string, Uint8Array>();
		const failures = new Map<string, string>();
		for (const certificate of path.slice(0, -1)) {
			const { fingerprint } = certificate;
			const response = this.#responses.get(fingerprint);
			if (response !== undefined) ocspResponses.set(fingerprint, response);
			const asked = [fingerprint, ...placesToAsk(certificate, authority, settings).crls];
			const whys = asked.flatMap((key) => this.#failures.get(key)?.why ?? []);
			if (whys.length > 0) failures.set(fingerprint, whys.join("; "));
		}
		const whole: RevocationQuestion = {
			path,
			staple: question.staple,
			isResumed: question.isResumed,
			ocspResponses,
			failures,
			crls: this.#listsFor(question, authority, now),
			crlIssuers: this.#configuration.crlIssuers,
			asks: { ocsp: authority.asksOcsp && settings.asksOcsp, crl: authority.asksCrl && settings.asksCrl },
			ignoresHold: settings.ignoresHold,
			anchors: question.anchors,
			now,
			profile: question.profile,
			cache: this.#signatures,
			budget: newWorkBudget(),
		};
		return decideEach(whole);
	}

	/** The lists that may speak about the path. One that is due is fetched anew behind the session's back. */
	#listsFor({ path, settings }: PathQuestion, authority: AuthorityRevocation, now: number): Crl[] {
		const lists = [...this.#configuration.loadedCrls];
		const urls = new Set(
			path.slice(0, -1).flatMap((certificate) => placesToAsk(certificate, authority, settings).crls),
		);
		for (const url of urls) {
			const fetched = this.#lists.get(url);
			if (fetched === undefined) continue;
			lists.push(fetched.crl);
			const isDue = authority.refreshMs > 0 && fetched.fetchedAt + authority.refreshMs <= now;
			if (isDue) void this.#fetchList(url, authority);
		}
		return lists;
	}

	/** Keeps the verdict for as long as it holds. */
	#conclude(
		key: string,
		question: PathQuestion,
		authority: AuthorityRevocation,
		verdicts: readonly RevocationVerdict[],
		now: number,
	): RevocationVerdict {
		const verdict = authority.isDisabled ? notAsked : accepted(worstVerdict(verdicts), authority);
		// Whether a staple came is a fact of this handshake alone.
		if (verdict.answer !== "staple-missing") {
			const until = Math.min(verdict.until ?? Number.POSITIVE_INFINITY, now + keepMs[verdict.answer]);
			this.#verdicts.set(key, { verdict, until });
		}
		this.#report(key, question, authority, verdict, now);
		return verdict;
	}

	/** Once in a while for each path: a bad staple, or one that is missing, is looked at in every session. */
	#report(
		key: string,
		question: PathQuestion,
		authority: AuthorityRevocation,
		verdict: RevocationVerdict,
		now: number,
	): void {
		const last = this.#reported.get(key);
		if (last !== undefined && last.answer === verdict.answer && last.until > now) return;
		this.#reported.set(key, { answer: verdict.answer, until: now + reportAgainMs });
		const { path, settings } = question;
		const isAskable = path.slice(0, -1).some((certificate) => {
			const { ocsp, crls } = placesToAsk(certificate, authority, settings);
			return ocsp.length + crls.length > 0;
		});
		this.#observer.decided(question, verdict, isAskable);
	}
}

interface FetchedList {
	readonly crl: Crl;
	readonly fetchedAt: number;
}

interface Waiter {
	readonly question: PathQuestion;
	readonly answer: (verdict: RevocationVerdict) => void;
}

function isSettled({ answer }: RevocationVerdict): boolean {
	return answer === "good" || answer === "revoked";
}

function accepted(verdict: RevocationVerdict, authority: AuthorityRevocation): RevocationVerdict {
	if (verdict.answer !== "unavailable" || !authority.acceptsUnavailable) return verdict;
	const sentence = `${verdict.sentence}; its CA profile accepts that`;
	return { ...verdict, answer: "good", sentence, until: Date.now() + keepMs.unavailable };
}

const notAsked: RevocationVerdict = {
	answer: "good",
	depth: 0,
	source: "none",
	sentence: "revocation is not checked: its CA profile says so",
	until: Number.POSITIVE_INFINITY,
	revokedAt: undefined,
	reason: undefined,
};

/** For how long each answer is kept at most. What is good runs out when its source does, if that is earlier. */
const keepMs: Readonly<Record<RevocationAnswer, number>> = {
	good: 3_600_000,
	revoked: 3_600_000,
	unknown: 300_000,
	// What failed is remembered longer where it failed.
	unavailable: 10_000,
	"staple-missing": 0,
};
const keepFailureMs = 60_000;
const keepOverloadMs = 1_000;
/** The same verdict about the same path is told again after this time. */
const reportAgainMs = 600_000;
const listTimeoutMs = 30_000;
const hedgePart = 3;
/** More certificates of one path are not asked about: none in use has as many. */
const maxDepth = 6;
const maxVerdicts = 8_192;
const maxResponses = 8_192;
const maxResponseOctets = 16_777_216;
const maxLists = 256;
const maxListOctets = 67_108_864;
const maxOneList = 16_777_216;
/** What a table of a list holds for each entry. */
const entryIndexOctets = 20;
const entryOctets = 500;
const nonceOctets = 32;
