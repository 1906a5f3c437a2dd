/** Which session records the reader of them wants: command-line options to a filter, and the filter against a record. */

import { type Address, type Prefix, parseAddress, parsePrefix, prefixContains } from "#base/address.ts";
import { faultTable } from "#base/fault-table.ts";
import { isHostPattern } from "#base/host-name.ts";
import { nearestWords } from "#telemetry/nearest-words.ts";
import type { SessionDecision, SessionRecord } from "#telemetry/session-record.ts";

/** Every condition that is present must hold. Times are milliseconds since 1970. */
export interface SessionFilter {
	readonly client?: Prefix;
	/** In lower case; `*.` before it covers every depth below the name. Compared with the host asked for and the SNI. */
	readonly host?: string;
	readonly decision?: SessionDecision;
	readonly rule?: string;
	readonly hasFindings?: boolean;
	/** A fault code, or "any" for every session that ended in a fault. */
	readonly fault?: string;
	/** The session was open at this moment or later. */
	readonly since?: number;
	/** The session had begun by this moment. */
	readonly until?: number;
	/** Contained in any text of the record; ASCII letters match in either case. Folded by `foldAscii`. */
	readonly text?: string;
}

export type ParsedFilter =
	| { readonly kind: "parsed"; readonly filter: SessionFilter; readonly rest: readonly string[] }
	| { readonly kind: "refused"; readonly reason: string };

/**
 * Takes the filter options out of command-line words; what it does not know stays in `rest`, in order. Values follow
 * as the next word or after `=`; of an option given twice the last counts.
 *
 * Units: `now` in milliseconds since 1970, for times like `10m`; times without a zone are in the zone of the process.
 */
export function parseSessionFilter(args: readonly string[], now: number): ParsedFilter {
	const rest: string[] = [];
	let filter: SessionFilter = {};
	for (let at = 0; at < args.length; at++) {
		const word = args[at] as string;
		const equals = word.indexOf("=");
		const name = equals === -1 ? word : word.slice(0, equals);
		if (name === "--findings") {
			if (equals !== -1) return refused("option --findings takes no value");
			filter = { ...filter, hasFindings: true };
			continue;
		}
		const option = options[name];
		if (option === undefined) {
			rest.push(word);
			continue;
		}
		const value = equals === -1 ? args[++at] : word.slice(equals + 1);
		if (value === undefined || value === "") {
			return refused(`option ${name} has no value; expected ${option.expected}`);
		}
		const part = option.read(value, now);
		if (part === undefined) {
			const advice = option.advise?.(value) ?? "";
			return refused(`option ${name}: expected ${option.expected}, got "${value}"${advice}`);
		}
		filter = { ...filter, ...part };
	}
	if (filter.since !== undefined && filter.until !== undefined && filter.since > filter.until) {
		return refused("option --since names a later moment than --until; no session can match; exchange them");
	}
	return { kind: "parsed", filter, rest };
}

/** True when every condition of the filter holds for the record. */
export function matchesSession(filter: SessionFilter, record: SessionRecord): boolean {
	if (filter.since !== undefined && record.endedAt < filter.since) return false;
	if (filter.until !== undefined && record.startedAt > filter.until) return false;
	if (filter.decision !== undefined && record.decision !== filter.decision) return false;
	if (filter.rule !== undefined && record.rule !== filter.rule) return false;
	if (filter.hasFindings === true && record.findings.length === 0) return false;
	if (filter.fault !== undefined && !matchesFault(filter.fault, record.faultCode)) return false;
	if (filter.client !== undefined && !matchesClient(filter.client, record.client.address)) return false;
	if (filter.host !== undefined && !matchesHost(filter.host, record)) return false;
	return filter.text === undefined || containsText(record, filter.text);
}

/** The names compared with a host pattern: what was asked for and the SNI, lower-case and without a final dot. */
export function sessionHosts(record: SessionRecord): readonly string[] {
	const host = comparableHost(record.server.host);
	const sni = record.sni === undefined ? host : comparableHost(record.sni);
	return sni === host ? [host] : [host, sni];
}

/** The client's address as a value; a zone identifier (`%eth0`) does not count. */
export function clientAddress(text: string): Address | undefined {
	const zone = text.indexOf("%");
	return parseAddress(zone === -1 ? text : text.slice(0, zone));
}

