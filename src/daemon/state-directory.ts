/** The one directory that holds everything the product keeps: configuration, keys, certificates, records, log. */
import { accessSync, chmodSync, constants, existsSync, mkdirSync, readdirSync, statSync } from "node:fs";
import { isAbsolute, join, resolve } from "node:path";
import { FaultError, fault } from "#base/fault.ts";
import { feedDirectory } from "#inspect/compile-precedence.ts";
import { ruleDirectory } from "#inspect/rule-sources.ts";

/** Where each thing lies below the state directory. */
export interface StateDirectory {
	readonly path: string;
	readonly configuration: string;
	readonly keys: string;
	/** CA profiles: `NAME.pem`. */
	readonly trust: string;
	/** Feeds that were fetched. */
	readonly feeds: string;
	/** Lists of domains. */
	readonly lists: string;
	/** Revocation lists of the signing CAs: `ID.crl`. */
	readonly crl: string;
	readonly caCertificate: string;
	/** The facts for `sallyport trust-commands`. */
	readonly onboarding: string;
	readonly eventStore: string;
	readonly log: string;
	/** Attacks, as lines of JSON in the form of EVE. */
	readonly eve: string;
	/** Rules of intrusion detection that are fetched. */
	readonly idpRules: string;
	/** Captures around attacks. */
	readonly packetLogs: string;
	readonly lock: string;
}

/** The path that `--state`, the environment or the default give. */
export function stateDirectoryPath(option: string | undefined, environment: NodeJS.ProcessEnv = process.env): string {
	return resolve(option || environment.SALLYPORT_STATE || join(import.meta.dirname, "../../var"));
}

/** The paths below a state directory; nothing is touched. */
export function stateDirectoryLayout(path: string): StateDirectory {
	return {
		path,
		configuration: join(path, "sallyport.conf"),
		keys: join(path, "keys"),
		trust: join(path, "trust"),
		feeds: join(path, feedDirectory),
		lists: join(path, "lists"),
		crl: join(path, "crl"),
		caCertificate: join(path, "ca.pem"),
		onboarding: join(path, "onboarding.json"),
		eventStore: join(path, "events.sqlite"),
		log: join(path, "sallyport.log"),
		eve: join(path, "eve.json"),
		idpRules: join(path, ruleDirectory),
		packetLogs: join(path, "packet-log"),
		lock: join(path, "managed.pid"),
	};
}

/** Where a file lies that somebody named in a command: without a leading slash in the state directory, for nobody knows the gateway's own. */
export function namedFile({ path }: Pick<StateDirectory, "path">, file: string): string {
	return isAbsolute(file) ? file : join(path, file);
}

/**
 * Makes the directory (mode 0700) and checks that it can be written.
 *
 * Faults: throws `FaultError` STATE_DIRECTORY_UNUSABLE that names the path and the remedy.
 */
export function openStateDirectory(path: string): StateDirectory {
	const layout = stateDirectoryLayout(path);
	try {
		if (existsSync(path) && !statSync(path).isDirectory()) throw new Error("it is a file, not a directory");
		mkdirSync(path, { recursive: true, mode: 0o700 });
		accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
		// Somebody else's directory keeps its mode; what is secret lies below in directories and files of our own.
		if (readdirSync(path).length === 0 || existsSync(layout.keys)) chmodSync(path, 0o700);
		for (const directory of [layout.keys, layout.trust, layout.crl])
			mkdirSync(directory, { recursive: true, mode: 0o700 });
	} catch (error) {
		const cause = error instanceof Error ? error.message : String(error);
		const message = `state directory ${path} cannot be used: ${cause}; choose a directory that this user may write to with --state DIR`;
		throw new FaultError(fault("STATE_DIRECTORY_UNUSABLE", message, { cause }));
	}
	return layout;
}
