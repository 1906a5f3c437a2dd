/** The check of each request's host and URL against feeds, once they can be read. It stands before all other services. */
import { parseAuthority } from "#base/authority.ts";
import { headerValue, type RequestHead } from "#http/head.ts";
import { type FeedTables, judgeRequest, type ReputationPolicy, type ReputationVerdict } from "#inspect/reputation.ts";
import type { InspectionService, ServiceConnection, ServiceFinding } from "#inspect/service.ts";

/** Bounds: constant; one look-up a request. `told` hears of each verdict. */
export class ReputationService implements InspectionService, ServiceConnection {
	readonly name = "reputation";
	readonly stage = "reputation";
	readonly isNameCheck = true;
	readonly #policy: ReputationPolicy;
	readonly #feeds: () => FeedTables;
	readonly #told: (verdict: ReputationVerdict) => void;
	readonly #asked: string | undefined;

	/**
	 * `feeds` is asked at each request: they change while a connection lasts. `asked`: the name that the connection was asked
	 * for, by which a server goes when a request names none.
	 */
	constructor(
		policy: ReputationPolicy,
		feeds: () => FeedTables,
		told: (verdict: ReputationVerdict) => void,
		asked?: string,
	) {
		this.#policy = policy;
		this.#feeds = feeds;
		this.#told = told;
		this.#asked = asked;
	}

	open(): ServiceConnection {
		return this;
	}

	requestHead(head: RequestHead): ServiceFinding | undefined {
		const [, inTarget, rest] = /^https?:\/\/([^/?]*)(.*)$/i.exec(head.target) ?? [];
		// Servers answer whatever port stands there.
		const authority = (headerValue(head, "host") ?? inTarget ?? "").replace(/:\d*$/, "");
		const host = parseAuthority(authority, anyPort)?.host ?? this.#asked;
		if (host === undefined) return undefined;
		const target = rest ?? head.target;
		const verdict = judgeRequest(this.#policy, this.#feeds(), host, target.startsWith("/") ? target : `/${target}`);
		if (verdict === undefined) return undefined;
		this.#told(verdict);
		if (!verdict.isBlock && !verdict.isLogged) return undefined;
		const name = `${verdict.rule}: feed ${verdict.hit.feed}`;
		return { name, place: "url", verdict: verdict.isBlock ? "block" : "report" };
	}

	octets(): undefined {}

	ended(): undefined {}
}

const anyPort = 443;
