/**
 * Certificates of authorities, changed while the gateway runs: each change is written, put in force at every worker, and
 * taken back when one of them refuses.
 */
import { statSync } from "node:fs";
import { isAbsolute } from "node:path";
import { BoundedMap } from "#base/bounded.ts";
import { readBoundedFile, writeNewFile } from "#base/bounded-file-shell.ts";
import { type ExpiryAlarm, ExpiryTeller, expiryAlarms, type WatchedAuthorities } from "#daemon/authority-expiry.ts";
import { type Bundle, maxAuthorityFileOctets, readTrust, TrustDirectory } from "#daemon/trust-directory.ts";
import { type AuthorityFile, readAuthorityFile } from "#pki/authority-file.ts";
import type { Certificate } from "#pki/certificate.ts";
import { certificatePem } from "#pki/pem.ts";
import { caName, type PkiConfig } from "#pki/schema.ts";
import { assembleDefaultStore, selectTrust, type TrustSources } from "#pki/trust-selection.ts";
import { runtimeRoots } from "#proxy/trust-store-shell.ts";
import { type GatewayEvent, gatewayEvent } from "#telemetry/event-table.ts";

export interface TrustServicePorts {
	/** `trust/` of the state directory. */
	readonly directory: string;
	readonly config: () => PkiConfig;
	/** Puts what lies in the directory in force; rejects when the trust before stays. */
	readonly apply: () => Promise<void>;
	readonly event: (event: GatewayEvent) => void;
	readonly now: () => number;
}

/** Files on the gateway: the certificates, and the passphrase that opens PKCS #12. */
export interface AuthoritySource {
	readonly file: string;
	readonly passphraseFile?: string | undefined;
}

/** What was loaded. */
export interface LoadReport {
	readonly certificates: readonly Certificate[];
	readonly passedOver: readonly string[];
	/** The name under which the one before is kept. */
	readonly replaced?: string;
}

export class TrustService {
	readonly directory: TrustDirectory;
	readonly #ports: TrustServicePorts;
	/** What each session was shown last: only that is loaded. */
	readonly #shown = new BoundedMap<string, string>(maxShown);
	readonly #teller = new ExpiryTeller();
	/** Changes come one after another. */
	#last: Promise<unknown> = Promise.resolve();

	constructor(ports: TrustServicePorts) {
		this.#ports = ports;
		this.directory = new TrustDirectory(ports.directory);
	}

	get config(): PkiConfig {
		return this.#ports.config();
	}

