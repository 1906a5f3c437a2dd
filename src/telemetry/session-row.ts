/**
 * What the event store keeps of a session record or an event: the record as JSON, and beside it the columns by which it
 * is found. The condition built from a filter selects exactly the rows that `matchesSession` accepts, except for the
 * text, where it selects at least those.
 */

import type { Address, Prefix } from "#base/address.ts";
import { eventKey, eventTags, type GatewayEvent, severityOf } from "#telemetry/event-table.ts";
import { clientAddress, type SessionFilter, sessionHosts } from "#telemetry/session-filter.ts";
import type { SessionRecord } from "#telemetry/session-record.ts";

export type Column = string | number | Uint8Array | null;

/** One row to insert, in the order of the table's columns. */
export interface StoredRow {
	readonly table: "sessions" | "events";
	readonly columns: readonly Column[];
	/** Of an event: more values by which it is found. */
	readonly tags?: readonly string[];
	/** About how much memory it holds while it waits. */
	readonly octets: number;
}

/** A condition of SQL with its parameters in order. */
export interface SqlCondition {
	readonly sql: string;
	readonly parameters: readonly Column[];
}

/** The columns of `sessions` after `row`. */
export const sessionColumns: readonly string[] = [
	"id",
	"started_at",
	"ended_at",
	"client",
	"host",
	"sni",
	"decision",
	"rule",
	"has_findings",
	"has_fault",
	"fault",
	"record",
];

/** The columns of `events` after `row`. */
export const eventColumns: readonly string[] = ["id", "at", "severity", "key", "event"];

/**
 * The row of a session record.
 *
 * Bounds: a record larger than `largestRecord` characters as JSON is stored with its texts cut and its findings limited
 * (`boundRecord`), so that no peer can make its own record too large to store.
 */
export function sessionRow(record: SessionRecord): StoredRow {
	let json = JSON.stringify(record);
	let kept = record;
	if (json.length > largestRecord) {
		kept = boundRecord(record);
		json = JSON.stringify(kept);
	}
	const [host = "", sni] = sessionHosts(kept);
	return {
		table: "sessions",
		columns: [
			kept.id,
			wholeMs(kept.startedAt),
			wholeMs(kept.endedAt),
			addressKey(clientAddress(kept.client.address)),
			hostKey(host),
			sni === undefined ? null : hostKey(sni),
			kept.decision,
			kept.rule,
			kept.findings.length > 0 ? 1 : 0,
			kept.faultCode === undefined ? 0 : 1,
			kept.faultCode ?? null,
			json,
		],
		octets: json.length + rowOverhead,
	};
}

/** The row of an event. */
export function eventRow(event: GatewayEvent): StoredRow {
	const json = JSON.stringify(event);
	return {
		table: "events",
		columns: [event.id, wholeMs(event.at), severityOf(event.id), eventKey(event) ?? null, json],
		tags: eventTags(event),
		octets: json.length + rowOverhead,
	};
}

/** The filter as a condition over the columns of `sessions`. */
export function sessionCondition(filter: SessionFilter): SqlCondition {
	const terms: string[] = [];
	const parameters: Column[] = [];
	const add = (sql: string, ...values: Column[]): void => {
		terms.push(sql);
		parameters.push(...values);
	};
	if (filter.since !== undefined) add("ended_at >= ?", filter.since);
	if (filter.until !== undefined) add("started_at <= ?", filter.until);
	if (filter.decision !== undefined) add("decision = ?", filter.decision);
	if (filter.rule !== undefined) add("rule = ?", filter.rule);
	if (filter.hasFindings === true) add("has_findings = 1");
	if (filter.fault === "any") add("has_fault = 1");
	else if (filter.fault !== undefined) add("fault = ?", filter.fault);
	if (filter.client !== undefined) add("client BETWEEN ? AND ?", ...prefixKeys(filter.client));
	if (filter.host !== undefined) addHost(filter.host, add);
	if (filter.text !== undefined && isUnescapedInJson.test(filter.text)) {
		add("record LIKE ? ESCAPE '^'", `%${filter.text.replace(/[%_^]/g, "^$&")}%`);
	}
	return { sql: terms.length === 0 ? "TRUE" : terms.join(" AND "), parameters };
}

/** The record with every text cut to `longestText` characters and at most `mostFindings` findings. */
export function boundRecord(record: SessionRecord): SessionRecord {
	const cut = cutTexts({ ...record, findings: record.findings.slice(0, mostFindings) });
	return cut as SessionRecord;
}

function cutTexts(value: unknown): unknown {
	if (typeof value === "string") return value.length <= longestText ? value : `${value.slice(0, longestText)}...`;
	if (Array.isArray(value)) return value.map(cutTexts);
	if (typeof value !== "object" || value === null) return value;
	return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, cutTexts(inner)]));
}

/** The columns are integers; a clock may not be. */
function wholeMs(at: number): number {
	return Number.isFinite(at) ? Math.floor(at) : 0;
}

function addHost(pattern: string, add: (sql: string, ...values: Column[]) => void): void {
	if (!pattern.startsWith("*.")) {
		const key = hostKey(pattern);
		add("(host = ? OR sni = ?)", key, key);
		return;
	}
	const low = `${hostKey(pattern.slice(2))}.`;
	const high = `${low.slice(0, -1)}/`; // "/" is the character after "."
	add("(host >= ? AND host < ? OR sni >= ? AND sni < ?)", low, high, low, high);
}

/** Labels from the top down, so that all names below a name stand together in an index. */
function hostKey(host: string): string {
	return host.toWellFormed().split(".").reverse().join(".");
}

/** Family, then the octets: prefixes become ranges and the families do not mix. */
function addressKey(address: Address | undefined): Uint8Array {
	if (address === undefined) return new Uint8Array(0);
	return Uint8Array.of(address.octets.length, ...address.octets);
}

function prefixKeys(prefix: Prefix): [Uint8Array, Uint8Array] {
	const last = Uint8Array.from(prefix.address.octets, (octet, index) => {
		const hostBits = Math.min(8, Math.max(0, (index + 1) * 8 - prefix.length));
		return octet | ((1 << hostBits) - 1);
	});
	return [addressKey(prefix.address), addressKey({ octets: last })];
}

/** Characters that JSON writes as they are; lone surrogates are not among them. */
const isUnescapedInJson = /^[^\p{Cc}"\\\p{Cs}]*$/u;
const largestRecord = 65_536;
const longestText = 1_024;
const mostFindings = 32;
const rowOverhead = 200;
