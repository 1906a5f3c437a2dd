/** What this configuration asks of the packet filter: one table, and the routing that goes with it. */
import {
	type DivertConfig,
	type DivertListener,
	divertCommands,
	divertListeners,
	type IpFamily,
} from "#firewall/divert-ruleset.ts";
import { deviceOf } from "#firewall/interface-device.ts";
import {
	compileNftRuleset,
	emptyTable,
	type NftFacts,
	type NftGap,
	type NftRuleset,
	type NftSources,
} from "#firewall/nft-ruleset.ts";

export type PacketFilterConfig = DivertConfig & NftSources;

/** What decides besides the configuration. */
export interface PacketFilterFacts extends NftFacts {
	/** The devices that this host has. */
	readonly devices: ReadonlySet<string>;
	/** The families of addresses that it speaks. */
	readonly families: readonly IpFamily[];
	/** On packets of the gateway's own connections. */
	readonly ownMark: number;
}

export interface PacketFilterPlan {
	/** Undefined when nothing is to be in the kernel. */
	readonly ruleset: NftRuleset | undefined;
	readonly listeners: readonly DivertListener[];
	/** Families whose packets need the routing of marked packets. */
	readonly routed: readonly IpFamily[];
	/** The counter of each policy that is in force for forwarded traffic, by the policy's key. */
	readonly counters: ReadonlyMap<string, string>;
	/** Security policies are asked about forwarded traffic. */
	readonly filtersForwarded: boolean;
	/** Why they are not although there are zones. */
	readonly gaps: readonly NftGap[];
}

/**
 * Transparent listeners bring the rules that hand connections over. Zones bring the security policies, once one of their
 * interfaces has a device that is there; they stay out as a whole while something of them cannot be told to the kernel.
 */
export function compilePacketFilter(config: PacketFilterConfig, facts: PacketFilterFacts): PacketFilterPlan {
	const listeners = divertListeners(config);
	const divert = divertCommands(listeners, facts.families, facts.ownMark);
	const routed = listeners.length === 0 ? [] : facts.families;
	const compiled = hasZoneDevice(config, facts.devices) ? compileNftRuleset(config, facts, divert) : undefined;
	const gaps = compiled?.gaps ?? [];
	if (compiled !== undefined && gaps.length === 0) {
		const { ruleset, counters } = compiled;
		return { ruleset, listeners, routed, counters, filtersForwarded: true, gaps };
	}
	const ruleset = listeners.length === 0 ? undefined : { nftables: [...emptyTable, ...divert] };
	return { ruleset, listeners, routed, counters: new Map(), filtersForwarded: false, gaps };
}

function hasZoneDevice({ security, interfaces }: PacketFilterConfig, devices: ReadonlySet<string>): boolean {
	return [...security.zones.securityZone.values()].some(({ interfaces: own }) =>
		[...own.interface.keys()].some((name) => devices.has(deviceOf(interfaces, name) ?? "")),
	);
}
