/** Hosts that are shut off: those that the configuration names, and those that inspection has shut off for a time. */
import { type Address, formatAddress, type Prefix } from "#base/address.ts";
import { AddressSet } from "#policy/address-set.ts";

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
}

/** A host that was shut off. */
export interface QuarantineEntry {
	readonly address: string;
	/** Milliseconds since 1970; Infinity for until it is cleared. */
	readonly until: number;
	/** A clause. */
	readonly why: string;
}

/** What is asked of a list. */
export interface QuarantineView {
	find(client: Address, now: number): Pick<QuarantineEntry, "until" | "why"> | undefined;
}

/** Bounds: `maximumHosts` entries; the oldest goes first. */
export class QuarantineList implements QuarantineView {
	#settings: QuarantineSettings;
	#always: AddressSet;
	/** In the order in which they were shut off. */
	readonly #entries = new Map<string, QuarantineEntry>();

	constructor(settings: QuarantineSettings) {
		this.#settings = settings;
		this.#always = setOf(settings.hosts);
	}

	configure(settings: QuarantineSettings): void {
		this.#settings = settings;
		this.#always = setOf(settings.hosts);
		this.#trim();
	}

	/** Shuts a host off; false when it is an exception. */
	add(client: Address, why: string, until: number): boolean {
		if (this.#isException(client)) return false;
		const address = formatAddress(client);
		this.#entries.delete(address);
		this.#entries.set(address, { address, why, until });
		this.#trim();
		return true;
	}

	/** Puts these in place of all that were shut off. */
	replace(entries: readonly QuarantineEntry[]): void {
		this.#entries.clear();
		for (const entry of entries) this.#entries.set(entry.address, entry);
		this.#trim();
	}

	find(client: Address, now: number): Pick<QuarantineEntry, "until" | "why"> | undefined {
		if (this.#isException(client)) return undefined;
		const always = this.#always.matchAddress(client);
		if (always !== undefined)
			return { until: Number.POSITIVE_INFINITY, why: `hosts ${always.value} of the configuration` };
		const entry = this.#entries.get(formatAddress(client));
		return entry !== undefined && entry.until > now ? entry : undefined;
	}

	/** Those that were shut off and still are, the oldest first. */
	entries(now: number): readonly QuarantineEntry[] {
		for (const [address, { until }] of this.#entries) if (until <= now) this.#entries.delete(address);
		return [...this.#entries.values()];
	}

	/** Lets a host go, or all; answers how many. */
	clear(address?: string): number {
		if (address !== undefined) return this.#entries.delete(address) ? 1 : 0;
		const count = this.#entries.size;
		this.#entries.clear();
		return count;
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

function setOf(hosts: readonly Prefix[]): AddressSet {
	const set = new AddressSet();
	for (const host of hosts) set.addPrefix(host, "hosts");
	return set;
}
