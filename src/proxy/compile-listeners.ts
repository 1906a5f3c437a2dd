/** The listeners of a configuration: where each listens, and what its sessions are. */
import type { Endpoint, Prefix } from "#base/address.ts";
import { HostPatternMap } from "#base/host-name.ts";
import type { Secret } from "#base/secret.ts";
import { AddressSet } from "#policy/address-set.ts";
import { domainSetOf } from "#policy/domain-set.ts";
import {
	compileInitiation,
	compileTermination,
	type InitiationPlan,
	type TerminationPlan,
} from "#proxy/compile-legs.ts";
import type { ExplicitProtocol } from "#proxy/explicit-arrival.ts";
import type { ProxyProfile } from "#proxy/profile.ts";
import type { ProxyConfig } from "#proxy/schema.ts";
import type { WayIn } from "#proxy/way-in.ts";
import type { TlsLegs } from "#tls/leg-settings.ts";
import type { TlsConfig } from "#tls/schema.ts";

/** One listener. */
export interface ListenerPlan {
	/** How records and sessions call it: its name, with its kind before it when it is no explicit proxy. */
	readonly name: string;
	/** The statement that it comes from, for messages. */
	readonly path: string;
	readonly listen: Endpoint;
	readonly way: WayIn;
	readonly mayReachLocal: boolean;
	/** Whose connections begin with a PROXY header; undefined when nobody's do. */
	readonly proxiesInFront?: AddressSet | undefined;
	/** The zone that its clients count as; by their addresses when undefined. */
	readonly fromZone?: string | undefined;
}

type ListenersConfig = ProxyConfig & TlsConfig;
type ExplicitStatement = NonNullable<ReturnType<ProxyConfig["services"]["gateway"]["explicitProxy"]["get"]>>;
interface Statement {
	readonly listen: Endpoint;
	readonly fromZone?: string | undefined;
	readonly acceptProxyProtocol: readonly Prefix[];
}

/** `profileOf` compiles an SSL proxy profile. */
export function compileListeners(
	config: ListenersConfig,
	profileOf: (name: string) => ProxyProfile,
): readonly ListenerPlan[] {
	const { gateway } = config.services;
	const plans: ListenerPlan[] = [];
	const add = (
		kind: string,
		name: string,
		{ listen, fromZone, acceptProxyProtocol }: Statement,
		way: WayIn,
		mayReachLocal: boolean,
	) =>
		plans.push({
			name: kind === "explicit-proxy" ? name : `${kind} ${name}`,
			path: `services gateway ${kind} ${name}`,
			listen,
			way,
			fromZone,
			mayReachLocal,
			proxiesInFront: prefixesOf(acceptProxyProtocol),
		});
	for (const [name, statement] of gateway.explicitProxy) {
		// Clients of a loopback listener are on this host and reach its services anyway.
		const mayReachLocal = statement.permitLocalTargets || isLoopbackHost(statement.listen.host);
		add(
			"explicit-proxy",
			name,
			statement,
			{ kind: "explicit", protocols: new Set<ExplicitProtocol>(statement.protocols), users: usersOf(statement) },
			mayReachLocal,
		);
	}
	const isSwitchedOff = config.services.ssl.proxy.serverInspection === "disable";
	for (const [name, statement] of gateway.reverse) {
		const profile = profileOf(statement.profile);
		add(
			"reverse",
			name,
			statement,
			{ kind: "reverse", server: statement.server, profile, isSwitchedOff, sendsProxy: versionOf(statement) },
			true,
		);
	}
	for (const [name, statement] of gateway.offload) {
		const termination = compileTermination(config, statement.terminationProfile);
		if (termination === undefined) throw new Error(`offload ${name} passed the check without its profile`);
		const profile = { ...terminating(termination), starttls: statement.starttls };
		add(
			"offload",
			name,
			statement,
			{ kind: "offload", server: statement.server, profile, sendsProxy: versionOf(statement) },
			true,
		);
	}
	for (const [name, statement] of gateway.encrypt) {
		const initiation = compileInitiation(config, statement.initiationProfile);
		if (initiation === undefined) throw new Error(`encrypt ${name} passed the check without its profile`);
		const starttls = statement.starttls ? ("require" as const) : ("drop" as const);
		const profile = { ...initiating(initiation), starttls };
		add(
			"encrypt",
			name,
			statement,
			{ kind: "encrypt", server: statement.server, profile, sendsProxy: versionOf(statement) },
			true,
		);
	}
	for (const [name, statement] of gateway.passThrough) {
		const { server, listen } = statement;
		const way: WayIn = {
			kind: "pass-through",
			server: server === "by-sni" ? { bySniAt: listen.port } : server,
			sendsProxy: versionOf(statement),
		};
		const mayReachLocal = server !== "by-sni" || isLoopbackHost(listen.host);
		add("pass-through", name, statement, way, mayReachLocal);
	}
	return plans;
}

