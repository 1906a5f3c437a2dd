/** What a worker tells of the attacks that its sessions hold: how many of each, and reports of those whose rule says so. */
import { type Address, parseAddress } from "#base/address.ts";
import { AttackLog, type AttackLogSettings } from "#inspect/attack-log.ts";
import { type AttackSeverity, severityOfSignature } from "#inspect/attack-severity.ts";
import { type EveFlow, eveAlert } from "#inspect/eve.ts";
import type { IdpRule } from "#inspect/idp-policy.ts";
import type { InspectedClient } from "#proxy/dtls-resources.ts";
import type { Alert, SignatureFlow } from "#signature/signature-flow.ts";

/** The session that an attack is in. */
export interface AttackedSession {
	readonly sessionId: string;
	readonly policy: string;
	readonly client: InspectedClient;
	readonly server: { readonly address: string; readonly port: number };
	readonly sni: string | undefined;
}

/** One attack, or several equal ones. */
export interface AttackReport {
	readonly session: string;
	readonly client: string;
	readonly server: string;
	readonly port: number;
	readonly policy: string;
	readonly rule: string;
	/** Identifier and message. */
	readonly attack: string;
	readonly severity: AttackSeverity;
	readonly action: "blocked" | "allowed";
	readonly count: number;
	readonly isAlert: boolean;
	/** In the form of EVE, without the end of the line. */
	readonly line: string;
}

export interface AttackCount {
	readonly gid: number;
	readonly sid: number;
	readonly message: string;
	readonly severity: AttackSeverity;
	readonly hits: number;
	readonly blocked: number;
}

/** What is told since the last time. */
export interface ToldAttacks {
	readonly counts: readonly AttackCount[];
	readonly reports: readonly AttackReport[];
	/** Reports that there was no room for. */
	readonly lost: number;
}

/** Bounds: those of `AttackLog`; counts of `maxCounted` signatures between two flushes. */
export class WorkerAttacks {
	readonly #send: (attacks: ToldAttacks) => void;
	#settings: AttackLogSettings;
	readonly #log: AttackLog<Omit<AttackReport, "count">>;
	readonly #counts = new Map<string, { -readonly [K in keyof AttackCount]: AttackCount[K] }>();

	constructor(settings: AttackLogSettings, send: (attacks: ToldAttacks) => void) {
		this.#settings = settings;
		this.#log = new AttackLog(settings);
		this.#send = send;
	}

	configure(settings: AttackLogSettings): void {
		this.#settings = settings;
		this.#log.configure(settings);
	}

	/** `now` in milliseconds since 1970. */
	alerted(alert: Alert, rule: IdpRule | undefined, flow: SignatureFlow, session: AttackedSession, now: number): void {
		const { signature, isBlocking } = alert;
		const severity = rule?.severity ?? severityOfSignature(signature);
		this.#count(alert, severity);
		if (rule?.log === undefined) return;
		const { sid, gid, message } = signature;
		const { client, server, policy, sessionId } = session;
		const apart = this.#settings.tellsServersApart ? `${server.address} ${server.port}` : "";
		const key = [policy, rule.name, gid, sid, client.address, isBlocking, apart].join(" ");
		this.#log.note(
			key,
			{
				session: sessionId,
				client: client.address,
				server: server.address,
				port: server.port,
				policy,
				rule: rule.name,
				attack: `${sid} ${message}`.trim(),
				severity,
				action: isBlocking ? "blocked" : "allowed",
				isAlert: rule.log.isAlert,
				line: eveAlert(alert, eveFlow(flow, session, rule), now),
			},
			now,
		);
	}

	/** `isLast`: nothing is held back any longer. */
	flush(now: number, isLast = false): void {
		const { told, lost } = this.#log.take(now, isLast);
		if (told.length === 0 && lost === 0 && this.#counts.size === 0) return;
		const reports = told.map(({ report, count }) => ({ ...report, count }));
		this.#send({ counts: [...this.#counts.values()], reports, lost });
		this.#counts.clear();
	}

	#count({ signature, isBlocking }: Alert, severity: AttackSeverity): void {
		const { gid, sid, message } = signature;
		const key = `${gid}:${sid}`;
		let count = this.#counts.get(key);
		if (count === undefined) {
			if (this.#counts.size >= maxCounted) return;
			count = { gid, sid, message, severity, hits: 0, blocked: 0 };
			this.#counts.set(key, count);
		}
		count.hits++;
		if (isBlocking) count.blocked++;
	}
}

function eveFlow(flow: SignatureFlow, attacked: AttackedSession, { name: rule, severity }: IdpRule): EveFlow {
	const { client, server, sni, sessionId: session, policy } = attacked;
	return {
		facts: {
			client: parseAddress(client.address) ?? unspecified,
			clientPort: client.port,
			server: parseAddress(server.address) ?? unspecified,
			serverPort: server.port,
		},
		protocol: flow.protocol,
		// Numbers of JSON hold 53 bits: enough to tell connections apart.
		flowId: Number.parseInt(session.slice(0, 13), 16),
		sni,
		isInline: true,
		bits: flow.state.bits,
		of: { session, policy, rule, severity },
	};
}

const unspecified: Address = { octets: new Uint8Array(4) };
const maxCounted = 4_096;
