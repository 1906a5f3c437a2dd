/** `host:port` as it stands in requests to a proxy and in URLs (RFC 3986 §3.2). */
import { formatAddress, parseAddress } from "#base/address.ts";
import { normalizeHostName } from "#base/host-name.ts";

/** Whom a request is for. `host` is a host name in normal form or an address in canonical text, without brackets. */
export interface Authority {
	readonly host: string;
	readonly port: number;
}

/**
 * Reads `host`, `host:port` or `[IPv6]:port`; undefined when it is none. A user part is none.
 *
 * @param defaultPort the port when none is named; without it one must be.
 */
export function parseAuthority(text: string, defaultPort?: number): Authority | undefined {
	const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([^\s:[\]@/]+))(?::([0-9]{0,5}))?$/.exec(text);
	if (match === null) return undefined;
	const port = match[3] === undefined || match[3] === "" ? defaultPort : Number(match[3]);
	if (port === undefined || port === 0 || port > 65_535) return undefined;
	const address = parseAddress(match[1] ?? match[2] ?? "");
	if (address !== undefined) return { host: formatAddress(address), port };
	const host = match[2] === undefined ? undefined : normalizeHostName(match[2]);
	return host === undefined ? undefined : { host, port };
}

/** `host`, with brackets around an IPv6 address, and with `:port` unless it is the default. */
export function formatAuthority({ host, port }: Authority, defaultPort?: number): string {
	const name = host.includes(":") ? `[${host}]` : host;
	return port === defaultPort ? name : `${name}:${port}`;
}
