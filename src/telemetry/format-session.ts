/** Session records as lines of a table for a terminal. Times are in the zone of the process. */

import { cellWidth, fitText, visibleText } from "#telemetry/display-text.ts";
import { type SessionOutcome, sessionOutcome } from "#telemetry/session-outcome.ts";
import type { LegRecord, SessionRecord } from "#telemetry/session-record.ts";

export interface TableStyle {
	/** Cells of the terminal; undefined where there is none: then nothing is cut. */
	readonly width?: number;
	readonly hasColour: boolean;
}

/**
 * Session records as a table of fixed widths, one line each. Columns that find no room are left out, the least needed
 * first; the last column takes what remains. Text from outside is escaped.
 */
export class SessionTable {
	readonly #columns: readonly SizedColumn[];
	readonly #isCut: boolean;
	readonly #hasColour: boolean;

	constructor(style: TableStyle) {
		this.#columns = style.width === undefined ? naturalColumns() : fitColumns(style.width);
		this.#isCut = style.width !== undefined;
		this.#hasColour = style.hasColour;
	}

	header(): string {
		const line = this.#line((column) => column.title);
		return this.#hasColour ? paint(line, "bold") : line;
	}

	line(record: SessionRecord): string {
		return this.#line(
			(column) => visibleText(column.read(record)),
			(column) => column.colour?.(record),
		);
	}

	#line(read: (column: SizedColumn) => string, colour?: (column: SizedColumn) => Colour | undefined): string {
		const last = this.#columns.length - 1;
		const cells = this.#columns.map((column, index) => {
			const text = read(column);
			const fits = this.#isCut || cellWidth(text) <= column.width;
			const cell = fits ? fitText(text, column.width) : text;
			const shown = index === last ? cell.trimEnd() : cell;
			const painted = this.#hasColour ? colour?.(column) : undefined;
			return painted === undefined ? shown : paint(shown, painted);
		});
		return cells.join(" ").trimEnd();
	}
}

/** `TLSv1.3` as `1.3`; a leg that was not there as `-`. */
function shortVersion(leg: LegRecord | undefined): string {
	return leg === undefined ? "-" : leg.version.replace(/^TLSv/, "");
}

/** A number of octets in at most five characters: `999`, `1.2K`, `35M`. */
export function shortOctets(octets: number): string {
	let value = octets;
	let unit = 0;
	while (value >= 999.5 && unit < units.length - 1) {
		value /= 1_024;
		unit++;
	}
	const text = unit === 0 || value >= 9.95 ? String(Math.round(value)) : value.toFixed(1);
	return text + (units[unit] as string);
}

