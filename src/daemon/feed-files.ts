/** The feeds of a worker: files read into one table for each category, and again when they have changed. */
import { statSync } from "node:fs";
import { resolve } from "node:path";
import { readBoundedFile } from "#base/bounded-file-shell.ts";
import type { FeedPlan } from "#inspect/compile-precedence.ts";
import { FeedTable } from "#inspect/feed-table.ts";
import { fillFeed } from "#inspect/fill-feed.ts";
import type { FeedCategory, FeedTables } from "#inspect/reputation.ts";
import { type GatewayEvent, gatewayEvent } from "#telemetry/event-table.ts";

/**
 * Bounds: files of `maxFileOctets`, the entries that the configuration allows. Reading holds up the worker for about two
 * seconds a million entries; a feed that is the same is taken over. A file that cannot be read leaves its feed as it was read before, or empty; an event says so.
 */
export class FeedFiles {
	readonly #report: (event: GatewayEvent) => void;
	#plans: readonly FeedPlan[] = [];
	#tables = new Map<FeedCategory, FeedTable>();
	/** What was read of each category. */
	readonly #keys = new Map<FeedCategory, string>();
	readonly #lookedAt = new Map<string, number>();
	/** The file of each feed that was read. */
	readonly #sources = new Map<string, string>();
	/** What was read of it: the same while statements and file are. */
	readonly #versions = new Map<string, string>();

	constructor(report: (event: GatewayEvent) => void) {
		this.#report = report;
	}

	get tables(): FeedTables {
		return this.#tables;
	}

	/** Reads what is new or has changed. `now` in milliseconds. */
	configure(plans: readonly FeedPlan[], now: number): void {
		this.#plans = plans;
		for (const feed of this.#sources.keys()) {
			if (plans.some(({ name }) => name === feed)) continue;
			this.#sources.delete(feed);
			this.#versions.delete(feed);
		}
		for (const category of this.#tables.keys()) {
			if (plans.some((plan) => plan.category === category)) continue;
			this.#tables.delete(category);
			this.#keys.delete(category);
		}
		this.#read(plans, now);
	}

	/** Reads again the files whose interval is over and that are other ones now. */
	look(now: number): void {
		const due = this.#plans.filter(({ name, updateMs }) => now - (this.#lookedAt.get(name) ?? 0) >= updateMs);
		if (due.length > 0) this.#read(due, now);
	}

	/** Reads again those that are fetched and are other ones now. */
	fetched(now: number): void {
		this.#read(
			this.#plans.filter(({ isFetched }) => isFetched),
			now,
		);
	}

	#read(plans: readonly FeedPlan[], now: number): void {
		for (const { name } of plans) this.#lookedAt.set(name, now);
		for (const category of new Set(plans.map((plan) => plan.category))) {
			const feeds = this.#plans.filter((plan) => plan.category === category);
			const versions = feeds.map((plan) => `${JSON.stringify(plan)} ${fileKey(plan.file)}`);
			const key = versions.join("\n");
			if (this.#keys.get(category) === key) continue;
			this.#keys.set(category, key);
			const before = this.#tables.get(category);
			const table = new FeedTable();
			for (const [index, feed] of feeds.entries()) {
				const version = versions[index] ?? "";
				if (before !== undefined && this.#versions.get(feed.name) === version) table.takeOver(feed.name, before);
				else if (this.#fill(table, feed, before)) this.#versions.set(feed.name, version);
				else this.#versions.delete(feed.name);
			}
			this.#tables.set(category, table);
		}
	}

	/** False when the file was not read. */
	#fill(table: FeedTable, plan: FeedPlan, before: FeedTable | undefined): boolean {
		const { name: feed, file: named, isFetched } = plan;
		// Events name the place, which is not where the administrator typed.
		const file = resolve(named);
		// Whether it is fetched is told by who fetches it.
		if (isFetched && this.#sources.get(feed) !== file && fileKey(file) === missing) return false;
		try {
			const text = readBoundedFile(file, maxFileOctets).toString("utf8");
			const account = fillFeed(table, feed, text, plan, Date.now());
			if (typeof account === "string") throw new Error(`${file}: ${account}`);
			this.#sources.set(feed, file);
			this.#report(gatewayEvent("FEED_LOADED", Date.now(), { feed, ...account }));
			return true;
		} catch (error) {
			// Who can make a file unreadable does not open what its feed blocks.
			const isKept = before !== undefined && this.#sources.get(feed) === file;
			if (isKept) table.takeOver(feed, before);
			const reason = `${(error as Error).message}; ${isKept ? "what was read before is kept" : "the feed is empty"}`;
			this.#report(gatewayEvent("FEED_UNREADABLE", Date.now(), { feed, reason }));
			return false;
		}
	}
}

/** Another one when the file is another one. */
function fileKey(file: string): string {
	try {
		const { ino, mtimeMs, size } = statSync(file);
		return `${ino} ${mtimeMs} ${size}`;
	} catch {
		return missing;
	}
}

const missing = "missing";
const maxFileOctets = 268_435_456;
