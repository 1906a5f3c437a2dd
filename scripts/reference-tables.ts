/** Reference pages made from the tables of the source: faults, events and counters. */
import { faultTable } from "#base/fault-table.ts";
import { counterTable, eventTable } from "#telemetry/event-table.ts";
import { faultAdvice } from "#telemetry/fault-advice.ts";
import { describeAlert } from "#tls/alert.ts";
import { markdownTable } from "./markdown.ts";

/** One row a fault: whom it blames, what the peer is told, and what to do. */
export function faultsPage(): string {
	const rows = Object.entries(faultTable).map(([code, row]) => [
		`\`${code}\``,
		row.blame,
		row.says,
		row.tls === undefined ? "" : describeAlert(row.tls),
		row.http === undefined ? "" : String(row.http),
		row.socks === undefined ? "" : String(row.socks),
		faultAdvice(code),
	]);
	return [
		"# Faults",
		"",
		"What can go wrong, one row each, from `src/base/fault-table.ts`. The code stands in the session record",
		"(`sallyport explain SESSION`) and in the log. *Blame* says on whose side to look first. Where the client can still be",
		"told, it gets the TLS alert, the HTTP status or the SOCKS5 reply. A block by policy is a decision, not a fault.",
		"",
		markdownTable(["Code", "Blame", "What happened", "TLS alert", "HTTP", "SOCKS5", "What to do"], rows),
	].join("\n");
}

/** One section an event. */
export function eventsPage(): string {
	const sections = Object.entries(eventTable).flatMap(([id, row]) => [
		`## ${id}`,
		"",
		`*${row.severity}* - ${row.text}`,
		"",
		row.help,
		"",
		markdownTable(
			["Field", "Holds"],
			Object.entries(row.fields).map(([name, kind]) => [`\`${name}\``, fieldKinds[kind]]),
		),
	]);
	return [
		"# Events",
		"",
		"What an operator or an auditor must be able to read later. Severities are those of RFC 5424. What became of one",
		"connection is a session record; what went wrong in it is a [fault](faults.md). The table: `src/telemetry/event-table.ts`.",
		"",
		...sections,
	].join("\n");
}

/** One row a counter. */
export function countersPage(): string {
	const rows = Object.entries(counterTable).map(([id, row]) => [`\`${id}\``, row.kind, row.unit, row.help]);
	return [
		"# Counters",
		"",
		"Each worker counts for itself; what is shown is their sum. A *counter* only grows, a *gauge* says how many there are",
		"now. The table: `src/telemetry/event-table.ts`.",
		"",
		markdownTable(["Name", "Kind", "Unit", "What it counts"], rows),
	].join("\n");
}

const fieldKinds = {
	text: "text",
	texts: "list of texts",
	number: "number",
	time: "time, milliseconds since 1970",
} as const;
