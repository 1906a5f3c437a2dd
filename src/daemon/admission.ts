/** Which connections a worker takes on: the limits of `Overload` over real sockets, memory and events. */

import { readFileSync } from "node:fs";
import type { Socket } from "node:net";
import { totalmem } from "node:os";
import { fault } from "#base/fault.ts";
import { openFilesLimit, sessionsOfFiles } from "#base/open-files.ts";
import { encodeBlockPage } from "#inspect/block-page.ts";
import type { OverloadLimits } from "#proxy/compile.ts";
import { type DecryptAnswer, Overload, type OverloadSettings, type Refusal, shareOf } from "#proxy/overload.ts";
import type { WayIn } from "#proxy/way-in.ts";
import type { Counters } from "#telemetry/counters.ts";
import { type GatewayEvent, gatewayEvent } from "#telemetry/event-table.ts";

/** Which worker it is, from 1, and of how many. */
export interface WorkerPlace {
	readonly worker: number;
	readonly workers: number;
}

/** What a session asks of it. */
export interface AdmittedSession {
	/** Asked once, when the policy says decrypt. */
	mayDecrypt(): DecryptAnswer;
	/** The session is over. */
	closed(): void;
}

export class Admission {
	readonly #place: WorkerPlace;
	readonly #counters: Counters;
	readonly #overload: Overload;
	/** Of this process; undefined for any number. */
	readonly #maxFiles: number | undefined;
	#wanted: number;
	#toldWanted = 0;

	constructor(place: WorkerPlace, limits: OverloadLimits, counters: Counters, maxFiles = ownFilesLimit()) {
		this.#place = place;
		this.#counters = counters;
		this.#maxFiles = maxFiles;
		this.#wanted = limits.maximumSessions;
		this.#overload = new Overload(place.worker, settingsOf(limits, place, maxFiles));
	}

	configure(limits: OverloadLimits): void {
		this.#wanted = limits.maximumSessions;
		this.#overload.configure(settingsOf(limits, this.#place, this.#maxFiles));
	}

	/**
	 * Takes a client on; undefined when it was refused, and then its socket is answered and closed: with a page when it asks
	 * a proxy; others would take that for their server's words.
	 */
	admit(
		socket: Socket,
		client: string,
		sessionId: string,
		kind: WayIn["kind"] = "explicit",
	): AdmittedSession | undefined {
		const refusal = this.#overload.accept(client);
		if (refusal !== undefined) {
			this.#counters.add("sessions_overloaded");
			if (kind === "explicit") refuse(socket, refusal, sessionId);
			else socket.on("error", () => undefined).resetAndDestroy();
			return undefined;
		}
		return this.#admitted(client);
	}

	/** Takes a flow of a datagram listener on; undefined when it was refused, which its client is not told. */
	admitFlow(client: string): AdmittedSession | undefined {
		if (this.#overload.accept(client) === undefined) return this.#admitted(client);
		this.#counters.add("sessions_overloaded");
		return undefined;
	}

	#admitted(client: string): AdmittedSession {
		let isDecrypted = false;
		return {
			mayDecrypt: () => {
				const answer = this.#overload.decrypt();
				isDecrypted = answer.may;
				if (!answer.may) this.#counters.add("decryptions_overloaded");
				return answer;
			},
			closed: () => this.#overload.closed(client, isDecrypted),
		};
	}

	/** Called about once a second; answers what is to be told. */
	tick(now: number): readonly GatewayEvent[] {
		return [...this.#tellFiles(now), ...this.#overload.tick(process.memoryUsage.rss(), now)];
	}

	/** Once for each number of sessions that is wanted and cannot be had. */
	#tellFiles(now: number): readonly GatewayEvent[] {
		const wanted = this.#wanted;
		const limit = this.#maxFiles;
		if (limit === undefined || sessionsOfFiles(limit) >= wanted || wanted === this.#toldWanted) return [];
		this.#toldWanted = wanted;
		const { worker } = this.#place;
		return [gatewayEvent("OPEN_FILES_LOW", now, { worker, limit, capacity: sessionsOfFiles(limit), wanted })];
	}
}

function settingsOf(
	limits: OverloadLimits,
	{ worker, workers }: WorkerPlace,
	maxFiles: number | undefined,
): OverloadSettings {
	const { maximumDecrypted, memoryHighOctets, maximumSessions } = limits;
	return {
		...limits,
		// Who is refused is told so; without files a connection would only hang or break.
		maximumSessions: maxFiles === undefined ? maximumSessions : Math.min(maximumSessions, sessionsOfFiles(maxFiles)),
		maximumDecrypted: maximumDecrypted === undefined ? undefined : shareOf(maximumDecrypted, worker, workers),
		memoryHighOctets: memoryHighOctets ?? Math.floor((hostOctets() * usableShare) / workers),
	};
}

/** What this process may use: the limit of its control group, where there is one. */
function hostOctets(): number {
	const limit = process.constrainedMemory();
	return limit > 0 ? Math.min(limit, totalmem()) : totalmem();
}

/** Node has raised it as far as it may. */
function ownFilesLimit(): number | undefined {
	try {
		return openFilesLimit(readFileSync("/proc/self/limits", "utf8"));
	} catch {
		return undefined;
	}
}

function refuse(socket: Socket, refusal: Refusal, sessionId: string): void {
	const { message } = fault("PROXY_OVERLOADED", refusals[refusal]);
	socket.on("error", () => socket.destroy());
	socket.end(encodeBlockPage({ status: 503, sentence: `${message}.`, sessionId }));
	socket.resume();
	const timer = setTimeout(() => socket.destroy(), lingerMs);
	socket.once("close", () => clearTimeout(timer));
}

const refusals: Readonly<Record<Refusal, string>> = {
	full: "the gateway holds as many sessions as it may",
	"client-full": "the gateway holds as many sessions of this client as it may",
	memory: "the gateway has no memory for further sessions",
};
const usableShare = 0.75;
/** Whatever the client still sends. */
const lingerMs = 1_000;
