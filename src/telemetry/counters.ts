/** Counters of one process, and how the numbers of several workers become one. */

import { type CounterId, counterTable } from "#telemetry/event-table.ts";

/** All counters by name, as plain data that travels between processes. */
export type CounterSnapshot = Readonly<Record<CounterId, number>>;

/**
 * The counters of one process.
 *
 * Bounds: memory is fixed by the counter table; `add` allocates nothing, so it may stand on a hot path.
 */
export class Counters {
	readonly #values = new Float64Array(ids.length);

	/** Adds to a counter, or moves a gauge (by a negative number to lower it). */
	add(id: CounterId, by = 1): void {
		const at = indexOf[id];
		this.#values[at] = (this.#values[at] as number) + by;
	}

	get(id: CounterId): number {
		return this.#values[indexOf[id]] as number;
	}

	/** A copy of all values at this moment. */
	snapshot(): CounterSnapshot {
		return fromValues((id) => this.get(id));
	}
}

/** The sum over several processes; a counter that a snapshot lacks (another version) counts as zero. */
export function mergeCounters(snapshots: readonly Partial<CounterSnapshot>[]): CounterSnapshot {
	return fromValues((id) => {
		let sum = 0;
		for (const snapshot of snapshots) sum += finite(snapshot[id]);
		return sum;
	});
}

/** What stays of a process that ended: its counters, so that sums never go back; its gauges are gone with it. */
export function retireCounters(last: Partial<CounterSnapshot>): CounterSnapshot {
	return fromValues((id) => (counterTable[id].kind === "gauge" ? 0 : finite(last[id])));
}

function fromValues(read: (id: CounterId) => number): CounterSnapshot {
	return Object.fromEntries(ids.map((id) => [id, read(id)])) as Record<CounterId, number>;
}

function finite(value: number | undefined): number {
	return value !== undefined && Number.isFinite(value) ? value : 0;
}

const ids = Object.keys(counterTable) as CounterId[];
const indexOf = Object.fromEntries(ids.map((id, index) => [id, index])) as Record<CounterId, number>;
