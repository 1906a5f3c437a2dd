/**
 * The packet filter as part of `managed`: what a configuration asks of it is put in force and taken back with the
 * configuration, found again when another program took it away, and removed at the end.
 *
 * One gateway of a host (of a network namespace) holds it. Who does shows in a Unix socket of a name that is no file: it goes
 * with its process, however that ends.
 */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createConnection, createServer, type Server } from "node:net";
import { FaultError, fault } from "#base/fault.ts";
import { openLinux } from "#base/linux-shell.ts";
import { ownMarkOf } from "#base/packet-mark.ts";
import { hostDevices, hostFamilies, mayChangePacketFilter, type PacketFilter } from "#firewall/apply-shell.ts";
import { compilePacketFilter, type PacketFilterConfig, type PacketFilterPlan } from "#firewall/packet-filter.ts";
import type { ProxyConfig } from "#proxy/schema.ts";
import { type GatewayEvent, gatewayEvent } from "#telemetry/event-table.ts";

export type FilteredConfig = PacketFilterConfig & Pick<ProxyConfig, "system">;

export interface PacketFilterServiceOptions {
	readonly filter: PacketFilter;
	readonly event: (event: GatewayEvent) => void;
	readonly now: () => number;
	/** Of the socket that shows who holds the packet filter. */
	readonly holderName?: string;
}

/** Calls must not overlap; only `hits` may come at any time. */
export class PacketFilterService {
	/** On packets of the gateway's own connections, since this start. */
	readonly ownMark = ownMarkOf(randomBytes(2).readUInt16BE());
	readonly #options: PacketFilterServiceOptions;
	#holder: Server | undefined;
	/** Why the packet filter is not this gateway's to change; undefined when it is. */
	#obstacle: string | undefined = "the gateway is starting";
	#config: FilteredConfig | undefined;
	#plan: PacketFilterPlan | undefined;
	/** The devices that the plan was made for. */
	#devices = "";
	/** What was last said about forwarded traffic that is not filtered. */
	#said = "";
	/** Counted by tables that were replaced. */
	readonly #earlier = new Map<string, number>();

	constructor(options: PacketFilterServiceOptions) {
		this.#options = options;
	}

