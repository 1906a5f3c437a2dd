/** How often a rule's match counts: `threshold` and `detection_filter`. */
import { BoundedMap } from "#base/bounded.ts";
import type { Threshold } from "#signature/signature.ts";

/** Whether a match is told, and whether its action is taken: a limit silences the alert, not the action. */
export interface ThresholdAnswer {
	readonly isTold: boolean;
	readonly isActed: boolean;
}

interface Window {
	since: number;
	count: number;
}

/** Counts of matches. Bounds: `capacity` pairs of rule and tracked host; the one used longest ago is forgotten. */
export class ThresholdTable {
	readonly #windows: BoundedMap<string, Window>;

	constructor(capacity = maxTracked) {
		this.#windows = new BoundedMap(capacity);
	}

	/** Counts one match. `key` names the rule and what it tracks; `now` in milliseconds. */
	count(key: string, { type, count, seconds }: Threshold, now: number): ThresholdAnswer {
		let window = this.#windows.get(key);
		if (window === undefined || now - window.since >= seconds * 1_000) {
			window = { since: now, count: 0 };
			this.#windows.set(key, window);
		}
		window.count++;
		switch (type) {
			case "limit":
				return { isTold: window.count <= count, isActed: true };
			case "both":
				return { isTold: window.count === count, isActed: window.count >= count };
			case "detection_filter":
				return window.count > count ? both : neither;
			case "threshold":
				if (window.count < count) return neither;
				window.count = 0;
				return both;
		}
	}
}

const both: ThresholdAnswer = { isTold: true, isActed: true };
const neither: ThresholdAnswer = { isTold: false, isActed: false };
const maxTracked = 65_536;
