/**
 * What a terminal sends, as keys: UTF-8 text, control characters, escape sequences, bracketed paste.
 *
 * Bounds: holds at most one unfinished sequence of `maxSequence` characters. An escape waits for what follows it: a
 * letter makes it a meta key. Sequences that are not known are dropped whole.
 */

export type KeyName =
	| "enter"
	| "tab"
	| "backspace"
	| "delete"
	| "up"
	| "down"
	| "left"
	| "right"
	| "home"
	| "end"
	| "page-up"
	| "page-down"
	| `ctrl-${string}`
	| `meta-${string}`;

export type Key =
	/** One printable character. */
	| { readonly kind: "text"; readonly text: string }
	| { readonly kind: "key"; readonly name: KeyName }
	/** Text that was pasted: nothing in it is a command to the editor. Lines end with a line feed. */
	| { readonly kind: "paste"; readonly text: string };

/** Turns octets into keys; sequences may be split anywhere. */
export class KeyDecoder {
	readonly #utf8 = new TextDecoder("utf-8");
	#state: "ground" | "escape" | "csi" | "ss3" | "paste" = "ground";
	#sequence = "";
	#paste = "";
	#wasReturn = false;

	decode(octets: Uint8Array): Key[] {
		const keys: Key[] = [];
		for (const letter of this.#utf8.decode(octets, { stream: true })) this.#letter(letter, keys);
		if (this.#state === "paste") this.#flushPaste(keys, false);
		return keys;
	}

	#letter(letter: string, keys: Key[]): void {
		switch (this.#state) {
			case "ground":
				return this.#ground(letter, keys);
			case "escape":
				return this.#escape(letter, keys);
			case "csi":
				return this.#csi(letter, keys);
			case "ss3":
				this.#state = "ground";
				return push(keys, ss3Keys[letter]);
			case "paste":
				this.#paste += letter;
				if (letter === "~" && this.#paste.endsWith(pasteEnd)) {
					this.#paste = this.#paste.slice(0, -pasteEnd.length);
					this.#flushPaste(keys, true);
					this.#state = "ground";
				}
		}
	}

	#ground(letter: string, keys: Key[]): void {
		const followsReturn = this.#wasReturn;
		this.#wasReturn = letter === "\r";
		if (letter === "\n" && followsReturn) return;
		if (letter === "\x1b") this.#state = "escape";
		else if (letter < " " || letter === "\x7f") push(keys, controlKey(letter));
		else if (letter >= "\x80" && letter < "\xa0") return;
		else keys.push({ kind: "text", text: letter });
	}

	#escape(letter: string, keys: Key[]): void {
		this.#state = "ground";
		if (letter === "[") {
			this.#state = "csi";
			this.#sequence = "";
		} else if (letter === "O") this.#state = "ss3";
		else if (letter === "\x1b") this.#state = "escape";
		else if (letter === "\x7f" || letter === "\b") push(keys, "meta-backspace");
		else if (letter > " ") push(keys, `meta-${letter.toLowerCase()}`);
		else this.#ground(letter, keys);
	}

	#csi(letter: string, keys: Key[]): void {
		if (letter >= " " && letter < "@") {
			this.#sequence += letter;
			if (this.#sequence.length > maxSequence) this.#state = "ground";
			return;
		}
		this.#state = "ground";
		if (letter < " ") return this.#ground(letter, keys);
		const sequence = this.#sequence;
		if (letter === "~" && sequence === "200") {
			this.#state = "paste";
			this.#paste = "";
			return;
		}
		const isWord = /^1;[35]$/.test(sequence);
		if (isWord && letter === "C") push(keys, "meta-f");
		else if (isWord && letter === "D") push(keys, "meta-b");
		else push(keys, letter === "~" ? tildeKeys[sequence] : csiKeys[letter]);
	}

	/** Gives what was pasted so far, but not what may be the beginning of the end mark. */
	#flushPaste(keys: Key[], isOver: boolean): void {
		let keep = 0;
		for (let length = Math.min(pasteEnd.length - 1, this.#paste.length); !isOver && length > 0; length--) {
			if (!pasteEnd.startsWith(this.#paste.slice(-length))) continue;
			keep = length;
			break;
		}
		const text = this.#paste.slice(0, this.#paste.length - keep);
		this.#paste = this.#paste.slice(this.#paste.length - keep);
		// A return at the very end may have its line feed in the next piece.
		const lines = text.replace(/\r\n?/g, "\n").replace(controls, "");
		if (lines !== "") keys.push({ kind: "paste", text: lines });
	}
}

function push(keys: Key[], name: KeyName | undefined): void {
	if (name !== undefined) keys.push({ kind: "key", name });
}

function controlKey(letter: string): KeyName | undefined {
	switch (letter) {
		case "\r":
		case "\n":
			return "enter";
		case "\t":
			return "tab";
		case "\b":
		case "\x7f":
			return "backspace";
		case "\0":
			return undefined;
		default:
			return `ctrl-${String.fromCharCode(letter.charCodeAt(0) + 96)}`;
	}
}

const csiKeys: Readonly<Record<string, KeyName | undefined>> = {
	A: "up",
	B: "down",
	C: "right",
	D: "left",
	F: "end",
	H: "home",
	Z: "tab",
};
const ss3Keys = csiKeys;
const tildeKeys: Readonly<Record<string, KeyName | undefined>> = {
	"1": "home",
	"3": "delete",
	"4": "end",
	"5": "page-up",
	"6": "page-down",
	"7": "home",
	"8": "end",
};
const pasteEnd = "\x1b[201~";
const maxSequence = 32;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is left out.
const controls = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;
