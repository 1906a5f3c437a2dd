/** How the clients of a listener reach their servers, and which side of a session speaks TLS. */
import { type Address, type Endpoint, formatEndpoint } from "#base/address.ts";
import type { Secret } from "#base/secret.ts";
import type { ExplicitProtocol } from "#proxy/explicit-arrival.ts";
import type { ProxyProfile } from "#proxy/profile.ts";

export type WayIn =
	/** The client names the server in a request to the proxy. */
	| {
			readonly kind: "explicit";
			readonly protocols: ReadonlySet<ExplicitProtocol>;
			/** Hashes of passwords in crypt form, by user; undefined where clients need not say who they are. */
			readonly users?: ReadonlyMap<string, Secret> | undefined;
	  }
	/** The client addressed the server itself; the packet filter handed the connection over (R5, R40). */
	| { readonly kind: "transparent"; readonly preservesSource: boolean }
	/**
	 * `sendsProxy`: the version of the PROXY header that the server is sent.
	 *
	 * One server, and what becomes of its sessions: TLS on both sides, on the client's only, on the server's only.
	 */
	| {
			readonly kind: "reverse" | "offload" | "encrypt";
			readonly server: Endpoint;
			readonly profile: ProxyProfile;
			/** `server-inspection disable`: the server's own TLS goes to the clients. */
			readonly isSwitchedOff?: boolean | undefined;
			readonly sendsProxy?: 1 | 2 | undefined;
	  }
	/** One server, or the one that the client's ClientHello names, at this port; nothing is opened. */
	| {
			readonly kind: "pass-through";
			readonly server: Endpoint | { readonly bySniAt: number };
			readonly sendsProxy?: 1 | 2 | undefined;
	  };

/** The sides of a decrypted session on which there is TLS. */
export type TlsSides = "both" | "client" | "server";

export function tlsSides({ kind }: WayIn): TlsSides {
	if (kind === "offload") return "client";
	return kind === "encrypt" ? "server" : "both";
}

/** The server is only chosen once the ClientHello is there: until then nobody is connected to. */
export function readsHelloFirst(way: WayIn): boolean {
	if (way.kind === "pass-through") return "bySniAt" in way.server;
	// In mail the server speaks before the client does.
	return (way.kind === "reverse" || way.kind === "offload") && way.profile.starttls === "drop";
}

/** A server in clear that does not speak first can hear how its client's TLS came about. */
export function tellsServerOfTls(way: WayIn): boolean {
	return way.kind === "offload" && readsHelloFirst(way);
}

/** For a person: the server of a listener, and where TLS is. */
export function describeServer(way: WayIn): string {
	switch (way.kind) {
		case "explicit":
			return "the one that each client asks for";
		case "transparent":
			return "the one that each client addressed";
		case "pass-through": {
			const isNamed = "bySniAt" in way.server;
			const server = isNamed ? "the one that each ClientHello names" : formatEndpoint(way.server as Endpoint);
			return `${server}, not opened`;
		}
		case "reverse":
			return `${formatEndpoint(way.server)}, TLS on both sides`;
		case "offload":
			return `${formatEndpoint(way.server)}, in clear behind TLS`;
		case "encrypt":
			return `${formatEndpoint(way.server)}, TLS for clients in clear`;
	}
}

/** The server of a listener that has one. */
export function ownServer(way: WayIn): Endpoint | undefined {
	if (way.kind === "explicit" || way.kind === "transparent") return undefined;
	return "bySniAt" in way.server ? undefined : way.server;
}

/** The server that a ClientHello chooses, where it does. */
export function serverBySni(way: WayIn, sni: string | undefined): Endpoint | undefined {
	if (way.kind !== "pass-through" || !("bySniAt" in way.server) || sni === undefined) return undefined;
	return { host: sni, port: way.server.bySniAt };
}

/** The address that the connection to the server comes from; undefined for one of the gateway's. */
export function sourceFor(way: WayIn, client: { readonly address: Address }): Address | undefined {
	return way.kind === "transparent" && way.preservesSource ? client.address : undefined;
}
