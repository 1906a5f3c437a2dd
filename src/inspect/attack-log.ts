/**
 * Which attacks are told (`notification log-attacks`): equal ones that follow each other fast are put together, so that who
 * attacks does not write the log.
 *
 * Of equal attacks the first `startLog` are told at once, those after them within `windowMs` in one report with their count.
 */
import type { IdpConfig } from "#inspect/idp-schema.ts";

/** `sensor-configuration log`. */
export interface AttackLogSettings {
	/** Reports that wait to be sent on. */
	readonly maxWaiting: number;
	/** Equal attacks are put together. */
	readonly suppresses: boolean;
	/** Attacks of different servers are not equal. */
	readonly tellsServersApart: boolean;
	/** Kinds of attack that are counted at a time. */
	readonly maxKept: number;
	readonly windowMs: number;
	readonly startLog: number;
}

export function compileAttackLog({ sensorConfiguration }: IdpConfig): AttackLogSettings {
	const { cacheSize, suppression } = sensorConfiguration.log;
	return {
		maxWaiting: cacheSize,
		suppresses: !suppression.disable,
		tellsServersApart: suppression.includeDestinationAddress,
		maxKept: suppression.maxLogsOperate,
		windowMs: suppression.maxTimeReport * 1_000,
		startLog: suppression.startLog,
	};
}

interface Window<R> {
	readonly since: number;
	seen: number;
	held: number;
	/** The last that was held. */
	last: R;
}

/** Takes reports of any kind. Bounds: `maxKept` windows, the oldest is told early; `maxWaiting` reports, others are counted. */
export class AttackLog<R> {
	#settings: AttackLogSettings;
	readonly #windows = new Map<string, Window<R>>();
	#waiting: { readonly report: R; readonly count: number }[] = [];
	#lost = 0;

	constructor(settings: AttackLogSettings) {
		this.#settings = settings;
	}

	configure(settings: AttackLogSettings): void {
		this.#settings = settings;
	}

	/** An attack. `key` is the same for equal ones; `now` in milliseconds. */
	note(key: string, report: R, now: number): void {
		const { suppresses, windowMs, startLog, maxKept } = this.#settings;
		if (!suppresses) return this.#tell(report, 1);
		let window = this.#windows.get(key);
		if (window !== undefined && now - window.since >= windowMs) {
			this.#close(key, window);
			window = undefined;
		}
		if (window === undefined) {
			for (const [oldest, other] of this.#windows) {
				if (this.#windows.size < maxKept) break;
				this.#close(oldest, other);
			}
			window = { since: now, seen: 0, held: 0, last: report };
			this.#windows.set(key, window);
		}
		window.seen++;
		if (window.seen <= startLog) return this.#tell(report, 1);
		window.held++;
		window.last = report;
	}

	/** What is to be told now, and how many were lost since the last time. `isLast`: nothing is held any longer. */
	take(
		now: number,
		isLast = false,
	): { readonly told: readonly { readonly report: R; readonly count: number }[]; readonly lost: number } {
		// In the order of their beginnings, which is that of their ends.
		for (const [key, window] of this.#windows) {
			if (!isLast && now - window.since < this.#settings.windowMs) break;
			this.#close(key, window);
		}
		const taken = { told: this.#waiting, lost: this.#lost };
		this.#waiting = [];
		this.#lost = 0;
		return taken;
	}

	#close(key: string, { held, last }: Window<R>): void {
		this.#windows.delete(key);
		if (held > 0) this.#tell(last, held);
	}

	#tell(report: R, count: number): void {
		if (this.#waiting.length < this.#settings.maxWaiting) this.#waiting.push({ report, count });
		else this.#lost += count;
	}
}
