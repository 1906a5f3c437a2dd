/** The header by which a proxy in front tells whom a connection belongs to. */
import { formatAddress, parseAddress } from "#base/address.ts";
import { decodeProxyHeader } from "#proxy/proxy-protocol.ts";
import type { SessionClient } from "#proxy/session-event.ts";

export type ProxyHeaderReading =
	| { readonly kind: "need-more" }
	/** `rest` is what came behind it. */
	| { readonly kind: "client"; readonly client: SessionClient; readonly rest: Uint8Array }
	| { readonly kind: "malformed"; readonly message: string };

/** Reads what the proxy has sent so far; `proxy` is the connection as it came. */
export function readProxyHeader(held: Uint8Array, proxy: SessionClient): ProxyHeaderReading {
	const decoded = decodeProxyHeader(held);
	if (decoded.kind === "need-more") return decoded;
	if (decoded.kind === "malformed") {
		const from = formatAddress(proxy.address);
		const message = `proxy ${from} sent no valid PROXY header; ${decoded.reason}; have it send one, or take it out of 'accept-proxy-protocol'`;
		return { kind: "malformed", message };
	}
	const { addresses } = decoded.value;
	const address = addresses.kind === "ip" ? parseAddress(addresses.source.host) : undefined;
	const client =
		addresses.kind === "ip" && address !== undefined ? { ...proxy, address, port: addresses.source.port } : proxy;
	return { kind: "client", client, rest: held.subarray(decoded.octets) };
}
