/** Which zone an address is in: by the networks of the interfaces and the static routes. */
import type { Address, Prefix } from "#base/address.ts";
import { AddressSet } from "#policy/address-set.ts";
import type { Zones } from "#policy/zones-schema.ts";

/** What of the network's configuration tells zones. */
export interface ZoneSources {
	readonly security: { readonly zones: Pick<Zones, "securityZone"> };
	readonly interfaces: {
		readonly interface: ReadonlyMap<string, { readonly unit: ReadonlyMap<string, { readonly family: Family }> }>;
	};
	readonly routingOptions: {
		readonly static: {
			readonly route: ReadonlyMap<string, { readonly name: Prefix; readonly nextHop: readonly (Address | string)[] }>;
		};
	};
}

interface Family {
	readonly inet?: Addresses | undefined;
	readonly inet6?: Addresses | undefined;
}

interface Addresses {
	readonly address: ReadonlyMap<string, { readonly name: Prefix }>;
}

/** The zone of this gateway itself: its own addresses, and loopback. */
export const hostZone = "junos-host";

/**
 * The zones of addresses, the longest prefix first.
 *
 * Bounds: a look-up asks at most one set for each length of a prefix that is configured.
 */
export class ZoneTable {
	/** The zones that some address is in. */
	readonly zones: ReadonlySet<string>;
	readonly #byLength: readonly (readonly [number, AddressSet])[];

	constructor(entries: readonly { readonly prefix: Prefix; readonly zone: string }[]) {
		const sets = new Map<number, AddressSet>();
		const zones = new Set<string>();
		for (const { prefix, zone } of entries) {
			const set = sets.get(prefix.length) ?? new AddressSet();
			set.addPrefix(prefix, zone);
			sets.set(prefix.length, set);
			zones.add(zone);
		}
		this.zones = zones;
		this.#byLength = [...sets].sort(([one], [other]) => other - one);
	}

	/** Undefined when no interface or route of a zone leads to the address. */
	zoneOf(address: Address): string | undefined {
		for (const [, set] of this.#byLength) {
			const hit = set.matchAddress(address);
			if (hit !== undefined) return hit.entry;
		}
		return undefined;
	}
}

/** The zones by the networks of their interfaces, then the static routes by their next hops. */
export function compileZoneTable(config: ZoneSources): ZoneTable {
	const zoneOf = new Map<string, string>();
	for (const [zone, { interfaces }] of config.security.zones.securityZone) {
		for (const name of interfaces.interface.keys()) zoneOf.set(name, zone);
	}
	const entries: { prefix: Prefix; zone: string }[] = [];
	for (const [base, { unit: units }] of config.interfaces.interface) {
		for (const [unit, { family }] of units) {
			const own = [...(family.inet?.address.values() ?? []), ...(family.inet6?.address.values() ?? [])];
			const zone = zoneOf.get(`${base}.${unit}`);
			for (const { name: prefix } of own) {
				entries.push({ prefix: { address: prefix.address, length: prefix.address.octets.length * 8 }, zone: hostZone });
				if (zone !== undefined) entries.unshift({ prefix, zone });
			}
		}
	}
	entries.push({ prefix: { address: { octets: new Uint8Array([127, 0, 0, 0]) }, length: 8 }, zone: hostZone });
	entries.push({ prefix: { address: { octets: loopback6 }, length: 128 }, zone: hostZone });
	const connected = new ZoneTable(entries);
	for (const { name: prefix, nextHop } of config.routingOptions.static.route.values()) {
		for (const hop of nextHop) {
			const zone = typeof hop === "string" ? zoneOf.get(hop) : connected.zoneOf(hop);
			if (zone !== undefined && zone !== hostZone) entries.unshift({ prefix, zone });
		}
	}
	return new ZoneTable(entries);
}

const loopback6 = new Uint8Array([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