	/** All that may vouch for others. Throws as `readTrust`. */
	sources(): TrustSources {
		return readTrust(this.#ports.directory, this.config.security.pki.defaultTrustStore.file);
	}

	/** What was added to the public roots, and from where. */
	addedRoots(): readonly Pick<Bundle, "from" | "loadedAt" | "certificates">[] {
		const { file } = this.config.security.pki.defaultTrustStore;
		const loaded = this.directory.bundles("default");
		if (file === undefined) return loaded;
		const { certificates } = readAuthorityFile(readBoundedFile(file, maxAuthorityFileOctets));
		return [{ from: file, loadedAt: statSync(file).mtimeMs, certificates }, ...loaded];
	}

	/** What `show system alarms` tells of authorities. */
	alarms(): readonly ExpiryAlarm[] {
		const now = this.#ports.now();
		try {
			return expiryAlarms(this.#watched(), now);
		} catch (error) {
			// A file was spoilt while the gateway runs; it goes on with what it read before.
			return [{ at: now, level: "Major", text: error instanceof Error ? error.message : String(error) }];
		}
	}

	/** Events about authorities that have expired or soon will; to be called at the start, after changes and now and then. */
	tellExpiry(): void {
		let watched: WatchedAuthorities;
		try {
			watched = this.#watched();
		} catch {
			// The alarms say so.
			return;
		}
		for (const event of this.#teller.due(watched, this.#ports.now())) this.#ports.event(event);
	}

	#watched(): WatchedAuthorities {
		const { isDefaultDisabled, excluded } = selectTrust(this.config);
		const { roots } = assembleDefaultStore(runtimeRoots, this.sources().defaultRoots, excluded);
		return {
			profiles: this.directory.bundles("profile"),
			groups: this.directory.bundles("group"),
			defaultRoots: isDefaultDisabled ? [] : roots.filter((root) => !root.isExcluded).map((root) => root.certificate),
			warningDays: this.config.security.pki.expiryWarning,
		};
	}

	/** Names for completion. */
	names(source: string): readonly string[] {
		switch (source) {
			case "ca-profiles":
				return [...this.config.security.pki.caProfile.keys()];
			case "ca-certificates":
				return [...this.directory.names("profile"), ...this.directory.names("replaced")];
			case "ca-groups":
				return this.directory.names("group");
			default:
				return [];
		}
	}

	/** Reads a file that a session wants to load, so that its fingerprints can be shown. Throws when it holds no CA. */
	preview(source: AuthoritySource, session: string): AuthorityFile {
		const read = readFile(source);
		this.#shown.set(session, contentKey(source.file, read.certificates));
		return read;
	}

	/** Throws unless a CA profile of this name is configured, and is as yet empty or is to be replaced. */
	mayLoad(name: string, isReplacement: boolean): void {
		const { caProfile } = this.#ports.config().security.pki;
		if (!caProfile.has(name)) {
			const existing = [...caProfile.keys()].map((one) => `"${one}"`).join(", ") || "none";
			throw new Error(
				`ca-profile "${name}" is not configured; configured: ${existing}; set security pki ca-profile NAME ca-identity ID first`,
			);
		}
		const holds = this.directory.names("profile").includes(name);
		if (isReplacement && !holds) throw new Error(`ca-profile "${name}" holds no certificate; load one instead`);
		if (!isReplacement && holds)
			throw new Error(`ca-profile "${name}" holds a certificate already; replace it, or clear it first`);
	}

	/** Loads what `preview` showed this session. */
	load(
		name: string,
		source: AuthoritySource,
		isReplacement: boolean,
		session: string,
		user: string,
	): Promise<LoadReport> {
		return this.#inTurn(async () => {
			this.mayLoad(name, isReplacement);
			const { file } = source;
			const { certificates, passedOver } = this.#takeShown(source, session);
			const replaced = isReplacement ? this.directory.setAside(name) : undefined;
			const undo = () => {
				this.directory.remove("profile", name);
				if (replaced !== undefined) this.directory.restore(name, replaced);
			};
			await this.#put(() => this.directory.write("profile", name, certificates, file, this.#ports.now()), undo);
			this.#changed(`ca-profile ${name} ${isReplacement ? "was replaced" : "was loaded"} from ${file}`, user);
			return { certificates, passedOver, ...(replaced === undefined ? {} : { replaced }) };
		});
	}

	/** Throws unless a group of this name may be made. */
	mayLoadGroup(name: string): void {
		const checked = caName.parse(name);
		if (!checked.ok) throw new Error(checked.message);
		const { caProfile, trustedCaGroup } = this.#ports.config().security.pki;
		if (caProfile.has(name) || trustedCaGroup.has(name) || this.directory.names("profile").includes(name))
			throw new Error(`"${name}" is the name of a CA profile or trusted CA group; choose another`);
	}

