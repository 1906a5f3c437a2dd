/**
 * What a commit says about VPNs in virtual routers: which addresses may occur in more than one.
 *
 * The network of an IKE external interface overlaps with nothing in another router; networks of st0 units overlap only
 * when both are point-to-point; a pair of local and remote gateway address occurs once; an lo0 that carries IKE has a
 * physical interface beside it. Peers without a fixed address are not offered outside the main router.
 */
import { formatAddress, formatPrefix, type Prefix, prefixContains } from "#base/address.ts";
import { error, type Finding } from "#config/finding.ts";
import { isTunnelBase, splitInterface, unitOf } from "#firewall/interface-device.ts";
import { unitAddresses } from "#firewall/verify-network.ts";
import type { TunnelConfig } from "#ike/verify-tunnels.ts";

/** A logical interface with one of its addresses and the router in which it stands. */
interface Member {
	readonly name: string;
	readonly base: string;
	/** Empty for the main router. */
	readonly router: string;
	readonly network: Prefix;
	readonly isMultipoint: boolean;
}

export function verifyVirtualRouters(config: TunnelConfig): readonly Finding[] {
	const { instance } = config.routingInstances;
	if (instance.size === 0) return [];
	const routerOf = new Map<string, string>();
	for (const [router, { interface: members }] of instance)
		for (const name of members.keys()) routerOf.set(name, router);
	const members = membersOf(config, routerOf);
	return [...verifyGateways(config, routerOf, members), ...verifyTunnelNetworks(members)];
}

function verifyGateways(
	{ security }: TunnelConfig,
	routerOf: ReadonlyMap<string, string>,
	members: readonly Member[],
): readonly Finding[] {
	const findings: Finding[] = [];
	const pairs = new Map<string, { readonly gateway: string; readonly router: string }>();
	for (const [gatewayName, { externalInterface: external, address: remotes, dynamic }] of security.ike.gateway) {
		const path = ["security", "ike", "gateway", gatewayName];
		const router = routerOf.get(external) ?? "";
		for (const own of members.filter(({ name }) => name === external)) {
			const other = members.find((one) => one.router !== router && overlap(one.network, own.network));
			if (other !== undefined) {
				const message = `its network ${formatPrefix(own.network)} overlaps with ${other.name} in ${title(other.router)}`;
				findings.push(error(path, "external-interface", message));
			}
			for (const remote of remotes) {
				const local = formatAddress(own.network.address);
				const twin = pairs.get(`${local} ${remote}`);
				if (twin === undefined) pairs.set(`${local} ${remote}`, { gateway: gatewayName, router });
				else if (twin.router !== router) {
					const message = `gateway "${twin.gateway}" in ${title(twin.router)} goes from ${local} to ${remote} already`;
					findings.push(error(path, "address", message));
				}
			}
		}
		if (router === "") continue;
		if (dynamic !== undefined)
			findings.push(error(path, "dynamic", `a peer without a fixed address is not offered in ${title(router)}`));
		const hasPhysical = [...routerOf].some(([name, one]) => one === router && isPhysical(splitInterface(name).base));
		if (splitInterface(external).base === "lo0" && !hasPhysical) {
			const message = `${title(router)} has no physical interface beside ${external} at which IKE could arrive`;
			findings.push(error(path, "external-interface", message));
		}
	}
	return findings;
}

function verifyTunnelNetworks(members: readonly Member[]): readonly Finding[] {
	const findings: Finding[] = [];
	const tunnels = members.filter(({ base }) => isTunnelBase(base));
	for (const [index, one] of tunnels.entries()) {
		const other = tunnels
			.slice(0, index)
			.find((before) => (before.isMultipoint || one.isMultipoint) && overlap(before.network, one.network));
		if (other === undefined) continue;
		const path = ["interfaces", one.base, "unit", splitInterface(one.name).unit];
		const message = `network ${formatPrefix(one.network)} overlaps with ${other.name}, and one of the two is multipoint`;
		findings.push(error(path, "family", message));
	}
	return findings;
}

function membersOf({ interfaces }: TunnelConfig, routerOf: ReadonlyMap<string, string>): readonly Member[] {
	const members: Member[] = [];
	for (const [base, { unit: units }] of interfaces.interface) {
		for (const unit of units.keys()) {
			const name = `${base}.${unit}`;
			const logical = unitOf(interfaces, name);
			if (logical === undefined) continue;
			const router = routerOf.get(name) ?? "";
			for (const network of unitAddresses(logical))
				members.push({ name, base, router, network, isMultipoint: logical.multipoint });
		}
	}
	return members;
}

function overlap(a: Prefix, b: Prefix): boolean {
	return a.length <= b.length ? prefixContains(a, b.address) : prefixContains(b, a.address);
}

function isPhysical(base: string): boolean {
	return base !== "lo0" && !isTunnelBase(base);
}

function title(router: string): string {
	return router === "" ? "the main router" : `routing instance ${router}`;
}
