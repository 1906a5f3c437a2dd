/** Whether a socket is read: while nobody has a reason against it. Each reason is held and freed by itself. */
import type { Socket } from "node:net";

/** The other side takes nothing more. */
export const peerIsFull = 1;
/** What was read waits for the other side's answer. */
export const awaitsAnswer = 2;
/** It does not read what the gateway itself says to it. */
export const isNotListening = 4;
/** The rate that it shares is used up. */
export const rateIsUsedUp = 8;

export class ReadGate {
	readonly #stream: Socket;
	#reasons = 0;
	#timer: NodeJS.Timeout | undefined;

	constructor(stream: Socket) {
		this.#stream = stream;
	}

	hold(reason: number): void {
		this.#reasons |= reason;
		this.#stream.pause();
	}

	free(reason: number): void {
		this.#reasons &= ~reason;
		if (this.#reasons === 0) this.#stream.resume();
	}

	/** Held for so many milliseconds from now. */
	holdFor(reason: number, milliseconds: number): void {
		this.hold(reason);
		clearTimeout(this.#timer);
		this.#timer = setTimeout(() => this.free(reason), milliseconds);
	}

	/** Nobody is waited for any more. */
	close(): void {
		clearTimeout(this.#timer);
	}
}
