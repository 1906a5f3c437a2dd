/** The tunnel interfaces of a configuration: each unit of st0 as a device of Linux, with its addresses and routes (B59). */
import { formatAddress, formatPrefix } from "#base/address.ts";
import type { DfBit } from "#esp/outer-header.ts";
import { isTunnelBase, splitInterface } from "#firewall/interface-device.ts";
import type { Unit } from "#firewall/interfaces-schema.ts";
import type { StaticRoutes } from "#firewall/routing-schema.ts";
import { isNeighbour, unitAddresses } from "#firewall/verify-network.ts";
import type { TunnelConfig } from "#ike/verify-tunnels.ts";

export interface TunnelRoute {
	/** `192.168.168.0/24`. */
	readonly prefix: string;
	/** Address of the next hop; undefined for the interface itself. */
	readonly gateway: string | undefined;
	readonly metric: number;
}

export interface TunnelPlan {
	/** Name of the unit and of its device: `st0.0`. */
	readonly unit: string;
	/** `10.11.11.10/24`. */
	readonly addresses: readonly string[];
	/** Octets of the largest packet. */
	readonly mtu: number;
	readonly routes: readonly TunnelRoute[];
	/** The VPNs that are bound to it. */
	readonly vpns: readonly PlannedVpn[];
}

export interface PlannedVpn {
	readonly name: string;
	/** Packets. */
	readonly replayWindow: number;
	readonly dfBit: DfBit;
}

/** One plan for each unit of st0 that is not disabled, and for each that a VPN names although it is not configured. */
export function compileTunnels(config: TunnelConfig): readonly TunnelPlan[] {
	const units = new Map<string, Unit | undefined>();
	for (const { bindInterface: name } of config.security.ipsec.vpn.values())
		if (name !== undefined && isTunnelBase(splitInterface(name).base)) units.set(name, undefined);
	for (const [base, { unit, disable }] of config.interfaces.interface) {
		if (!isTunnelBase(base)) continue;
		for (const [number, one] of unit) {
			if (disable || one.disable) units.delete(`${base}.${number}`);
			else units.set(`${base}.${number}`, one);
		}
	}
	const routes = staticRoutes(config);
	return [...units].map(([name, unit]) => ({
		unit: name,
		addresses: unit === undefined ? [] : unitAddresses(unit).map(formatPrefix),
		mtu: mtuOf(config, name, unit),
		routes: routes.flatMap((route) => routeOver(name, unit, route)),
		vpns: [...config.security.ipsec.vpn].flatMap(([vpn, { bindInterface, dfBit, ike }]) =>
			bindInterface === name ? [{ name: vpn, replayWindow: ike?.noAntiReplay === true ? 0 : replayWindow, dfBit }] : [],
		),
	}));
}

type Route = StaticRoutes["route"] extends ReadonlyMap<string, infer R> ? R : never;

function staticRoutes({ routingOptions }: TunnelConfig): readonly Route[] {
	const tables = [routingOptions, ...routingOptions.rib.values()];
	return tables.flatMap(({ static: { route } }) => [...route.values()]);
}

function routeOver(name: string, unit: Unit | undefined, route: Route): readonly TunnelRoute[] {
	const { name: prefix, nextHop, preference, metric } = route;
	const base = { prefix: formatPrefix(prefix), metric: metric ?? preference };
	const networks = unit === undefined ? [] : unitAddresses(unit);
	for (const hop of nextHop) {
		if (hop === name) return [{ ...base, gateway: undefined }];
		if (typeof hop !== "string" && networks.some((network) => isNeighbour(network, hop)))
			return [{ ...base, gateway: formatAddress(hop) }];
	}
	return [];
}

function mtuOf({ interfaces }: TunnelConfig, name: string, unit: Unit | undefined): number {
	const own = [unit?.family.inet?.mtu, unit?.family.inet6?.mtu].filter((mtu) => mtu !== undefined);
	if (own.length > 0) return Math.min(...own);
	return interfaces.interface.get(splitInterface(name).base)?.mtu ?? defaultMtu;
}

/** With the largest headers of ESP in UDP around it a packet still fits into 1,500 octets. */
const defaultMtu = 1_400;
/** B44: 64 packets. */
const replayWindow = 64;