	/** Takes hold of the packet filter where that is possible, and takes away what a gateway left that was killed. */
	async start(): Promise<void> {
		this.#obstacle = mayChangePacketFilter() ? await this.#hold() : withoutPrivilege;
		if (this.#obstacle !== undefined) return;
		const found = await this.#options.filter.clean(hostFamilies());
		if (found.length > 0) this.#event(gatewayEvent("PACKET_FILTER_CLEANED", this.#options.now(), { found }));
	}

	/** The packet filter is this gateway's to change. */
	get isHeld(): boolean {
		return this.#obstacle === undefined;
	}

	/** Rejects with a `FaultError` when the configuration cannot come into force; changes nothing. */
	async check(config: FilteredConfig): Promise<void> {
		const plan = this.#compile(config);
		if (plan.ruleset === undefined || this.#isLeftOut(plan)) return;
		await this.#options.filter.check(plan);
	}

	/** Puts what the configuration asks for in force. Answers what brings back what was before. Faults as `check`. */
	async apply(config: FilteredConfig): Promise<() => Promise<void>> {
		const plan = this.#compile(config);
		const before = { config: this.#config, plan: this.#plan };
		this.#sayGaps(plan);
		if (this.#isLeftOut(plan) || isSame(plan, before.plan)) {
			this.#config = config;
			return async () => {
				this.#config = before.config;
			};
		}
		await this.#replace(plan);
		this.#config = config;
		this.#sayChange(plan);
		return async () => {
			await this.#replace(before.plan ?? nothing);
			this.#config = before.config;
		};
	}

	/** Puts back what another program took away, and follows schedulers. Called now and then. */
	async look(): Promise<void> {
		if (this.#config === undefined || this.#obstacle !== undefined) return;
		const isLost = (await this.#options.filter.counters()) === undefined;
		// To compile thousands of policies costs what nothing else asks for.
		const mayDiffer = this.#config.schedulers.scheduler.size > 0 || this.#devices !== devicesKey();
		if (!isLost && !mayDiffer) return;
		const plan = this.#compile(this.#config);
		if (!isLost && isSame(plan, this.#plan)) return;
		try {
			await this.#replace(plan);
			if (isLost) this.#sayLost("it was put back");
		} catch (error) {
			if (isLost) this.#sayLost(`it could not be put back: ${error instanceof Error ? error.message : String(error)}`);
			else throw error;
		}
	}

	/** Forwarded connections that each policy decided, by the policy's key. */
	async hits(): Promise<ReadonlyMap<string, number>> {
		const hits = new Map(this.#earlier);
		const plan = this.#plan;
		if (plan === undefined || !plan.filtersForwarded) return hits;
		const counters = await this.#options.filter.counters().catch(() => undefined);
		for (const [key, counter] of plan.counters) add(hits, key, counters?.get(counter) ?? 0);
		return hits;
	}

	/** Takes everything away. */
	async stop(): Promise<void> {
		this.#config = undefined;
		if (this.#plan?.ruleset !== undefined) await this.#replace(nothing);
		this.release();
	}

	/** Lets go of the packet filter as it is. */
	release(): void {
		this.#holder?.close();
		this.#holder = undefined;
	}

	/** Faults of the packet filter; then nothing has changed. */
	async #replace(plan: PacketFilterPlan): Promise<void> {
		const counted = await this.hits();
		await this.#options.filter.apply(plan);
		for (const [key, count] of counted) this.#earlier.set(key, count);
		this.#plan = plan;
	}

	#compile(config: FilteredConfig): PacketFilterPlan {
		this.#devices = devicesKey();
		const hosts = [...config.system.staticHostMapping];
		return compilePacketFilter(config, {
			now: this.#options.now(),
			resolved: new Map(hosts.map(([name, { inet, inet6 }]) => [name, [...inet, ...inet6]])),
			devices: hostDevices(),
			families: hostFamilies(),
			ownMark: this.ownMark,
		});
	}

	/** Zones alone do not stop a gateway that may not filter; transparent listeners without the packet filter are a mistake. */
	#isLeftOut({ listeners, ruleset }: PacketFilterPlan): boolean {
		if (this.#obstacle === undefined || ruleset === undefined) return false;
		if (listeners.length === 0) return true;
		const message = `transparent listeners need the packet filter of Linux: ${this.#obstacle}`;
		throw new FaultError(fault("PACKET_FILTER_UNAVAILABLE", message));
	}

	/** Resolves to what stands against it. A name that begins with NUL is no file, and of the network namespace. Anybody may use the name; whoever may not hold the packet filter does not count. */
	async #hold(): Promise<string | undefined> {
		const name = `\0${this.#options.holderName ?? "sallyport packet filter"}`;
		const server = createServer((socket) => socket.destroy());
		const isFree = await new Promise<boolean>((resolve) => {
			server.once("error", () => resolve(false));
			server.listen(name, () => resolve(true));
		});
		if (isFree) this.#holder = server.unref();
		return isFree || !mayHold(await holderUser(name)) ? undefined : heldByAnother;
	}

	#sayChange({ listeners, filtersForwarded, ruleset }: PacketFilterPlan): void {
		if (ruleset === undefined) return;
		const names = listeners.length === 0 ? ["none"] : listeners.map(({ name }) => name);
		const forwarded = filtersForwarded ? "are" : "are not";
		this.#event(gatewayEvent("PACKET_FILTER_CHANGED", this.#options.now(), { listeners: names, forwarded }));
	}

	#sayGaps({ gaps, listeners, ruleset }: PacketFilterPlan): void {
		const isKept = this.#obstacle !== undefined && ruleset !== undefined && listeners.length === 0;
		const [gap] = gaps;
		const reason = isKept ? this.#obstacle : gap && `policy ${gap.policy}: ${gap.reason}`;
		if (reason !== undefined && reason !== this.#said) {
			this.#event(gatewayEvent("FORWARDED_NOT_FILTERED", this.#options.now(), { reason }));
		}
		this.#said = reason ?? "";
	}

	#sayLost(outcome: string): void {
		this.#event(gatewayEvent("PACKET_FILTER_LOST", this.#options.now(), { outcome }));
	}

	#event(event: GatewayEvent): void {
		this.#options.event(event);
	}
}

/** Undefined when it cannot be told. */
async function holderUser(name: string): Promise<number | undefined> {
	const linux = await openLinux();
	const socket = createConnection(name);
	try {
		await once(socket, "connect");
		const { fd } = (socket as unknown as { readonly _handle: { readonly fd: number } })._handle;
		return linux.peerCredentials(fd).userId;
	} catch {
		return undefined;
	} finally {
		socket.destroy();
	}
}

function mayHold(user: number | undefined): boolean {
	return user === 0 || user === process.getuid?.();
}

function devicesKey(): string {
	return [...hostDevices()].join(" ");
}

function isSame(plan: PacketFilterPlan, other: PacketFilterPlan | undefined): boolean {
	if (other === undefined) return plan.ruleset === undefined;
	return JSON.stringify([plan.ruleset, plan.routed]) === JSON.stringify([other.ruleset, other.routed]);
}

function add(counts: Map<string, number>, key: string, count: number): void {
	counts.set(key, (counts.get(key) ?? 0) + count);
}

const nothing: PacketFilterPlan = {
	ruleset: undefined,
	listeners: [],
	routed: [],
	counters: new Map(),
	filtersForwarded: false,
	gaps: [],
};
const withoutPrivilege = "this process may not change it; run the gateway as root or with CAP_NET_ADMIN";
const heldByAnother = "another gateway of this host holds it; stop that one";
