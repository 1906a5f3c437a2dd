/** Lists of domains, imported, exported and deleted while the gateway runs; each change reaches every worker. */
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { DomainListDirectory, type ListKind } from "#daemon/domain-list-directory.ts";
import { DomainSet } from "#policy/domain-set.ts";
import type { DomainLists } from "#policy/exempt-names.ts";
import { type DomainListFormat, type ReadDomainList, readDomainList } from "#policy/read-domain-list.ts";
import { recommendedExemptions } from "#policy/recommended-exemptions.ts";

export interface DomainListPorts {
	/** `lists/` of the state directory. */
	readonly directory: string;
	/** Puts what lies in the directory in force; rejects when the lists before stay. */
	readonly apply: () => Promise<void>;
	readonly report: (change: string, user: string) => void;
}

/** A list to be imported. */
export interface ListSource {
	readonly kind: ListKind;
	/** Empty for the recommended exemptions. */
	readonly name: string;
	readonly file: string;
	readonly format: DomainListFormat;
	/** Wrong lines are passed over instead of refusing the file. */
	readonly ignoresErrors: boolean;
}

/** What became of one list. */
export type ImportReport = Pick<ReadDomainList, "entries" | "passedOver" | "errorCount"> & { readonly name: string };

export class DomainListService {
	readonly directory: DomainListDirectory;
	readonly #ports: DomainListPorts;
	/** Changes come one after another. */
	#last: Promise<unknown> = Promise.resolve();

	constructor(ports: DomainListPorts) {
		this.#ports = ports;
		this.directory = new DomainListDirectory(ports.directory);
		this.directory.prepare();
	}

	/** The lists as they lie there now. */
	lists(): DomainLists {
		return this.directory.read();
	}

	/** Imports lists, all or none. Rejects with a message that names file and line. */
	import(sources: readonly ListSource[], user: string): Promise<readonly ImportReport[]> {
		return this.#inTurn(async () => {
			const read = sources.map((source) => ({ source, list: readList(source) }));
			await this.#put(
				sources,
				() => {
					for (const { source, list } of read) this.directory.write(source.kind, source.name, list.text);
				},
				user,
				(kind, name) => `${describe(kind, name)} was imported`,
			);
			return read.map(({ source, list: { entries, passedOver, errorCount } }) => {
				return { name: source.name, entries, passedOver, errorCount };
			});
		});
	}

	/** The categories of a directory: each of its folders that holds a file `domains`. */
	categoriesIn(directory: string, ignoresErrors: boolean): readonly ListSource[] {
		const folders = readdirSync(absolute(directory)).sort();
		const found = folders
			.filter((name) => statSync(join(directory, name, "domains"), { throwIfNoEntry: false })?.isFile() === true)
			.map((name): ListSource => {
				const file = join(directory, name, "domains");
				return { kind: "category", name, file, format: "squidguard", ignoresErrors };
			});
		const wrong = found.find(({ name }) => !listName.test(name));
		if (wrong !== undefined) throw new Error(`${wrong.file}: '${wrong.name}' cannot be the name of a category`);
		if (found.length === 0)
			throw new Error(`${directory} holds no category; expected folders with a file 'domains' in each`);
		if (found.length > maxCategories) throw new Error(`${directory} holds more than ${maxCategories} categories`);
		return found;
	}

	/** Writes a list to a new file; answers the number of its lines. */
	export(kind: ListKind, name: string, file: string): number {
		const stored = this.directory.octets(kind, name);
		if (stored !== undefined) return writeNew(file, stored);
		if (kind !== "recommended") throw new Error(`${describe(kind, name)} is not loaded`);
		const shipped = recommendedExemptions.map(({ pattern, reason }) => `${pattern}  # ${reason}\n`).join("");
		return writeNew(file, Buffer.from(shipped));
	}

	/** Writes patterns of the configuration to a new file. */
	exportPatterns(patterns: readonly string[], file: string): number {
		return writeNew(file, Buffer.from(patterns.map((pattern) => `${pattern}\n`).join("")));
	}

	/** Rejects when there is no such list. */
	delete(kind: ListKind, name: string, user: string): Promise<void> {
		return this.#inTurn(async () => {
			if (this.directory.octets(kind, name) === undefined) throw new Error(`${describe(kind, name)} is not loaded`);
			const remove = () => this.directory.remove(kind, name);
			await this.#put([{ kind, name }], remove, user, () => `${describe(kind, name)} was deleted`);
		});
	}

	/** Each list of a kind with its size. It is read for this question alone. */
	*sets(kind: "domain-list" | "category"): Iterable<{ readonly name: string; readonly set: DomainSet }> {
		for (const name of this.directory.names(kind)) {
			const octets = this.directory.octets(kind, name);
			if (octets !== undefined) yield { name, set: new DomainSet(describe(kind, name), octets) };
		}
	}

	async #put(
		lists: readonly { readonly kind: ListKind; readonly name: string }[],
		change: () => void,
		user: string,
		says: (kind: ListKind, name: string) => string,
	): Promise<void> {
		const before = lists.map(({ kind, name }) => ({ kind, name, octets: this.directory.octets(kind, name) }));
		try {
			change();
			await this.#ports.apply();
		} catch (error) {
			for (const { kind, name, octets } of before) {
				if (octets === undefined) this.directory.remove(kind, name);
				else this.directory.write(kind, name, octets);
			}
			// Who has taken the new ones up already gets those before again.
			await this.#ports.apply().catch(() => undefined);
			throw error;
		}
		for (const { kind, name } of lists) this.#ports.report(says(kind, name), user);
	}

	#inTurn<T>(change: () => Promise<T>): Promise<T> {
		const turn = this.#last.then(change, change);
		this.#last = turn.catch(() => undefined);
		return turn;
	}
}

function readList({ file, format, ignoresErrors }: ListSource): ReadDomainList {
	const path = absolute(file);
	const { size } = statSync(path);
	if (size > maxFileOctets) throw new Error(`${file} has ${size} octets; at most ${maxFileOctets} are read`);
	const list = readDomainList(readFileSync(path), format);
	if (list.errorCount > 0 && !ignoresErrors) {
		const lines = list.errors.map(({ line, says }) => `${file}:${line}: ${says}`).join("\n");
		const more = list.errorCount > list.errors.length ? `\nand ${list.errorCount - list.errors.length} more` : "";
		throw new Error(`${lines}${more}\nnothing was imported; correct the lines, name the format, or give ignore-errors`);
	}
	if (list.entries === 0) throw new Error(`${file} holds no name; nothing was imported`);
	return list;
}

function writeNew(file: string, octets: Uint8Array): number {
	try {
		writeFileSync(absolute(file), octets, { mode: 0o644, flag: "wx" });
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
		throw new Error(`${file} exists already; name a new file`);
	}
	return octets.reduce((lines, octet) => lines + (octet === lineFeed ? 1 : 0), 0);
}

/** The gateway's working directory is nobody's business. */
function absolute(path: string): string {
	if (!isAbsolute(path)) throw new Error(`${path}: expected the absolute path of a file on the gateway`);
	return path;
}

function describe(kind: ListKind, name: string): string {
	if (kind === "recommended") return "an own list of recommended exemptions";
	return kind === "category" ? `category ${name}` : `list ${name}`;
}

/** As the schema has it of names. */
const listName = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}$/;
const lineFeed = 0x0a;
const maxCategories = 1_000;
const maxFileOctets = 268_435_456;
