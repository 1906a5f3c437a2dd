/**
 * Indicators of a STIX 2 bundle (STIX 2.1 §4.7, §9) into entries of a feed.
 *
 * A pattern is read where it says nothing but "one of these values was seen": observations of one comparison each, joined
 * by OR. Whatever else a pattern asks for (AND, NOT, LIKE, times, an order) is not understood and counted: to take a part
 * of it for the whole would shut off what the author did not mean.
 *
 *   [ipv4-addr:value = '192.0.2.1']          an address or, with = or ISSUBSET, a network
 *   [domain-name:value IN ('a', 'b')]        names
 *   [url:value = '...']                      a URL
 *   [x509-certificate:hashes.'SHA-1' = '..'] a certificate
 */
import type { FeedEntry } from "#inspect/read-feed.ts";

export interface StixReading {
	readonly entries: readonly FeedEntry[];
	/** Indicators whose patterns are not understood. */
	readonly unsupported: number;
}

/**
 * The entries that hold at `now`; text says why it is no bundle. Of several versions of an indicator the newest counts; one
 * that is revoked, not valid yet or not any more is none.
 *
 * Bounds: `maximum` entries; a pattern of `maxPattern` characters.
 */
export function readStix(bundle: unknown, maximum: number, now: number): StixReading | string {
	const { objects, more } = (typeof bundle === "object" && bundle !== null ? bundle : {}) as Bundle;
	if (!Array.isArray(objects)) return "expected a STIX bundle, with a list of objects";
	if (more === true) return "it is one page of a collection; expected all of it";
	const entries: FeedEntry[] = [];
	let unsupported = 0;
	for (const indicator of newestOf(objects).values()) {
		if (!holds(indicator, now)) continue;
		const values = patternValues(indicator);
		if (values === undefined) {
			unsupported++;
			continue;
		}
		const level = levelOf(indicator.confidence);
		for (const value of values) if (entries.length < maximum) entries.push({ value, level });
	}
	return { entries, unsupported };
}

interface Bundle {
	readonly objects?: unknown;
	readonly more?: unknown;
}

/** As strangers write it: any property may be anything. */
interface Indicator {
	readonly id?: unknown;
	readonly modified?: unknown;
	readonly revoked?: unknown;
	readonly confidence?: unknown;
	readonly pattern?: unknown;
	readonly pattern_type?: unknown;
	readonly valid_from?: unknown;
	readonly valid_until?: unknown;
}

function newestOf(objects: readonly unknown[]): ReadonlyMap<unknown, Indicator> {
	const newest = new Map<unknown, Indicator>();
	for (const object of objects) {
		if (typeof object !== "object" || object === null || (object as { type?: unknown }).type !== "indicator") continue;
		const indicator: Indicator = object;
		// Without an id each is one of its own.
		const key = typeof indicator.id === "string" ? indicator.id : indicator;
		const before = newest.get(key);
		if (before === undefined || timeOf(indicator.modified, 0) >= timeOf(before.modified, 0)) newest.set(key, indicator);
	}
	return newest;
}

function holds({ revoked, valid_from: from, valid_until: until }: Indicator, now: number): boolean {
	return revoked !== true && timeOf(from, now) <= now && timeOf(until, Number.POSITIVE_INFINITY) > now;
}

function timeOf(value: unknown, otherwise: number): number {
	const time = typeof value === "string" ? Date.parse(value) : Number.NaN;
	return Number.isNaN(time) ? otherwise : time;
}

/** STIX says how sure it is from 0 to 100. */
function levelOf(confidence: unknown): number {
	if (typeof confidence !== "number" || !(confidence >= 0 && confidence <= 100)) return worstLevel;
	return Math.max(1, Math.ceil(confidence / 10));
}

/** Undefined when it is not understood. */
function patternValues({ pattern, pattern_type: type = "stix" }: Indicator): readonly string[] | undefined {
	if (type !== "stix" || typeof pattern !== "string" || pattern.length > maxPattern) return undefined;
	const tokens = tokensOf(pattern);
	if (tokens === undefined) return undefined;
	const values: string[] = [];
	let at = 0;
	do {
		if (tokens[at++] !== "[") return undefined;
		do {
			const end = readComparison(tokens, at, values);
			if (end === undefined) return undefined;
			at = end;
		} while (tokens[at] === "OR" && ++at > 0);
		if (tokens[at++] !== "]") return undefined;
	} while (tokens[at] === "OR" && ++at > 0);
	return at === tokens.length ? values : undefined;
}

/** Answers where the comparison ends; undefined when it is not understood. */
function readComparison(tokens: readonly string[], at: number, values: string[]): number | undefined {
	const [path = "", operator, first = ""] = tokens.slice(at, at + 3);
	const isNetwork = networkPaths.has(path);
	if (!isNetwork && !otherPaths.has(path)) return undefined;
	if (operator === "=" || (operator === "ISSUBSET" && isNetwork))
		return takeLiteral(first, values) ? at + 3 : undefined;
	if (operator !== "IN" || first !== "(") return undefined;
	for (let next = at + 3; takeLiteral(tokens[next] ?? "", values); next += 2) {
		if (tokens[next + 1] === ")") return next + 2;
		if (tokens[next + 1] !== ",") return undefined;
	}
	return undefined;
}

function takeLiteral(token: string, values: string[]): boolean {
	if (!token.startsWith("'")) return false;
	values.push(token.slice(1, -1).replace(/\\(.)/gs, "$1"));
	return true;
}

function tokensOf(pattern: string): readonly string[] | undefined {
	const tokens: string[] = [];
	const token = /\s*([[\](),=]|'(?:[^'\\]|\\.)*'|[A-Za-z0-9_-]+(?:[:.](?:[A-Za-z0-9_-]+|'[A-Za-z0-9-]+'))*)\s*/sy;
	while (token.lastIndex < pattern.length) {
		const found = token.exec(pattern);
		if (found === null) return undefined;
		tokens.push(found[1] ?? "");
	}
	return tokens;
}

const networkPaths: ReadonlySet<string> = new Set(["ipv4-addr:value", "ipv6-addr:value"]);
const otherPaths: ReadonlySet<string> = new Set([
	"domain-name:value",
	"url:value",
	"x509-certificate:hashes.MD5",
	"x509-certificate:hashes.'MD5'",
	"x509-certificate:hashes.'SHA-1'",
	"x509-certificate:hashes.'SHA-256'",
]);
const worstLevel = 10;
const maxPattern = 16_384;
