/**
 * Files that are there whole or not at all: written under another name, flushed, renamed, and the directory flushed.
 *
 * `before` is called ahead of every system call that changes something: a test kills the process there.
 */
import {
	chmodSync,
	closeSync,
	constants,
	copyFileSync,
	fsyncSync,
	linkSync,
	mkdirSync,
	openSync,
	readdirSync,
	readFileSync,
	readSync,
	renameSync,
	unlinkSync,
	writeSync,
} from "node:fs";
import { join } from "node:path";

/** Called before each change of the disk, with what is about to happen. */
export type BeforeChange = (what: string) => void;

export class DurableFiles {
	readonly directory: string;
	readonly #before: BeforeChange;

	/** Makes the directory (mode 0700) and removes what an interrupted write left behind. */
	constructor(directory: string, before: BeforeChange = () => {}) {
		this.directory = directory;
		this.#before = before;
		mkdirSync(directory, { recursive: true, mode: 0o700 });
		for (const name of readdirSync(directory)) if (name.endsWith(temporary)) unlinkSync(join(directory, name));
	}

	/** The names of the files. */
	names(): string[] {
		return readdirSync(this.directory).filter((name) => !name.endsWith(temporary));
	}

	/** The whole text, or undefined when there is no such file. */
	read(name: string): string | undefined {
		return orAbsent(() => readFileSync(join(this.directory, name), "utf8"));
	}

	/** The first line, at most 8 KB of it; undefined when there is no such file. */
	firstLine(name: string): string | undefined {
		return orAbsent(() => {
			const file = openSync(join(this.directory, name), "r");
			try {
				const buffer = Buffer.alloc(8_192);
				const text = buffer.subarray(0, readSync(file, buffer)).toString("utf8");
				return text.split("\n", 1)[0] ?? "";
			} finally {
				closeSync(file);
			}
		});
	}

	/**
	 * Puts `text` in place of the file (mode 0600). `ready` runs when the new text is safely on the disk and the old file
	 * is still in its place. Throws when the old file stays.
	 */
	replace(name: string, text: string, ready: () => void = () => {}): void {
		const target = join(this.directory, name);
		const fresh = target + temporary;
		try {
			this.#write(fresh, text);
			ready();
			this.#before(`rename ${name}`);
			renameSync(fresh, target);
		} catch (cause) {
			orAbsent(() => unlinkSync(fresh));
			throw cause;
		}
		this.#flushDirectory(name);
	}

	/** A second name for a file; nothing happens when that name is taken. */
	link(name: string, second: string): void {
		this.#before(`link ${second}`);
		try {
			linkSync(join(this.directory, name), join(this.directory, second));
		} catch (cause) {
			if (codeOf(cause) !== "EEXIST") throw cause;
		}
		this.#before(`flush directory for ${second}`);
		this.#flush(this.directory);
	}

	/** Makes `target`, outside of the directory, a copy of a file (mode 0600). It is not flushed. */
	copy(name: string, target: string): void {
		const fresh = `${target}.new`;
		copyFileSync(join(this.directory, name), fresh, constants.COPYFILE_FICLONE);
		chmodSync(fresh, 0o600);
		renameSync(fresh, target);
	}

	/** Removes a file if it is there. */
	remove(name: string): void {
		this.#before(`remove ${name}`);
		orAbsent(() => unlinkSync(join(this.directory, name)));
		this.#flushDirectory(name);
	}

	#write(path: string, text: string): void {
		this.#before(`open ${path}`);
		const file = openSync(path, "w", 0o600);
		try {
			const octets = Buffer.from(text, "utf8");
			const middle = octets.length >> 1;
			for (const part of [octets.subarray(0, middle), octets.subarray(middle)]) {
				this.#before(`write ${path}`);
				for (let at = 0; at < part.length; ) at += writeSync(file, part, at);
			}
			this.#before(`flush ${path}`);
			fsyncSync(file);
		} finally {
			closeSync(file);
		}
	}

	/** After a rename the new file is what every reader sees; a flush that fails then takes nothing back. */
	#flushDirectory(name: string): void {
		this.#before(`flush directory for ${name}`);
		try {
			this.#flush(this.directory);
		} catch {
			// The next flush writes it as well.
		}
	}

	#flush(directory: string): void {
		const file = openSync(directory, "r");
		try {
			fsyncSync(file);
		} finally {
			closeSync(file);
		}
	}
}

function orAbsent<T>(act: () => T): T | undefined {
	try {
		return act();
	} catch (cause) {
		if (codeOf(cause) === "ENOENT") return undefined;
		throw cause;
	}
}

function codeOf(cause: unknown): unknown {
	return cause instanceof Error && "code" in cause ? cause.code : undefined;
}

const temporary = ".tmp";
