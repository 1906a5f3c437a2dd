/**
 * Does a certificate speak for a host? RFC 9525 with RFC 5280 §4.2.1.6: the subjectAltName alone decides, the common
 * name never does.
 *
 * - A DNS name matches an equal dNSName without regard to case, or a wildcard. Internationalised names are compared as
 *   A-labels on both sides; a U-label in a certificate matches nothing.
 * - A wildcard is `*.` before a name of at least two labels that is not a public suffix. It stands for exactly one whole
 *   label. `*` anywhere else matches nothing.
 * - An IP address matches an iPAddress of the same octets and never a dNSName.
 */

import { parseAddress } from "#base/address.ts";
import { equalBytes } from "#base/bytes.ts";
import type { GeneralName } from "#pki/general-name.ts";

export type NameVerdict =
	| { readonly kind: "match"; readonly by: string }
	/** `presented` is for the message: the first few names that the certificate has. */
	| { readonly kind: "mismatch"; readonly presented: readonly string[] };

/**
 * Matches `host` (a DNS name, final dot allowed, or an IP address) against the names of a certificate.
 *
 * Bounds: one pass over the names, no allocation per name.
 */
export function verifyName(
	names: readonly GeneralName[] | undefined,
	host: string,
	isPublicSuffix: (name: string) => boolean = hasOneLabel,
): NameVerdict {
	const address = parseAddress(host);
	const match = address === undefined ? findDns(names, host, isPublicSuffix) : findAddress(names, address.octets);
	return match === undefined ? { kind: "mismatch", presented: presentedNames(names) } : { kind: "match", by: match };
}

/**
 * True when a dNSName of a certificate can match anything: LDH labels of 1 to 63 octets, 253 in all, perhaps after a
 * leading `*.`. Underscores are told apart because profiles differ about them.
 */
export function isDnsPattern(text: string, mayHaveUnderscore: boolean): boolean {
	const name = text.startsWith("*.") ? text.slice(2) : text;
	return (
		name.length <= 253 && (mayHaveUnderscore ? hostWithUnderscore : hostName).test(name) && !endsInNumber.test(name)
	);
}

function findDns(
	names: readonly GeneralName[] | undefined,
	host: string,
	isPublicSuffix: (name: string) => boolean,
): string | undefined {
	const name = (host.endsWith(".") ? host.slice(0, -1) : host).toLowerCase();
	if (!isDnsPattern(name, true) || name.startsWith("*")) return undefined;
	const dot = name.indexOf(".");
	const parent = dot === -1 ? "" : name.slice(dot + 1);
	for (const presented of names ?? []) {
		if (presented.kind !== "dns") continue;
		const { text } = presented;
		if (text.length === name.length && text.toLowerCase() === name) return text;
		if (text.length !== parent.length + 2 || !text.startsWith("*.") || !parent.includes(".")) continue;
		if (text.slice(2).toLowerCase() === parent && !isPublicSuffix(parent)) return text;
	}
	return undefined;
}

function findAddress(names: readonly GeneralName[] | undefined, octets: Uint8Array): string | undefined {
	for (const presented of names ?? []) {
		if (presented.kind === "ip" && equalBytes(presented.octets, octets)) return "iPAddress";
	}
	return undefined;
}

function presentedNames(names: readonly GeneralName[] | undefined): string[] {
	const presented: string[] = [];
	for (const name of names ?? []) {
		if (name.kind === "dns") presented.push(name.text);
		else if (name.kind === "ip") presented.push([...name.octets].join("."));
		if (presented.length === maxPresented) break;
	}
	return presented;
}

function hasOneLabel(name: string): boolean {
	return !name.includes(".");
}

const maxPresented = 8;
const hostName = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/i;
const hostWithUnderscore = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*$/i;
/** The last label of a host name is not a number, or it would read as an IPv4 address. */
const endsInNumber = /(?:^|\.)(?:[0-9]+|0x[0-9a-f]*)$/i;
