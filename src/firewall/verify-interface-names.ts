/** What a commit says about interfaces that other statements name and for which Linux has no device. */
import { type Finding, warning } from "#config/finding.ts";
import { deviceOf, splitInterface } from "#firewall/interface-device.ts";
import type { Interfaces } from "#firewall/interfaces-schema.ts";
import type { Zones } from "#policy/zones-schema.ts";
import type { ProxyConfig } from "#proxy/schema.ts";

export interface NamingConfig {
	readonly interfaces: Interfaces;
	readonly security: { readonly zones: Zones };
	readonly services: { readonly gateway: ProxyConfig["services"]["gateway"] };
}

/** Where a logical interface is named, outside `interfaces` itself. */
interface Mention {
	readonly name: string;
	readonly path: readonly string[];
	readonly statement: string;
}

/** A warning for each place. Interfaces that are configured but have no device are told at `interfaces` already. */
export function verifyInterfaceNames(config: NamingConfig): readonly Finding[] {
	const { interfaces } = config;
	return mentions(config).flatMap(({ name, path, statement }) => {
		const { base } = splitInterface(name);
		if (interfaces.interface.has(base) || deviceOf(interfaces, name) !== undefined) return [];
		return [warning(path, statement, `${name} stands for no device of Linux; set interfaces ${base} device DEVICE`)];
	});
}

/** Every logical interface that is configured or named, once, as it is listed. */
export function namedInterfaces(config: NamingConfig): readonly string[] {
	const configured = [...config.interfaces.interface].flatMap(([base, { unit }]) =>
		[...unit.keys()].map((number) => `${base}.${number}`),
	);
	return [...new Set([...configured, ...mentions(config).map(({ name }) => name)])];
}

function mentions({ security: { zones }, services: { gateway } }: NamingConfig): readonly Mention[] {
	const found: Mention[] = [];
	const add = (path: readonly string[], names: Iterable<string>): void => {
		for (const name of names) found.push({ name, path, statement: "interfaces" });
	};
	const { management } = zones.functionalZone;
	add(["security", "zones", "functional-zone", "management"], management?.interfaces.interface.keys() ?? []);
	for (const [zone, { interfaces }] of zones.securityZone)
		add(["security", "zones", "security-zone", zone], interfaces.interface.keys());
	for (const [name, { interfaces }] of gateway.transparent)
		add(["services", "gateway", "transparent", name], interfaces);
	return found;
}
