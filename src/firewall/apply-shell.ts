/** Puts the packet filter of Linux into the state that a plan asks for, by the programs `nft` and `ip`. */
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { accessSync, closeSync, constants, openSync, readFileSync, unlinkSync, writeSync } from "node:fs";
import { delimiter, join } from "node:path";
import { FaultError, fault } from "#base/fault.ts";
import type { IpFamily } from "#firewall/divert-ruleset.ts";
import { readCounters, readRules, readTableNames } from "#firewall/nft-output.ts";
import type { NftRuleset } from "#firewall/nft-ruleset.ts";
import type { PacketFilterPlan } from "#firewall/packet-filter.ts";
import { routingCommands, type ShownRule, unroutingCommands } from "#firewall/policy-routing.ts";

/** A program and its arguments. */
export type Words = readonly [string, ...string[]];

/** What of a plan is put into the kernel. */
export type KernelState = Pick<PacketFilterPlan, "ruleset" | "routed">;

/** The packet filter of this host; calls must not overlap. */
export class PacketFilter {
	/** Where rules lie for the moment in which they are read. */
	readonly #directory: string;
	readonly #inside: (words: Words) => Words;
	#state: KernelState = nothing;

	/** `inside` changes the words of a command so that it runs in another network namespace. */
	constructor(directory: string, inside: (words: Words) => Words = (words) => words) {
		this.#directory = directory;
		this.#inside = inside;
	}

	/** Rejects with a `FaultError` when the kernel would not take the rules; changes nothing. */
	async check({ ruleset }: KernelState): Promise<void> {
		if (ruleset !== undefined) await this.#nft(["-c", "-j", "-f", "-"], ruleset);
	}

	/**
	 * From one state to another: all rules in one transaction, in place of those before. Answers what brings the state
	 * before back. Rejects with a `FaultError`; then nothing has changed.
	 */
	async apply(next: KernelState): Promise<() => Promise<void>> {
		const before = this.#state;
		await this.#change(before, next);
		return () => this.#change(next, before);
	}

	async #change(before: KernelState, next: KernelState): Promise<void> {
		// Routing that no packet is marked for has no effect; rules without it would lose packets.
		await this.#route(next.routed);
		try {
			if (next.ruleset !== undefined) await this.#nft(["-j", "-f", "-"], next.ruleset);
			else if (before.ruleset !== undefined) await this.#nft(["-j", "-f", "-"], deletion);
		} catch (error) {
			await this.#unroute(next.routed.filter((family) => !before.routed.includes(family)));
			throw error;
		}
		this.#state = next;
		await this.#unroute(before.routed.filter((family) => !next.routed.includes(family)));
	}

	/** Takes away what a gateway that did not stop cleanly has left. Answers what it was. */
	async clean(families: readonly IpFamily[]): Promise<readonly string[]> {
		const found: string[] = [];
		if (findProgram("nft") !== undefined) {
			const tables = readTableNames(await this.#nft(["-j", "list", "tables"]));
			if (tables.includes("inet sallyport")) {
				await this.#nft(["-j", "-f", "-"], deletion);
				found.push("table inet sallyport of nft");
			}
		}
		if (findProgram("ip") === undefined) return found;
		for (const family of await this.#unroute(families)) {
			found.push(`rule and route of ip for marked packets of ${familyNames[family]}`);
		}
		return found;
	}

	/** Packets by the names of counters; undefined when somebody else has taken the table away. */
	async counters(): Promise<ReadonlyMap<string, number> | undefined> {
		if (this.#state.ruleset === undefined) return new Map();
		const tables = readTableNames(await this.#nft(["-j", "list", "tables"]));
		if (!tables.includes("inet sallyport")) return undefined;
		return readCounters(await this.#nft(["-j", "list", "counters", "table", "inet", "sallyport"]));
	}

	async #route(families: readonly IpFamily[]): Promise<void> {
		for (const family of families) await this.#ip(family, routingCommands(await this.#shownRules(family)));
	}

	/** Answers the families of which there was something. */
	async #unroute(families: readonly IpFamily[]): Promise<readonly IpFamily[]> {
		const done: IpFamily[] = [];
		for (const family of families) {
			const commands = unroutingCommands(await this.#shownRules(family));
			if (commands.length === 0) continue;
			await this.#ip(family, commands);
			done.push(family);
		}
		return done;
	}

	async #shownRules(family: IpFamily): Promise<readonly ShownRule[]> {
		return readRules(await this.#run("ip", [ipFlags[family], "-j", "rule", "show"]));
	}

	async #ip(family: IpFamily, commands: readonly string[]): Promise<void> {
		await this.#run("ip", [ipFlags[family], "-batch", "-"], `${commands.join("\n")}\n`);
	}

	async #nft(args: readonly string[], ruleset?: NftRuleset): Promise<string> {
		if (ruleset === undefined) return await this.#run("nft", args);
		// nft opens its standard input by name, which the socket of a pipe does not allow: it gets a file that has no name.
		const name = join(this.#directory, `packet-filter-${randomUUID()}`);
		const descriptor = openSync(name, "wx+", 0o600);
		try {
			unlinkSync(name);
			writeSync(descriptor, JSON.stringify(ruleset));
			return await this.#run("nft", args, descriptor);
		} finally {
			closeSync(descriptor);
		}
	}

	/**
	 * Runs a program to its end; answers its standard output, rejects with a `FaultError`. `input` is what it reads: a text,
	 * or an open file.
	 */
	async #run(name: keyof typeof packages, args: readonly string[], input: string | number = ""): Promise<string> {
		const program = findProgram(name);
		if (program === undefined) {
			const message = `the program ${name} is not there; transparent listeners and zones need it; install the package ${packages[name]}`;
			throw new FaultError(fault("PACKET_FILTER_UNAVAILABLE", message, { expected: name }));
		}
		const [first, ...rest] = this.#inside([program, ...args]);
		return await new Promise((resolve, reject) => {
			const stdin = typeof input === "number" ? input : "pipe";
			const child = spawn(first, rest, { stdio: [stdin, "pipe", "pipe"], timeout: runMs, env });
			// A program that has ended does not read; its status says why.
			child.stdin?.on("error", () => undefined).end(input);
			let output = "";
			let errors = "";
			child.stdout?.on("data", (chunk: Buffer) => {
				output += chunk;
			});
			child.stderr?.on("data", (chunk: Buffer) => {
				errors += chunk;
			});
			child.on("error", (error) => reject(refusal(name, error.message)));
			child.on("close", (code, signal) => {
				if (code === 0) resolve(output);
				else reject(refusal(name, errors.trim() || `it ended with ${code ?? signal}`));
			});
		});
	}
}