/** A moment: `45s`, `10m`, `2h`, `3d`, `1w` before `now`, or a date with or without time and zone. */
export function parseMoment(text: string, now: number): number | undefined {
	const relative = /^([0-9]{1,6})([smhdw])$/.exec(text);
	if (relative !== null) return now - Number(relative[1]) * (unitMs[relative[2] as string] as number);
	const date = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?)(Z|[+-]\d{2}:\d{2})?)?$/.exec(text);
	if (date === null) return undefined;
	const at = new Date(`${date[1]}T${date[2] ?? "00:00"}${date[3] ?? ""}`).getTime();
	return Number.isNaN(at) || !isRealDate(date[1] as string) ? undefined : at;
}

interface FilterOption {
	readonly expected: string;
	readonly read: (value: string, now: number) => Partial<SessionFilter> | undefined;
	readonly advise?: (value: string) => string;
}

const decisions: readonly string[] = ["decrypt", "bypass", "block", "none"] satisfies SessionDecision[];

const options: Readonly<Record<string, FilterOption>> = Object.assign(Object.create(null), {
	"--client": {
		expected: "an address or a prefix such as 10.1.0.0/16 or 2001:db8::/32 (host bits zero)",
		read: (value) => optional("client", parsePrefix(value)),
	},
	"--host": {
		expected: "a host name, an address, or *.example.com for every name below example.com",
		read: (value) => optional("host", readHost(value)),
	},
	"--decision": {
		expected: "decrypt, bypass, block or none",
		read: (value) => optional("decision", decisions.includes(value) ? (value as SessionDecision) : undefined),
	},
	"--rule": { expected: "the name of a rule", read: (value) => ({ rule: value }) },
	"--fault": {
		expected: 'a fault code, or "any"',
		read: (value) => optional("fault", readFault(value)),
		advise: (value) => `; nearest: ${nearestWords(value.toUpperCase(), Object.keys(faultTable), 3).join(", ")}`,
	},
	"--since": { expected: momentForms(), read: (value, now) => optional("since", parseMoment(value, now)) },
	"--until": { expected: momentForms(), read: (value, now) => optional("until", parseMoment(value, now)) },
	"--text": {
		expected: "1 to 200 characters",
		read: (value) => optional("text", value.length <= 200 ? foldAscii(value) : undefined),
	},
} satisfies Record<string, FilterOption>);

/** The filter options with what each expects, for a help text and for errors that list what exists. */
export const filterOptions: readonly { readonly name: string; readonly expected: string }[] = [
	...Object.entries(options).map(([name, { expected }]) => ({ name, expected })),
	{ name: "--findings", expected: "no value: only sessions in which inspection found something" },
];

function momentForms(): string {
	return "a time such as 45s, 10m, 2h, 3d, 1w (ago), 2026-11-21 or 2026-11-21T10:00:00Z";
}

function optional<Name extends keyof SessionFilter>(
	name: Name,
	value: SessionFilter[Name] | undefined,
): Partial<SessionFilter> | undefined {
	return value === undefined ? undefined : { [name]: value };
}

function readHost(value: string): string | undefined {
	const host = comparableHost(value);
	return isHostPattern(host) || parseAddress(host) !== undefined ? host : undefined;
}

function readFault(value: string): string | undefined {
	if (value.toLowerCase() === "any") return "any";
	const code = value.toUpperCase();
	return Object.hasOwn(faultTable, code) ? code : undefined;
}

function matchesFault(wanted: string, code: string | undefined): boolean {
	return wanted === "any" ? code !== undefined : code === wanted;
}

function matchesClient(prefix: Prefix, text: string): boolean {
	const address = clientAddress(text);
	return address !== undefined && prefixContains(prefix, address);
}

function matchesHost(pattern: string, record: SessionRecord): boolean {
	const below = pattern.startsWith("*.") ? pattern.slice(1) : undefined;
	return sessionHosts(record).some((host) => (below === undefined ? host === pattern : host.endsWith(below)));
}

function comparableHost(text: string): string {
	return (text.endsWith(".") ? text.slice(0, -1) : text).toLowerCase();
}

function containsText(value: unknown, text: string): boolean {
	if (typeof value === "string") return foldAscii(value).includes(text);
	if (typeof value !== "object" || value === null) return false;
	return Object.values(value).some((inner) => containsText(inner, text));
}

/** Only ASCII, as SQLite's LIKE does, so that the store and this file agree on every text. */
function foldAscii(text: string): string {
	return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/** Date rolls 31 February over into March; a filter must not. */
function isRealDate(text: string): boolean {
	return new Date(`${text}T00:00:00Z`).toISOString().startsWith(text);
}

function refused(reason: string): ParsedFilter {
	return { kind: "refused", reason };
}

const unitMs: Readonly<Record<string, number>> = {
	s: 1_000,
	m: 60_000,
	h: 3_600_000,
	d: 86_400_000,
	w: 604_800_000,
};
