/** A terminal as far as the command line uses one: cells, a cursor that wraps, and a few escape sequences. */
import { cellWidth } from "#telemetry/display-text.ts";

export class Screen {
	readonly columns: number;
	readonly rows: number;
	#cells: string[][] = [[]];
	/** The first line that is on the screen; those above have scrolled away. */
	#top = 0;
	#row = 0;
	#column = 0;
	/** The last cell of a row was written: the next letter goes to the next row. */
	#wraps = false;
	bells = 0;

	constructor(columns: number, rows = 1_000) {
		this.columns = columns;
		this.rows = rows;
	}

	/** Everything since the beginning, without blanks at the ends of lines. */
	get lines(): string[] {
		return this.#cells.map((row) => row.join("").trimEnd());
	}

	/** What is on the screen now. */
	get shown(): string[] {
		return this.lines.slice(this.#top);
	}

	/** The row counts from the first line ever written. */
	get cursor(): { readonly row: number; readonly column: number } {
		return { row: this.#row, column: this.#wraps ? this.columns : this.#column };
	}

	write(text: string): void {
		for (let at = 0; at < text.length; ) {
			// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one.
			const sequence = /^\x1b\[([0-9;?]*)([A-Za-z])/.exec(text.slice(at, at + 16));
			if (sequence !== null) {
				this.#sequence(sequence[1] as string, sequence[2] as string);
				at += sequence[0].length;
				continue;
			}
			const letter = String.fromCodePoint(text.codePointAt(at) as number);
			at += letter.length;
			this.#letter(letter);
		}
	}

	#letter(letter: string): void {
		if (letter === "\r") {
			this.#column = 0;
			this.#wraps = false;
		} else if (letter === "\n") this.#down();
		else if (letter === "\x07") this.bells++;
		else if (letter < " " || letter === "\x7f") throw new Error(`a terminal got ${JSON.stringify(letter)}`);
		else this.#put(letter);
	}

	#put(letter: string): void {
		const width = cellWidth(letter);
		if (width === 0) {
			const row = this.#cells[this.#row] as string[];
			const at = Math.max(0, this.#column - 1);
			row[at] = (row[at] ?? " ") + letter;
			return;
		}
		if (this.#wraps || this.#column + width > this.columns) {
			this.#column = 0;
			this.#wraps = false;
			this.#down();
		}
		const row = this.#cells[this.#row] as string[];
		while (row.length < this.#column) row.push(" ");
		row[this.#column] = letter;
		if (width === 2) row[this.#column + 1] = "";
		this.#column += width;
		if (this.#column === this.columns) {
			this.#column = this.columns - 1;
			this.#wraps = true;
		}
	}

	#down(): void {
		this.#row++;
		while (this.#cells.length <= this.#row) this.#cells.push([]);
		if (this.#row - this.#top >= this.rows) this.#top++;
	}

	#sequence(parameters: string, final: string): void {
		const count = Number(parameters === "" ? 1 : parameters);
		switch (final) {
			case "A":
				this.#row = Math.max(this.#top, this.#row - count);
				this.#wraps = false;
				return;
			case "C":
				this.#column = Math.min(this.columns - 1, this.#column + count);
				this.#wraps = false;
				return;
			case "H":
				this.#row = this.#top;
				this.#column = 0;
				this.#wraps = false;
				return;
			case "J":
				if (parameters === "2") {
					this.#top = this.#row = this.#cells.length;
					this.#cells.push([]);
				} else {
					(this.#cells[this.#row] as string[]).splice(this.#column);
					this.#cells.length = this.#row + 1;
				}
				return;
			case "h":
			case "l":
				return;
			default:
				throw new Error(`a terminal got ESC [ ${parameters} ${final}`);
		}
	}
}
