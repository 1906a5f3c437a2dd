/** IP addresses, prefixes and `address:port`, IPv4 and IPv6 in one value type. */

/** 4 or 16 octets in network order. An IPv4-mapped IPv6 address is turned into IPv4 when parsed. */
export interface Address {
	readonly octets: Uint8Array;
}

/** An address and how many of its leading bits count. Host bits are zero. */
export interface Prefix {
	readonly address: Address;
	readonly length: number;
}

/** An address text with its port. `host` is the canonical text of the address, without brackets. */
export interface Endpoint {
	readonly host: string;
	readonly port: number;
}

/** Parses an IPv4 or IPv6 address without zone identifier; undefined when it is none. */
export function parseAddress(text: string): Address | undefined {
	if (text.includes(":")) return parseIpv6(text);
	const octets = parseIpv4(text);
	return octets === undefined ? undefined : { octets };
}

/** The address of 4 or 16 octets in network order; an IPv4-mapped IPv6 address becomes IPv4, as it does from text. */
export function addressOf(octets: Uint8Array): Address {
	return { octets: Uint8Array.from(isMapped(octets) ? octets.subarray(12) : octets) };
}

/** Parses `address/length`, or an address alone as its host prefix. Host bits must be zero. */
export function parsePrefix(text: string): Prefix | undefined {
	const slash = text.indexOf("/");
	const address = parseAddress(slash === -1 ? text : text.slice(0, slash));
	if (address === undefined) return undefined;
	const bits = address.octets.length * 8;
	if (slash === -1) return { address, length: bits };
	const lengthText = text.slice(slash + 1);
	if (!/^(0|[1-9][0-9]{0,2})$/.test(lengthText) || Number(lengthText) > bits) return undefined;
	const length = Number(lengthText);
	for (let bit = length; bit < bits; bit++) {
		if (((address.octets[bit >> 3] as number) >> (7 - (bit & 7))) & 1) return undefined;
	}
	return { address, length };
}

/** True when the address lies in the prefix; different families never match. */
export function prefixContains(prefix: Prefix, address: Address): boolean {
	const a = prefix.address.octets;
	const b = address.octets;
	if (a.length !== b.length) return false;
	const whole = prefix.length >> 3;
	for (let index = 0; index < whole; index++) if (a[index] !== b[index]) return false;
	const rest = prefix.length & 7;
	if (rest === 0) return true;
	return ((a[whole] as number) ^ (b[whole] as number)) >> (8 - rest) === 0;
}

/** Parses `192.0.2.1:443`, `[2001:db8::1]:443` or `*:443`-like forms with an address; undefined when it is none. */
export function parseEndpoint(text: string): Endpoint | undefined {
	const match = /^(?:\[([^\]]+)\]|([^:]+)):([0-9]{1,5})$/.exec(text);
	if (match === null) return undefined;
	const address = parseAddress(match[1] ?? match[2] ?? "");
	const port = Number(match[3]);
	if (address === undefined || port > 65_535) return undefined;
	if ((match[1] !== undefined) !== (match[1] ?? match[2] ?? "").includes(":")) return undefined;
	return { host: formatAddress(address), port };
}

/** `192.0.2.1:443` or `[2001:db8::1]:443`. */
export function formatEndpoint(endpoint: Endpoint): string {
	return endpoint.host.includes(":") ? `[${endpoint.host}]:${endpoint.port}` : `${endpoint.host}:${endpoint.port}`;
}

/** The canonical text (RFC 5952 for IPv6). */
export function formatAddress(address: Address): string {
	const { octets } = address;
	if (octets.length === 4) return octets.join(".");
	const groups: number[] = [];
	for (let index = 0; index < 16; index += 2) {
		groups.push(((octets[index] as number) << 8) | (octets[index + 1] as number));
	}
	const gap = longestZeroRun(groups);
	const hex = groups.map((group) => group.toString(16));
	if (gap.length < 2) return hex.join(":");
	return `${hex.slice(0, gap.start).join(":")}::${hex.slice(gap.start + gap.length).join(":")}`;
}

/** `address/length`. */
export function formatPrefix(prefix: Prefix): string {
	return `${formatAddress(prefix.address)}/${prefix.length}`;
}

/** True for 127.0.0.0/8 and ::1. */
export function isLoopback(address: Address): boolean {
	return loopback.some((prefix) => prefixContains(prefix, address));
}

/** True for an address that stands for "this host, whatever address": 0.0.0.0 and ::. */
export function isUnspecified(address: Address): boolean {
	return address.octets.every((octet) => octet === 0);
}

function parseIpv4(text: string): Uint8Array | undefined {
	const parts = text.split(".");
	if (parts.length !== 4) return undefined;
	const octets = new Uint8Array(4);
	for (let index = 0; index < 4; index++) {
		const part = parts[index] as string;
		if (!/^(0|[1-9][0-9]{0,2})$/.test(part) || Number(part) > 255) return undefined;
		octets[index] = Number(part);
	}
	return octets;
}

function parseIpv6(text: string): Address | undefined {
	if (text.length > 45) return undefined;
	const halves = text.split("::");
	if (halves.length > 2) return undefined;
	const head = parseGroups(halves[0] as string, halves.length === 1);
	const tail = halves.length === 2 ? parseGroups(halves[1] as string, true) : [];
	if (head === undefined || tail === undefined) return undefined;
	const missing = 8 - head.length - tail.length;
	if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
	const groups = [...head, ...new Array<number>(missing).fill(0), ...tail];
	const octets = new Uint8Array(16);
	groups.forEach((group, index) => {
		octets[index * 2] = group >> 8;
		octets[index * 2 + 1] = group & 0xff;
	});
	return addressOf(octets);
}

function isMapped(octets: Uint8Array): boolean {
	if (octets.length !== 16 || octets[10] !== 0xff || octets[11] !== 0xff) return false;
	return octets.subarray(0, 10).every((octet) => octet === 0);
}

function parseGroups(text: string, mayEndInIpv4: boolean): number[] | undefined {
	if (text === "") return [];
	const groups: number[] = [];
	const parts = text.split(":");
	for (const [index, part] of parts.entries()) {
		if (mayEndInIpv4 && index === parts.length - 1 && part.includes(".")) {
			const octets = parseIpv4(part);
			if (octets === undefined) return undefined;
			const [a = 0, b = 0, c = 0, d = 0] = octets;
			groups.push((a << 8) | b, (c << 8) | d);
			continue;
		}
		if (!/^[0-9a-fA-F]{1,4}$/.test(part)) return undefined;
		groups.push(Number.parseInt(part, 16));
	}
	return groups;
}

function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
	let best = { start: 0, length: 0 };
	let start = 0;
	for (let index = 0; index <= groups.length; index++) {
		if (groups[index] === 0) continue;
		if (index - start > best.length) best = { start, length: index - start };
		start = index + 1;
	}
	return best;
}

const loopback: readonly Prefix[] = ["127.0.0.0/8", "::1/128"].map((text) => parsePrefix(text) as Prefix);
