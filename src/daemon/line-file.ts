/**
 * A file of lines for other programs to read, rotated at a size: `eve.json`, `eve.json.0` and so on. What cannot be written
 * is lost, and told once until it goes again.
 *
 * Bounds: `files` files of `maxOctets` each, and the lines of one call more.
 */
import { appendFileSync, existsSync, renameSync, rmSync, statSync } from "node:fs";

export interface LineFileSettings {
	/** The whole path. */
	readonly path: string;
	readonly maxOctets: number;
	/** The one that is written to among them. */
	readonly files: number;
	readonly failed: (reason: string) => void;
}

export class LineFile {
	readonly #settings: LineFileSettings;
	#isFailing = false;

	constructor(settings: LineFileSettings) {
		this.#settings = settings;
	}

	/** Lines without their ends. */
	append(lines: readonly string[]): void {
		const { path, maxOctets, failed } = this.#settings;
		try {
			if (existsSync(path) && statSync(path).size >= maxOctets) this.#rotate();
			appendFileSync(path, lines.map((line) => `${line}\n`).join(""), { mode: 0o600 });
			this.#isFailing = false;
		} catch (error) {
			if (!this.#isFailing) failed(error instanceof Error ? error.message : String(error));
			this.#isFailing = true;
		}
	}

	#rotate(): void {
		const { path, files } = this.#settings;
		const named = (number: number) => `${path}.${number}`;
		rmSync(named(files - 2), { force: true });
		for (let number = files - 3; number >= 0; number--)
			if (existsSync(named(number))) renameSync(named(number), named(number + 1));
		renameSync(path, named(0));
	}
}
