/** What became of a session, in one of the words of the appliances that this gateway follows. */
import type { SessionRecord } from "#telemetry/session-record.ts";

/**
 * decrypted: opened and inspected. decrypted, not inspected: opened, but nothing looked inside (R182). allowed after an
 * error: opened although its server is not trusted (R188). not decrypted: exempt (R183). bypassed: to be opened, but what
 * that needs was not given (R184). ignored: no policy asked to open it (R188). blocked: by policy, inspection or the
 * state of the server's certificate (R185). failed: it ended before anything else was reached.
 */
export type SessionOutcome = (typeof sessionOutcomes)[number];

export const sessionOutcomes = [
	"decrypted",
	"decrypted, not inspected",
	"allowed after an error",
	"not decrypted",
	"bypassed",
	"ignored",
	"blocked",
	"failed",
] as const;

/** The outcome of a session; `failed` for one about which nothing was decided. */
export function sessionOutcome(record: SessionRecord): SessionOutcome {
	const { decision, clientLeg, serverTrust, faultCode, findings, inspection, cause } = record;
	if (decision === "block" || findings.some(({ verdict }) => verdict === "block")) return "blocked";
	if (decision === "bypass") return outcomeOfCause[cause ?? ""] ?? "not decrypted";
	if (decision === "none") return "failed";
	// TLS may stand towards the server alone; without a relay nothing was reached.
	const isOpen = clientLeg !== undefined || inspection !== "not decrypted";
	if (!isOpen) return blockingFaults.has(faultCode ?? "") ? "blocked" : "failed";
	if (serverTrust !== undefined && serverTrust !== "trusted") return "allowed after an error";
	return inspection === "inspected" ? "decrypted" : "decrypted, not inspected";
}

const outcomeOfCause: Readonly<Record<string, SessionOutcome>> = {
	exempt: "not decrypted",
	"bypass-rule": "not decrypted",
	learned: "not decrypted",
	"no-profile": "ignored",
	"switched-off": "ignored",
	"no-service": "bypassed",
	overload: "bypassed",
	"client-certificate": "bypassed",
	"not-tls": "bypassed",
};

const blockingFaults: ReadonlySet<string> = new Set([
	"SERVER_CERTIFICATE_INVALID",
	"SERVER_CERTIFICATE_REVOKED",
	"SERVER_STATUS_UNAVAILABLE",
	"CLIENT_NOT_TLS",
	"PROXY_OVERLOADED",
]);
