/** The PROXY header in which a listener tells its server whom the connection belongs to, and what the client has proved. */
import { formatAddress, parseEndpoint } from "#base/address.ts";
import type { ClientIdentity } from "#proxy/judge-client.ts";
import { encodeProxiedTls } from "#proxy/proxied-tls.ts";
import { encodeProxyHeader } from "#proxy/proxy-protocol.ts";
import { type ProxyTlv, proxyTlvType } from "#proxy/proxy-tlv.ts";
import type { SessionClient } from "#proxy/session-event.ts";
import type { SessionFacts } from "#proxy/session-facts.ts";
import { tellsServerOfTls, type WayIn } from "#proxy/way-in.ts";
import type { LegRecord } from "#telemetry/session-record.ts";

/** What is known of the client's TLS when the header is written; undefined where TLS does not end here. */
export interface HandedOnTls {
	readonly leg: LegRecord;
	readonly sni: string | undefined;
	readonly identity: ClientIdentity | undefined;
}

/** The header for the server. A client and a listener of different families (never by TCP) are told as unknown. */
export function handedOnHeader(version: 1 | 2, client: SessionClient, tls: HandedOnTls | undefined): Uint8Array {
	const source = { host: formatAddress(client.address), port: client.port };
	const destination = client.destination ?? parseEndpoint(client.reachedAt);
	const isOneFamily = destination !== undefined && source.host.includes(":") === destination.host.includes(":");
	return encodeProxyHeader({
		version,
		isLocal: false,
		addresses: isOneFamily ? { kind: "ip", transport: "stream", source, destination } : { kind: "none" },
		tlvs: version === 2 && isOneFamily && tls !== undefined ? tlvsOf(tls) : [],
	});
}

/** The header that a server is sent before all else; undefined where none is, or it is told of the client's TLS later. */
export function headerAtOnce(way: WayIn, client: SessionClient): Uint8Array | undefined {
	if (!("sendsProxy" in way) || way.sendsProxy === undefined || tellsServerOfTls(way)) return undefined;
	return handedOnHeader(way.sendsProxy, client, undefined);
}

/** The header for a server in clear once its client's TLS stands. */
export function headerBehindTls(
	way: WayIn,
	{ client, clientLeg: leg, sni, identity }: Pick<SessionFacts, "client" | "clientLeg" | "sni" | "identity">,
): Uint8Array | undefined {
	if (!("sendsProxy" in way) || way.sendsProxy === undefined || !tellsServerOfTls(way) || leg === undefined)
		return undefined;
	return handedOnHeader(way.sendsProxy, client, { leg, sni, identity });
}

function tlvsOf({ leg, sni, identity }: HandedOnTls): ProxyTlv[] {
	const tlvs: ProxyTlv[] = [];
	if (leg.alpn !== undefined) tlvs.push({ type: proxyTlvType.alpn, value: Buffer.from(leg.alpn, "latin1") });
	if (sni !== undefined) tlvs.push({ type: proxyTlvType.authority, value: Buffer.from(sni, "latin1") });
	const value = encodeProxiedTls({
		isTls: true,
		hasCertificate: identity !== undefined && !leg.isResumed,
		hadCertificate: identity !== undefined,
		isVerified: identity !== undefined,
		version: leg.version,
		commonName: identity?.commonName,
		cipher: leg.cipherSuite,
		signatureAlgorithm: undefined,
		keyAlgorithm: undefined,
		group: leg.group,
		signatureScheme: undefined,
		certificate: identity?.certificate,
	});
	tlvs.push({ type: proxyTlvType.ssl, value });
	return tlvs;
}
