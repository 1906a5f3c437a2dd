/**
 * What is shut off: hosts that the configuration names, and for a time what an attack's ip-action means: its client, or
 * other connections that have something in common with the attack.
 */
import { type Address, formatAddress, type Prefix } from "#base/address.ts";
import { type IpActionKind, type IpActionPlace, type IpActionPlan, ipActionKey, kindOf } from "#inspect/ip-action.ts";
import { AddressSet } from "#policy/address-set.ts";
import type { ZoneTable } from "#policy/zone-table.ts";

/** `security inspection quarantine`, compiled. */
export interface QuarantineSettings {
	readonly hosts: readonly Prefix[];
	/** Never shut off, whatever else says so. */
	readonly exceptions: Pick<AddressSet, "matchAddress" | "isAny">;
	/** Infinity: until it is cleared. */
	readonly durationMs: number;
	readonly maximumHosts: number;
	/** Where HTTP requests of a host are sent; a page of the gateway when undefined. */
	readonly redirect: string | undefined;
	/** Tells the zone of a client, where an ip-action is about zones. */
	readonly zones?: ZoneTable | undefined;
}

/** What an attack has shut off; without `ipAction`, all connections of its client. */
export interface QuarantineEntry {
	/** The client of the attack. */
	readonly address: string;
	/** Milliseconds since 1970; Infinity for until it is cleared. */
	readonly until: number;
	/** A clause. */
	readonly why: string;
	readonly ipAction?: IpActionFacts | undefined;
}

/** What connections are meant, and what becomes of them. */
export interface IpActionFacts extends Omit<IpActionPlan, "seconds" | "isCreationLogged"> {
	/** The same for the same connections: `ipActionKey`. */
	readonly key: string;
	/** How long it is good for from a connection on, where it is refreshed. */
	readonly timeoutMs: number;
}

export interface FoundEntry extends Pick<QuarantineEntry, "until" | "why"> {
	/** The client is not told. */
	readonly isSilent?: boolean;
	/** What is shut off, where it is not the client itself. */
	readonly what?: string;
}

/** How often an entry was applied since it was last asked, and until when it is good now. */
export interface EntryUse {
	readonly key: string;
	readonly count: number;
	readonly until: number;
}

/** What is asked of a list. */
export interface QuarantineView {
	/** The entry that refuses the connection. */
	find(client: Address, now: number, place?: Omit<IpActionPlace, "client">): FoundEntry | undefined;
	/** Counts a connection at every entry that means it; asked once a connection. */
	meet?(client: Address, now: number, place?: Omit<IpActionPlace, "client">): void;
}

/** Bounds: `maximumHosts` entries; the oldest goes first. */
export class QuarantineList implements QuarantineView {
	#settings: QuarantineSettings;
	#always: AddressSet;
	/** In the order in which they were shut off. */
	readonly #entries = new Map<string, QuarantineEntry>();
	/** Of entries that were applied; not more than there are entries. */
	readonly #uses = new Map<string, { count: number; until: number }>();
	/** Of connections, those of which some entry is: the others need not be looked up. */
	readonly #kinds = new Set<IpActionKind>();

	constructor(settings: QuarantineSettings) {
		this.#settings = settings;
		this.#always = setOf(settings.hosts);
	}

	configure(settings: QuarantineSettings): void {
		this.#settings = settings;
		this.#always = setOf(settings.hosts);
		this.#trim();
	}

	/** There is something that may refuse. */
	get isActive(): boolean {
		return this.#entries.size > 0 || this.#settings.hosts.length > 0;
	}

