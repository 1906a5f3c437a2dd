/** What the gateways of a bench are told: the same tunnels for this product and for strongSwan. */
import { createSecretKey } from "node:crypto";
import { parseAddress, parsePrefix } from "#base/address.ts";
import { textIdentity } from "#ike/auth/identity.ts";
import { espProposal, ikeProposal } from "#ike/crypto/proposal.ts";
import { packConnection } from "#ike/packed-connection.ts";
import type { Connection } from "#ike/v2/connection.ts";
import { prefixSelector } from "#ike/v2/narrow-selectors.ts";
import type { VpnPlan } from "#ike/vpn-plan.ts";

/** A suite of ESP in the words of both. */
export interface Suite {
	readonly name: string;
	readonly cipher: string;
	readonly integrity: string | undefined;
	readonly swan: string;
}

export const suites = {
	gcm: { name: "AES-128-GCM", cipher: "aes-128-gcm", integrity: undefined, swan: "aes128gcm16" },
	sha1: { name: "AES-128-CBC and SHA-1", cipher: "aes-128-cbc", integrity: "hmac-sha1-96", swan: "aes128-sha1" },
	sha256: {
		name: "AES-256-CBC and SHA-256",
		cipher: "aes-256-cbc",
		integrity: "hmac-sha-256-128",
		swan: "aes256-sha256",
	},
} as const satisfies Record<string, Suite>;

/** One tunnel. */
export interface TunnelOfBench {
	/** Also the name of its VPN. */
	readonly name: string;
	readonly ownId: string;
	readonly peerId: string;
	readonly own: string;
	readonly peer: string;
	/** Prefixes. With the address `%any` the peer is whoever has the secret. */
	readonly ownNetwork: string;
	readonly peerNetwork: string;
	readonly startsImmediately: boolean;
	readonly suite: Suite;
	/** Of IKE: `group14` or `group19`. */
	readonly group?: string;
	/** Milliseconds that keys of ESP are used; default 10 hours. */
	readonly lifetime?: number;
}

/** The tunnels on one unit `st0.0`, over which go `routes`. */
export function planOf(tunnels: readonly TunnelOfBench[], routes: readonly string[]): VpnPlan {
	return {
		connections: tunnels.map((one) => packConnection(connectionOf(one))),
		tunnels: [
			{
				unit: "st0.0",
				addresses: [],
				mtu: 1_400,
				routes: routes.map((prefix) => ({ prefix, gateway: undefined, metric: 5 })),
				vpns: tunnels.map(({ name }) => ({ name, replayWindow: 64, dfBit: "clear" })),
			},
		],
		mss: 0,
		dataPlane: "user-space",
		monitors: [],
		danger_logsKeys: false,
		trace: [],
	} as VpnPlan;
}

export function connectionOf(one: TunnelOfBench): Connection {
	const key = createSecretKey(Buffer.from(secret));
	const own = parseAddress(one.own);
	const peer = parseAddress(one.peer);
	const [local, remote] = [parsePrefix(one.ownNetwork), parsePrefix(one.peerNetwork)];
	if (own === undefined || local === undefined || remote === undefined)
		throw new Error(`no addresses: ${JSON.stringify(one)}`);
	return {
		name: one.name,
		local: own,
		remote: peer === undefined ? undefined : [peer],
		localIdentity: textIdentity(one.ownId),
		remoteIdentity:
			peer === undefined ? { kind: "danger-any" } : { kind: "exactly", identity: textIdentity(one.peerId) },
		localAuthentication: { kind: "shared-key", key },
		remoteAuthentication: { kind: "shared-key", key },
		proposals: [ikeProposal("aes-128-gcm", "sha-256", one.group ?? "group19")],
		lifetime: 36_000_000,
		children: [
			{
				name: one.name,
				localSelectors: [prefixSelector(local)],
				remoteSelectors: [prefixSelector(remote)],
				proposals: [espProposal(one.suite.cipher, one.suite.integrity)],
				lifetime: one.lifetime ?? 36_000_000,
			},
		],
		startsImmediately: one.startsImmediately,
		hasNatTraversal: true,
		natKeepalive: 5_000,
	};
}

/** The same for `swanctl.conf`; `peer` and `peerNetwork` may be `%any` and `0.0.0.0/0`. */
export function swanOf({
	own,
	peer,
	ownId,
	peerId,
	ownNetwork,
	peerNetwork,
	suite,
	group = "group19",
}: TunnelOfBench): string {
	return `connections { t {
  version = 2
  unique = never
  local_addrs = ${own}
  remote_addrs = ${peer}
  proposals = aes128gcm16-prfsha256-${group === "group14" ? "modp2048" : "ecp256"}
  local { auth = psk
    id = ${ownId} }
  remote { auth = psk
    id = ${peerId} }
  children { c { local_ts = ${ownNetwork}
    remote_ts = ${peerNetwork}
    esp_proposals = ${suite.swan} } } } }
secrets { ike-1 { secret = "${secret}" } }
`;
}

const secret = "a secret of both ends";
