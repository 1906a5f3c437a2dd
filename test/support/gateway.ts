/** The real gateway as a child process, on free loopback ports, with a state directory of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { createPrivateKey, type KeyObject, randomInt } from "node:crypto";
import {
	cpSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	readlinkSync,
	rmSync,
	writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeKeyStoreFile } from "#pki/key-store-file.ts";
import { KeyStore } from "#pki/key-store-shell.ts";
import { certificatePem, pemCertificates } from "#pki/pem.ts";
import type { EventId, GatewayEvent } from "#telemetry/event-table.ts";
import { SessionReader } from "#telemetry/session-reader-shell.ts";
import type { SessionRecord } from "#telemetry/session-record.ts";
import { projectRoot } from "../../scripts/source-files.ts";
import { dialedAt } from "./dialed-ports.ts";
import type { Identity } from "./origins.ts";
import { claimPort } from "./port-claims.ts";

/** A program and its arguments, changed. */
export type Inside = (words: readonly [string, ...string[]]) => readonly [string, ...string[]];

/** Something whose end ends what was started for it: a test, or `{ after }` of node:test for a whole file. */
export interface Owner {
	after(end: () => void | Promise<void>): void;
}

/** What differs from the configuration that `gatewayConfiguration` writes. Each text is statements. */
export interface GatewayParts {
	/** PEM of the only roots that profile `inspect` trusts; without it, whatever is loaded and the public roots. */
	readonly trust?: string;
	/** In `services gateway`, besides the listeners. */
	readonly gateway?: string;
	/** In each listener. */
	readonly listener?: string;
	/** In profile `inspect`, besides the CAs. */
	readonly profile?: string;
	/** Its `actions`, besides the log. */
	readonly actions?: string;
	/** In `services ssl proxy`, besides profile `inspect`. */
	readonly profiles?: string;
	/** Policies before the one that opens everything. */
	readonly policies?: string;
	/** In `security`. */
	readonly security?: string;
	/** At the top. */
	readonly top?: string;
	/** Host names that resolve to 127.0.0.1 and ::1. */
	readonly hosts?: readonly string[];
	/** Host names with addresses of their own: name to statements. */
	readonly mappings?: Readonly<Record<string, string>>;
	/** The pattern policy; empty for none. */
	readonly patternPolicy?: string;
	/** At the top level of `services ssl`, beside `proxy`. */
	readonly tls?: string;
	/** Certificates of servers of one's own, by the id that a configuration gives them. */
	readonly certificates?: Readonly<Record<string, Identity>>;
}

export interface GatewayOptions extends GatewayParts {
	/** A directory that is there already; a new one otherwise. */
	readonly state?: string;
	/** The whole configuration, instead of the parts. */
	readonly configuration?: (ports: { readonly ipv4: number; readonly ipv6: number }) => string;
	readonly environment?: NodeJS.ProcessEnv;
	/** Changes the words of a command so that it runs elsewhere, in a network namespace. */
	readonly inside?: Inside;
	/** The test ends workers itself. Otherwise a worker that died is a failure. */
	readonly mayLoseWorkers?: boolean;
}

/** Starts a gateway and waits until it accepts clients. It is stopped, and its directory removed, with its owner. */
export async function startGateway(owner: Owner, options: GatewayOptions = {}): Promise<Gateway> {
	const state = options.state ?? makeStateDirectory(owner);
	const ports = { ipv4: await freePort("127.0.0.1"), ipv6: await freePort("::1") };
	if (options.trust !== undefined) {
		mkdirSync(join(state, "trust"), { recursive: true });
		writeFileSync(join(state, "trust/test.pem"), options.trust);
	}
	storeCertificates(state, options.certificates ?? {});
	const configuration = join(state, "test.conf");
	writeFileSync(configuration, options.configuration?.(ports) ?? gatewayConfiguration(ports, options));
	const words = ["start", "--state", state, "--config", configuration];
	const program = startProgram(owner, words, options.environment, "ignore", options.inside);
	await program.says("is running");
	owner.after(() => {
		const died = /.*worker \d+ .* died: .*/.exec(program.errors)?.[0];
		if (died !== undefined && options.mayLoseWorkers !== true) throw new Error(died);
	});
	return new Gateway(state, ports, program);
}

