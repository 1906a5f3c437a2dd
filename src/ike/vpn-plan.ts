/** Everything that `iked` runs of one configuration, as plain data; `compileVpns` makes it of the statements. */
import type { PlaneWish } from "#ike/choose-plane.ts";
import {
	type CompiledConnections,
	type ConnectionFacts,
	type ConnectionGap,
	compileConnections,
} from "#ike/compile-connections.ts";
import { compileMonitors, type MonitorPlan } from "#ike/monitor-plan.ts";
import { type PackedConnection, packConnection } from "#ike/packed-connection.ts";
import { type TraceFilePlan, type TraceTopic, tracedTopics, traceFileOf } from "#ike/trace-plan.ts";
import { compileTunnels, type TunnelPlan } from "#ike/tunnel-plan.ts";
import type { TunnelConfig } from "#ike/verify-tunnels.ts";

export interface VpnPlan {
	readonly connections: readonly PackedConnection[];
	readonly tunnels: readonly TunnelPlan[];
	/** Largest MSS of TCP in tunnels; 0 leaves it as it is (B55). */
	readonly mss: number;
	/** Who carries the packets. */
	readonly dataPlane: PlaneWish;
	/** Tunnels that are pinged. */
	readonly monitors: readonly MonitorPlan[];
	/** Danger: the keys of IKE are told, for Wireshark. */
	readonly danger_logsKeys: boolean;
	/** What is traced. */
	readonly trace: readonly TraceTopic[];
}

/** The plan, and which VPNs are not in it and why. */
export interface CompiledVpns {
	readonly plan: VpnPlan;
	readonly gaps: readonly ConnectionGap[];
	/** By connection: the certificate whose key signs for it. */
	readonly signers: ReadonlyMap<string, string>;
	readonly traceFile: TraceFilePlan;
}

export function compileVpns(config: TunnelConfig, facts: ConnectionFacts): CompiledVpns {
	const { ike, ipsec, flow } = config.security;
	const compiled = compileConnections(ike, ipsec, facts);
	const { monitors, gaps: unmonitored } = compileMonitors(ipsec, facts);
	const plan: VpnPlan = {
		connections: compiled.connections.map(packConnection),
		tunnels: compileTunnels(config),
		mss: flow.tcpMss.ipsecVpn?.mss ?? 0,
		dataPlane: ipsec.dataPlane,
		monitors,
		danger_logsKeys: ike.traceoptions.keyLog,
		trace: tracedTopics(ike, ipsec),
	};
	const gaps = [...compiled.gaps, ...unmonitored];
	return { plan, gaps, signers: signersOf(compiled, config), traceFile: traceFileOf(ike) };
}

/** True when there is nothing to run. */
export function isEmptyPlan({ connections, tunnels }: VpnPlan): boolean {
	return connections.length + tunnels.length === 0;
}

function signersOf({ connections }: CompiledConnections, { security }: TunnelConfig): ReadonlyMap<string, string> {
	const signers = new Map<string, string>();
	for (const { name, localAuthentication } of connections) {
		if (localAuthentication.kind !== "certificate") continue;
		const policy = security.ike.policy.get(security.ike.gateway.get(name)?.ikePolicy ?? "");
		const id = policy?.certificate.localCertificate;
		if (id !== undefined) signers.set(name, id);
	}
	return signers;
}
