/** A value that never shows itself: not in logs, errors, JSON or the debugger's print. */

import { inspect } from "node:util";

/** Wraps a secret; `danger_reveal` is the only way out and is easy to search for. */
export class Secret {
	readonly #value: string;

	constructor(value: string) {
		this.#value = value;
	}

	danger_reveal(): string {
		return this.#value;
	}

	toString(): string {
		return hidden;
	}

	toJSON(): string {
		return hidden;
	}

	[inspect.custom](): string {
		return hidden;
	}
}

const hidden = "<secret>";