/** Puts certificates with their keys into the store of a gateway that does not run. */
function storeCertificates(state: string, identities: Readonly<Record<string, Identity>>): void {
	const ids = Object.keys(identities);
	if (ids.length === 0) return;
	const keys = join(state, "keys");
	mkdirSync(keys, { recursive: true });
	const store = new KeyStore(keys, { isPersistent: true, passphraseFile: undefined }, Date.now());
	const put = Object.entries(identities).map(([id, { cert, key }]) => ({
		id,
		created: Date.now(),
		isExportable: false,
		certificates: pemCertificates(cert),
		key: createPrivateKey(key),
	}));
	store.change({ put });
}

/** A new empty state directory, which goes with its owner. */
export function makeStateDirectory(owner: Owner): string {
	const state = mkdtempSync(join(tmpdir(), "sallyport-test-"));
	owner.after(async () => {
		// The ends of a test come in the order of their beginnings: who writes there ends first.
		await Promise.all([...(writers.get(state) ?? [])].map(end));
		rmSync(state, { recursive: true, force: true });
	});
	return state;
}

/** A port of loopback that was free a moment ago, each once; below those that the system gives to outgoing connections. */
export async function freePort(host = "127.0.0.1"): Promise<number> {
	for (;;) {
		const port = randomInt(10_000, 32_000);
		if (!claimPort(port)) continue;
		const server = createServer();
		const isFree = await new Promise<boolean>((resolve) => {
			server.once("error", () => resolve(false));
			server.listen(port, host, () => server.close(() => resolve(true)));
		});
		if (isFree) return port;
	}
}

/** A configuration with a listener of each family, one profile and one policy that opens everything. */
export function gatewayConfiguration(ports: { ipv4: number; ipv6: number }, parts: GatewayParts = {}): string {
	const hosts = (parts.hosts ?? []).map((name) => `static-host-mapping ${name} { inet 127.0.0.1; inet6 ::1; }`);
	const mappings = Object.entries(parts.mappings ?? {}).map(
		([name, statements]) => `static-host-mapping ${name} { ${statements} }`,
	);
	const patternPolicy = parts.patternPolicy ?? "standard";
	return `
system { ${[...hosts, ...mappings].join("\n")} }
services {
	gateway {
		explicit-proxy v4 { listen 127.0.0.1:${ports.ipv4}; ${parts.listener ?? ""} }
		explicit-proxy v6 { listen "[::1]:${ports.ipv6}"; ${parts.listener ?? ""} }
		${parts.gateway ?? ""}
	}
	ssl { proxy {
		profile inspect {
			root-ca sallyport-ca;
			untrusted-root-ca sallyport-untrusted-ca;
			trusted-ca ${parts.trust === undefined ? "all" : "test"};
			${parts.profile ?? ""}
			actions { log { all; } ${parts.actions ?? ""} }
		}
		${parts.profiles ?? ""}
	} ${parts.tls ?? ""} }
}
security {
	policies { global {
		${parts.policies ?? ""}
		policy inspect-all {
			match { source-address any; destination-address any; application any; }
			then { permit { application-services {
				ssl-proxy { profile-name inspect; }
				${patternPolicy === "" ? "" : `pattern-policy ${patternPolicy};`}
			} } }
		}
	} }
	inspection { pattern-policy standard { patterns eicar; } }
	${parts.security ?? ""}
}
${parts.top ?? ""}
`;
}

/** A policy for the connections to one host (an address-book entry of its name must stand in `security`). */
export function hostPolicy(name: string, then: string): string {
	return `policy ${name} { match { source-address any; destination-address ${name}; application any; } then { ${then} } }`;
}

