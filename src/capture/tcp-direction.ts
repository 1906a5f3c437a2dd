/** One direction of a TCP connection put in order: what came twice is left out, what is missing is waited for. */

/** Takes the octets in order. `gap`: so many octets before these are missing and will not come. */
export type OnOctets = (octets: Uint8Array, gap: number) => void;

/**
 * The first octets that come for a place count.
 *
 * Bounds: `maxWaitingOctets` and `maxWaiting` segments that wait for a missing one; beyond them it counts as lost.
 */
export class TcpDirection {
	readonly #onOctets: OnOctets;
	#next: number | undefined;
	/** In order of their sequence numbers, none of them next. */
	#waiting: { readonly sequence: number; readonly octets: Uint8Array }[] = [];
	#waitingOctets = 0;

	constructor(onOctets: OnOctets) {
		this.#onOctets = onOctets;
	}

	/** The connection begins: its octets are counted from behind this number. */
	begin(sequence: number): void {
		this.#next = (sequence + 1) >>> 0;
	}

	push(sequence: number, octets: Uint8Array): void {
		if (octets.length === 0) return;
		this.#next ??= sequence;
		const ahead = distance(this.#next, sequence);
		if (ahead > 0) this.#wait(sequence, octets);
		else this.#deliver(octets.subarray(Math.min(octets.length, -ahead)), 0);
		this.#drain();
		while (this.#waitingOctets > maxWaitingOctets || this.#waiting.length > maxWaiting) this.#skip();
	}

	/** Nothing more comes: what waits for lost octets is told. */
	end(): void {
		while (this.#waiting.length > 0) this.#skip();
	}

	#wait(sequence: number, octets: Uint8Array): void {
		const next = this.#next ?? 0;
		let at = this.#waiting.length;
		while (at > 0 && distance(next, this.#waiting[at - 1]?.sequence ?? 0) > distance(next, sequence)) at--;
		this.#waiting.splice(at, 0, { sequence, octets });
		this.#waitingOctets += octets.length;
	}

	#drain(): void {
		for (;;) {
			const [first] = this.#waiting;
			if (first === undefined || this.#next === undefined) return;
			const ahead = distance(this.#next, first.sequence);
			if (ahead > 0) return;
			this.#take();
			this.#deliver(first.octets.subarray(Math.min(first.octets.length, -ahead)), 0);
		}
	}

	/** Gives up what is missing before the first that waits. */
	#skip(): void {
		const first = this.#take();
		if (first === undefined || this.#next === undefined) return;
		const gap = Math.max(0, distance(this.#next, first.sequence));
		const known = Math.max(0, -distance(this.#next, first.sequence));
		this.#next = (this.#next + gap) >>> 0;
		this.#deliver(first.octets.subarray(Math.min(first.octets.length, known)), gap);
		this.#drain();
	}

	#take() {
		const first = this.#waiting.shift();
		this.#waitingOctets -= first?.octets.length ?? 0;
		return first;
	}

	#deliver(octets: Uint8Array, gap: number): void {
		if (octets.length === 0) return;
		this.#next = ((this.#next ?? 0) + octets.length) >>> 0;
		this.#onOctets(octets, gap);
	}
}

/** How far `to` lies behind `from`, in numbers that run around (RFC 9293 §3.4). */
function distance(from: number, to: number): number {
	return (to - from) | 0;
}

const maxWaitingOctets = 1_048_576;
const maxWaiting = 1_024;
