/** `vpn-monitor` as plain data: which tunnels are pinged, from where, whom, and how often (B52). */
import type { Address } from "#base/address.ts";
import type { ConnectionFacts, ConnectionGap } from "#ike/compile-connections.ts";
import type { Ipsec } from "#ike/ipsec-schema.ts";
import type { MonitorSettings } from "#ike/monitor-machine.ts";

export interface MonitorPlan extends MonitorSettings {
	readonly vpn: string;
	/** Undefined: the local end of the tunnel. */
	readonly source: Address | undefined;
	/** Undefined: the peer. */
	readonly destination: Address | undefined;
}

/** A source that has no address of the family that is wanted is a gap. */
export function compileMonitors(
	{ vpn: vpns, vpnMonitorOptions }: Ipsec,
	{ addressOf }: Pick<ConnectionFacts, "addressOf">,
): { readonly monitors: readonly MonitorPlan[]; readonly gaps: readonly ConnectionGap[] } {
	const monitors: MonitorPlan[] = [];
	const gaps: ConnectionGap[] = [];
	for (const [vpn, { vpnMonitor, ike }] of vpns) {
		if (vpnMonitor === undefined || ike === undefined) continue;
		const { sourceInterface, destinationIp: destination, optimized } = vpnMonitor;
		const octets = destination?.octets.length ?? 4;
		const source = sourceInterface === undefined ? undefined : addressOf(sourceInterface, octets);
		if (sourceInterface !== undefined && source === undefined) {
			const reason = `its monitor does not run, the tunnel does: ${sourceInterface} has no address of IPv${octets === 4 ? 4 : 6}`;
			gaps.push({ vpn, reason });
			continue;
		}
		const { interval, threshold } = vpnMonitorOptions;
		monitors.push({ vpn, source, destination, interval: interval * 1_000, threshold, isOptimized: optimized });
	}
	return { monitors, gaps };
}