/** An address book with host patterns by entry name. */
export function hostBook(entries: Readonly<Record<string, string>>): string {
	const addresses = Object.entries(entries).map(([name, pattern]) => `address ${name} dns-name ${pattern};`);
	return `address-book global { ${addresses.join(" ")} }`;
}

/** A running gateway. */
export class Gateway {
	readonly state: string;
	readonly ports: { readonly ipv4: number; readonly ipv6: number };
	readonly program: Program;

	constructor(state: string, ports: { ipv4: number; ipv6: number }, program: Program) {
		this.state = state;
		this.ports = ports;
		this.program = program;
	}

	/** Where clients of a family connect to. */
	proxy(family: "ipv4" | "ipv6" = "ipv4"): { readonly host: string; readonly port: number } {
		return { host: family === "ipv4" ? "127.0.0.1" : "::1", port: this.ports[family] };
	}

	get caFile(): string {
		return join(this.state, "ca.pem");
	}

	get caPem(): string {
		return readFileSync(this.caFile, "utf8");
	}

	get untrustedCaPem(): string {
		return certificatePem(this.storedCertificate("sallyport-untrusted-ca"));
	}

	/** A certificate of the key store, DER. */
	storedCertificate(id: string): Uint8Array {
		const decoded = decodeKeyStoreFile(readFileSync(join(this.state, "keys/key-store.json"), "utf8"));
		const entries = decoded.kind === "done" ? decoded.value.entries : [];
		const der = entries.find((entry) => entry.id === id)?.certificates[0];
		if (der === undefined) throw new Error(`the key store holds no certificate ${id}`);
		return der;
	}

	/** A private key of the key store, out of a copy of it, so that this one is left alone. */
	storedKey(id: string): KeyObject {
		const copy = mkdtempSync(join(tmpdir(), "sallyport-keys-"));
		try {
			cpSync(join(this.state, "keys"), copy, { recursive: true });
			const key = new KeyStore(copy, { isPersistent: true, passphraseFile: undefined }, 0).entry(id)?.key;
			if (key === undefined) throw new Error(`the key store holds no key ${id}`);
			return key;
		} finally {
			rmSync(copy, { recursive: true, force: true });
		}
	}

	get log(): string {
		return readFileSync(join(this.state, "sallyport.log"), "utf8");
	}

	/** Every record in the store by now. */
	records(): SessionRecord[] {
		return this.#read((reader) => reader.newest({}, 100_000).map(({ record }) => record));
	}

	/** The events of one kind in the store by now. */
	events<Id extends EventId>(id: Id): GatewayEvent<Id>[] {
		const found = this.#read((reader) => reader.newestEvents(10_000));
		return found.filter((event): event is GatewayEvent<Id> => event.id === id);
	}

	/** The record of the session whose client came from this port, once it is there. */
	async record(clientPort: number | undefined): Promise<SessionRecord> {
		const since = dialedAt(clientPort);
		return await eventually(
			() => this.records().find(({ client, startedAt }) => client.port === clientPort && startedAt >= since),
			`the record of client port ${clientPort}`,
		);
	}

	/** The process ids of the workers. */
	workers(): number[] {
		return childrenOf(this.program.child.pid ?? 0);
	}

	/** Ends it as Ctrl-C does; answers the exit status. */
	stop(signal: NodeJS.Signals = "SIGTERM"): Promise<number | null> {
		this.program.child.kill(signal);
		return this.program.ended;
	}

	#read<T>(question: (reader: SessionReader) => T): T {
		const reader = new SessionReader(join(this.state, "events.sqlite"));
		try {
			return question(reader);
		} finally {
			reader.close();
		}
	}
}

/** A `sallyport` command that runs; everything it printed is in `output`. */
export class Program {
	readonly child: ChildProcess;
	output = "";
	/** Standard error alone. */
	errors = "";
	/** The exit status, null after a signal. */
	readonly ended: Promise<number | null>;
	isOver = false;

