/** The text of a feed into a table, and whether what came over the network can be the feed at all. */
import type { FeedTable } from "#inspect/feed-table.ts";
import { type FeedFormat, readFeed } from "#inspect/read-feed.ts";

/** What a reader has to know of a feed. */
export interface FeedShape {
	readonly format: FeedFormat;
	readonly maximumEntries: number;
}

/** What became of a text. */
export interface FeedAccount {
	readonly entries: number;
	/** What is no address, name, URL or fingerprint. */
	readonly refused: number;
	/** Patterns that are not understood. */
	readonly unsupported: number;
}

/** Puts the entries of a feed into a table. A text says why the whole is none. */
export function fillFeed(
	table: FeedTable,
	feed: string,
	text: string,
	{ format, maximumEntries }: FeedShape,
	now: number,
): FeedAccount | string {
	const reading = readFeed(text, format, maximumEntries, now);
	if (typeof reading === "string") return reading;
	let refused = 0;
	for (const { value, level } of reading.entries) if (!table.add(feed, value, level)) refused++;
	return { entries: reading.entries.length - refused, refused, unsupported: reading.unsupported };
}

/**
 * Why a text that was fetched does not take the place of the one before: a page that says "not found" in a friendly way, or
 * half of nothing, would open what the feed shuts off. A feed that holds nothing but comments is one.
 */
export function feedObstacle(octets: number, { entries, refused }: FeedAccount): string | undefined {
	if (octets === 0) return "it is empty";
	if (refused <= entries) return undefined;
	const count = entries + refused;
	return `${refused} of ${count} ${count === 1 ? "entry" : "entries"} are no address, name, URL or fingerprint`;
}
