/** The ends of DTLS towards clients and servers, with what a profile permits. */
import { parseAddress } from "#base/address.ts";
import { DtlsClient, type DtlsClientPorts } from "#dtls/client-machine.ts";
import { DtlsServer, type DtlsServerPorts } from "#dtls/server-machine.ts";
import { type Identity, peerKeyOf } from "#dtls/signature.ts";
import type { DtlsResources } from "#proxy/dtls-resources.ts";
import type { ClientHello } from "#tls/client-hello.ts";
import { isUsable, type LegSettings } from "#tls/leg-settings.ts";
import { protocolVersion } from "#tls/record.ts";

/** `client` names the client's address and port, to which cookies are bound. */
export function makeDtlsServer(
	settings: LegSettings,
	client: string,
	asksForCertificate: boolean,
	resources: DtlsResources,
	ports: DtlsServerPorts,
): DtlsServer {
	const { groups, schemes } = settings;
	const { cookies } = resources;
	const random = (octets: number) => resources.random(octets);
	const suites = suitesOfDtls(settings);
	const common = { suites, groups, schemes, asksForCertificate, maxDatagram, random, cookies, client };
	return new DtlsServer({ ...common, peerKey: peerKeyOf }, ports);
}

/**
 * Offers what the settings allow of what the client offered (M10), all of it for a client in clear or a leg of its own offer. The server is
 * named as the client named it (M15); `host` is the name that its certificate is to bear.
 */
export function makeDtlsClient(
	settings: LegSettings,
	host: string,
	hello: ClientHello | undefined,
	identity: Identity | undefined,
	resources: DtlsResources,
	ports: DtlsClientPorts,
): DtlsClient {
	const isMirrored = hello !== undefined && !settings.isOwnOffer;
	const common = (ours: readonly number[], theirs: readonly number[] | undefined) =>
		isMirrored && theirs !== undefined && theirs.length > 0 ? ours.filter((code) => theirs.includes(code)) : ours;
	const named = parseAddress(host) === undefined ? host : undefined;
	return new DtlsClient(
		{
			suites: common(suitesOfDtls(settings), hello?.cipherSuites),
			groups: common(settings.groups, hello?.supportedGroups),
			schemes: common(settings.schemes, hello?.signatureAlgorithms),
			alpn: hello?.alpn ?? [],
			serverName: hello === undefined ? named : hello.sni,
			identity,
			maxDatagram,
			random: (octets) => resources.random(octets),
			peerKey: peerKeyOf,
		},
		ports,
	);
}

/** None where the settings do not permit version 1.2, which is all that the engine speaks. */
export function suitesOfDtls({ suites, versions }: LegSettings): readonly number[] {
	if (!versions.includes(protocolVersion.tls12)) return [];
	return suites.filter((suite) => isUsable(suite, protocolVersion.tls12)).map(({ code }) => code);
}

/** What passes every path of IPv6 without fragments: 1,280 octets, less headers and a tunnel's. */
const maxDatagram = 1_200;
