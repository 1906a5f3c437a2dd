/** `show services ssl proxy ...` and `explain session`: sessions, counters, listeners and workers. */
import { formatEndpoint } from "#base/address.ts";
import { utc } from "#config/commit.ts";
import type { CommandWorld } from "#daemon/gateway-view.ts";
import type { DatagramPlan } from "#proxy/compile-datagram.ts";
import type { ListenerPlan } from "#proxy/compile-listeners.ts";
import type { TransparentPlan } from "#proxy/compile-transparent.ts";
import { describeServer, type WayIn } from "#proxy/way-in.ts";
import { type CounterSnapshot, mergeCounters } from "#telemetry/counters.ts";
import { visibleJson, visibleText } from "#telemetry/display-text.ts";
import { type CounterId, counterTable, type GatewayEvent } from "#telemetry/event-table.ts";
import { explainSession } from "#telemetry/explain-session.ts";
import { localTime, SessionTable } from "#telemetry/format-session.ts";
import { parseSessionFilter, type SessionFilter } from "#telemetry/session-filter.ts";
import { SessionReader } from "#telemetry/session-reader-shell.ts";
import type { SessionRecord } from "#telemetry/session-record.ts";

type Values = Readonly<Record<string, string>>;

interface CompiledListeners {
	readonly listeners: readonly ListenerPlan[];
	readonly transparent: readonly TransparentPlan[];
	readonly datagram: readonly DatagramPlan[];
}

/** `show services ssl proxy sessions`: records of the event store, newest last. */
export function* showSessions(world: CommandWorld, values: Values, isJson: boolean, columns: number): Iterable<string> {
	const filter = sessionFilterOf(values);
	const table = new SessionTable(columns > 0 ? { width: columns, hasColour: false } : { hasColour: false });
	const reader = new SessionReader(world.gateway.state.eventStore);
	try {
		const found = reader.newest(filter, Number(values.last ?? defaultSessions));
		if (isJson) {
			for (const { record } of found) yield `${visibleJson(record)}\n`;
			return;
		}
		yield `${table.header()}\n`;
		for (const { record } of found) yield `${table.line(record)}\n`;
		if (found.length === 0) yield "No session matches\n";
	} finally {
		reader.close();
	}
}

/** Which sessions the options of a command mean. */
export function sessionFilterOf(values: Values): SessionFilter {
	const words = Object.entries(filterWords).flatMap(([name, option]) => {
		const value = values[name];
		if (value === undefined) return [];
		return value === "" ? [option] : [option, value];
	});
	const parsed = parseSessionFilter(words, Date.now());
	if (parsed.kind === "refused") throw new Error(parsed.reason);
	return parsed.filter;
}

/** `explain session ID`: its whole story in sentences. */
export function explain(world: CommandWorld, values: Values, isJson: boolean): string {
	const id = values.session ?? "";
	const reader = new SessionReader(world.gateway.state.eventStore);
	try {
		const record = onlySession(reader.byId(id, mostCandidates + 1), id);
		if (isJson) return `${visibleJson(record)}\n`;
		const leaf = record.clientLeg?.certificateSha256;
		const issued = leaf === undefined ? undefined : reader.eventByKey("CERTIFICATE_ISSUED", leaf);
		return explainSession(record, issued as GatewayEvent<"CERTIFICATE_ISSUED"> | undefined);
	} finally {
		reader.close();
	}
}

/** Ids of the newest sessions, for completion. */
export function recentSessionIds(world: CommandWorld, prefix: string): readonly string[] {
	let reader: SessionReader | undefined;
	try {
		reader = new SessionReader(world.gateway.state.eventStore);
		return reader.recentIds(idsForCompletion).filter((id) => id.startsWith(prefix));
	} catch {
		// Completion is no place to tell that the store cannot be read.
		return [];
	} finally {
		reader?.close();
	}
}

/** `show services ssl proxy counters`: all there are. */
export function showCounters(world: CommandWorld, isJson: boolean): string {
	const counters = world.gateway.counters();
	if (isJson) return `${JSON.stringify(counters, undefined, 4)}\n`;
	const ids = Object.keys(counterTable) as CounterId[];
	const width = widest(ids);
	return ids
		.map((id) => `  ${id.padEnd(width)}${String(counters[id]).padStart(12)}  ${counterTable[id].help}\n`)
		.join("");
}

/** `show services ssl proxy statistics`: what happened since the last clear. */
export function showStatistics(world: CommandWorld, isJson: boolean): string {
	const { cleared } = world;
	const counters = countersSince(world.gateway.counters(), cleared?.counters);
	if (isJson)
		return `${JSON.stringify({ since: cleared?.at ?? world.gateway.startedAt, ...counters }, undefined, 4)}\n`;
	const since =
		cleared === undefined ? `the gateway started, ${utc(world.gateway.startedAt)}` : `cleared, ${utc(cleared.at)}`;
	const width = widest(statisticsRows.map(([label]) => label));
	const rows = statisticsRows.map(([label, id]) => `  ${label.padEnd(width)}${String(counters[id]).padStart(14)}\n`);
	return `TLS proxy statistics since ${since}\n${rows.join("")}`;
}

function widest(names: readonly string[]): number {
	return Math.max(...names.map(({ length }) => length));
}

