/**
 * The text of a feed into its entries.
 *
 *   text   an entry a line, a level from 1 to 10 behind a blank; what stands behind # or ; is not read
 *   csv    the entry in the first column, the level in the second where it is one; a line that holds none is left out
 *   json   a list of entries, or of objects with `value` (or `entry`) and `level`
 *   stix   indicators of a STIX 2 bundle, as `read-stix.ts` has it
 */
import { readStix, type StixReading } from "#inspect/read-stix.ts";

export interface FeedEntry {
	readonly value: string;
	readonly level: number;
}

export type FeedFormat = "text" | "csv" | "json" | "stix";

/** The entries at `now`, at most `maximum`. A text says why the whole is none. */
export function readFeed(text: string, format: FeedFormat, maximum: number, now: number): StixReading | string {
	if (format === "json" || format === "stix") return readJson(text.replace(byteOrderMark, ""), format, maximum, now);
	const entries: FeedEntry[] = [];
	for (let at = 0; at < text.length && entries.length < maximum; ) {
		const newline = text.indexOf("\n", at);
		const end = newline === -1 ? text.length : newline;
		const line = text.slice(at, Math.min(end, at + longestLine));
		at = end + 1;
		const [value = "", level] = format === "csv" ? columnsOf(line) : wordsOf(line);
		if (value !== "") entries.push({ value, level: levelOf(level) });
	}
	return { entries, unsupported: 0 };
}

/** A fragment of a URL and a comment look alike: a comment stands at the beginning or behind a blank. */
function wordsOf(line: string): readonly string[] {
	return line
		.trim()
		.replace(/(?:^|\s)[#;].*$/s, "")
		.trim()
		.split(/\s+/);
}

function columnsOf(line: string): readonly string[] {
	if (/^\s*#/.test(line)) return [];
	return line.split(",").map((column) => column.trim().replace(/^"(.*)"$/, "$1"));
}

function readJson(text: string, format: "json" | "stix", maximum: number, now: number): StixReading | string {
	let value: unknown;
	try {
		value = JSON.parse(text);
	} catch {
		return "it is not JSON";
	}
	if (format === "stix") return readStix(value, maximum, now);
	if (!Array.isArray(value)) return "expected a list of entries";
	const entries = value.slice(0, maximum).flatMap((one: unknown) => {
		if (typeof one === "string") return [{ value: one.slice(0, longestLine), level: levelOf(undefined) }];
		if (typeof one !== "object" || one === null) return [];
		const { value: named, entry, level } = one as { value?: unknown; entry?: unknown; level?: unknown };
		const text = named ?? entry;
		return typeof text === "string" ? [{ value: text.slice(0, longestLine), level: levelOf(String(level)) }] : [];
	});
	return { entries, unsupported: 0 };
}

/** An entry without a level is of the worst. */
function levelOf(text: string | undefined): number {
	return text !== undefined && /^(?:[1-9]|10)$/.test(text) ? Number(text) : worstLevel;
}

const byteOrderMark = /^\uFEFF/;
const worstLevel = 10;
const longestLine = 2_048;