/** The families that this host speaks. */
export function hostFamilies(): readonly IpFamily[] {
	try {
		const isOff = readFileSync("/proc/sys/net/ipv6/conf/lo/disable_ipv6", "utf8").trim() !== "0";
		return isOff ? ["ipv4"] : ["ipv4", "ipv6"];
	} catch {
		return ["ipv4"];
	}
}

/** The network devices of this host, those that are down among them. */
export function hostDevices(): ReadonlySet<string> {
	const lines = readFileSync("/proc/self/net/dev", "utf8").split("\n").slice(2);
	return new Set(lines.flatMap((line) => /^\s*(\S+):/.exec(line)?.[1] ?? []));
}

/** True when this process may change the packet filter (CAP_NET_ADMIN). */
export function mayChangePacketFilter(): boolean {
	const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1];
	return effective !== undefined && (BigInt(`0x${effective}`) & capNetAdmin) !== 0n;
}

function refusal(name: string, says: string): FaultError {
	const cause = says.slice(0, maxCause);
	if (/not permitted|must be root|permission denied/i.test(says)) {
		const message = `the packet filter may not be changed: ${name} says: ${cause}; run the gateway as root or with CAP_NET_ADMIN`;
		return new FaultError(fault("PACKET_FILTER_UNAVAILABLE", message, { cause }));
	}
	const message = `the packet filter was not changed: ${name} says: ${cause}; see whether this kernel has nftables with tproxy and socket`;
	return new FaultError(fault("PACKET_FILTER_REFUSED", message, { cause }));
}

function findProgram(name: string): string | undefined {
	return searched()
		.map((folder) => join(folder, name))
		.find((path) => {
			try {
				accessSync(path, constants.X_OK);
				return true;
			} catch {
				return false;
			}
		});
}

function searched(): readonly string[] {
	return (process.env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
}

const nothing: KernelState = { ruleset: undefined, routed: [] };
const ourTable = { table: { family: "inet", name: "sallyport" } };
/** Added first, so that it is no fault when another program has deleted it. */
const deletion: NftRuleset = { nftables: [{ add: ourTable }, { delete: ourTable }] };
const packages = { nft: "nftables", ip: "iproute2" } as const;
const ipFlags = { ipv4: "-4", ipv6: "-6" } as const;
const familyNames = { ipv4: "IPv4", ipv6: "IPv6" } as const;
/** Messages are told apart by their words. */
const env = { ...process.env, LC_ALL: "C" };
const capNetAdmin = 1n << 12n;
const runMs = 10_000;
const maxCause = 500;
