/** What VPNs need of this host besides their statements: addresses, names, certificates, authorities. */
import { createHash, createPublicKey } from "node:crypto";
import { lookup } from "node:dns/promises";
import { networkInterfaces } from "node:os";
import { type Address, parseAddress } from "#base/address.ts";
import type { Secret } from "#base/secret.ts";
import type { TrustDirectory } from "#daemon/trust-directory.ts";
import { deviceOf, unitOf } from "#firewall/interface-device.ts";
import { unitAddresses } from "#firewall/verify-network.ts";
import { peerJudge } from "#ike/auth/judge-peer.ts";
import type { ConnectionFacts } from "#ike/compile-connections.ts";
import type { IkePolicy } from "#ike/ike-schema.ts";
import type { RemoteAuthentication } from "#ike/v2/connection.ts";
import type { TunnelConfig } from "#ike/verify-tunnels.ts";
import { decodeCertificate } from "#pki/certificate.ts";
import type { KeyStore } from "#pki/key-store-shell.ts";
import type { PkiConfig } from "#pki/schema.ts";
import { TrustAnchors } from "#pki/trust-anchors.ts";
import type { ProxyConfig } from "#proxy/schema.ts";

/** The parts of a configuration that lead to VPNs. */
export type VpnConfig = TunnelConfig & PkiConfig & Pick<ProxyConfig, "system">;

export interface VpnSources {
	readonly store: KeyStore;
	readonly trust: Pick<TrustDirectory, "bundle">;
	/** Addresses of the names that gateways have. */
	readonly resolved: ReadonlyMap<string, readonly Address[]>;
}

export function vpnFacts(config: VpnConfig, { store, trust, resolved }: VpnSources): ConnectionFacts {
	return {
		addressOf: (name, octets) => addressOf(config, name, octets),
		resolve: (host) => resolved.get(host) ?? [],
		ownCertificate(id) {
			const entry = store.entry(id);
			const [own] = entry?.certificates ?? [];
			const decoded = own === undefined ? undefined : decodeCertificate(own);
			if (entry?.key === undefined || decoded?.kind !== "done") return undefined;
			const publicKey = createPublicKey(entry.key);
			const local = { kind: "certificate", certificates: entry.certificates, publicKey } as const;
			return { local, subject: decoded.value.subject.raw };
		},
		usersOf: (profileName) => usersOf(config, profileName),
		trustOf: (policyName) => trustOf(config.security.ike.policy.get(policyName), config, trust),
	};
}

/** Addresses of the peers that gateways name; names that cannot be found out in time are left out. */
export async function resolveGateways(config: VpnConfig): Promise<ReadonlyMap<string, readonly Address[]>> {
	const resolved = new Map<string, readonly Address[]>();
	const hosts = new Set([...config.security.ike.gateway.values()].flatMap(({ address }) => address));
	await Promise.all([...hosts].map(async (host) => resolved.set(host, await addressesOf(host, config))));
	return resolved;
}

async function addressesOf(host: string, { system }: VpnConfig): Promise<readonly Address[]> {
	const address = parseAddress(host);
	if (address !== undefined) return [address];
	const fixed = system.staticHostMapping.get(host);
	if (fixed !== undefined) return [...fixed.inet, ...fixed.inet6];
	try {
		const found = await Promise.race([lookup(host, { all: true }), patience()]);
		return found.flatMap(({ address: text }) => parseAddress(text) ?? []);
	} catch {
		return [];
	}
}

/** A resolver that does not answer must not hold a commit up. */
function patience(): Promise<readonly never[]> {
	return new Promise((resolve) => setTimeout(() => resolve([]), lookUpMs).unref());
}

/** What the configuration says of the interface; what Linux says of its device when that says nothing. */
function addressOf({ interfaces }: VpnConfig, name: string, octets: number): Address | undefined {
	const unit = unitOf(interfaces, name);
	const configured = unit === undefined ? [] : unitAddresses(unit).map(({ address }) => address);
	const own = configured.find((address) => address.octets.length === octets);
	if (own !== undefined) return own;
	return (networkInterfaces()[deviceOf(interfaces, name) ?? ""] ?? [])
		.flatMap(({ address }) => parseAddress(address) ?? [])
		.find((address) => address.octets.length === octets && !isLinkLocal(address));
}

/** Those without a password cannot prove who they are. */
function usersOf({ access }: VpnConfig, profileName: string): ReadonlyMap<string, Secret> {
	const users = [...(access.profile.get(profileName)?.client ?? [])];
	return new Map(users.flatMap(([name, { firewallUser: user }]) => (user.password ? [[name, user.password]] : [])));
}

/** Authorities by `trusted-ca`: the profile of that number, counted from 1; all of them when it says nothing. */
function trustOf(
	policy: IkePolicy | undefined,
	{ security }: VpnConfig,
	trust: Pick<TrustDirectory, "bundle">,
): RemoteAuthentication | undefined {
	const chosen = policy?.certificate.trustedCa;
	const names = [...security.pki.caProfile.keys()].filter(
		(_, index) => typeof chosen !== "number" || index + 1 === chosen,
	);
	const certificates = names.flatMap((name) => trust.bundle("profile", name)?.certificates ?? []);
	if (certificates.length === 0) return undefined;
	const keys = certificates.map(({ publicKey }) => createHash("sha1").update(publicKey.raw).digest());
	return {
		kind: "certificate",
		judge: peerJudge(new TrustAnchors(certificates)),
		authorities: Uint8Array.from(Buffer.concat(keys)),
		anchors: certificates.map(({ der }) => der),
		asksRevocation: true,
	};
}

/** Of IPv6: good on one wire only, and not without naming it. */
function isLinkLocal({ octets }: Address): boolean {
	return octets.length === 16 && octets[0] === 0xfe && ((octets[1] as number) & 0xc0) === 0x80;
}

const lookUpMs = 2_000;