/** `2026-11-21 10:04:59` in the zone of the process. */
export function localTime(at: number): string {
	const date = new Date(at);
	if (Number.isNaN(date.getTime())) return "?";
	const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join("-");
	return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

type Colour = "bold" | "red" | "green" | "yellow";

interface TableColumn {
	readonly title: string;
	/** Cells without which the column is useless, that hold what is usual, and that hold all. */
	readonly least: number;
	readonly usual: number;
	readonly most: number;
	/** Columns with a lower rank leave first when there is no room. */
	readonly rank: number;
	readonly read: (record: SessionRecord) => string;
	readonly colour?: (record: SessionRecord) => Colour | undefined;
}
interface SizedColumn extends TableColumn {
	readonly width: number;
}

/** Beyond this a line is harder to read, not easier. */
const widestTable = 240;

const columns: readonly TableColumn[] = [
	{ title: "TIME", least: 14, usual: 14, most: 14, rank: 8, read: (record) => localTime(record.startedAt).slice(5) },
	{ title: "SESSION", least: 8, usual: 8, most: 8, rank: 9, read: (record) => record.id.slice(0, 8) },
	{ title: "LISTENER", least: 8, usual: 14, most: 32, rank: 4, read: (record) => record.listener },
	{ title: "CLIENT", least: 11, usual: 15, most: 39, rank: 6, read: (record) => record.client.address },
	{ title: "HOST", least: 16, usual: 28, most: 60, rank: 10, read: hostText },
	{
		title: "OUTCOME",
		least: 9,
		usual: 13,
		most: 24,
		rank: 11,
		read: sessionOutcome,
		colour: outcomeColour,
	},
	{ title: "RULE", least: 8, usual: 16, most: 32, rank: 5, read: (record) => record.rule || "-" },
	{ title: "TLS", least: 7, usual: 7, most: 7, rank: 2, read: versionsText },
	{ title: "OCTETS", least: 9, usual: 9, most: 11, rank: 1, read: octetsText },
	{ title: "FINDINGS", least: 8, usual: 12, most: 24, rank: 3, read: findingsText, colour: findingsColour },
	{ title: "ENDED", least: 14, usual: 40, most: widestTable, rank: 7, read: endedText, colour: endedColour },
];

/** Keeps the columns that fit with their least widths, then shares what is left: first what is usual, then the rest. */
function fitColumns(width: number): readonly SizedColumn[] {
	const kept = [...columns];
	while (kept.length > 1 && leastWidth(kept) > width) {
		const lowest = kept.reduce((low, column) => (column.rank < low.rank ? column : low));
		kept.splice(kept.indexOf(lowest), 1);
	}
	const widths = kept.map((column) => Math.min(column.least, Math.max(width, 1)));
	const spare = Math.min(width, widestTable) - widths.reduce((sum, cells) => sum + cells, kept.length - 1);
	const left = share(spare, widths, (index) => (kept[index] as TableColumn).usual);
	share(left, widths, (index) => (kept[index] as TableColumn).most);
	return kept.map((column, index) => ({ ...column, width: widths[index] as number }));
}

/** Gives the spare cells to the widths in turns of one, none beyond its limit, and answers what nobody wanted. */
function share(spare: number, widths: number[], limitOf: (index: number) => number): number {
	let left = spare;
	for (let isGiving = true; isGiving && left > 0; ) {
		isGiving = false;
		for (let index = widths.length - 1; index >= 0 && left > 0; index--) {
			if ((widths[index] as number) >= limitOf(index)) continue;
			widths[index] = (widths[index] as number) + 1;
			left--;
			isGiving = true;
		}
	}
	return left;
}

/** Widths for a file or a pipe: what is usual is aligned, what is longer is printed in full. */
function naturalColumns(): readonly SizedColumn[] {
	return columns.map((column) => ({ ...column, width: column.usual }));
}

function leastWidth(kept: readonly TableColumn[]): number {
	return kept.reduce((sum, column) => sum + column.least, kept.length - 1);
}

function hostText(record: SessionRecord): string {
	const { host, port, address } = record.server;
	if (host === "" && address === undefined) return "-";
	const hidden = record.ech === "real" ? " (hides another)" : "";
	const name = host === "" ? String(address) : host;
	return hidden === "" ? withPort(name, port) : `${record.sni ?? withPort(name, port)}${hidden}`;
}

function withPort(name: string, port: number): string {
	return port === 443 ? name : `${name.includes(":") ? `[${name}]` : name}:${port}`;
}

function versionsText(record: SessionRecord): string {
	return `${shortVersion(record.clientLeg)}/${shortVersion(record.serverLeg)}`;
}

function octetsText(record: SessionRecord): string {
	return `${shortOctets(record.octetsToServer)}/${shortOctets(record.octetsToClient)}`;
}

function findingsText(record: SessionRecord): string {
	if (record.findings.length === 0) return "-";
	const names = [...new Set(record.findings.map((finding) => finding.name))];
	return record.findings.length === 1 ? String(names[0]) : `${record.findings.length}: ${names.join(",")}`;
}

function endedText(record: SessionRecord): string {
	return record.faultCode === undefined ? record.endedBecause : `${record.faultCode}: ${record.endedBecause}`;
}

function outcomeColour(record: SessionRecord): Colour | undefined {
	return outcomeColours[sessionOutcome(record)];
}

function findingsColour(record: SessionRecord): Colour | undefined {
	if (record.findings.length === 0) return undefined;
	return record.findings.some((finding) => finding.verdict === "block") ? "red" : "yellow";
}

function endedColour(record: SessionRecord): Colour | undefined {
	return record.faultCode === undefined ? undefined : "yellow";
}

/** Select Graphic Rendition (ECMA-48 §8.3.117). */
function paint(text: string, colour: Colour): string {
	return `\x1b[${codes[colour]}m${text}\x1b[0m`;
}

function two(value: number): string {
	return String(value).padStart(2, "0");
}

const outcomeColours: Readonly<Partial<Record<SessionOutcome, Colour>>> = {
	decrypted: "green",
	"decrypted, not inspected": "yellow",
	"allowed after an error": "yellow",
	"not decrypted": "yellow",
	bypassed: "yellow",
	ignored: "yellow",
	blocked: "red",
};
const codes: Readonly<Record<Colour, number>> = { bold: 1, red: 31, green: 32, yellow: 33 };
const units = ["", "K", "M", "G", "T", "P"];
