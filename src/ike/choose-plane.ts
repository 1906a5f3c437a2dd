/** Whether the kernel or this process carries the packets of tunnels, and why. */
import { formatAddress } from "#base/address.ts";
import type { PlaneKind } from "#esp/data-plane.ts";
import type { ConnectionGap } from "#ike/compile-connections.ts";
import type { TunnelPlan } from "#ike/tunnel-plan.ts";
import type { Connection } from "#ike/v2/connection.ts";
import type { VpnPlan } from "#ike/vpn-plan.ts";

/** `security ipsec data-plane`. */
export type PlaneWish = "auto" | PlaneKind;

export interface PlaneChoice {
	readonly kind: PlaneKind;
	/** For an operator. */
	readonly reason: string;
	/** VPNs that are not run, as only the other one could carry them. */
	readonly gaps: readonly ConnectionGap[];
}

/**
 * One carries all tunnels: both would want what comes in UDP. `kernelRefusal`: why the kernel cannot protect packets; undefined
 * when it can.
 */
export function choosePlane(
	{ dataPlane: wish, tunnels, mss }: Pick<VpnPlan, "dataPlane" | "tunnels" | "mss">,
	connections: readonly Connection[],
	kernelRefusal: string | undefined,
): PlaneChoice {
	if (wish === "user-space") return { kind: "user-space", reason: "it is configured", gaps: [] };
	if (kernelRefusal !== undefined) {
		const reason = `the kernel cannot: ${kernelRefusal}`;
		const vpns = wish === "auto" ? [] : tunnels.flatMap((tunnel) => tunnel.vpns);
		return { kind: "user-space", reason, gaps: vpns.map(({ name }) => ({ vpn: name, reason })) };
	}
	const gaps = kernelMisfits(tunnels, connections);
	const [first] = gaps;
	if (wish === "kernel")
		return { kind: "kernel", reason: mss > 0 ? `it is configured, but ${noMss}` : "it is configured", gaps };
	if (mss > 0) return { kind: "user-space", reason: noMss, gaps: [] };
	if (first === undefined) return { kind: "kernel", reason: "the kernel can, and the configuration fits", gaps };
	return { kind: "user-space", reason: `VPN "${first.vpn}": ${first.reason}`, gaps: [] };
}

const noMss = "the kernel leaves the segments of TCP as they are (flow tcp-mss ipsec-vpn)";

/** What the kernel's devices and associations cannot do of a plan. */
function kernelMisfits(tunnels: readonly TunnelPlan[], connections: readonly Connection[]): readonly ConnectionGap[] {
	const gaps: ConnectionGap[] = [];
	const owners = new Map<string, string>();
	const connectionOf = new Map(connections.flatMap((one) => one.children.map(({ name }) => [name, one] as const)));
	for (const { unit, vpns } of tunnels) {
		for (const { name, dfBit } of vpns) {
			const connection = connectionOf.get(name);
			const reason =
				vpns.length > 1
					? `the kernel's device for ${unit} is for one VPN`
					: (dfBitMisfit(dfBit) ?? (connection && sharedEnds(connection, name, owners)));
			if (reason !== undefined) gaps.push({ vpn: name, reason });
		}
	}
	return gaps;
}

function dfBitMisfit(dfBit: string): string | undefined {
	return dfBit === "set" ? "the kernel copies the DF bit or clears it; expected df-bit copy or clear" : undefined;
}

/** What comes in is given to a device by the addresses outside alone. */
function sharedEnds({ local, remote }: Connection, vpn: string, owners: Map<string, string>): string | undefined {
	const [first, ...others] = remote ?? [];
	if (first === undefined || others.length > 0) return undefined;
	const ends = `${formatAddress(local)} ${formatAddress(first)}`;
	const owner = owners.get(ends);
	owners.set(ends, owner ?? vpn);
	return owner && `the kernel cannot tell it from VPN "${owner}", whose peer is ${formatAddress(first)}, too`;
}
