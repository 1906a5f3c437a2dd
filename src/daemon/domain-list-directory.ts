/**
 * Lists of domains as files of the state directory, readable for people:
 *
 *   lists/domains/NAME.list        for never-decrypt-domain-list
 *   lists/categories/NAME.list     a category
 *   lists/recommended.list         stands in for the recommended exemptions that are shipped
 *
 * Files that were edited by hand count from the next commit on.
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { DomainSet } from "#policy/domain-set.ts";
import type { DomainLists } from "#policy/exempt-names.ts";
import { recommendedEntry, shippedExemptions } from "#policy/recommended-exemptions.ts";
import type { ListNames } from "#proxy/verify-domain-lists.ts";

export type ListKind = "domain-list" | "category" | "recommended";

/** The files below `lists/`. A set that was read is kept while its file stays the same and a configuration uses it. */
export class DomainListDirectory {
	readonly #path: string;
	#kept = new Map<string, { readonly version: string; readonly set: DomainSet }>();

	constructor(path: string) {
		this.#path = path;
	}

	/** The lists as they lie there now; those that nobody asks for until the next call are forgotten with it. */
	read(): DomainLists {
		const earlier = this.#kept;
		const kept = new Map<string, { readonly version: string; readonly set: DomainSet }>();
		this.#kept = kept;
		const find = (kind: ListKind, name: string, entry: string): DomainSet | undefined => {
			const file = this.file(kind, name);
			const version = versionOf(file);
			if (version === undefined) return undefined;
			const before = kept.get(file) ?? earlier.get(file);
			const set = before?.version === version ? before.set : new DomainSet(entry, readFileSync(file));
			kept.set(file, { version, set });
			return set;
		};
		return {
			domainList: (name) => find("domain-list", name, `list ${name}`),
			category: (name) => find("category", name, `category ${name}`),
			recommended: () => find("recommended", "", recommendedEntry) ?? shippedExemptions(),
		};
	}

	names(kind: ListKind): readonly string[] {
		const folder = dirname(this.file(kind, "any"));
		const files = readdirSync(folder, { withFileTypes: true, recursive: false });
		return files
			.filter((one) => one.isFile() && one.name.endsWith(suffix))
			.map((one) => basename(one.name, suffix))
			.sort();
	}

	/** Makes the folders. */
	prepare(): void {
		for (const folder of ["domains", "categories"])
			mkdirSync(join(this.#path, folder), { recursive: true, mode: 0o700 });
	}

	/** Replaces a list at once, or makes it. */
	write(kind: ListKind, name: string, text: Uint8Array): void {
		const file = this.file(kind, name);
		writeFileSync(`${file}.new`, text, { mode: 0o600 });
		renameSync(`${file}.new`, file);
	}

	/** The list's octets; undefined when there is none. */
	octets(kind: ListKind, name: string): Uint8Array | undefined {
		const file = this.file(kind, name);
		return versionOf(file) === undefined ? undefined : readFileSync(file);
	}

	remove(kind: ListKind, name: string): void {
		rmSync(this.file(kind, name), { force: true });
	}

	file(kind: ListKind, name: string): string {
		if (kind === "recommended") return join(this.#path, `recommended${suffix}`);
		return join(this.#path, kind === "category" ? "categories" : "domains", `${name}${suffix}`);
	}
}

/** Names of what is there, for the checks of a commit. */
export function listNames(directory: string): ListNames {
	const lists = new DomainListDirectory(directory);
	lists.prepare();
	return { domainLists: new Set(lists.names("domain-list")), categories: new Set(lists.names("category")) };
}

/** Changes with the file; undefined when there is none. */
function versionOf(file: string): string | undefined {
	const found = statSync(file, { throwIfNoEntry: false, bigint: true });
	return found === undefined ? undefined : `${found.ino} ${found.size} ${found.mtimeNs}`;
}

const suffix = ".list";