	/** Loads many certificates as a group, in place of those that it held. */
	loadGroup(name: string, source: AuthoritySource, session: string, user: string): Promise<LoadReport> {
		return this.#inTurn(async () => {
			this.mayLoadGroup(name);
			const { file } = source;
			const read = file === "default" ? readDefaultRoots() : this.#takeShown(source, session);
			await this.#replaceBundle("group", name, read.certificates, file);
			this.#changed(`ca-profile-group ${name} was loaded from ${file}`, user);
			return read;
		});
	}

	/** Adds the certificates of a file to the public roots, in place of those added before. */
	loadDefaultRoots(source: AuthoritySource, user: string): Promise<LoadReport> {
		return this.#inTurn(async () => {
			const read = readFile(source);
			await this.#replaceBundle("default", defaultRootsName, read.certificates, source.file);
			this.#changed(`default-trust-store was given the roots of ${source.file}`, user);
			return read;
		});
	}

	/** Deletes bundles. Rejects when one is not there, or the configuration needs it. Answers how many. */
	clear(kind: Bundle["kind"], names: readonly string[], user: string): Promise<number> {
		return this.#inTurn(async () => {
			const bundles = names.map((name) => {
				const bundle = this.directory.bundle(kind, name);
				if (bundle === undefined) throw new Error(`nothing is loaded under the name "${name}"`);
				return bundle;
			});
			const remove = () => {
				for (const name of names) this.directory.remove(kind, name);
			};
			const undo = () => {
				for (const bundle of bundles) this.#writeAgain(bundle);
			};
			await this.#put(remove, undo);
			for (const name of names)
				this.#changed(`${kind === "group" ? "ca-profile-group" : kind} ${name} was cleared`, user);
			return bundles.length;
		});
	}

	/** Writes a CA profile's certificates to a new file. */
	export(name: string, file: string, type: "pem" | "der"): number {
		const bundle = this.directory.bundle("profile", name) ?? this.directory.bundle("replaced", name);
		if (bundle === undefined) throw new Error(`nothing is loaded under the name "${name}"`);
		const { certificates } = bundle;
		const [first] = certificates;
		if (type === "der" && certificates.length !== 1)
			throw new Error(`ca-profile "${name}" holds ${certificates.length} certificates; DER takes one; choose type pem`);
		const octets =
			type === "der" ? (first as Certificate).der : certificates.map(({ der }) => certificatePem(der)).join("");
		writeNewFile(absolute(file), octets, 0o644);
		return certificates.length;
	}

	#takeShown(source: AuthoritySource, session: string): AuthorityFile {
		const { file } = source;
		const read = readFile(source);
		const isShown = this.#shown.get(session) === contentKey(file, read.certificates);
		this.#shown.set(session, "");
		if (!isShown) throw new Error(`${file} has changed since its fingerprint was shown; nothing was loaded`);
		return read;
	}

	async #replaceBundle(
		kind: Bundle["kind"],
		name: string,
		certificates: readonly Certificate[],
		from: string,
	): Promise<void> {
		const before = this.directory.bundle(kind, name);
		const undo = () => {
			if (before === undefined) this.directory.remove(kind, name);
			else this.#writeAgain(before);
		};
		await this.#put(() => this.directory.write(kind, name, certificates, from, this.#ports.now()), undo);
	}

	#changed(change: string, user: string): void {
		this.#ports.event(gatewayEvent("TRUST_CHANGED", this.#ports.now(), { change, user }));
		this.tellExpiry();
	}

	async #put(change: () => void, undo: () => void): Promise<void> {
		try {
			change();
			await this.#ports.apply();
		} catch (error) {
			undo();
			throw error;
		}
	}

	#writeAgain({ kind, name, certificates, from, loadedAt }: Bundle): void {
		this.directory.write(kind, name, certificates, from ?? "", loadedAt);
	}

	#inTurn<T>(change: () => Promise<T>): Promise<T> {
		const turn = this.#last.then(change, change);
		this.#last = turn.catch(() => undefined);
		return turn;
	}
}

/** The file of the roots that were added to the default store. */
export const defaultRootsName = "roots";

/** The runtime's public roots, for a group of their own. */
function readDefaultRoots(): AuthorityFile {
	return readAuthorityFile(new TextEncoder().encode([...runtimeRoots.runtime, ...runtimeRoots.environment].join("\n")));
}

function readFile({ file, passphraseFile }: AuthoritySource): AuthorityFile {
	const path = absolute(file);
	const passphrase = passphraseFile === undefined ? "" : firstLine(absolute(passphraseFile));
	const read = readAuthorityFile(readBoundedFile(path, maxAuthorityFileOctets), passphrase);
	if (read.certificates.length > 0) return read;
	const why = read.refused ?? read.passedOver[0] ?? "it holds no certificate";
	throw new Error(`${file} cannot be used: ${why}; expected CA certificates in PEM, DER, PKCS #7 or PKCS #12`);
}

function firstLine(path: string): string {
	return readBoundedFile(path, maxPassphraseFileOctets).toString("utf8").split(/\r?\n/, 1)[0] ?? "";
}

/** The gateway's working directory is nobody's business. */
function absolute(file: string): string {
	if (!isAbsolute(file)) throw new Error(`${file}: expected the absolute path of a file on the gateway`);
	return file;
}

function contentKey(file: string, certificates: readonly Certificate[]): string {
	return [file, ...certificates.map(({ fingerprint }) => fingerprint)].join(" ");
}

const maxShown = 64;
const maxPassphraseFileOctets = 65_536;
