/**
 * Servers that clients do not let be opened: after enough different clients have refused the certificate that was minted
 * for a server, its sessions are relayed untouched for a time. Time-outs and other failures never count.
 */
import { BoundedMap } from "#base/bounded.ts";

/** `learned-bypass` of a profile. */
export interface LearnedBypassSettings {
	/** Different clients that must have refused. */
	readonly clients: number;
	readonly lifetimeMs: number;
	/** Servers at one time; the oldest goes first. */
	readonly maximum: number;
}

/** What is learned about: a server as clients ask for it. */
export interface LearnedServer {
	readonly profile: string;
	/** The host of the request, name or address. */
	readonly host: string;
	readonly port: number;
	/** The server name of the ClientHello; empty without one. Who names another server learns and gains nothing. */
	readonly sni: string;
}

export interface LearnedEntry extends LearnedServer {
	readonly clients: number;
	/** Milliseconds since 1970. */
	readonly learnedAt: number;
	readonly until: number;
}

/**
 * Bounds: at most `maxCandidates` servers that were refused and not yet learned, each with at most `clients` addresses; at
 *         most `maximum` learned ones of a profile.
 */
export class LearnedBypass {
	/** Clients that refused, each with the time. */
	readonly #candidates = new BoundedMap<string, Map<string, number>>(maxCandidates);
	/** In the order in which they were learned. */
	readonly #learned = new Map<string, LearnedEntry>();

	/** A client refused the certificate of a server. Answers the entry when that was the last one needed. */
	refused(
		server: LearnedServer,
		client: string,
		settings: LearnedBypassSettings,
		now: number,
	): LearnedEntry | undefined {
		const key = learnedKey(server);
		const known = this.#learned.get(key);
		if (known !== undefined && known.until > now) return undefined;
		const clients = this.#candidates.get(key) ?? new Map<string, number>();
		for (const [address, at] of clients) if (at + settings.lifetimeMs <= now) clients.delete(address);
		clients.set(client, now);
		if (clients.size < settings.clients) {
			this.#candidates.set(key, clients);
			return undefined;
		}
		this.#candidates.take(key);
		const { profile, host, port, sni } = server;
		const entry = { profile, host, port, sni, clients: clients.size, learnedAt: now, until: now + settings.lifetimeMs };
		this.#learned.delete(key);
		this.#learned.set(key, entry);
		this.#trim(profile, settings.maximum, now);
		return entry;
	}

	/** Those that hold now, the oldest first. */
	entries(now: number): readonly LearnedEntry[] {
		return [...this.#learned.values()].filter(({ until }) => until > now);
	}

	/** Forgets those of a host or server name, or all; answers how many. */
	clear(name?: string): number {
		let count = 0;
		for (const [key, { host, sni }] of this.#learned) {
			if (name !== undefined && host !== name && sni !== name) continue;
			this.#learned.delete(key);
			count++;
		}
		if (name === undefined) this.#candidates.clear();
		return count;
	}

	#trim(profile: string, maximum: number, now: number): void {
		for (const [key, { until }] of this.#learned) if (until <= now) this.#learned.delete(key);
		const own = [...this.#learned].filter(([, entry]) => entry.profile === profile);
		for (const [key] of own.slice(0, Math.max(0, own.length - maximum))) this.#learned.delete(key);
	}
}

/** The same for the same server under the same profile. */
export function learnedKey({ profile, host, port, sni }: LearnedServer): string {
	return `${profile} ${host} ${port} ${sni}`;
}

const maxCandidates = 4_096;
