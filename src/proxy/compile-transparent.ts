/** What the workers need to know of the transparent listeners. */
import type { ZoneSources } from "#policy/zone-table.ts";
import type { ProxyConfig } from "#proxy/schema.ts";
import type { WayIn } from "#proxy/way-in.ts";

/** One transparent listener. What brings connections to it is the packet filter's affair. */
export interface TransparentPlan {
	/** How records and sessions call it: its name with its kind before it. */
	readonly name: string;
	/** The statement that it comes from, for messages. */
	readonly path: string;
	/** How connections are handed over, and so how their destinations are found. */
	readonly mode: "tproxy" | "redirect";
	/** Where it listens. */
	readonly port: number;
	readonly way: WayIn & { readonly kind: "transparent" };
	/** The zone of all its interfaces; undefined when there is not one zone: clients count by their addresses then. */
	readonly fromZone: string | undefined;
}

export type TransparentConfig = {
	readonly services: { readonly gateway: Pick<ProxyConfig["services"]["gateway"], "transparent"> };
} & Pick<ZoneSources, "security">;

export function compileTransparent({ services, security }: TransparentConfig): readonly TransparentPlan[] {
	const zoneOf = new Map<string, string>();
	for (const [zone, { interfaces }] of security.zones.securityZone) {
		for (const name of interfaces.interface.keys()) zoneOf.set(name, zone);
	}
	return [...services.gateway.transparent].map(([name, { listen, mode, interfaces, preserveSourceAddress }]) => {
		const zones = new Set(interfaces.map((one) => zoneOf.get(one)));
		return {
			name: `transparent ${name}`,
			path: `services gateway transparent ${name}`,
			mode,
			port: listen,
			way: { kind: "transparent", preservesSource: preserveSourceAddress },
			fromZone: zones.size === 1 ? [...zones][0] : undefined,
		};
	});
}