/** `clear services ssl proxy statistics`. */
export function clearStatistics(world: CommandWorld): string {
	world.cleared = { at: Date.now(), counters: world.gateway.counters() };
	return "";
}

/** `show services ssl proxy status`: listeners with their servers, workers, how full they are. */
export function showStatus(world: CommandWorld): string {
	const { plan } = world.gateway;
	const lines = ["Listeners:", ...listenerLines(plan)];
	lines.push("Workers:", "  Number  Process  State       Restarts  Sessions  of at most");
	for (const { number, processId, isListening, restarts, counters } of world.gateway.workerViews()) {
		const cells = [
			String(number).padEnd(6),
			String(processId ?? "-").padEnd(7),
			(isListening ? "listening" : "starting").padEnd(10),
			String(restarts).padEnd(8),
			String(counters.sessions_active ?? 0).padEnd(8),
			String(plan.overload.maximumSessions),
		];
		lines.push(`  ${cells.join("  ")}`);
	}
	const rules = plan.policy.rules.length;
	lines.push(`Policies: ${rules}, then ${plan.policy.isDefaultPermit ? "permit" : "deny"}`);
	return `${lines.join("\n")}\n`;
}

function listenerLines({ listeners, transparent, datagram }: CompiledListeners): readonly string[] {
	const row = (path: string, at: string, way: WayIn): readonly string[] => {
		const [kind = "", name = ""] = path.split(" ").slice(2);
		return [name, kind, at, describeServer(way)];
	};
	const rows = [
		["Name", "Kind", "Listens at", "Server"],
		...listeners.map(({ path, listen, way }) => row(path, formatEndpoint(listen), way)),
		...transparent.map(({ path, port, mode, way }) => row(path, `port ${port} (${mode})`, way)),
		...datagram.map(({ path, listen, way }) => row(path, `${formatEndpoint(listen)} (UDP)`, way)),
	];
	const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
	return rows.map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ")}`);
}

function onlySession(found: readonly SessionRecord[], id: string): SessionRecord {
	const exact = found.findLast((record) => record.id === id) ?? (found.length === 1 ? found[0] : undefined);
	if (exact !== undefined) return exact;
	if (found.length === 0) throw new Error(`no session has an id that begins with ${id}`);
	const rows = found
		.slice(-mostCandidates)
		.map(({ id: one, startedAt, client, server }) =>
			visibleText(`  ${one}  ${localTime(startedAt)}  ${client.address}  ${server.host}`),
		);
	throw new Error(`several session ids begin with ${id}; give more digits:\n${rows.join("\n")}`);
}

/** Gauges are as they are; counters lose what was there when they were cleared. */
/** What was counted after `before`. */
export function countersSince(now: CounterSnapshot, before: CounterSnapshot | undefined): CounterSnapshot {
	if (before === undefined) return now;
	const less = Object.fromEntries(
		(Object.keys(counterTable) as CounterId[]).map((id) => [id, counterTable[id].kind === "counter" ? -before[id] : 0]),
	);
	return mergeCounters([now, less]);
}

const filterWords: Readonly<Record<string, string>> = {
	source: "--client",
	server: "--host",
	decision: "--decision",
	policy: "--rule",
	fault: "--fault",
	findings: "--findings",
	since: "--since",
	until: "--until",
};
const statisticsRows: readonly (readonly [string, CounterId])[] = [
	["Sessions opened", "sessions_opened"],
	["Sessions active", "sessions_active"],
	["Sessions decrypted", "sessions_decrypted"],
	["  of these not inspected", "sessions_uninspected"],
	["  of these allowed after an error", "sessions_allowed_after_error"],
	["Sessions relayed untouched", "sessions_bypassed"],
	["  of these not decrypted, exempt", "sessions_exempt"],
	["  of these bypassed", "sessions_unmet"],
	["  of these ignored", "sessions_ignored"],
	["Sessions blocked", "sessions_blocked"],
	["Sessions failed", "sessions_failed"],
	["  for want of a common version", "failed_versions"],
	["  for want of a common suite", "failed_ciphers"],
	["  for want of a common group or scheme", "failed_options"],
	["  in the client's handshake", "failed_client_handshakes"],
	["  as the client did not trust", "failed_client_trust"],
	["  as the server was not reached", "failed_server_connections"],
	["  in the server's handshake", "failed_server_handshakes"],
	["  for the server's certificate", "failed_server_certificates"],
	["  for want of something in the gateway", "failed_system"],
	["Sessions refused, gateway full", "sessions_overloaded"],
	["Sessions not decrypted, gateway full", "decryptions_overloaded"],
	["Client handshakes", "client_handshakes"],
	["Client handshakes resumed", "client_resumptions"],
	["Server handshakes", "server_handshakes"],
	["Server handshakes resumed", "server_resumptions"],
	["Certificates issued", "certificates_issued"],
	["HTTP requests inspected", "http_requests"],
	["Findings", "findings"],
	["Octets to servers", "octets_to_server"],
	["Octets to clients", "octets_to_client"],
	["Octets of decrypted sessions", "octets_decrypted"],
];
const defaultSessions = 50;
const mostCandidates = 8;
const idsForCompletion = 2_000;
