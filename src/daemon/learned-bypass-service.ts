/**
 * What all workers have learned about servers whose clients refuse to be opened. It is kept in memory: a gateway that
 * starts again learns anew.
 */
import {
	LearnedBypass,
	type LearnedBypassSettings,
	type LearnedEntry,
	type LearnedServer,
} from "#proxy/learned-bypass.ts";

export interface LearnedBypassPorts {
	/** The settings of a profile in force; undefined when it learns nothing. */
	readonly settings: (profile: string) => LearnedBypassSettings | undefined;
	/** Tells every worker what holds now. */
	readonly publish: (entries: readonly LearnedEntry[]) => void;
	readonly learned: (entry: LearnedEntry) => void;
	readonly now: () => number;
}

export class LearnedBypassService {
	readonly #table = new LearnedBypass();
	readonly #ports: LearnedBypassPorts;

	constructor(ports: LearnedBypassPorts) {
		this.#ports = ports;
	}

	entries(): readonly LearnedEntry[] {
		return this.#table.entries(this.#ports.now());
	}

	/** A worker says that a client refused. One that was taken over may say anything. */
	refused(server: LearnedServer, client: string): void {
		const { profile, host, port, sni } = server;
		const settings = this.#ports.settings(profile);
		if (settings === undefined || !Number.isInteger(port)) return;
		if ([host, sni, client].some((text) => typeof text !== "string" || text.length > maxText)) return;
		const entry = this.#table.refused(server, client, settings, this.#ports.now());
		if (entry === undefined) return;
		this.#ports.learned(entry);
		this.#ports.publish(this.entries());
	}

	/** Forgets the servers of a name, or all; answers how many. */
	clear(name?: string): number {
		const count = this.#table.clear(name);
		this.#ports.publish(this.entries());
		return count;
	}
}

const maxText = 255;
