/**
 * What a worker may still take on: sessions at one time, of one client, decrypted ones, and memory. Whatever is not given
 * is counted and told in events, at once and then at most once a minute (N4, R186, R278).
 */
import { type GatewayEvent, gatewayEvent } from "#telemetry/event-table.ts";

export interface OverloadSettings {
	/** Of this worker. */
	readonly maximumSessions: number;
	readonly maximumPerClient: number;
	/** Decrypted sessions of this worker; undefined for any number. */
	readonly maximumDecrypted: number | undefined;
	/** Resident memory of this worker, in octets. */
	readonly memoryHighOctets: number;
	/** What becomes of sessions that may not be decrypted. */
	readonly action: "bypass" | "block";
}

/** Why a connection is not accepted. */
export type Refusal = "full" | "client-full" | "memory";

/** Whether a session may be decrypted; `because` is a clause. */
export type DecryptAnswer =
	| { readonly may: true }
	| { readonly may: false; readonly action: "bypass" | "block"; readonly because: string };

/**
 * Bounds: one number for each client with an open session, so at most `maximumSessions`; of refused clients the first
 * `maxNamedClients` between two reports are named.
 */
export class Overload {
	readonly #worker: number;
	#settings: OverloadSettings;
	#sessions = 0;
	#decrypted = 0;
	#isMemoryHigh = false;
	readonly #byClient = new Map<string, number>();
	readonly #refusedClients = new Map<string, number>();
	readonly #full = new Watch();
	readonly #decryptLimit = new Watch();
	readonly #memory = new Watch();
	readonly #clients = new Watch();

	constructor(worker: number, settings: OverloadSettings) {
		this.#worker = worker;
		this.#settings = settings;
	}

	configure(settings: OverloadSettings): void {
		this.#settings = settings;
	}

