/** Host names as they stand in SNI, CONNECT and certificates: one normal form, one way to match a pattern. */

import { parseAddress } from "#base/address.ts";

/**
 * The lower-case form without a final dot, or undefined when it is not a host name (RFC 1123 §2.1, with the
 * underscore that real names carry). An address literal is not a host name.
 */
export function normalizeHostName(text: string): string | undefined {
	const name = (text.endsWith(".") ? text.slice(0, -1) : text).toLowerCase();
	if (name.length === 0 || name.length > 253 || !hostName.test(name)) return undefined;
	// Only an IPv4 address passes the pattern, and it ends with a digit: long lists are read without the question.
	return /[0-9]$/.test(name) && parseAddress(name) !== undefined ? undefined : name;
}

/**
 * Host patterns and what hangs on them. `*.company.com` covers every depth below company.com and not company.com
 * itself; a name without `*.` covers only itself. The longest pattern wins.
 *
 * Bounds: a look-up costs one map access per label of the name, whatever the number of patterns.
 */
export class HostPatternMap<T> {
	readonly #exact = new Map<string, T>();
	readonly #below = new Map<string, T>();

	get size(): number {
		return this.#exact.size + this.#below.size;
	}

	set(pattern: string, value: T): void {
		if (pattern.startsWith("*.")) this.#below.set(pattern.slice(2).toLowerCase(), value);
		else this.#exact.set(pattern.toLowerCase(), value);
	}

	values(): Iterable<T> {
		return [...this.#exact.values(), ...this.#below.values()];
	}

	/** The pattern that covers `name` (already in normal form) and its value. */
	match(name: string): { readonly pattern: string; readonly value: T } | undefined {
		const exact = this.#exact.get(name);
		if (exact !== undefined) return { pattern: name, value: exact };
		let dot = name.indexOf(".");
		while (dot !== -1) {
			const parent = name.slice(dot + 1);
			const value = this.#below.get(parent);
			if (value !== undefined) return { pattern: `*.${parent}`, value };
			dot = name.indexOf(".", dot + 1);
		}
		return undefined;
	}
}

/** True for a host name or `*.` before a host name. */
export function isHostPattern(text: string): boolean {
	return normalizeHostName(text.startsWith("*.") ? text.slice(2) : text) !== undefined;
}

const hostName = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*$/;
