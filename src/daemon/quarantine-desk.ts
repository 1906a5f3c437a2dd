/**
 * What attacks have shut off, hosts and what else their ip-action means, of all workers. It is kept in memory: a gateway that starts again has let all
 * hosts go but those of the configuration.
 */
import { formatAddress, parseAddress } from "#base/address.ts";
import { ipActionTargets } from "#inspect/ip-action.ts";
import {
	type EntryUse,
	type IpActionFacts,
	type QuarantineEntry,
	QuarantineList,
	type QuarantineSettings,
} from "#inspect/quarantine-list.ts";
import { type GatewayEvent, gatewayEvent } from "#telemetry/event-table.ts";

export interface QuarantinePorts {
	readonly settings: () => QuarantineSettings;
	/** Tells every worker what holds now. */
	readonly publish: (entries: readonly QuarantineEntry[]) => void;
	readonly event: (event: GatewayEvent) => void;
	readonly count?: (counter: "ip_actions_created" | "ip_actions_applied", by: number) => void;
	readonly now: () => number;
}

export class QuarantineDesk {
	readonly #ports: QuarantinePorts;
	/** How often each entry was applied; not more than there are entries. */
	readonly #applied = new Map<string, number>();
	#list: QuarantineList | undefined;

	constructor(ports: QuarantinePorts) {
		this.#ports = ports;
	}

	/** What attacks have shut off, the oldest first. */
	entries(): readonly QuarantineEntry[] {
		return this.#current().entries(this.#ports.now());
	}

	/** Hosts that are refused, whatever they connect to. */
	hosts(): readonly QuarantineEntry[] {
		return this.entries().filter(isHost);
	}

	/** The entries of ip-actions, and to how many connections each was applied. */
	ipActions(): readonly (QuarantineEntry & { readonly ipAction: IpActionFacts; readonly connections: number })[] {
		return this.entries().flatMap((entry) => {
			const { ipAction } = entry;
			return ipAction === undefined ? [] : [{ ...entry, ipAction, connections: this.#applied.get(ipAction.key) ?? 0 }];
		});
	}

	/** A worker has shut something off. One that was taken over may say anything. */
	noted({ address, until, why, ipAction: told }: QuarantineEntry, isCreationLogged = false): void {
		const client = typeof address === "string" ? parseAddress(address) : undefined;
		if (client === undefined || typeof until !== "number" || Number.isNaN(until) || typeof why !== "string") return;
		const ipAction = told === undefined ? undefined : readIpAction(told);
		if (told !== undefined && ipAction === undefined) return;
		const clause = why.slice(0, maxText);
		if (!this.#current().add(client, clause, until, ipAction)) return;
		const facts = { client: formatAddress(client), why: clause, until: endOf(until) };
		const now = this.#ports.now();
		if (isHost({ ipAction })) this.#ports.event(gatewayEvent("HOST_QUARANTINED", now, facts));
		if (ipAction !== undefined) {
			this.#ports.count?.("ip_actions_created", 1);
			const { action, key: target } = ipAction;
			if (isCreationLogged === true)
				this.#ports.event(gatewayEvent("IP_ACTION_CREATED", now, { ...facts, action, target }));
		}
		this.#publish();
	}

	/** A worker's connections were judged by entries. */
	used(uses: readonly EntryUse[]): void {
		const now = this.#ports.now();
		let isAnyRefreshed = false;
		for (const use of uses) {
			if (!Number.isSafeInteger(use.count) || use.count < 1 || typeof use.key !== "string") continue;
			const entry = this.#current().used(use, now);
			if (entry?.ipAction === undefined) continue;
			const { action, key, isLogged, isRefreshed } = entry.ipAction;
			this.#applied.set(key, (this.#applied.get(key) ?? 0) + use.count);
			this.#ports.count?.("ip_actions_applied", use.count);
			isAnyRefreshed ||= isRefreshed;
			if (!isLogged) continue;
			const facts = { target: key, action, connections: use.count, why: entry.why };
			this.#ports.event(gatewayEvent("IP_ACTION_APPLIED", now, facts));
		}
		if (isAnyRefreshed) this.#publish();
	}

	/** Lets a host go, or all; answers how many. */
	clear(address?: string): number {
		return this.#clear(address, isHost);
	}

	/** Ends the ip-actions that an attack of this client began, or all; answers how many. */
	clearIpActions(address?: string): number {
		return this.#clear(address, ({ ipAction }) => ipAction !== undefined);
	}

	#clear(address: string | undefined, fits: (entry: QuarantineEntry) => boolean): number {
		const known = address === undefined ? undefined : parseAddress(address);
		const count = this.#current().clear(known === undefined ? address : formatAddress(known), fits);
		this.#publish();
		return count;
	}

	#publish(): void {
		const entries = this.entries();
		const keys = new Set(entries.map(({ ipAction }) => ipAction?.key));
		for (const key of this.#applied.keys()) if (!keys.has(key)) this.#applied.delete(key);
		this.#ports.publish(entries);
	}

	#current(): QuarantineList {
		const settings = this.#ports.settings();
		this.#list ??= new QuarantineList(settings);
		this.#list.configure(settings);
		return this.#list;
	}
}

function isHost({ ipAction }: Pick<QuarantineEntry, "ipAction">): boolean {
	return ipAction === undefined || (ipAction.target === "source-address" && ipAction.action !== "notify");
}

function endOf(until: number): string {
	return Number.isFinite(until) ? new Date(Math.min(until, lastDay)).toISOString() : "it is cleared";
}

function readIpAction({
	target,
	action,
	key,
	timeoutMs,
	isLogged,
	isRefreshed,
}: IpActionFacts): IpActionFacts | undefined {
	if (!Object.hasOwn(ipActionTargets, target) || !["block", "close", "notify"].includes(action)) return undefined;
	if (typeof key !== "string" || key.length > maxText || typeof timeoutMs !== "number" || !(timeoutMs >= 0))
		return undefined;
	return { target, action, key, timeoutMs, isLogged: isLogged === true, isRefreshed: isRefreshed === true };
}

const maxText = 255;
const lastDay = 8_640_000_000_000_000;
