/**
 * The connections of the engine from the statements of `security ike` and `security ipsec`: one for each gateway of IKEv2, with a
 * child for each VPN that names it (B10, B16, B19, B24, B28, B33).
 */
import { createSecretKey, type KeyObject } from "node:crypto";
import { type Address, formatAddress, type Prefix } from "#base/address.ts";
import type { Secret } from "#base/secret.ts";
import { addressIdentity, type Identity, type IdentityExpectation, textIdentity } from "#ike/auth/identity.ts";
import { parseNamePart } from "#ike/auth/name-pattern.ts";
import { type EspProposal, espProposal, type IkeProposal, ikeProposal } from "#ike/crypto/proposal.ts";
import { proposalSets, withForwardSecrecy, withFurtherExchanges } from "#ike/crypto/proposal-sets.ts";
import { passwordHash } from "#ike/eap/ms-chap-v2.ts";
import { type Ike, type IkeGateway, type IkePolicy, isCertificateSet } from "#ike/ike-schema.ts";
import type { Ipsec, Vpn } from "#ike/ipsec-schema.ts";
import type { ChildConfig, Connection, LocalAuthentication, RemoteAuthentication } from "#ike/v2/connection.ts";
import { prefixSelector } from "#ike/v2/narrow-selectors.ts";

/** What the statements lead to besides themselves. */
export interface ConnectionFacts {
	/** Address of the interface by which packets to the peer leave; `octets`: of its family. */
	readonly addressOf: (interfaceName: string, octets: number) => Address | undefined;
	/** Addresses of a host name or address text. */
	readonly resolve: (host: string) => readonly Address[];
	/** How this end signs with a certificate of its own, and its subject in DER; undefined when there is none of that name. */
	readonly ownCertificate: (
		name: string,
	) => { readonly local: LocalAuthentication; readonly subject: Uint8Array } | undefined;
	/** Whom a policy trusts to sign certificates of peers. */
	readonly trustOf: (policyName: string) => RemoteAuthentication | undefined;
	/** Passwords of the users of an access profile. */
	readonly usersOf: (profileName: string) => ReadonlyMap<string, Secret>;
}

/** Something that the engine cannot do as it is written. */
export interface ConnectionGap {
	readonly vpn: string;
	readonly reason: string;
}

export interface CompiledConnections {
	readonly connections: readonly Connection[];
	readonly gaps: readonly ConnectionGap[];
}

/** What can be run, and for which VPNs there is no connection and why. */
export function compileConnections(ike: Ike, ipsec: Ipsec, facts: ConnectionFacts): CompiledConnections {
	const gaps: ConnectionGap[] = [];
	const vpnsOf = new Map<string, [string, Vpn][]>();
	for (const [name, vpn] of ipsec.vpn) {
		if (vpn.ike === undefined) {
			gaps.push({ vpn: name, reason: "its keys are entered by hand" });
			continue;
		}
		const { gateway } = vpn.ike;
		vpnsOf.set(gateway, [...(vpnsOf.get(gateway) ?? []), [name, vpn]]);
	}
	const connections: Connection[] = [];
	for (const [gatewayName, vpns] of vpnsOf) {
		const compiled = compileGateway(gatewayName, vpns, { ike, ipsec, facts });
		if (typeof compiled === "string") gaps.push(...vpns.map(([vpn]) => ({ vpn, reason: compiled })));
		else {
			gaps.push(...compiled.gaps);
			if (compiled.connection.children.length > 0) connections.push(compiled.connection);
		}
	}
	return { connections, gaps };
}

interface Sources {
	readonly ike: Ike;
	readonly ipsec: Ipsec;
	readonly facts: ConnectionFacts;
}

