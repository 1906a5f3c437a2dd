/** What `nft -j` and `ip -j` print, as far as it is read here. Whatever else they print is left out. */
import type { ShownRule } from "#firewall/policy-routing.ts";

/** Tables by family and name: `inet sallyport`. */
export function readTableNames(text: string): readonly string[] {
	return objectsOf(text, "table").map(({ family, name }) => `${String(family)} ${String(name)}`);
}

/** Packets by the names of counters. */
export function readCounters(text: string): ReadonlyMap<string, number> {
	const counters = new Map<string, number>();
	for (const { name, packets } of objectsOf(text, "counter")) {
		if (typeof name === "string" && typeof packets === "number") counters.set(name, packets);
	}
	return counters;
}

/** Rules of routing. */
export function readRules(text: string): readonly ShownRule[] {
	return listOf(parsed(text));
}

function objectsOf(text: string, kind: string): readonly Record<string, unknown>[] {
	const whole = parsed(text);
	const list = isRecord(whole) ? listOf(whole.nftables) : [];
	return list.map((one) => one[kind]).filter(isRecord);
}

function listOf(value: unknown): readonly Record<string, unknown>[] {
	return Array.isArray(value) ? value.filter(isRecord) : [];
}

function isRecord(value: unknown): value is Record<string, unknown> {
	return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Both print nothing for an empty list. */
function parsed(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		return undefined;
	}
}
