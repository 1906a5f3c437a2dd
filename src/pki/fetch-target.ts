/**
 * Where revocation answers and issuer certificates may be fetched from. The addresses come out of certificates that
 * anybody can make: without this check a server could have the gateway send requests into its own network (checklist F14).
 */
import { type Address, formatAddress, type Prefix, parsePrefix, prefixContains } from "#base/address.ts";

/** A web address taken apart. */
export interface FetchTarget {
	/** Host name in lower case, or an address without brackets. */
	readonly host: string;
	readonly port: number;
	/** Path and query, as sent in the request line. */
	readonly path: string;
	/** The address as text, without fragment. */
	readonly url: string;
}

export interface FetchGuard {
	/** Networks that may be fetched from although they are not public. */
	readonly permitted: readonly Prefix[];
	/** True when the address and port are one of the gateway's own listeners. */
	readonly isOwnListener: (address: Address, port: number) => boolean;
}

/** The target of an `http:` address, or of an `https:` one where the caller speaks TLS; text says why there is none. */
export function parseFetchTarget(text: string, base?: string, speaksTls = false): FetchTarget | string {
	if (text.length > maxUrlLength) return "its address is too long";
	const url = URL.parse(text, base);
	if (url === null) return "its address cannot be read";
	const isSecure = url.protocol === "https:" && speaksTls;
	if (url.protocol !== "http:" && !isSecure)
		return `${url.protocol.slice(0, 16)} addresses are not fetched, only http:${speaksTls ? " and https:" : ""}`;
	if (url.username !== "" || url.password !== "") return "its address holds a user";
	if (url.hostname === "") return "its address names no host";
	const host = url.hostname.replace(/^\[(.*)\]$/, "$1").replace(/\.$/, "");
	const port = url.port === "" ? (isSecure ? 443 : 80) : Number(url.port);
	url.hash = "";
	return { host, port, path: `${url.pathname}${url.search}`, url: url.href };
}

/** Why the address may not be connected to; undefined when it may. `mayBePrivate` is for hosts that the operator named. */
export function findTargetObstacle(
	address: Address,
	port: number,
	guard: FetchGuard,
	mayBePrivate = false,
): string | undefined {
	if (guard.isOwnListener(address, port)) return `${formatAddress(address)} is the gateway itself`;
	if (guard.permitted.some((prefix) => prefixContains(prefix, address))) return undefined;
	const found = special.find(({ prefix }) => prefixContains(prefix, address));
	if (found === undefined || (mayBePrivate && found.isPrivate)) return undefined;
	return `${formatAddress(address)} is ${found.what}`;
}

interface SpecialNetwork {
	readonly prefix: Prefix;
	readonly what: string;
	readonly isPrivate: boolean;
}

function network(text: string, what: string, isPrivate = false): SpecialNetwork {
	return { prefix: parsePrefix(text) as Prefix, what, isPrivate };
}

const maxUrlLength = 2_048;

/** The special-purpose registries of IANA (RFC 6890), and the prefixes in which an IPv4 address hides. */
const special: readonly SpecialNetwork[] = [
	network("0.0.0.0/8", "no address of another host"),
	network("127.0.0.0/8", "a loopback address"),
	network("169.254.0.0/16", "a link-local address"),
	network("10.0.0.0/8", "a private address", true),
	network("172.16.0.0/12", "a private address", true),
	network("192.168.0.0/16", "a private address", true),
	network("100.64.0.0/10", "an address shared behind a carrier", true),
	network("192.0.0.0/24", "an address of protocols"),
	network("192.88.99.0/24", "a relay's address"),
	network("198.18.0.0/15", "an address for benchmarks", true),
	network("224.0.0.0/4", "a multicast address"),
	network("240.0.0.0/4", "a reserved address"),
	network("::/96", "no address of another host"),
	network("::ffff:0:0:0/96", "an IPv4 address behind a translator", true),
	network("64:ff9b::/96", "an IPv4 address behind a translator", true),
	network("64:ff9b:1::/48", "an IPv4 address behind a translator", true),
	network("100::/64", "an address that leads nowhere"),
	network("2001::/32", "an IPv4 address inside a tunnel"),
	network("2002::/16", "an IPv4 address inside a tunnel"),
	network("fc00::/7", "a private address", true),
	network("fe80::/10", "a link-local address"),
	network("fec0::/10", "a private address", true),
	network("ff00::/8", "a multicast address"),
];
