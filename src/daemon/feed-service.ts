/**
 * Feeds that are fetched, of all workers: when, what became of it, and what is kept on disk meanwhile.
 *
 *   feeds/NAME-DIGEST         what was fetched last of a feed (the digest names its URL)
 *   feeds/NAME-DIGEST.json    when, and what the server calls it
 *
 * Workers read the files. A feed that was fetched once serves from its file at every start, however its server is by then.
 */
import { mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { type FeedOrder, type FeedOutcome, type FetchSurroundings, fetchFeed } from "#daemon/feed-fetch.ts";
import { type FeedState, readFeedState, stateFile, writeFeedState } from "#daemon/feed-state.ts";
import type { FeedSource } from "#inspect/compile-precedence.ts";
import type { FeedAccount } from "#inspect/fill-feed.ts";
import { type GatewayEvent, gatewayEvent } from "#telemetry/event-table.ts";

export interface FeedServicePorts {
	/** `feeds/` of the state directory. */
	readonly directory: string;
	readonly surroundings: () => FetchSurroundings;
	/** Files are other ones. */
	readonly changed: () => void;
	readonly event: (event: GatewayEvent) => void;
	/** How events say it. */
	readonly words?: FetchWords;
	readonly now: () => number;
	/** From 0 up to 1. */
	readonly random: () => number;
}

/** The events about what is fetched; `from` is its URL without what may be secret. */
export interface FetchWords {
	fetched(what: Fetched, octets: number, account: FeedAccount, now: number): GatewayEvent;
	notFetched(what: Fetched, reason: string, now: number): GatewayEvent;
	stale(what: Fetched, since: string, now: number): GatewayEvent;
}

export interface Fetched {
	readonly name: string;
	readonly from: string;
}

/** How a feed stands. */
export interface FeedView {
	readonly name: string;
	/** Its URL without what may be secret in it. */
	readonly from: string;
	readonly state: FeedState | undefined;
	/** Milliseconds since 1970. */
	readonly dueAt: number;
	readonly isFetching: boolean;
	readonly failure: { readonly at: number; readonly why: string } | undefined;
	readonly isStale: boolean;
}

interface Feed {
	readonly source: FeedSource;
	/** The same for the same statements. */
	readonly key: string;
	state: FeedState | undefined;
	dueAt: number;
	failures: number;
	failure: FeedView["failure"];
	isStale: boolean;
	cancel: (() => void) | undefined;
}

/** Bounds: `maxAtOnce` fetches at a time, each of `totalMs`; two files a feed. */
export class FeedService {
	readonly #ports: FeedServicePorts;
	#feeds = new Map<string, Feed>();
	#timer: NodeJS.Timeout | undefined;

	constructor(ports: FeedServicePorts) {
		this.#ports = ports;
		mkdirSync(ports.directory, { recursive: true, mode: 0o700 });
	}

	/** What is new, or stands elsewhere, is fetched at once; what is not configured any more is forgotten. */
	configure(sources: readonly FeedSource[]): void {
		const before = this.#feeds;
		this.#feeds = new Map(
			sources.map((source) => {
				const { credentials, ...rest } = source;
				const key = JSON.stringify([rest, credentials?.field, credentials?.value.danger_reveal()]);
				const kept = before.get(source.name);
				return [source.name, kept?.key === key ? kept : this.#begin(source, key, kept !== undefined)];
			}),
		);
		for (const [name, feed] of before) if (this.#feeds.get(name) !== feed) feed.cancel?.();
		this.#sweep();
		for (const feed of this.#feeds.values()) this.#tellAge(feed);
		this.#look();
	}

	/** Fetches a feed now, or all of them; answers how many. */
	update(name?: string): number {
		const chosen = [...this.#feeds.values()].filter(({ source }) => name === undefined || source.name === name);
		for (const feed of chosen) feed.dueAt = this.#ports.now();
		this.#look();
		return chosen.length;
	}

	views(): readonly FeedView[] {
		return [...this.#feeds.values()].map(({ source, state, dueAt, failure, isStale, cancel }) => {
			return { ...whatOf(source), state, dueAt, isFetching: cancel !== undefined, failure, isStale };
		});
	}

	stop(): void {
		clearTimeout(this.#timer);
		for (const { cancel } of this.#feeds.values()) cancel?.();
		this.#feeds.clear();
	}

	#begin(source: FeedSource, key: string, isOther: boolean): Feed {
		const file = join(this.#ports.directory, source.file);
		const found = readFeedState(file);
		const known = isWhole(file, found?.size) ? found : undefined;
		// What was counted may count otherwise now: all of it is wanted.
		const state = isOther && known !== undefined ? { ...known, etag: undefined, lastModified: undefined } : known;
		const dueAt = state === undefined || isOther ? 0 : this.#jittered(state.confirmedAt, source.updateMs);
		return { source, key, state, dueAt, failures: 0, failure: undefined, isStale: false, cancel: undefined };
	}

	/** Removes files of feeds that are not fetched, and what was left half. */
	#sweep(): void {
		const files = [...this.#feeds.values()].map(({ source: { file } }) => file);
		const wanted = new Set(files.flatMap((file) => [file, stateFile(file)]));
		const halves = new Set(files.map((file) => `${file}.new`));
		try {
			for (const name of readdirSync(this.#ports.directory)) {
				if (wanted.has(name) || halves.has(name)) continue;
				rmSync(join(this.#ports.directory, name), { force: true, recursive: true });
			}
		} catch {
			// Files too many harm nobody; the next commit tries again.
		}
	}

	#look(): void {
		clearTimeout(this.#timer);
		const now = this.#ports.now();
		const waiting = [...this.#feeds.values()].filter(({ cancel }) => cancel === undefined);
		let free = maxAtOnce - (this.#feeds.size - waiting.length);
		for (const feed of waiting.sort((one, other) => one.dueAt - other.dueAt)) {
			if (feed.dueAt > now || free-- <= 0) break;
			this.#fetch(feed);
		}
		const next = Math.min(...waiting.filter(({ cancel }) => cancel === undefined).map(({ dueAt }) => dueAt));
		// Who waits for a free place is looked at when one is free.
		if (next > now && Number.isFinite(next))
			this.#timer = setTimeout(() => this.#look(), Math.min(next - now, longestWaitMs)).unref();
	}

	#fetch(feed: Feed): void {
		const { credentials, file, ...source } = feed.source;
		const path = join(this.#ports.directory, file);
		// Who lost the file, or reads it in another way, needs all of it.
		const known = isWhole(path, feed.state?.size) ? feed.state : undefined;
		const order: FeedOrder = {
			...source,
			file: path,
			credentials: credentials && { field: credentials.field, value: credentials.value.danger_reveal() },
			known: { etag: known?.etag, lastModified: known?.lastModified },
			idleMs,
		};
		feed.cancel = fetchFeed(order, this.#ports.surroundings(), totalMs, (outcome) => {
			feed.cancel = undefined;
			this.#fetched(feed, path, outcome);
			this.#look();
		});
	}

	#fetched(feed: Feed, path: string, outcome: FeedOutcome): void {
		const now = this.#ports.now();
		const { updateMs } = feed.source;
		if (outcome.kind === "failed") return this.#failed(feed, outcome.why, now);
		feed.dueAt = this.#jittered(now, updateMs);
		feed.failures = 0;
		feed.failure = undefined;
		feed.isStale = false;
		const before = feed.state;
		if (outcome.kind === "unchanged") {
			if (before !== undefined) this.#keep(feed, path, { ...before, confirmedAt: now });
			return;
		}
		const { account, digest, etag, lastModified, size } = outcome;
		this.#keep(feed, path, { ...account, size, digest, etag, lastModified, fetchedAt: now, confirmedAt: now });
		if (before?.digest === digest) return;
		this.#ports.event(this.#words.fetched(whatOf(feed.source), size, account, now));
		this.#ports.changed();
	}

	/** A disk that is full costs the next start a fetch, and no more. */
	#keep(feed: Feed, path: string, state: FeedState): void {
		feed.state = state;
		try {
			writeFeedState(path, state);
		} catch (error) {
			const why = `what is known of it cannot be kept: ${(error as Error).message}`;
			this.#ports.event(this.#failureEvent(feed, why, state.confirmedAt));
		}
	}

	#failed(feed: Feed, why: string, now: number): void {
		const isNew = feed.failure?.why !== why;
		feed.failure = { at: now, why };
		const pause = Math.min(feed.source.updateMs, firstRetryMs * 2 ** Math.min(feed.failures++, 6));
		feed.dueAt = this.#jittered(now, pause);
		if (isNew) this.#ports.event(this.#failureEvent(feed, why, now));
		this.#tellAge(feed);
	}

	#failureEvent({ source, state }: Feed, why: string, now: number): GatewayEvent {
		const kept = state === undefined ? "there is no earlier one" : `that of ${utcText(state.fetchedAt)} is kept`;
		return this.#words.notFetched(whatOf(source), `${why}; ${kept}`, now);
	}

	get #words(): FetchWords {
		return this.#ports.words ?? feedWords;
	}

	/** What blocked yesterday's servers only may not be noticed otherwise. */
	#tellAge(feed: Feed): void {
		const { source, state } = feed;
		const now = this.#ports.now();
		if (state === undefined || feed.isStale || now - state.confirmedAt < staleIntervals * source.updateMs) return;
		feed.isStale = true;
		this.#ports.event(this.#words.stale(whatOf(source), utcText(state.confirmedAt), now));
	}

	/** Gateways that began together do not ask together for ever. */
	#jittered(from: number, pauseMs: number): number {
		return from + pauseMs * (0.9 + 0.2 * this.#ports.random());
	}
}

/** The file is there, as long as it was. */
function isWhole(file: string, size: number | undefined): boolean {
	return size !== undefined && statSync(file, { throwIfNoEntry: false })?.size === size;
}

function utcText(time: number): string {
	return new Date(time).toISOString().replace(/\.\d+Z$/, "Z");
}

function whatOf({ name, url }: FeedSource): Fetched {
	const { origin, pathname } = new URL(url);
	return { name, from: `${origin}${pathname}` };
}

const feedWords: FetchWords = {
	fetched: ({ name: feed }, octets, account, now) => gatewayEvent("FEED_FETCHED", now, { feed, octets, ...account }),
	notFetched: ({ name: feed }, reason, now) => gatewayEvent("FEED_NOT_FETCHED", now, { feed, reason }),
	stale: ({ name: feed }, since, now) => gatewayEvent("FEED_STALE", now, { feed, since }),
};
const maxAtOnce = 2;
const idleMs = 30_000;
const totalMs = 600_000;
const firstRetryMs = 60_000;
const longestWaitMs = 3_600_000;
const staleIntervals = 3;