/** The connection, or why there is none. */
function compileGateway(
	name: string,
	vpns: readonly (readonly [string, Vpn])[],
	{ ike, ipsec, facts }: Sources,
): { readonly connection: Connection; readonly gaps: readonly ConnectionGap[] } | string {
	const gateway = ike.gateway.get(name);
	const policy = gateway && ike.policy.get(gateway.ikePolicy);
	if (gateway === undefined || policy === undefined) return `gateway "${name}" is not configured`;
	if (gateway.version !== "v2-only") return `gateway "${name}" is of IKEv1, which has no engine yet`;
	const isDynamic = gateway.dynamic !== undefined;
	const resolved = gateway.address.flatMap((host) => facts.resolve(host));
	const octets = resolved[0]?.octets.length ?? 4;
	const local = facts.addressOf(gateway.externalInterface, octets);
	if (local === undefined) return `interface ${gateway.externalInterface} has no address`;
	// A datagram goes between addresses of one family.
	const remote = resolved.filter((address) => address.octets.length === octets);
	if (!isDynamic && remote.length === 0) return `gateway "${name}" has no address that is known`;
	const authentication = authenticationOf(name, gateway, policy, ike, facts);
	if (typeof authentication === "string") return authentication;
	const localIdentity = localIdentityOf(gateway, local, policy, facts);
	const remoteIdentity = remoteIdentityOf(gateway, remote[0]);
	if (localIdentity === undefined)
		return `gateway "${name}": there is no certificate whose subject could be the identity`;
	if (remoteIdentity === undefined) return `gateway "${name}": who the peer must be is not known`;
	const compiled = vpns.map(([vpnName, vpn]) => compileChild(vpnName, vpn, ipsec, local));
	const children = compiled.flatMap((one) => ("reason" in one ? [] : [one]));
	const gaps = compiled.flatMap((one) => ("reason" in one ? [one] : []));
	const connection: Connection = {
		name,
		local,
		remote: isDynamic ? undefined : remote,
		localIdentity,
		remoteIdentity,
		...authentication,
		proposals: ikeProposalsOf(policy, ike),
		lifetime: lifetimeOf(policy, ike),
		children,
		startsImmediately: vpns.some(([, vpn]) => vpn.establishTunnels === "immediately"),
		...livenessOf(gateway),
		...(gateway.dynamic?.connectionsLimit !== undefined && { maxAssociations: gateway.dynamic.connectionsLimit }),
		hasNatTraversal: !gateway.noNatTraversal,
		...(gateway.mobike && { isMobile: true }),
		natKeepalive: gateway.natKeepalive * 1_000,
	};
	return { connection, gaps };
}

function authenticationOf(
	name: string,
	gateway: IkeGateway,
	policy: IkePolicy,
	ike: Ike,
	facts: ConnectionFacts,
): Pick<Connection, "localAuthentication" | "remoteAuthentication"> | string {
	const methods = policy.proposals.flatMap((one) => ike.proposal.get(one)?.authenticationMethod ?? []);
	const kinds = new Set(methods.map((method) => method === "pre-shared-keys"));
	if (kinds.size > 1) return `policy "${gateway.ikePolicy}" mixes pre-shared keys and signatures`;
	if (methods.includes("dsa-signatures"))
		return `policy "${gateway.ikePolicy}" signs with DSA, which IKEv2 has no engine for`;
	if (!kinds.has(false) && !isCertificateSet(policy.proposalSet)) {
		if (gateway.aaa !== undefined)
			return `gateway "${name}" lets users in by EAP, but its policy authenticates by a pre-shared key; use certificates`;
		const key = sharedKeyOf(policy);
		if (key === undefined) return `policy "${gateway.ikePolicy}" has no pre-shared key`;
		const authentication = { kind: "shared-key", key } as const;
		return { localAuthentication: authentication, remoteAuthentication: authentication };
	}
	const { client } = gateway.aaa ?? {};
	const trust = facts.trustOf(gateway.ikePolicy);
	if (client !== undefined) {
		if (trust === undefined) return `policy "${gateway.ikePolicy}" trusts no authority`;
		const hash = passwordHash(client.password.danger_reveal());
		return { localAuthentication: { kind: "eap", name: client.username, hash }, remoteAuthentication: trust };
	}
	const own = facts.ownCertificate(policy.certificate.localCertificate ?? "");
	if (own === undefined) return `policy "${gateway.ikePolicy}": its local certificate is not there`;
	if (gateway.aaa !== undefined) {
		const remoteAuthentication = usersOf(gateway.aaa, trust, facts);
		if (remoteAuthentication === undefined) return `policy "${gateway.ikePolicy}" trusts no authority`;
		return { localAuthentication: own.local, remoteAuthentication };
	}
	if (trust === undefined) return `policy "${gateway.ikePolicy}" trusts no authority`;
	return { localAuthentication: own.local, remoteAuthentication: trust };
}

