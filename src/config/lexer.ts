/**
 * The words and marks of configuration text, one at a time. Reads each character once; holds nothing but its position.
 *
 * Shape: word | "quoted word" | { | } | ; | [ | ] | comment (# to the end of the line, or between slash-star marks).
 *        Comments that begin with `##` are the system's own (`## SECRET-DATA`) and are skipped.
 */
import { hasControlCharacter, maxWordLength, unquote } from "#config/word.ts";

export type TokenKind = "word" | "{" | "}" | ";" | "[" | "]" | "comment" | "end" | "broken";

/** Reads tokens; after `next` the fields describe the token that was read. */
export class Lexer {
	kind: TokenKind = "end";
	/** The word without quotes, the comment without marks, or what is broken. */
	text = "";
	isQuoted = false;
	line = 1;
	/** Counted from 1, in UTF-16 code units. */
	column = 1;
	readonly #source: string;
	#at = 0;
	#line = 1;
	#lineStart = 0;

	constructor(source: string) {
		this.#source = source;
	}

	/** The line on which the text that follows the token begins. */
	get lineAfter(): number {
		return this.#line;
	}

	next(): TokenKind {
		const source = this.#source;
		for (;;) {
			this.#skipSpace();
			this.line = this.#line;
			this.column = this.#at - this.#lineStart + 1;
			this.isQuoted = false;
			const character = source[this.#at];
			switch (character) {
				case undefined:
					this.text = "";
					return this.#token("end", 0);
				case "{":
				case "}":
				case ";":
				case "]":
					this.text = character;
					return this.#token(character, 1);
				case "[":
					return this.#bracket();
				case '"':
					return this.#quoted();
				case "#":
					if (this.#lineComment()) return this.kind;
					continue;
				default:
					if (character === "/" && source[this.#at + 1] === "*") return this.#blockComment();
					return this.#word(plainWord);
			}
		}
	}

	#token(kind: TokenKind, length: number): TokenKind {
		this.#at += length;
		this.kind = kind;
		return kind;
	}

	#broken(reason: string, length: number): TokenKind {
		this.text = reason;
		return this.#token("broken", length);
	}

	#skipSpace(): void {
		for (;;) {
			const code = this.#source.charCodeAt(this.#at);
			if (code === 10) {
				this.#line++;
				this.#lineStart = this.#at + 1;
			} else if (code !== 32 && code !== 9 && code !== 13) return;
			this.#at++;
		}
	}

	#bracket(): TokenKind {
		if (this.#match(bracketedAddress) !== undefined) return this.#word(bracketedAddress);
		this.text = "[";
		return this.#token("[", 1);
	}

	#word(pattern: RegExp): TokenKind {
		const word = this.#match(pattern) ?? "";
		if (word.length > maxWordLength) return this.#broken(tooLong(word.length), word.length);
		if (hasControlCharacter(word)) return this.#broken("control character in a word", word.length);
		this.text = word;
		return this.#token("word", word.length);
	}

	#quoted(): TokenKind {
		const { length, isClosed } = this.#quotedLength();
		if (!isClosed) return this.#broken("unterminated string", length);
		if (length > maxWordLength) return this.#broken(tooLong(length), length);
		const inner = this.#source.slice(this.#at + 1, this.#at + length - 1);
		if (hasControlCharacter(inner)) return this.#broken("control character in a string", length);
		this.text = unquote(inner);
		this.isQuoted = true;
		return this.#token("word", length);
	}

	/** To the closing quote, or to the end of the line. A regular expression would run out of stack on a long string. */
	#quotedLength(): { readonly length: number; readonly isClosed: boolean } {
		const source = this.#source;
		let at = this.#at + 1;
		for (let character = source[at]; character !== undefined && character !== "\n"; character = source[at]) {
			if (character === '"') return { length: at + 1 - this.#at, isClosed: true };
			at += character === "\\" && source[at + 1] !== "\n" ? 2 : 1;
		}
		return { length: Math.min(at, source.length) - this.#at, isClosed: false };
	}

	/** False for a comment of the system's own, which is passed over. */
	#lineComment(): boolean {
		const match = this.#match(restOfLine) as string;
		if (match.startsWith("##")) {
			this.#at += match.length;
			return false;
		}
		this.text = match.slice(1, maxWordLength);
		this.#token("comment", match.length);
		return true;
	}

	#blockComment(): TokenKind {
		const end = this.#source.indexOf("*/", this.#at + 2);
		if (end === -1) return this.#broken("unterminated comment", this.#source.length - this.#at);
		const inner = this.#source.slice(this.#at + 2, end);
		this.text = inner.slice(0, maxWordLength).replace(/\n[ \t]*\*[ \t]?/g, "\n");
		for (let at = inner.indexOf("\n"); at !== -1; at = inner.indexOf("\n", at + 1)) {
			this.#line++;
			this.#lineStart = this.#at + 2 + at + 1;
		}
		return this.#token("comment", inner.length + 4);
	}

	#match(pattern: RegExp): string | undefined {
		pattern.lastIndex = this.#at;
		return pattern.exec(this.#source)?.[0];
	}
}

function tooLong(length: number): string {
	return `a word of ${length} characters; at most ${maxWordLength} are accepted`;
}

const plainWord = /[^\s;{}[\]"#]+|[\s\S]/y;
const bracketedAddress = /\[[0-9A-Fa-f:.]+\]:[0-9]+/y;
const restOfLine = /[^\n]*/y;
