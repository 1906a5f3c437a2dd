/** What a commit says about interfaces and routes. */
import { type Address, formatAddress, type Prefix, prefixContains } from "#base/address.ts";
import { error, type Finding, warning } from "#config/finding.ts";
import { deviceOf, isTunnelBase, maxDeviceName, splitInterface, unitOf } from "#firewall/interface-device.ts";
import type { Interfaces, Unit } from "#firewall/interfaces-schema.ts";
import type { RoutingInstances, StaticRoutes } from "#firewall/routing-schema.ts";

/** Devices that two names claim, names without a device, tunnels on what is no tunnel, addresses given twice. */
export function verifyInterfaces(interfaces: Interfaces): readonly Finding[] {
	const findings: Finding[] = [];
	const nameOf = new Map<string, string>();
	const addressOwner = new Map<string, string>();
	findings.push(...verifyHostInterfaces(interfaces));
	for (const [base, { unit: units, vlanTagging, device }] of interfaces.interface) {
		const path = ["interfaces", base];
		if (device === undefined && deviceOf(interfaces, base) === undefined)
			findings.push(warning(path, undefined, `no device of Linux has this name; set interfaces ${base} device DEVICE`));
		if (device !== undefined && isTunnelBase(base))
			findings.push(error(path, "device", "tunnel interfaces are made by this system and have no device"));
		for (const [unit, logical] of units) {
			const at = [...path, "unit", unit];
			findings.push(...verifyUnit(at, base, logical, vlanTagging));
			const claimed = deviceOf(interfaces, `${base}.${unit}`);
			const other = claimed === undefined ? undefined : nameOf.get(claimed);
			if (claimed === undefined) findings.push(...verifyLength(at, deviceOf(interfaces, base), logical));
			if (other !== undefined) findings.push(error(at, undefined, `device ${claimed} is ${other} already`));
			else if (claimed !== undefined) nameOf.set(claimed, `${base}.${unit}`);
			for (const { octets } of unitAddresses(logical).map(({ address }) => address)) {
				const shown = formatAddress({ octets });
				const owner = addressOwner.get(shown);
				if (owner === undefined) addressOwner.set(shown, `${base}.${unit}`);
				else if (!isTunnelBase(base)) findings.push(warning(at, "family", `address ${shown} is that of ${owner} too`));
			}
		}
	}
	return findings;
}

/** This system makes tunnel interfaces alone; what is said of others tells it how the host is set up. */
function verifyHostInterfaces(interfaces: Interfaces): readonly Finding[] {
	const names = [...interfaces.interface].flatMap(([base, { unit: units }]) =>
		!isTunnelBase(base) && [...units.values()].some((unit) => unitAddresses(unit).length > 0) ? [base] : [],
	);
	if (names.length === 0) return [];
	const message = `the host itself sets the addresses of ${names.join(", ")}; nothing acts on it in this version`;
	return [warning(["interfaces"], undefined, message)];
}

/** Every address of a logical interface with the length of its prefix. */
export function unitAddresses({ family }: Unit): readonly { readonly address: Address; readonly length: number }[] {
	const entries = [...(family.inet?.address.values() ?? []), ...(family.inet6?.address.values() ?? [])];
	return entries.map(({ name }) => name);
}

/** Interfaces in two instances, next hops of another family, and the routes of each instance. */
export function verifyRouting(
	routingOptions: { readonly static: StaticRoutes },
	{ instance }: RoutingInstances,
	interfaces: Interfaces,
): readonly Finding[] {
	const findings: Finding[] = [...verifyRoutes(["routing-options", "static"], routingOptions.static, interfaces)];
	const instanceOf = new Map<string, string>();
	for (const [instanceName, { interface: members, routingOptions: own, instanceType }] of instance) {
		const path = ["routing-instances", instanceName];
		for (const member of members.keys()) {
			const other = instanceOf.get(member);
			if (other === undefined) instanceOf.set(member, instanceName);
			else findings.push(error(path, "interface", `${member} is in routing instance ${other} already`));
		}
		if (instanceType === "forwarding" && members.size > 0)
			findings.push(error(path, "interface", "an instance of type forwarding has no interfaces"));
		findings.push(...verifyRoutes([...path, "routing-options", "static"], own.static, interfaces));
	}
	return findings;
}

/** The device of a VLAN has a longer name than the one below it. */
function verifyLength(path: readonly string[], device: string | undefined, { vlanId }: Unit): readonly Finding[] {
	if (device === undefined || vlanId === undefined) return [];
	const name = `${device}.${vlanId}`;
	return [
		error(path, "vlan-id", `device ${name} has a name of ${name.length} characters; Linux takes ${maxDeviceName}`),
	];
}

function verifyUnit(path: readonly string[], base: string, unit: Unit, hasTags: boolean): readonly Finding[] {
	const { family, vlanId, multipoint } = unit;
	const findings: Finding[] = [];
	const tunnels = (family.inet?.nextHopTunnel.size ?? 0) + (family.inet6?.nextHopTunnel.size ?? 0);
	if (multipoint && !isTunnelBase(base)) findings.push(error(path, "multipoint", "is of tunnel interfaces (st0) only"));
	if (tunnels > 0 && !multipoint)
		findings.push(error(path, "family", "'next-hop-tunnel' needs 'multipoint' on the unit"));
	if (vlanId !== undefined && !hasTags) findings.push(error(path, "vlan-id", "needs 'vlan-tagging' on the interface"));
	return findings;
}

function verifyRoutes(path: readonly string[], { route }: StaticRoutes, interfaces: Interfaces): readonly Finding[] {
	const findings: Finding[] = [];
	const foreign = [...route.values()].filter(({ nextHop }) => !nextHop.some((hop) => isOverTunnel(hop, interfaces)));
	if (foreign.length > 0) {
		const message = `the host itself sets routes that lead over no tunnel interface (${foreign.length} here); nothing acts on it in this version`;
		findings.push(warning(path, undefined, message));
	}
	for (const [destination, { name: prefix, nextHop }] of route) {
		const at = [...path, "route", destination];
		for (const hop of nextHop) {
			if (typeof hop === "string") findings.push(...verifyInterfaceHop(at, hop, interfaces));
			else if (hop.octets.length !== prefix.address.octets.length)
				findings.push(error(at, "next-hop", `${formatAddress(hop)} is not of the family of ${destination}`));
		}
	}
	return findings;
}

/** A unit of st0, or an address in its network. */
function isOverTunnel(hop: string | Address, interfaces: Interfaces): boolean {
	if (typeof hop === "string") return isTunnelBase(splitInterface(hop).base);
	const units = [...interfaces.interface].flatMap(([base, { unit }]) => (isTunnelBase(base) ? [...unit.values()] : []));
	return units.flatMap(unitAddresses).some((network) => isNeighbour(network, hop));
}

/** True when the address is of the network. */
export function isNeighbour(network: Prefix, address: Address): boolean {
	return network.address.octets.length === address.octets.length && prefixContains(network, address);
}

function verifyInterfaceHop(path: readonly string[], hop: string, interfaces: Interfaces): readonly Finding[] {
	const unit = unitOf(interfaces, hop);
	if (unit?.multipoint === true)
		return [error(path, "next-hop", `${hop} is multipoint; the next hop is the address of a peer on it`)];
	if (unit === undefined && isTunnelBase(splitInterface(hop).base))
		return [warning(path, "next-hop", `${hop} is not configured under 'interfaces'`)];
	return [];
}