/** Users by their passwords, by certificates, or both; undefined when nobody vouches for certificates. */
function usersOf(
	{ accessProfile, eapTls }: NonNullable<IkeGateway["aaa"]>,
	trust: RemoteAuthentication | undefined,
	facts: ConnectionFacts,
): RemoteAuthentication | undefined {
	const users = accessProfile === undefined ? [] : [...facts.usersOf(accessProfile)];
	const passwords = new Map(users.map(([user, secret]) => [user, passwordHash(secret.danger_reveal())]));
	if (!eapTls) return { kind: "eap", passwords };
	return trust?.kind === "certificate" ? { kind: "eap", passwords, certificates: trust } : undefined;
}

function sharedKeyOf({ preSharedKey: { asciiText, hexadecimal } }: IkePolicy): KeyObject | undefined {
	if (asciiText !== undefined) return createSecretKey(Buffer.from(asciiText.danger_reveal(), "utf8"));
	if (hexadecimal === undefined) return undefined;
	return createSecretKey(Buffer.from(hexadecimal.danger_reveal().replace(/^0x/i, ""), "hex"));
}

function ikeProposalsOf(policy: IkePolicy, ike: Ike): readonly IkeProposal[] {
	if (policy.proposalSet !== undefined) return proposalSets[policy.proposalSet]?.ike ?? [];
	return policy.proposals.flatMap((name) => {
		const one = ike.proposal.get(name);
		if (one === undefined) return [];
		const first = ikeProposal(one.encryptionAlgorithm, one.authenticationAlgorithm, one.dhGroup);
		return withFurtherExchanges(first, one.additionalKeyExchange);
	});
}

/** The shortest of the proposals', as the keys may not live longer than any of them says. */
function lifetimeOf(policy: IkePolicy, ike: Ike): number {
	const seconds = policy.proposals.flatMap((name) => ike.proposal.get(name)?.lifetimeSeconds ?? []);
	return Math.min(...(seconds.length === 0 ? [setIkeLifetimeSeconds] : seconds)) * 1_000;
}

/** The own address when nothing is said (B24). Undefined: the subject of a certificate that is not there. */
function localIdentityOf(
	{ localIdentity }: IkeGateway,
	local: Address,
	policy: IkePolicy,
	facts: ConnectionFacts,
): Identity | undefined {
	if (localIdentity.distinguishedName) {
		const subject = facts.ownCertificate(policy.certificate.localCertificate ?? "")?.subject;
		return subject && { idType: distinguishedNameType, data: subject };
	}
	return namedIdentity(localIdentity) ?? addressIdentity(local.octets);
}

/** The peer's address when nothing is said (B24). Undefined: nothing is known of it. */
function remoteIdentityOf(
	{ generalIkeid, remoteIdentity, dynamic }: IkeGateway,
	address: Address | undefined,
): IdentityExpectation | undefined {
	if (generalIkeid) return { kind: "danger-any" };
	const subject = remoteIdentity.distinguishedName ?? dynamic?.distinguishedName;
	if (subject !== undefined) {
		const pattern = { container: attributesOf(subject.container), wildcard: attributesOf(subject.wildcard) };
		return { kind: "subject", pattern };
	}
	const named = namedIdentity(remoteIdentity) ?? (dynamic && namedIdentity(dynamic));
	const identity = named ?? (address && addressIdentity(address.octets));
	return identity && { kind: "exactly", identity };
}

/** A commit has refused what is no name. */
function attributesOf(text: string | undefined): readonly string[] {
	const parsed = text === undefined ? [] : parseNamePart(text);
	return "problem" in parsed ? [text ?? ""] : parsed;
}