	/** Shuts a host off, or what `ipAction` means; false when the client, or the server that is meant, is an exception. */
	add(client: Address, why: string, until: number, ipAction?: IpActionFacts, server?: Address): boolean {
		if (this.#isException(client)) return false;
		if (server !== undefined && isMeantForOthers(ipAction) && this.#isException(server)) return false;
		const address = formatAddress(client);
		const key = ipAction?.key ?? address;
		this.#entries.delete(key);
		this.#put(key, { address, why, until, ...(ipAction === undefined ? {} : { ipAction }) });
		this.#trim();
		return true;
	}

	/** Puts these in place of all that were shut off. */
	replace(entries: readonly QuarantineEntry[]): void {
		this.#entries.clear();
		this.#kinds.clear();
		for (const entry of entries) this.#put(entry.ipAction?.key ?? entry.address, entry);
		this.#trim();
	}

	find(client: Address, now: number, place: Omit<IpActionPlace, "client"> = {}): FoundEntry | undefined {
		if (this.#isException(client)) return undefined;
		const always = this.#always.matchAddress(client);
		if (always !== undefined)
			return { until: Number.POSITIVE_INFINITY, why: `hosts ${always.value} of the configuration` };
		for (const { ipAction, until, why } of this.#matching({ ...place, client }, now)) {
			if (ipAction?.action === "notify") continue;
			const what = ipAction === undefined || ipAction.target === "source-address" ? {} : { what: ipAction.key };
			return { until, why, isSilent: ipAction?.action === "block", ...what };
		}
		return undefined;
	}

	/** `mayRefresh`: the client has proved its address. */
	meet(client: Address, now: number, place: Omit<IpActionPlace, "client"> = {}, mayRefresh = true): void {
		if (this.#isException(client)) return;
		for (const entry of this.#matching({ ...place, client }, now)) {
			const { ipAction } = entry;
			if (ipAction === undefined) continue;
			const until = mayRefresh && ipAction.isRefreshed ? Math.max(entry.until, now + ipAction.timeoutMs) : entry.until;
			if (until !== entry.until) this.#entries.set(ipAction.key, { ...entry, until });
			const use = this.#uses.get(ipAction.key) ?? { count: 0, until };
			this.#uses.set(ipAction.key, { count: use.count + 1, until });
		}
	}

	/** What `meet` has counted since it was last asked. */
	takeUses(): readonly EntryUse[] {
		const uses = [...this.#uses].map(([key, use]) => ({ key, ...use }));
		this.#uses.clear();
		return uses;
	}

	/** Entries that were applied elsewhere are good for longer; answers the entry, where there still is one. */
	used({ key, until }: EntryUse, now: number): QuarantineEntry | undefined {
		const entry = this.#entries.get(key);
		if (entry?.ipAction === undefined || entry.until <= now) return undefined;
		const { isRefreshed, timeoutMs } = entry.ipAction;
		const latest = Math.max(entry.until, Math.min(until, now + timeoutMs));
		const refreshed = isRefreshed && latest > entry.until ? { ...entry, until: latest } : entry;
		this.#entries.set(key, refreshed);
		return refreshed;
	}

	/** Those that were shut off and still are, the oldest first. */
	entries(now: number): readonly QuarantineEntry[] {
		for (const [address, { until }] of this.#entries) if (until <= now) this.#entries.delete(address);
		return [...this.#entries.values()];
	}

	/** Lets a host go, or all; answers how many. Only those that `fits`. */
	clear(address?: string, fits: (entry: QuarantineEntry) => boolean = () => true): number {
		let count = 0;
		for (const [key, entry] of this.#entries) {
			if ((address !== undefined && entry.address !== address) || !fits(entry)) continue;
			this.#entries.delete(key);
			count++;
		}
		return count;
	}

	/** The place with the zone of its client, where nothing but the client's address tells it. */
	placed(place: IpActionPlace): IpActionPlace {
		return place.zone === undefined ? { ...place, zone: this.#settings.zones?.zoneOf(place.client) } : place;
	}

	*#matching(place: IpActionPlace, now: number): Iterable<QuarantineEntry> {
		if (this.#kinds.size === 0) return;
		const whole = this.placed(place);
		for (const kind of this.#kinds) {
			const key = ipActionKey(kind, whole);
			const entry = key === undefined ? undefined : this.#entries.get(key);
			if (entry !== undefined && entry.until > now) yield entry;
		}
	}

	#put(key: string, entry: QuarantineEntry): void {
		this.#entries.set(key, entry);
		this.#kinds.add(entry.ipAction === undefined ? "source-address" : kindOf(entry.ipAction));
	}

	#isException(client: Address): boolean {
		const { exceptions } = this.#settings;
		return exceptions.isAny || exceptions.matchAddress(client) !== undefined;
	}

	#trim(): void {
		for (const address of this.#entries.keys()) {
			if (this.#entries.size <= this.#settings.maximumHosts) return;
			this.#entries.delete(address);
		}
	}
}

/** It keeps others from the server, too, who have done nothing. */
function isMeantForOthers(ipAction: IpActionFacts | undefined): boolean {
	return ipAction?.target === "destination-address" || ipAction?.target === "zone-service";
}

function setOf(hosts: readonly Prefix[]): AddressSet {
	const set = new AddressSet();
	for (const host of hosts) set.addPrefix(host, "hosts");
	return set;
}