function usersOf({ authentication: { user: users } }: ExplicitStatement): ReadonlyMap<string, Secret> | undefined {
	if (users.size === 0) return undefined;
	return new Map([...users].map(([name, { encryptedPassword }]) => [name, encryptedPassword]));
}

function versionOf({ sendProxyProtocol }: { readonly sendProxyProtocol?: "v1" | "v2" | undefined }): 1 | 2 | undefined {
	if (sendProxyProtocol === undefined) return undefined;
	return sendProxyProtocol === "v1" ? 1 : 2;
}

function prefixesOf(prefixes: readonly Prefix[]): AddressSet | undefined {
	if (prefixes.length === 0) return undefined;
	const set = new AddressSet();
	for (const prefix of prefixes) set.addPrefix(prefix, "accept-proxy-protocol");
	return set;
}

export function isLoopbackHost(host: string): boolean {
	return host === "::1" || host.startsWith("127.");
}

/** TLS is taken from clients: nothing is asked of a server. */
export function terminating(plan: TerminationPlan): ProxyProfile {
	const { name, leg, serverCertificates, staples, mayResumeSessions, clientAuthentication } = plan;
	const plain = plainProfile(name, { client: leg, server: leg });
	return { ...plain, serverCertificates, staples, mayResumeSessions, clientAuthentication };
}

/** TLS is made to a server, whose certificate must be good. */
export function initiating(plan: InitiationPlan): ProxyProfile {
	const { name, leg, trustStore, ignoresServerAuthFailure, mayResumeSessions, clientCertificate } = plan;
	return {
		...plainProfile(name, { client: leg, server: leg }),
		trustStore,
		ignoresServerAuthFailure,
		mayResumeSessions,
		clientCertificates: clientCertificate === undefined ? new HostPatternMap() : certificateForAll(clientCertificate),
	};
}

/** One certificate for whatever server it is. */
function certificateForAll(id: string): ProxyProfile["clientCertificates"] {
	return { match: () => ({ pattern: "*", value: id }), values: () => [id] };
}

function plainProfile(name: string, legs: TlsLegs): ProxyProfile {
	return {
		name,
		neverDecryptSources: new AddressSet(),
		alwaysDecryptSources: new AddressSet(),
		exemptDestinations: new AddressSet(),
		overrides: domainSetOf("category-overrides", []),
		learnedBypass: undefined,
		serverCertificates: [],
		staples: false,
		trustedCa: undefined,
		untrustedCa: undefined,
		trustedRsaCa: undefined,
		untrustedRsaCa: undefined,
		trustStore: ["all"],
		blocksInvalidCertificates: true,
		blocksExpiredCertificates: true,
		minimumKeyBits: undefined,
		ignoresServerAuthFailure: false,
		passesNonTls: false,
		encryptedClientHello: "log",
		sniAddressMismatch: "ignore",
		starttls: "drop",
		clientCertificateRequest: "bypass",
		clientCertificates: new HostPatternMap(),
		fronting: { fronted: "allow", coalesced: "allow" },
		stripsAltSvc: false,
		sendsReset: undefined,
		mayResumeSessions: false,
		legs,
		validation: "web-pki",
		revocation: undefined,
		repairsChains: false,
		decryptedService: undefined,
		downgradesHttp2: false,
		log: { allowed: true, dropped: true, exempted: true, errors: true, ignored: true, warnings: true },
		patternPolicy: undefined,
		idpPolicy: undefined,
	};
}
