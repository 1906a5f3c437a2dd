/** What opened sessions of this worker said around attacks, where a rule wants it kept (`notification packet-log`). */
import { totalmem } from "node:os";
import type { IdpPlan } from "#inspect/idp-policy.ts";
import { type PacketLog, PacketLogBudget, PacketRecorder } from "#inspect/packet-log.ts";
import type { PacketLogSettings } from "#inspect/packet-log-settings.ts";

/** The session that is logged. */
export interface LoggedSession {
	readonly session: string;
	readonly transport: "tcp" | "udp";
	readonly client: { readonly address: string; readonly port: number };
	readonly server: { readonly address: string; readonly port: number };
}

export type PacketLogReport = LoggedSession & PacketLog;

/** Bounds: the worker's share of the sessions and of the memory that are stated. */
export class WorkerPacketLogs {
	readonly #workers: number;
	readonly #send: (report: PacketLogReport) => void;
	readonly #budget = new PacketLogBudget(0, 0);

	constructor(workers: number, send: (report: PacketLogReport) => void) {
		this.#workers = workers;
		this.#send = send;
	}

	/** `maximumSessions`: of this worker. */
	configure({ sessionsPercent, memoryPercent }: PacketLogSettings, maximumSessions: number): void {
		const octets = (totalmem() * memoryPercent) / 100 / this.#workers;
		this.#budget.configure(octets, Math.ceil((maximumSessions * sessionsPercent) / 100));
	}

	/** Undefined when no rule of the policy wants anything kept. */
	recorder(policy: IdpPlan | undefined, session: LoggedSession): PacketRecorder | undefined {
		const wanted = (policy?.rules ?? []).flatMap(({ packetLog }) => packetLog?.before ?? []);
		if (wanted.length === 0) return undefined;
		return new PacketRecorder(Math.max(...wanted), this.#budget, Date.now, (log) => this.#send({ ...session, ...log }));
	}
}
