/** Which counter a session that ended in a fault adds to, beside `sessions_failed`: what an operator looks for first. */
import type { FaultCode } from "#base/fault-table.ts";
import type { CounterId } from "#telemetry/event-table.ts";

/** Undefined for faults of what travels within a session, and for those of another version. */
export function failureCounter(code: string): CounterId | undefined {
	return counters.get(code);
}

const causes: Readonly<Partial<Record<CounterId, readonly FaultCode[]>>> = {
	failed_versions: ["TLS_VERSIONS_DO_NOT_MATCH"],
	failed_ciphers: ["TLS_CIPHERS_DO_NOT_MATCH"],
	failed_options: ["TLS_OPTIONS_NOT_SUPPORTED"],
	failed_client_handshakes: [
		"CLIENT_CERTIFICATE_REFUSED",
		"CLIENT_HELLO_TIMEOUT",
		"CLIENT_HELLO_MALFORMED",
		"CLIENT_HELLO_TOO_LARGE",
		"CLIENT_ADDRESS_UNPROVEN",
		"CLIENT_NAME_MISSING",
		"CLIENT_NOT_TLS",
		"CLIENT_HANDSHAKE_FAILED",
		"CLIENT_ECH_NOT_ACCEPTED",
	],
	failed_client_trust: [
		"CLIENT_REFUSED_OWN_CERTIFICATE",
		"CLIENT_DOES_NOT_TRUST_CA",
		"CLIENT_REFUSED_UNTRUSTED_SERVER",
	],
	failed_server_connections: ["SERVER_NAME_UNRESOLVED", "SERVER_UNREACHABLE", "SERVER_CONNECT_TIMEOUT"],
	failed_server_handshakes: ["SERVER_HANDSHAKE_FAILED", "SERVER_WANTS_CLIENT_CERTIFICATE"],
	failed_server_certificates: [
		"SERVER_CERTIFICATE_INVALID",
		"SERVER_CERTIFICATE_REVOKED",
		"SERVER_STATUS_REFUSED",
		"SERVER_STATUS_UNAVAILABLE",
		"SERVER_CERTIFICATE_MALFORMED",
	],
	failed_system: ["CERTIFICATE_SIGNING_FAILED", "PROXY_OVERLOADED", "INTERNAL"],
};

const counters: ReadonlyMap<string, CounterId> = new Map(
	Object.entries(causes).flatMap(([id, codes]) => codes.map((code) => [code, id as CounterId])),
);
