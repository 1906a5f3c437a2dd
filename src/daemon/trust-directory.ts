/**
 * The certificates of authorities as files of the state directory, readable for people:
 *
 *   trust/NAME.pem               CA profile NAME; may hold several certificates
 *   trust/groups/NAME.pem        CA profile group NAME
 *   trust/replaced/NAME.pem      a CA profile that another one has replaced; it vouches for nothing
 *   trust/default/roots.pem      roots that were added to those of the runtime
 *
 * The first line of a file that a command wrote says when it was loaded and from where. Files may be put there by hand;
 * they count from the next commit on.
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { readBoundedFile } from "#base/bounded-file-shell.ts";
import { FaultError, fault } from "#base/fault.ts";
import { type Certificate, decodeCertificate } from "#pki/certificate.ts";
import { certificatePem, pemCertificates } from "#pki/pem.ts";
import type { TrustSources } from "#pki/trust-selection.ts";

export type BundleKind = "profile" | "group" | "replaced" | "default";

/** One file. */
export interface Bundle {
	readonly kind: BundleKind;
	readonly name: string;
	readonly certificates: readonly Certificate[];
	/** Milliseconds since 1970. */
	readonly loadedAt: number;
	/** The file that it was loaded from; undefined when it was put here by hand. */
	readonly from: string | undefined;
}

/** The files below `trust/`. Nothing is kept in memory: what lies there counts. */
export class TrustDirectory {
	readonly #path: string;

	constructor(path: string) {
		this.#path = path;
	}

	/**
	 * All that may vouch for others.
	 *
	 * Faults: throws `FaultError` KEY_STORE_BROKEN that names the file when one holds no certificate or a broken one.
	 */
	sources(): TrustSources {
		const texts = (kind: BundleKind) =>
			new Map(
				this.bundles(kind).map(({ name, certificates }) => [name, certificates.map(({ der }) => certificatePem(der))]),
			);
		return {
			profiles: texts("profile"),
			groups: texts("group"),
			defaultRoots: [...texts("default").values()].flat(),
		};
	}

	/** The bundles of a kind by name. No directory, no bundles. */
	bundles(kind: BundleKind): readonly Bundle[] {
		return pemFiles(this.#folder(kind)).map((path) => readBundle(kind, path));
	}

	bundle(kind: BundleKind, name: string): Bundle | undefined {
		return this.bundles(kind).find((bundle) => bundle.name === name);
	}

	/** The names of a kind; nothing is read. */
	names(kind: BundleKind): readonly string[] {
		return pemFiles(this.#folder(kind)).map((path) => basename(path, ending));
	}

	/** Writes a bundle, whole or not at all. */
	write(kind: BundleKind, name: string, certificates: readonly Certificate[], from: string, now: number): void {
		const head = `# loaded ${new Date(now).toISOString()} from ${JSON.stringify(from)}\n`;
		const path = this.#file(kind, name);
		mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
		writeFileSync(`${path}.new`, head + certificates.map(({ der }) => certificatePem(der)).join(""), { mode: 0o600 });
		renameSync(`${path}.new`, path);
	}

	/** Removes a bundle; false when there is none. */
	remove(kind: BundleKind, name: string): boolean {
		if (!this.names(kind).includes(name)) return false;
		rmSync(this.#file(kind, name));
		return true;
	}

	/** Keeps a CA profile as replaced: `NAME_REPLACED`, then `NAME_REPLACED_2` and so on. Answers the name. */
	setAside(name: string): string {
		const taken = new Set(this.names("replaced"));
		let next = `${name}_REPLACED`;
		for (let count = 2; taken.has(next); count++) next = `${name}_REPLACED_${count}`;
		const path = this.#file("replaced", next);
		mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
		renameSync(this.#file("profile", name), path);
		return next;
	}

	/** Puts back what `setAside` kept. */
	restore(name: string, replaced: string): void {
		renameSync(this.#file("replaced", replaced), this.#file("profile", name));
	}

	#folder(kind: BundleKind): string {
		return join(this.#path, folders[kind]);
	}

	#file(kind: BundleKind, name: string): string {
		if (name === "" || name === "." || name === ".." || name.includes("/"))
			throw new Error(`no name of a file: ${name}`);
		return join(this.#folder(kind), name + ending);
	}
}

/**
 * What lies below `trust/`, and the file that `security pki default-trust-store file` names.
 *
 * Faults: throws `FaultError` CONFIG_INVALID when that file cannot be read or holds no certificate.
 */
export function readTrust(directory: string, rootsFile: string | undefined): TrustSources {
	const sources = new TrustDirectory(directory).sources();
	if (rootsFile === undefined) return sources;
	return { ...sources, defaultRoots: [...readRootsFile(rootsFile), ...sources.defaultRoots] };
}

/** Names of authorities whose certificates lie there, for the checks of a configuration. */
export function trustNames(directory: string): ReadonlySet<string> {
	const trust = new TrustDirectory(directory);
	return new Set([...trust.names("profile"), ...trust.names("group")]);
}

/** The certificates of the file, PEM; those that cannot be decoded are for `assembleDefaultStore` to count. */
function readRootsFile(file: string): readonly string[] {
	let why = "it holds no PEM certificate";
	try {
		const found = pemCertificates(readBoundedFile(file, maxAuthorityFileOctets).toString("utf8")).map(certificatePem);
		if (found.length > 0) return found;
	} catch (error) {
		why = error instanceof Error ? error.message : String(error);
	}
	const message = `security pki default-trust-store: file ${file} cannot be used: ${why}; name a readable PEM file or delete the statement`;
	throw new FaultError(fault("CONFIG_INVALID", message));
}

function readBundle(kind: BundleKind, path: string): Bundle {
	const text = readFileSync(path, "utf8");
	const certificates = pemCertificates(text).map((der) => {
		const decoded = decodeCertificate(der);
		if (decoded.kind === "malformed") throw broken(path, decoded.reason);
		if (decoded.kind === "need-more") throw broken(path, "it is cut short");
		return decoded.value;
	});
	if (certificates.length === 0) throw broken(path, "it holds no PEM certificate");
	const head = firstLine.exec(text);
	const loadedAt = Date.parse(head?.[1] ?? "");
	return {
		kind,
		name: basename(path, ending),
		certificates,
		loadedAt: Number.isNaN(loadedAt) ? statSync(path).mtimeMs : loadedAt,
		from: head === null ? undefined : readQuoted(head[2] as string),
	};
}

function readQuoted(text: string): string | undefined {
	try {
		return String(JSON.parse(text));
	} catch {
		return undefined;
	}
}

function pemFiles(directory: string): string[] {
	try {
		return readdirSync(directory)
			.filter((file) => file.endsWith(ending) && file.length > ending.length)
			.sort()
			.map((file) => join(directory, file));
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
		throw error;
	}
}

/** What an operator names as certificates of authorities may be this large. */
export const maxAuthorityFileOctets = 33_554_432;

function broken(path: string, why: string): FaultError {
	return new FaultError(fault("KEY_STORE_BROKEN", `${path} cannot be used: ${why}; correct or remove the file`));
}

const ending = ".pem";
const folders: Readonly<Record<BundleKind, string>> = {
	profile: "",
	group: "groups",
	replaced: "replaced",
	default: "default",
};
const firstLine = /^# loaded (\S+) from ("(?:[^"\\\n]|\\.)*")$/m;