function namedIdentity(named: {
	readonly hostname?: string | undefined;
	readonly inet?: Address | undefined;
	readonly inet6?: Address | undefined;
	readonly userAtHostname?: string | undefined;
}): Identity | undefined {
	const address = named.inet ?? named.inet6;
	const text = named.hostname ?? named.userAtHostname ?? (address && formatAddress(address));
	return text === undefined ? undefined : textIdentity(text);
}

function livenessOf({ deadPeerDetection }: IkeGateway): Pick<Connection, "liveness"> {
	if (deadPeerDetection === undefined) return {};
	const seconds = deadPeerDetection.interval || defaultLivenessSeconds;
	const mode = deadPeerDetection.alwaysSend ? "always" : deadPeerDetection.probeIdleTunnel ? "probe-idle" : "optimized";
	return { liveness: { interval: seconds * 1_000, mode, threshold: livenessThreshold } };
}

function compileChild(name: string, vpn: Vpn, ipsec: Ipsec, local: Address): ChildConfig | ConnectionGap {
	const policy = ipsec.policy.get(vpn.ike?.ipsecPolicy ?? "");
	if (vpn.ike === undefined || policy === undefined) return { vpn: name, reason: "its policy is not configured" };
	const { proxyIdentity } = vpn.ike;
	if (proxyIdentity.service !== undefined && proxyIdentity.service !== "any")
		return { vpn: name, reason: `its proxy identity is for ${proxyIdentity.service}; expected any` };
	if (vpn.bindInterface === undefined)
		return { vpn: name, reason: "IKEv2 is for VPNs that are bound to a tunnel interface" };
	const named = policy.proposals.flatMap((one) => ipsec.proposal.get(one) ?? []);
	if (named.some(({ protocol }) => protocol !== "esp"))
		return { vpn: name, reason: "a proposal is for AH; expected esp" };
	const proposals: EspProposal[] = [];
	for (const { encryptionAlgorithm, authenticationAlgorithm, extendedSequenceNumber } of named) {
		const isAlone = encryptionAlgorithm?.endsWith("-gcm") === true;
		if (encryptionAlgorithm === undefined || (authenticationAlgorithm === undefined && !isAlone))
			return { vpn: name, reason: "a proposal does not both encrypt and authenticate" };
		proposals.push(espProposal(encryptionAlgorithm, authenticationAlgorithm, undefined, extendedSequenceNumber));
	}
	const ofSet = proposalSets[policy.proposalSet ?? ""]?.esp ?? proposals;
	const { perfectForwardSecrecy: secrecy } = policy;
	const everything = { address: { octets: new Uint8Array(local.octets.length) }, length: 0 };
	const selectorOf = (prefix: Prefix | undefined) => [prefixSelector(prefix ?? everything)];
	const seconds = named.map(({ lifetimeSeconds }) => lifetimeSeconds);
	const kilobytes = named.flatMap(({ lifetimeKilobytes }) => lifetimeKilobytes ?? []);
	const { idleTime } = vpn.ike;
	return {
		name,
		localSelectors: selectorOf(proxyIdentity.local),
		remoteSelectors: selectorOf(proxyIdentity.remote),
		proposals:
			secrecy === undefined
				? ofSet
				: withForwardSecrecy(ofSet, secrecy.keys).flatMap((one) =>
						withFurtherExchanges(one, secrecy.additionalKeyExchange),
					),
		lifetime: Math.min(...(seconds.length === 0 ? [setEspLifetimeSeconds] : seconds)) * 1_000,
		...(kilobytes.length > 0 && { maxOctets: Math.min(...kilobytes) * 1_024 }),
		...(idleTime !== undefined && { idleTime: idleTime * 1_000 }),
	};
}

const distinguishedNameType = 9;
const defaultLivenessSeconds = 10;
/** B14: the same whatever is configured. */
const livenessThreshold = 5;
/** Lifetimes of the predefined sets. */
const setIkeLifetimeSeconds = 28_800;
const setEspLifetimeSeconds = 3_600;
