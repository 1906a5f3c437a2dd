/** How often entries of feeds matched: in a worker since its last report, in `managed` since the start. */

export interface FeedTally {
	readonly feed: string;
	/** Connections and requests that were refused. */
	readonly blocked: number;
	/** Those that went on. */
	readonly passed: number;
}

/** Bounds: two numbers for each feed that matched, of `maxFeeds`; others are not counted. */
export class FeedTallies {
	#counts = new Map<string, FeedTally>();

	matched(feed: string, isBlock: boolean): void {
		this.add([{ feed, blocked: isBlock ? 1 : 0, passed: isBlock ? 0 : 1 }]);
	}

	/** A worker that was taken over may say anything. */
	add(tallies: readonly FeedTally[]): void {
		for (const { feed, blocked, passed } of tallies) {
			const before = this.#counts.get(feed);
			if (!isCount(blocked) || !isCount(passed) || (before === undefined && this.#counts.size >= maxFeeds)) continue;
			const sum = { blocked: (before?.blocked ?? 0) + blocked, passed: (before?.passed ?? 0) + passed };
			this.#counts.set(feed, { feed, ...sum });
		}
	}

	of(feed: string): FeedTally {
		return this.#counts.get(feed) ?? { feed, blocked: 0, passed: 0 };
	}

	/** What was counted; from here on it is counted anew. */
	take(): readonly FeedTally[] {
		if (this.#counts.size === 0) return none;
		const taken = [...this.#counts.values()];
		this.#counts = new Map();
		return taken;
	}
}

function isCount(value: number): boolean {
	return Number.isSafeInteger(value) && value >= 0;
}

const none: readonly FeedTally[] = [];
const maxFeeds = 1_024;
