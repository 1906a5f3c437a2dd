/**
 * The hosts that inspection has shut off, of all workers. It is kept in memory: a gateway that starts again has let all
 * hosts go but those of the configuration.
 */
import { formatAddress, parseAddress } from "#base/address.ts";
import { type QuarantineEntry, QuarantineList, type QuarantineSettings } from "#inspect/quarantine-list.ts";
import { type GatewayEvent, gatewayEvent } from "#telemetry/event-table.ts";

export interface QuarantinePorts {
	readonly settings: () => QuarantineSettings;
	/** Tells every worker what holds now. */
	readonly publish: (entries: readonly QuarantineEntry[]) => void;
	readonly event: (event: GatewayEvent) => void;
	readonly now: () => number;
}

export class QuarantineDesk {
	readonly #ports: QuarantinePorts;
	#list: QuarantineList | undefined;

	constructor(ports: QuarantinePorts) {
		this.#ports = ports;
	}

	/** Those that inspection has shut off, the oldest first. */
	entries(): readonly QuarantineEntry[] {
		return this.#current().entries(this.#ports.now());
	}

	/** A worker has shut a host off. One that was taken over may say anything. */
	noted({ address, until, why }: QuarantineEntry): void {
		const client = typeof address === "string" ? parseAddress(address) : undefined;
		if (client === undefined || typeof until !== "number" || Number.isNaN(until) || typeof why !== "string") return;
		const clause = why.slice(0, maxText);
		if (!this.#current().add(client, clause, until)) return;
		const end = Number.isFinite(until) ? new Date(Math.min(until, lastDay)).toISOString() : "it is cleared";
		this.#ports.event(
			gatewayEvent("HOST_QUARANTINED", this.#ports.now(), { client: formatAddress(client), why: clause, until: end }),
		);
		this.#ports.publish(this.entries());
	}

	/** Lets a host go, or all; answers how many. */
	clear(address?: string): number {
		const known = address === undefined ? undefined : parseAddress(address);
		const count = this.#current().clear(known === undefined ? address : formatAddress(known));
		this.#ports.publish(this.entries());
		return count;
	}

	#current(): QuarantineList {
		const settings = this.#ports.settings();
		this.#list ??= new QuarantineList(settings);
		this.#list.configure(settings);
		return this.#list;
	}
}

const maxText = 255;
const lastDay = 8_640_000_000_000_000;
