/**
 * A machine's test as a conversation: what happens, and what the machine asks for in answer.
 *
 *     play(machine, now).event({ type: "client-ended", why: "bye" }).expect("close").done();
 */
import assert from "node:assert/strict";

/** What a machine must offer to be played with. */
export interface Playable<E, F> {
	step(event: E, now: number): readonly F[];
	deadline(): number;
}

/** Begins a conversation with the machine at `now`, in milliseconds. */
export function play<E extends { readonly type: string }, F extends { readonly type: string }>(
	machine: Playable<E, F>,
	now: number,
): Play<E, F> {
	return new Play(machine, now);
}

/** A conversation that goes on; every effect must be expected, in its order, before the next event. */
export class Play<E extends { readonly type: string }, F extends { readonly type: string }> {
	readonly #machine: Playable<E, F>;
	#now: number;
	#said = "the beginning";
	#effects: readonly F[] = [];

	constructor(machine: Playable<E, F>, now: number) {
		this.#machine = machine;
		this.#now = now;
	}

	/** Time passes. */
	after(milliseconds: number): this {
		this.#now += milliseconds;
		return this;
	}

	/** Something happens. */
	event(event: E): this {
		this.done();
		this.#said = event.type;
		this.#effects = this.#machine.step(event, this.#now);
		return this;
	}

	/** The next effect is of this type; `check` looks into it. */
	expect<T extends F["type"]>(type: T, check: (effect: Extract<F, { type: T }>) => void = () => {}): this {
		const [effect, ...others] = this.#effects;
		assert.equal(effect?.type, type, `the answer to ${this.#said}`);
		this.#effects = others;
		check(effect as Extract<F, { type: T }>);
		return this;
	}

	/** The machine waits for so long from now. */
	waits(milliseconds: number): this {
		assert.equal(this.#machine.deadline() - this.#now, milliseconds, `the wait after ${this.#said}`);
		return this;
	}

	/** Nothing more is asked for. */
	done(): this {
		const left = this.#effects.map(({ type }) => type);
		assert.deepEqual(left, [], `what else the machine asks for after ${this.#said}`);
		return this;
	}
}
