/** The datagram listeners of a configuration. */
import type { Endpoint } from "#base/address.ts";
import type { FlowSettings } from "#proxy/passed-flow.ts";
import type { ProxyConfig } from "#proxy/schema.ts";
import type { WayIn } from "#proxy/way-in.ts";

export interface DatagramPlan {
	/** How records call it: `datagram NAME`. */
	readonly name: string;
	readonly path: string;
	readonly listen: Endpoint;
	readonly way: WayIn;
	readonly mayReachLocal: boolean;
	readonly fromZone: string | undefined;
	readonly flow: FlowSettings;
}

/** Listeners whose engine is not there yet are left out. */
export function compileDatagram(config: ProxyConfig): readonly DatagramPlan[] {
	const plans: DatagramPlan[] = [];
	for (const [name, statement] of config.services.gateway.datagram) {
		const { listen, server, fromZone, idleTimeout, permitServersWithoutCookie } = statement;
		if (!statement.passThrough) continue;
		const isNamed = server === "by-sni";
		plans.push({
			name: `datagram ${name}`,
			path: `services gateway datagram ${name}`,
			listen,
			way: { kind: "pass-through", server: isNamed ? { bySniAt: listen.port } : server },
			mayReachLocal: !isNamed || isLoopbackHost(listen.host),
			fromZone,
			flow: { permitsServersWithoutCookie: permitServersWithoutCookie, idleMs: idleTimeout * 1000 },
		});
	}
	return plans;
}

function isLoopbackHost(host: string): boolean {
	return host === "::1" || host.startsWith("127.");
}
