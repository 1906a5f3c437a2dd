/** What a worker keeps of its sessions when they end: counters, how often each policy decided, and the records to report. */
import type { PolicyTally } from "#daemon/policy-hits.ts";
import type { ToManaged } from "#daemon/worker-protocol.ts";
import { revocationCounters } from "#daemon/worker-revocation.ts";
import type { PolicyLog } from "#proxy/compile.ts";
import type { ProxyProfile } from "#proxy/profile.ts";
import type { Counters } from "#telemetry/counters.ts";
import type { CounterId } from "#telemetry/event-table.ts";
import { failureCounter } from "#telemetry/failure-counter.ts";
import { type SessionOutcome, sessionOutcome } from "#telemetry/session-outcome.ts";
import type { SessionRecord } from "#telemetry/session-record.ts";

/**
 * Bounds: at most `maxBatch` records and one tally for each policy wait; `flush` sends them. What a worker that dies has
 * not sent is lost: that of the last fraction of a second.
 */
export class SessionAccounts {
	readonly #counters: Counters;
	readonly #send: (message: ToManaged) => void;
	#records: SessionRecord[] = [];
	#tallies = new Map<string, PolicyTally>();

	constructor(counters: Counters, send: (message: ToManaged) => void) {
		this.#counters = counters;
		this.#send = send;
	}

	/** A session is over. `log` is what its policy says of records. */
	ended(record: SessionRecord, profile: ProxyProfile | undefined, log: PolicyLog | undefined): void {
		countSession(this.#counters, record);
		this.#tally(record);
		if (!isRecorded(record, profile, log)) return;
		this.#records.push(record);
		if (this.#records.length >= maxBatch) this.flush();
	}

	flush(): void {
		if (this.#records.length === 0 && this.#tallies.size === 0) return;
		const tallies = [...this.#tallies.values()];
		this.#send({ type: "records", records: this.#records, tallies, counters: this.#counters.snapshot() });
		this.#records = [];
		this.#tallies = new Map();
	}

	#tally({ rule, octetsToServer, octetsToClient }: SessionRecord): void {
		if (rule === "") return;
		const before = this.#tallies.get(rule);
		this.#tallies.set(rule, {
			rule,
			sessions: (before?.sessions ?? 0) + 1,
			octetsToServer: (before?.octetsToServer ?? 0) + octetsToServer,
			octetsToClient: (before?.octetsToClient ?? 0) + octetsToClient,
		});
	}
}

/**
 * R210-R213: the profile says which of its sessions are recorded; sessions without a profile always are, and so are those
 * whose policy says `log session-close`.
 */
export function isRecorded(
	record: SessionRecord,
	profile: ProxyProfile | undefined,
	policyLog: PolicyLog | undefined,
): boolean {
	if (profile === undefined || policyLog?.isCloseLogged === true) return true;
	const { log } = profile;
	if (record.faultCode !== undefined && log.errors) return true;
	const outcome = sessionOutcome(record);
	switch (outcome) {
		case "blocked":
			return log.dropped;
		case "not decrypted":
			return log.exempted;
		case "bypassed":
		case "ignored":
			return log.ignored;
		case "allowed after an error":
			return log.allowed || log.warnings;
		case "failed":
			return log.allowed && record.faultCode === undefined;
		default:
			return log.allowed;
	}
}

function countSession(counters: Counters, record: SessionRecord): void {
	if (record.decision === "decrypt") counters.add("sessions_decrypted");
	else if (record.decision === "bypass") counters.add("sessions_bypassed");
	else if (record.decision === "block") counters.add("sessions_blocked");
	const outcome = outcomeCounters[sessionOutcome(record)];
	if (outcome !== undefined) counters.add(outcome);
	if (record.faultCode !== undefined) countFailure(counters, record.faultCode);
	if (record.clientLeg !== undefined) counters.add("client_handshakes");
	if (record.clientLeg?.isResumed) counters.add("client_resumptions");
	if (record.serverLeg !== undefined) counters.add("server_handshakes");
	if (record.serverLeg?.isResumed) counters.add("server_resumptions");
	const revocation = revocationCounters[record.revocation?.answer ?? ""];
	if (revocation !== undefined) counters.add(revocation);
	if (record.isChainRepaired === true) counters.add("server_chains_repaired");
	counters.add("octets_to_server", record.octetsToServer);
	counters.add("octets_to_client", record.octetsToClient);
	if (record.decision === "decrypt") counters.add("octets_decrypted", record.octetsToServer + record.octetsToClient);
	counters.add("http_requests", record.requests);
	counters.add("findings", record.findings.length);
}

function countFailure(counters: Counters, code: string): void {
	counters.add("sessions_failed");
	const cause = failureCounter(code);
	if (cause !== undefined) counters.add(cause);
}

const outcomeCounters: Readonly<Partial<Record<SessionOutcome, CounterId>>> = {
	"decrypted, not inspected": "sessions_uninspected",
	"allowed after an error": "sessions_allowed_after_error",
	"not decrypted": "sessions_exempt",
	bypassed: "sessions_unmet",
	ignored: "sessions_ignored",
};
const maxBatch = 100;
