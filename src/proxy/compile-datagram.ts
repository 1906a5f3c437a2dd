/** The datagram listeners of a configuration. */
import type { Endpoint } from "#base/address.ts";
import { compileInitiation, compileTermination } from "#proxy/compile-legs.ts";
import { initiating, isLoopbackHost, terminating } from "#proxy/compile-listeners.ts";
import type { FlowSettings } from "#proxy/passed-flow.ts";
import type { ProxyProfile } from "#proxy/profile.ts";
import type { ProxyConfig } from "#proxy/schema.ts";
import type { WayIn } from "#proxy/way-in.ts";
import type { TlsConfig } from "#tls/schema.ts";

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

type Config = ProxyConfig & TlsConfig;
type Statement = Config["services"]["gateway"]["datagram"] extends ReadonlyMap<string, infer S> ? S : never;

/** `profileOf` compiles an SSL proxy profile. */
export function compileDatagram(config: Config, profileOf: (name: string) => ProxyProfile): readonly DatagramPlan[] {
	const plans: DatagramPlan[] = [];
	for (const [name, statement] of config.services.gateway.datagram) {
		const { listen, fromZone, idleTimeout, permitServersWithoutCookie } = statement;
		const way = wayOf(config, statement, profileOf);
		if (way === undefined) throw new Error(`datagram ${name} passed the check without its profile`);
		plans.push({
			name: `datagram ${name}`,
			path: `services gateway datagram ${name}`,
			listen,
			way,
			mayReachLocal: statement.server !== "by-sni" || isLoopbackHost(listen.host),
			fromZone,
			flow: { permitsServersWithoutCookie: permitServersWithoutCookie, idleMs: idleTimeout * 1000 },
		});
	}
	return plans;
}

function wayOf(
	config: Config,
	{ listen, server, profile: name, terminationProfile, initiationProfile, passThrough: isPassed }: Statement,
	profileOf: (name: string) => ProxyProfile,
): WayIn | undefined {
	if (isPassed) return { kind: "pass-through", server: server === "by-sni" ? { bySniAt: listen.port } : server };
	if (server === "by-sni") return undefined;
	if (name !== undefined) return { kind: "reverse", server, profile: profileOf(name) };
	const termination = compileTermination(config, terminationProfile ?? "");
	if (termination !== undefined) return { kind: "offload", server, profile: terminating(termination) };
	const initiation = compileInitiation(config, initiationProfile ?? "");
	return initiation === undefined ? undefined : { kind: "encrypt", server, profile: initiating(initiation) };
}
