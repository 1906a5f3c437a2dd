/**
 * A trace file: lines with the time before them, those that do not match left out, files rotated at a size. What cannot be
 * written is lost: a trace never holds up what it tells of.
 *
 * Bounds: `files` files of `maxOctets` each; `linesPerSecond`, those beyond are counted and told in one line.
 */
import { appendFileSync, chmodSync, existsSync, renameSync, rmSync, statSync } from "node:fs";
import { compilePattern } from "#config/pattern.ts";
import { visibleText } from "#telemetry/display-text.ts";

export interface TraceSettings {
	/** The whole path. */
	readonly path: string;
	readonly maxOctets: number;
	/** The one that is written to among them. */
	readonly files: number;
	/** Only lines that match this regular expression. */
	readonly match: string | undefined;
	readonly isWorldReadable: boolean;
	readonly linesPerSecond: number | undefined;
}

export class TraceWriter {
	readonly #settings: TraceSettings;
	readonly #matches: (line: string) => boolean;
	#second = 0;
	#lines = 0;
	#leftOut = 0;

	constructor(settings: TraceSettings) {
		this.#settings = settings;
		const compiled = settings.match === undefined ? undefined : compilePattern(settings.match);
		this.#matches = compiled?.ok === true ? compiled.pattern.matches : () => true;
	}

	/** Writes a line. `now`: milliseconds since 1970. */
	write(text: string, now: number): void {
		const line = visibleText(text);
		if (!this.#matches(line)) return;
		const second = Math.floor(now / 1_000);
		if (second !== this.#second) {
			if (this.#leftOut > 0) this.#append(`${this.#leftOut} lines were left out by rate-limit`, now);
			this.#second = second;
			this.#lines = 0;
			this.#leftOut = 0;
		}
		const { linesPerSecond } = this.#settings;
		if (linesPerSecond !== undefined && this.#lines >= linesPerSecond) this.#leftOut++;
		else this.#append(line, now);
		this.#lines++;
	}

	#append(line: string, now: number): void {
		const { path, maxOctets, isWorldReadable } = this.#settings;
		try {
			if (existsSync(path) && statSync(path).size >= maxOctets) this.#rotate();
			const mode = isWorldReadable ? 0o644 : 0o600;
			const isNew = !existsSync(path);
			appendFileSync(path, `${new Date(now).toISOString()} ${line}\n`, { mode });
			if (isNew) chmodSync(path, mode);
		} catch {
			// The disk is full, or the folder is gone: the product goes on.
		}
	}

	/** `trace.log` becomes `trace.log.0`, and so on; the oldest goes. */
	#rotate(): void {
		const { path, files } = this.#settings;
		const named = (number: number) => `${path}.${number}`;
		rmSync(named(files - 2), { force: true });
		for (let number = files - 3; number >= 0; number--)
			if (existsSync(named(number))) renameSync(named(number), named(number + 1));
		renameSync(path, named(0));
	}
}