	/** A client connects: undefined when it is accepted, and then `closed` must follow. */
	accept(client: string): Refusal | undefined {
		const { maximumSessions, maximumPerClient, action } = this.#settings;
		if (this.#sessions >= maximumSessions) {
			this.#full.count++;
			return "full";
		}
		if (this.#isMemoryHigh && action === "block") {
			this.#memory.count++;
			return "memory";
		}
		const open = this.#byClient.get(client) ?? 0;
		if (open >= maximumPerClient) {
			this.#clients.count++;
			const before = this.#refusedClients.get(client);
			if (before !== undefined || this.#refusedClients.size < maxNamedClients)
				this.#refusedClients.set(client, (before ?? 0) + 1);
			return "client-full";
		}
		this.#sessions++;
		this.#byClient.set(client, open + 1);
		return undefined;
	}

	closed(client: string, wasDecrypted: boolean): void {
		this.#sessions--;
		if (wasDecrypted) this.#decrypted--;
		const open = (this.#byClient.get(client) ?? 1) - 1;
		if (open > 0) this.#byClient.set(client, open);
		else this.#byClient.delete(client);
	}

	/** A session is to be decrypted; when it may, it counts until `closed`. */
	decrypt(): DecryptAnswer {
		const { maximumDecrypted, memoryHighOctets, action } = this.#settings;
		if (maximumDecrypted !== undefined && this.#decrypted >= maximumDecrypted) {
			this.#decryptLimit.count++;
			const because = `the worker decrypts ${maximumDecrypted} sessions, as many as maximum-sessions gives it`;
			return { may: false, action, because };
		}
		if (this.#isMemoryHigh) {
			this.#memory.count++;
			const because = `the worker uses more than ${mebibytes(memoryHighOctets)} MiB of memory`;
			return { may: false, action, because };
		}
		this.#decrypted++;
		return { may: true };
	}

	get decrypted(): number {
		return this.#decrypted;
	}

	/** Called about once a second with the resident memory; answers what is to be told. */
	tick(residentOctets: number, now: number): readonly GatewayEvent[] {
		this.#isMemoryHigh = residentOctets > this.#settings.memoryHighOctets * (this.#isMemoryHigh ? releaseShare : 1);
		return [...this.#tellMemory(residentOctets, now), ...this.#tellDecrypted(now), ...this.#tellRefused(now)];
	}

	#tellMemory(residentOctets: number, now: number): readonly GatewayEvent[] {
		const { memoryHighOctets, action } = this.#settings;
		const facts = { worker: this.#worker, used: mebibytes(residentOctets), mark: mebibytes(memoryHighOctets) };
		const sessions = this.#isMemoryHigh ? this.#memory.due(now, true) : this.#memory.over();
		if (sessions === undefined) return [];
		if (!this.#isMemoryHigh) return [gatewayEvent("MEMORY_NORMAL", now, { ...facts, sessions })];
		return [gatewayEvent("MEMORY_HIGH", now, { ...facts, action: actionWords[action], sessions })];
	}

	#tellDecrypted(now: number): readonly GatewayEvent[] {
		const { maximumDecrypted: capacity = 0, action } = this.#settings;
		const worker = this.#worker;
		const due = this.#decryptLimit.due(now);
		if (due !== undefined) {
			const facts = { worker, capacity, action: actionWords[action], sessions: due };
			return [gatewayEvent("INSPECTION_LIMIT_REACHED", now, facts)];
		}
		const sessions = this.#decrypted <= capacity * releaseShare ? this.#decryptLimit.over() : undefined;
		return sessions === undefined ? [] : [gatewayEvent("INSPECTION_LIMIT_LEFT", now, { worker, capacity, sessions })];
	}

	#tellRefused(now: number): readonly GatewayEvent[] {
		const { maximumSessions, maximumPerClient } = this.#settings;
		const worker = this.#worker;
		const events: GatewayEvent[] = [];
		const refused = this.#full.due(now);
		if (refused !== undefined)
			events.push(gatewayEvent("SESSION_OVERLOAD", now, { worker, capacity: maximumSessions, refused }));
		else if (this.#sessions <= maximumSessions * releaseShare) this.#full.over();
		if (this.#clients.due(now) === undefined) return events;
		for (const [client, count] of this.#refusedClients) {
			const facts = { worker, client, capacity: maximumPerClient, refused: count };
			events.push(gatewayEvent("CLIENT_LIMIT_REACHED", now, facts));
		}
		this.#refusedClients.clear();
		return events;
	}
}

/** One condition, and how many sessions it has hit. */
class Watch {
	count = 0;
	#toldCount = 0;
	#isTold = false;
	#toldAt = 0;

	/** The sessions hit since the last time, when they are to be told now. `isNews` without any: it has begun. */
	due(now: number, isNews = false): number | undefined {
		if (this.count === 0 && (this.#isTold || !isNews)) return undefined;
		if (this.#isTold && now - this.#toldAt < repeatMs) return undefined;
		const { count } = this;
		this.count = 0;
		this.#toldCount += count;
		this.#isTold = true;
		this.#toldAt = now;
		return count;
	}

	/** The condition is over: all sessions that it hit, when it was told; undefined otherwise. */
	over(): number | undefined {
		if (!this.#isTold) return undefined;
		const all = this.#toldCount + this.count;
		this.count = 0;
		this.#toldCount = 0;
		this.#isTold = false;
		return all;
	}
}

/** Limits of the whole gateway, shared out exactly. `worker` counts from 1. */
export function shareOf(total: number, worker: number, workers: number): number {
	return Math.floor(total / workers) + (worker <= total % workers ? 1 : 0);
}

function mebibytes(octets: number): number {
	return Math.round(octets / 1_048_576);
}

/** A condition ends when it is this far below its mark, so that it does not come and go. */
const releaseShare = 0.9;
const repeatMs = 60_000;
const maxNamedClients = 8;
const actionWords = { bypass: "allow but bypass inspection", block: "block" } as const;