	constructor(child: ChildProcess) {
		this.child = child;
		child.stdout?.on("data", (chunk: Buffer) => {
			this.output += chunk;
		});
		child.stderr?.on("data", (chunk: Buffer) => {
			this.output += chunk;
			this.errors += chunk;
		});
		this.ended = new Promise((resolve) => {
			child.on("close", (code) => {
				this.isOver = true;
				resolve(code);
			});
		});
	}

	/** Resolves once it printed the text; throws when it ended without. */
	async says(text: string): Promise<void> {
		await eventually(() => {
			if (this.output.includes(text)) return true;
			if (this.isOver) throw new Error(`the program ended without saying "${text}": ${this.output}`);
			return undefined;
		}, `"${text}" in: ${this.output}`);
	}
}

/** Starts `sallyport ARGUMENTS` with this Node and the flags of the product; killed with its owner. */
export function startProgram(
	owner: Owner,
	args: readonly string[],
	environment: NodeJS.ProcessEnv = {},
	input: "ignore" | "pipe" = "ignore",
	inside: Inside = (words) => words,
): Program {
	const flags = ["--disallow-code-generation-from-strings", "--disable-warning=ExperimentalWarning"];
	const product = [...flags, join(projectRoot, "src/daemon/cli.ts")];
	const [program, ...words] = inside([process.execPath, ...product, ...args]);
	const child = spawn(program, words, {
		cwd: projectRoot,
		env: { ...process.env, ...environment },
		stdio: [input, "pipe", "pipe"],
	});
	const running = new Program(child);
	const state = args[args.indexOf("--state") + 1] ?? "";
	writers.set(state, [...(writers.get(state) ?? []), running]);
	owner.after(() => end(running));
	return running;
}

async function end(program: Program): Promise<void> {
	if (program.isOver) return;
	program.child.kill("SIGTERM");
	const timer = setTimeout(() => program.child.kill("SIGKILL"), stopMs);
	await program.ended;
	clearTimeout(timer);
}

/** Runs `sallyport ARGUMENTS` to its end. */
export async function runProgram(
	owner: Owner,
	args: readonly string[],
	environment: NodeJS.ProcessEnv = {},
): Promise<{ readonly status: number | null; readonly output: string; readonly errors: string }> {
	const program = startProgram(owner, args, environment);
	const status = await program.ended;
	return { status, output: program.output, errors: program.errors };
}

/** The answer of `question` once it is not undefined or false; asks every few milliseconds, fails after 45 seconds or as said. */
export async function eventually<T>(
	question: () => T | undefined | false | Promise<T | undefined | false>,
	what: string,
	patienceSeconds = 45,
): Promise<T> {
	const giveUpAt = performance.now() + patienceSeconds * 1000;
	for (;;) {
		const answer = await question();
		if (answer !== undefined && answer !== false) return answer;
		if (performance.now() > giveUpAt) throw new Error(`waited in vain for ${what}`);
		await new Promise((resolve) => setTimeout(resolve, 20));
	}
}

/** The resident memory of a process, in octets. */
export function residentOctets(processId: number): number {
	const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${processId}/status`, "utf8"))?.[1];
	return Number(kib) * 1024;
}

/** How many sockets a process holds. */
export function openSockets(processId: number): number {
	return readdirSync(`/proc/${processId}/fd`).filter((name) => {
		try {
			return readlinkSync(`/proc/${processId}/fd/${name}`).startsWith("socket:");
		} catch {
			return false;
		}
	}).length;
}

function childrenOf(processId: number): number[] {
	return readdirSync("/proc").flatMap((entry) => {
		if (!/^\d+$/.test(entry)) return [];
		try {
			const stat = readFileSync(`/proc/${entry}/stat`, "utf8");
			// The name in brackets may hold anything; the parent is the second field behind it.
			return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]) === processId ? [Number(entry)] : [];
		} catch {
			return [];
		}
	});
}

/** The programs that were started on a state directory. */
const writers = new Map<string, readonly Program[]>();
const stopMs = 5_000;
