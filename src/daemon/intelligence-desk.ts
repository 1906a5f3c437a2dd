/** What `managed` knows of feeds: what workers said of them when they read them, and how often entries matched. */
import { BoundedMap } from "#base/bounded.ts";
import { FeedTallies, type FeedTally } from "#daemon/feed-tallies.ts";
import type { FeedAccount } from "#inspect/fill-feed.ts";
import type { GatewayEvent } from "#telemetry/event-table.ts";

/** The last word of a worker. */
export type FeedReading =
	| ({ readonly kind: "read"; readonly at: number } & FeedAccount)
	| { readonly kind: "unreadable"; readonly at: number; readonly why: string };

/** Bounds: one reading for each of `maxFeeds` feeds. */
export class IntelligenceDesk {
	readonly #readings = new BoundedMap<string, FeedReading>(maxFeeds);
	readonly #tallies = new FeedTallies();
	/** Since when matches are counted, milliseconds since 1970. */
	since: number;

	constructor(now: number) {
		this.since = now;
	}

	/** An event of a worker, whatever it tells. */
	heard({ id, fields, at }: Pick<GatewayEvent, "id" | "at"> & { readonly fields: object }): void {
		const { feed, entries, refused, unsupported, reason } = fields as Partial<FeedAccount> & Said;
		if (typeof feed !== "string") return;
		if (id === "FEED_UNREADABLE" && typeof reason === "string")
			this.#readings.set(feed, { kind: "unreadable", at, why: reason });
		if (id === "FEED_LOADED" && entries !== undefined && refused !== undefined && unsupported !== undefined)
			this.#readings.set(feed, { kind: "read", at, entries, refused, unsupported });
	}

	reading(feed: string): FeedReading | undefined {
		return this.#readings.get(feed);
	}

	count(tallies: readonly FeedTally[]): void {
		this.#tallies.add(tallies);
	}

	matches(feed: string): FeedTally {
		return this.#tallies.of(feed);
	}

	clearMatches(now: number): void {
		this.#tallies.take();
		this.since = now;
	}
}

interface Said {
	readonly feed?: unknown;
	readonly reason?: unknown;
}

const maxFeeds = 1_024;
