/** Rows that wait for the event store: bounded by number and by memory, and an honest account of what found no room. */

import type { StoredRow } from "#telemetry/session-row.ts";

/** Rows lost since the last account, and why the latest of them was. */
export interface DropAccount {
	readonly count: number;
	readonly reason: string;
}

/**
 * A first-in first-out queue of rows.
 *
 * Bounds: `push` takes at most `capacity` rows and about `capacityOctets` of memory, `pushReserved` at most `reserved`
 * rows more, so that a full queue can still be reported.
 */
export class RecordQueue {
	readonly #capacity: number;
	readonly #capacityOctets: number;
	readonly #reserved: number;
	#rows: StoredRow[] = [];
	#octets = 0;
	#dropped = 0;
	#accounted = 0;
	#reason = "";

	constructor(capacity: number, capacityOctets: number, reserved: number) {
		this.#capacity = capacity;
		this.#capacityOctets = capacityOctets;
		this.#reserved = reserved;
	}

	get length(): number {
		return this.#rows.length;
	}

	/** How many rows were lost since the start. */
	get dropped(): number {
		return this.#dropped;
	}

	/** Takes the row, or answers false when there is no room. `beside` is how many rows wait elsewhere. */
	push(row: StoredRow, beside: number): boolean {
		if (this.#rows.length + beside >= this.#capacity || this.#octets + row.octets > this.#capacityOctets) return false;
		this.#add(row);
		return true;
	}

	/** The same with the reserved room, for what the store itself has to say. */
	pushReserved(row: StoredRow, beside: number): boolean {
		if (this.#rows.length + beside >= this.#capacity + this.#reserved) return false;
		this.#add(row);
		return true;
	}

	/** Removes and returns the oldest rows, at most `most`. */
	take(most: number): readonly StoredRow[] {
		const taken = this.#rows.splice(0, most);
		for (const row of taken) this.#octets -= row.octets;
		return taken;
	}

	/** Counts rows that were lost. */
	drop(count: number, reason: string): void {
		this.#dropped += count;
		if (count > 0) this.#reason = reason;
	}

	/** What was lost since the last call; undefined when nothing was. */
	account(): DropAccount | undefined {
		const count = this.#dropped - this.#accounted;
		this.#accounted = this.#dropped;
		return count === 0 ? undefined : { count, reason: this.#reason };
	}

	#add(row: StoredRow): void {
		this.#rows.push(row);
		this.#octets += row.octets;
	}
}
