/** What is remembered of a feed that was fetched, beside its file: for the server, and for the next start. */
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import type { FeedAccount } from "#inspect/fill-feed.ts";

export interface FeedState extends FeedAccount {
	readonly etag?: string | undefined;
	readonly lastModified?: string | undefined;
	/** When it was fetched, milliseconds since 1970. */
	readonly fetchedAt: number;
	/** When the server last said that it is the newest. */
	readonly confirmedAt: number;
	/** Octets of the file. */
	readonly size: number;
	/** SHA-256 of them. */
	readonly digest: string;
}

/** Undefined when there is none that can be read: then the feed counts as never fetched. */
export function readFeedState(file: string): FeedState | undefined {
	try {
		const value = JSON.parse(readFileSync(stateFile(file), "utf8"));
		const isWhole = numbers.every((name) => Number.isFinite(value?.[name])) && typeof value.digest === "string";
		return isWhole ? value : undefined;
	} catch {
		return undefined;
	}
}

export function writeFeedState(file: string, state: FeedState): void {
	const path = stateFile(file);
	writeFileSync(`${path}.new`, JSON.stringify(state), { mode: 0o600 });
	renameSync(`${path}.new`, path);
}

/** Beside the feed's own file. */
export function stateFile(file: string): string {
	return `${file}.json`;
}

const numbers = ["fetchedAt", "confirmedAt", "entries", "refused", "unsupported", "size"];
