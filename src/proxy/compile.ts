/** Turns a checked configuration into what the workers decide by: listeners, policy, profiles, limits. */
import { Buffer } from "node:buffer";
import type { Address, Endpoint, Prefix } from "#base/address.ts";
import { HostPatternMap } from "#base/host-name.ts";
import { Remembered } from "#base/remembered.ts";
import { type AttackLogSettings, compileAttackLog } from "#inspect/attack-log.ts";
import {
	compileFeeds,
	compileQuarantine,
	compileReputation,
	compileTraffic,
	type FeedPlan,
} from "#inspect/compile-precedence.ts";
import { asksForZones, compileIdpPolicies, type IdpPlan } from "#inspect/idp-policy.ts";
import { compilePacketLog, type PacketLogSettings } from "#inspect/packet-log-settings.ts";
import { type PatternPlace, type PatternRule, patternPlaces } from "#inspect/pattern-service.ts";
import type { PrecedencePlan } from "#inspect/precedence.ts";
import type { QuarantineSettings } from "#inspect/quarantine-list.ts";
import type { ReputationPolicy } from "#inspect/reputation.ts";
import { compileRuleSources, ruleDirectory } from "#inspect/rule-sources.ts";
import type { InspectConfig } from "#inspect/schema.ts";
import { shippedPatterns } from "#inspect/shipped-patterns.ts";
import type { PkiConfig } from "#pki/schema.ts";
import { selectTrust, type TrustSelection } from "#pki/trust-selection.ts";
import { AddressSet } from "#policy/address-set.ts";
import { type ProxiedProtocol, portsOfTerms } from "#policy/application-ports.ts";
import type { Policy, PolicyRule } from "#policy/evaluate.ts";
import type { DomainLists } from "#policy/exempt-names.ts";
import type { ApplicationServices } from "#policy/inspection-services.ts";
import { orderPolicies } from "#policy/order-policies.ts";
import { addressSetOf, resolveAddresses } from "#policy/resolve-addresses.ts";
import type { PolicyConfig } from "#policy/schema.ts";
import { allBooks } from "#policy/zone-books.ts";
import { compileZoneTable, type ZoneSources, type ZoneTable } from "#policy/zone-table.ts";
import { compileDatagram, type DatagramPlan } from "#proxy/compile-datagram.ts";
import { compileExemptions, noDomainLists } from "#proxy/compile-exemptions.ts";
import { compileClients, compileLegs } from "#proxy/compile-legs.ts";
import { compileListeners, type ListenerPlan } from "#proxy/compile-listeners.ts";
import { compileTransparent, type TransparentPlan } from "#proxy/compile-transparent.ts";
import type { LeafSettings } from "#proxy/leaf-settings.ts";
import type { LearnedBypassSettings } from "#proxy/learned-bypass.ts";
import type { OverloadSettings } from "#proxy/overload.ts";
import type { ProfileRevocation, ProxyProfile } from "#proxy/profile.ts";
import type { ProxyConfig } from "#proxy/schema.ts";
import type { SessionTimeouts } from "#proxy/session-event.ts";
import type { SslProxyProfile } from "#proxy/ssl-proxy-schema.ts";
import { hasInspection } from "#proxy/verify-inspection.ts";
import { type EchConfig, readEchConfiguration } from "#tls/ech.ts";
import type { TlsConfig } from "#tls/schema.ts";

export type GatewayConfig = ProxyConfig & TlsConfig & PolicyConfig & InspectConfig & PkiConfig & ZoneSources;

type Rule = PolicyRule<ProxyProfile>;

/** Everything a worker needs of the configuration, frozen per commit. */
export interface GatewayPlan {
	readonly listeners: readonly ListenerPlan[];
	readonly transparent: readonly TransparentPlan[];
	readonly datagram: readonly DatagramPlan[];
	readonly policy: Policy<ProxyProfile>;
	/** What the policies say of UDP; the same as `policy` without a datagram listener. */
	readonly datagramPolicy: Policy<ProxyProfile>;
	/** The patterns of each pattern policy by its name. */
	readonly patternPolicies: ReadonlyMap<string, readonly PatternRule[]>;
	readonly idp: IdpSettings;
	/** Addresses of host names that are not looked up. */
	readonly staticHosts: ReadonlyMap<string, readonly Address[]>;
	readonly timeouts: SessionTimeouts;
	readonly overload: OverloadLimits;
	/** `sni-trust trust-exempt-sni`: the name that the client asks for decides that a server is exempt. */
	readonly trustsSni: boolean;
	/** Keys of Encrypted ClientHello that are configured. */
	readonly echConfigs: readonly EchConfig[];
	/** Policies with `then log`, by their keys. */
	readonly policyLogs: ReadonlyMap<string, PolicyLog>;
	/** What goes before signatures. */
	readonly precedence: PrecedencePlan;
	/** The same for flows of datagrams. */
	readonly datagramPrecedence: PrecedencePlan;
	readonly feeds: readonly FeedPlan[];
	readonly quarantine: QuarantineSettings;
	/** Hosts are named, or a signature may shut one off. */
	readonly mayQuarantine: boolean;
	readonly maximumDecodedOctets: number;
	/** Names of the signing certificates that profiles use. */
	readonly signingCas: readonly string[];
	/** Names of the certificates, with keys, that stand for servers of one's own. */
	readonly ownCertificates: readonly string[];
	/** Names of those whose OCSP responses are stapled. */
	readonly stapledCertificates: readonly string[];
	/** What is chosen of the certificates that may vouch for servers. */
	readonly trust: TrustSelection;
	readonly leaves: LeafSettings;
	/** Leaves are forgotten when a revocation list is new. */
	readonly forgetsLeavesOnCrlUpdate: boolean;
	/** Undefined when it is disabled. */
	readonly onboarding: OnboardingPlan | undefined;
}

/** Limits of the whole gateway or of each worker, as they are stated. */
export interface OverloadLimits extends Omit<OverloadSettings, "memoryHighOctets"> {
	/** Of each worker; undefined for a share of the host's. */
	readonly memoryHighOctets: number | undefined;
}

/** `then log` of a policy. */
export interface PolicyLog {
	readonly isInitLogged: boolean;
	readonly isCloseLogged: boolean;
}

/** The gateway's own page. */
export interface OnboardingPlan {
	readonly hostName: string;
	readonly contact: string | undefined;
	/** Where clients are told to find the proxy. */
	readonly proxyAddress: Endpoint | undefined;
	/** Names of the signing CAs that stand for trusted servers in a policy, in the order of the policies. */
	readonly trustedCas: readonly string[];
}

/** Intrusion detection: its policies, those that sessions use, and where the rules are. */
export interface IdpSettings {
	readonly policies: ReadonlyMap<string, IdpPlan>;
	readonly used: ReadonlySet<string>;
	readonly files: readonly string[];
	/** Those that are fetched; they are there once they were. */
	readonly fetchedFiles: readonly string[];
	/** Danger: without rules, sessions go on uninspected. */
	readonly failsOpen: boolean;
	/** Octets of a stream, and of a body, that are looked into; all of them when undefined. */
	readonly maxDepth: number | undefined;
	readonly log: AttackLogSettings;
	readonly packetLog: PacketLogSettings;
	/** Undefined when no rule asks for zones. */
	readonly zones?: ZoneTable;
}

/** `lists` are the lists of domains that were imported. */
export function compileGateway(config: GatewayConfig, lists: DomainLists = noDomainLists): GatewayPlan {
	const { gateway } = config.services;
	const profiles = config.services.ssl.proxy.profile;
	const { timeouts } = gateway;
	const listeners = compileListeners(config, (name) => compileProfile(config, name, noServices, lists));
	const signingCas = new Set<string>();
	for (const { rootCa, untrustedRootCa, rootCaRsa, untrustedRootCaRsa } of profiles.values()) {
		for (const id of [rootCa, untrustedRootCa, rootCaRsa, untrustedRootCaRsa]) if (id !== undefined) signingCas.add(id);
	}
	const policy = compilePolicy(config, lists, "tcp");
	const datagram = compileDatagram(config, (name) => compileProfile(config, name, noServices, lists));
	const idp = compileIdp(config, policy);
	return {
		listeners,
		datagram,
		datagramPolicy: datagram.length === 0 ? policy : compilePolicy(config, lists, "udp"),
		transparent: compileTransparent(config),
		policy,
		patternPolicies: patterns.of(config.security.inspection, [], () => compilePatterns(config.security.inspection)),
		staticHosts: new Map(
			[...config.system.staticHostMapping].map(([name, { inet, inet6 }]) => [name, [...inet, ...inet6]]),
		),
		timeouts: {
			requestMs: timeouts.request * 1000,
			helloMs: timeouts.clientHello * 1000,
			connectMs: timeouts.connect * 1000,
			handshakeMs: timeouts.handshake * 1000,
			idleMs: timeouts.idle * 1000,
		},
		overload: {
			maximumSessions: gateway.maximumSessions,
			maximumPerClient: gateway.maximumSessionsPerClient,
			maximumDecrypted: config.services.ssl.proxy.globalConfig.maximumSessions,
			memoryHighOctets: gateway.memoryHighWater === undefined ? undefined : gateway.memoryHighWater * 1_048_576,
			action: config.services.ssl.proxy.globalConfig.overloadAction,
		},
		trustsSni: config.services.ssl.proxy.globalConfig.sniTrust === "trust-exempt-sni",
		echConfigs: compileEchConfigs(config),
		policyLogs: compilePolicyLogs(config),
		...compileStages(config, idp),
		idp,
		maximumDecodedOctets: config.security.inspection.maximumDecodedSize * 1_048_576,
		signingCas: [...signingCas],
		ownCertificates: namesOfOwn([...listeners, ...datagram], policy),
		stapledCertificates: namesOfStapled(listeners, policy),
		trust: selectTrust(config),
		onboarding: compileOnboarding(config, policy),
		leaves: compileLeaves(config),
		forgetsLeavesOnCrlUpdate: config.services.ssl.proxy.globalConfig.invalidateCacheOnCrlUpdate,
	};
}

/** What is no list was refused by the check. */
function compileEchConfigs(config: GatewayConfig): readonly EchConfig[] {
	return config.services.ssl.proxy.globalConfig.echConfiguration.flatMap((text) => readEchConfiguration(text) ?? []);
}

function namesOfOwn(listeners: readonly ListenerPlan[], policy: Policy<ProxyProfile>): readonly string[] {
	const profiles = profilesInUse(listeners, policy);
	const ofClients = profiles.flatMap(({ clientCertificates }) => [...clientCertificates.values()]);
	return [...new Set([...profiles.flatMap(({ serverCertificates }) => serverCertificates), ...ofClients])];
}

function namesOfStapled(listeners: readonly ListenerPlan[], policy: Policy<ProxyProfile>): readonly string[] {
	const profiles = profilesInUse(listeners, policy);
	return [...new Set(profiles.flatMap(({ staples, serverCertificates }) => (staples ? serverCertificates : [])))];
}

function profilesInUse(listeners: readonly ListenerPlan[], { rules }: Policy<ProxyProfile>): readonly ProxyProfile[] {
	const ofListeners = listeners.flatMap(({ way }) => ("profile" in way ? [way.profile] : []));
	return [...ofListeners, ...rules.flatMap(({ profile }) => profile ?? [])];
}

function compileIdp(config: GatewayConfig, { rules }: Policy<ProxyProfile>): IdpSettings {
	const { idp } = config.security;
	const policies = compileIdpPolicies(config);
	const asks = [...policies.values()].some(asksForZones);
	const used = rules.map(({ profile }) => profile?.idpPolicy).filter((name) => name !== undefined);
	return {
		policies,
		used: new Set(used),
		files: idp.rules.file,
		fetchedFiles: compileRuleSources(idp).map(({ file }) => `${ruleDirectory}/${file}`),
		failsOpen: idp.sensorConfiguration.failureAction === "bypass",
		maxDepth: depthOf(idp.sensorConfiguration.flow.maxStreamDepth),
		log: compileAttackLog(idp),
		packetLog: compilePacketLog(idp),
		...(asks ? { zones: compileZoneTable(config) } : {}),
	};
}

/** Of kilobytes. */
function depthOf(kilobytes: number): number | undefined {
	return kilobytes === 0 ? undefined : kilobytes * 1_024;
}

function compileLeaves(config: GatewayConfig): LeafSettings {
	const { globalConfig } = config.services.ssl.proxy;
	const { onboarding } = config.services.gateway;
	return {
		maximumLifetimeMs: globalConfig.maximumCertificateLifetime * dayMs,
		// The explicit proxy serves the lists under the gateway's own name.
		crlHost: onboarding.disable ? undefined : onboarding.hostName,
		keepMs: globalConfig.disableCertCache ? 0 : globalConfig.certificateCacheTimeout * 1000,
		sessionSeconds: globalConfig.sessionCacheTimeout,
	};
}

/** A CA that signs for untrusted servers in any profile is never offered, whatever else it is used for. */
function compileOnboarding(config: GatewayConfig, policy: Policy<ProxyProfile>): OnboardingPlan | undefined {
	const { disable, hostName, contact, proxyAddress } = config.services.gateway.onboarding;
	if (disable) return undefined;
	const profiles = [...config.services.ssl.proxy.profile.values()];
	const untrusted = new Set(profiles.flatMap((profile) => [profile.untrustedRootCa, profile.untrustedRootCaRsa]));
	const used = new Set(policy.rules.flatMap(({ profile }) => [profile?.trustedCa, profile?.trustedRsaCa]));
	const trustedCas = [...used].filter((id) => id !== undefined && !untrusted.has(id)) as string[];
	return { hostName, contact, proxyAddress, trustedCas };
}

function compilePolicy(config: GatewayConfig, lists: DomainLists, over: ProxiedProtocol): Policy<ProxyProfile> {
	const rules: PolicyRule<ProxyProfile>[] = [];
	const profiles = new Map<string, ProxyProfile>();
	const profileOf = (name: string, services: ProfileServices): ProxyProfile => {
		const key = `${name} ${services.patternPolicy ?? ""} ${services.idpPolicy ?? ""}`;
		const made = profiles.get(key) ?? compileProfile(config, name, services, lists);
		profiles.set(key, made);
		return made;
	};
	for (const ordered of orderPolicies(config)) {
		const ports = portsOfTerms(ordered.terms, over);
		if (ports === undefined) continue;
		const services = ordered.statement.then.permit?.applicationServices;
		const profileName = services?.sslProxy.profileName;
		rules.push({
			name: ordered.key,
			fromZones: ordered.fromZones,
			toZones: ordered.toZones,
			sources: addressSetOf(ordered.sources),
			destinations: addressSetOf(ordered.destinations),
			excludesSources: ordered.excludesSources,
			excludesDestinations: ordered.excludesDestinations,
			schedule: ordered.schedule,
			ports,
			action: ordered.action,
			...(profileName === undefined ? {} : { profile: profileOf(profileName, servicesOf(config, services)) }),
			...unopenedOf(config, services),
		});
	}
	const asksForZones = rules.some(({ fromZones, toZones }) => fromZones !== undefined || toZones !== undefined);
	return {
		rules,
		isDefaultPermit: config.security.policies.defaultPolicy.permitAll,
		...(asksForZones ? { zones: compileZoneTable(config) } : {}),
	};
}

/** Everything that goes before signatures. */
function compileStages(
	config: GatewayConfig,
	{ policies, zones }: IdpSettings,
): Pick<GatewayPlan, "precedence" | "datagramPrecedence" | "feeds" | "quarantine" | "mayQuarantine"> {
	const { intelligence } = config.security;
	const byName = compileReputation(intelligence);
	const reputation = new Map<string, ReputationPolicy>();
	for (const { key, statement } of orderPolicies(config)) {
		const name = statement.then.permit?.applicationServices.securityIntelligencePolicy;
		const policy = name === undefined ? undefined : byName.get(name);
		if (policy !== undefined) reputation.set(key, policy);
	}
	const quarantine = { ...compileQuarantine(config), zones };
	const shutsOff = [...policies.values()].some(({ rules }) => rules.some(({ ipAction }) => ipAction !== undefined));
	return {
		precedence: { ...compileTraffic(config), reputation },
		datagramPrecedence: { ...compileTraffic(config, "udp"), reputation },
		feeds: compileFeeds(intelligence),
		quarantine,
		mayQuarantine: quarantine.hosts.length > 0 || shutsOff,
	};
}

function compilePolicyLogs(config: GatewayConfig): ReadonlyMap<string, PolicyLog> {
	const logs = new Map<string, PolicyLog>();
	for (const { key, statement } of orderPolicies(config)) {
		const { sessionInit: isInitLogged, sessionClose: isCloseLogged } = statement.then.log;
		if (isInitLogged || isCloseLogged) logs.set(key, { isInitLogged, isCloseLogged });
	}
	return logs;
}

/** R11, R13: a policy whose profile takes no part. */
function unopenedOf(config: GatewayConfig, services: ApplicationServices | undefined): Pick<Rule, "unopened"> {
	const { proxy } = config.services.ssl;
	const profileName = services?.sslProxy.profileName;
	const profile = proxy.profile.get(profileName ?? "");
	if (services === undefined || profile === undefined) return {};
	const isForServers = profile.serverCertificate.length > 0;
	if ((isForServers ? proxy.serverInspection : proxy.clientInspection) === "disable") {
		const statement = isForServers ? "server-inspection" : "client-inspection";
		return { unopened: { cause: "switched-off", because: `${statement} is disabled` } };
	}
	if (hasInspection(services, profile)) return {};
	const because = `no inspection service is attached, so that ssl-proxy profile ${profileName} is bypassed`;
	return { unopened: { cause: "no-service", because } };
}

/** The inspection services that a security policy adds to a profile. */
type ProfileServices = Pick<ProxyProfile, "patternPolicy" | "idpPolicy">;

type NamedServices = Partial<ProfileServices> & { readonly idp?: boolean };

function servicesOf({ security }: GatewayConfig, services: NamedServices | undefined): ProfileServices {
	const { patternPolicy, idp, idpPolicy } = services ?? {};
	return { patternPolicy, idpPolicy: idp ? security.idp.activePolicy : idpPolicy };
}

function compileProfile(
	config: GatewayConfig,
	name: string,
	services: ProfileServices,
	lists: DomainLists,
): ProxyProfile {
	const { profile: profiles } = config.services.ssl.proxy;
	const profile = profiles.get(name);
	if (profile === undefined) throw new Error(`profile ${name} passed the check and is not there`);
	const { actions } = profile;
	const { log } = actions;
	const whitelist = addressSet(config, profile.whitelist, `whitelist of profile ${name}`);
	return {
		name,
		neverDecryptSources: prefixSet(profile.neverDecryptSource, "never-decrypt-source"),
		alwaysDecryptSources: prefixSet(profile.alwaysDecryptSource, "always-decrypt-source"),
		...compileExemptions(config, profile, whitelist, lists),
		serverCertificates: profile.serverCertificate,
		staples: !actions.disableOcspStapling,
		trustedCa: profile.rootCa,
		untrustedCa: profile.untrustedRootCa,
		trustedRsaCa: profile.rootCaRsa,
		untrustedRsaCa: profile.untrustedRootCaRsa,
		trustStore: profile.trustedCa,
		blocksInvalidCertificates: actions.blockInvalidCertificates,
		blocksExpiredCertificates: actions.blockExpiredCertificates,
		minimumKeyBits: profile.minimumKeyLength,
		ignoresServerAuthFailure: actions.ignoreServerAuthFailure,
		passesNonTls: actions.nonTlsTraffic === "pass",
		encryptedClientHello: actions.encryptedClientHello,
		sniAddressMismatch: actions.sniAddressMismatch,
		starttls: actions.starttls,
		clientCertificateRequest: actions.clientCertificateRequest,
		clientCertificates: clientCertificatesOf(profile),
		fronting: { fronted: actions.domainFronting, coalesced: actions.coalescedRequests },
		stripsAltSvc: actions.stripAltSvc,
		clientAuthentication: compileClients(profile.clientAuthentication),
		sendsReset: actions.sendTcpReset,
		mayResumeSessions: !actions.disableSessionResumption,
		legs: compileLegs(profile),
		validation: profile.certificateValidation,
		revocation: compileRevocation(actions),
		learnedBypass: compileLearnedBypass(profile.learnedBypass),
		repairsChains: config.security.pki.fetchMissingIntermediates === "enable",
		decryptedService: profile.decryptedService,
		downgradesHttp2: profile.downgradeHttp2,
		log: {
			allowed: log.all || log.sessionsAllowed,
			dropped: log.all || log.sessionsDropped,
			exempted: log.all || log.sessionsWhitelisted,
			errors: log.all || log.errors,
			ignored: log.all || log.sessionsIgnored,
			warnings: log.all || log.warning,
		},
		...services,
	};
}

/** Only where they are to be presented. */
function clientCertificatesOf({ actions, clientCertificate }: SslProxyProfile): HostPatternMap<string> {
	const byServer = new HostPatternMap<string>();
	if (actions.clientCertificateRequest !== "present") return byServer;
	for (const [pattern, { certificate }] of clientCertificate.server) byServer.set(pattern, certificate);
	return byServer;
}

/** Undefined when nothing is learned. */
function compileLearnedBypass(statement: SslProxyProfile["learnedBypass"]): LearnedBypassSettings | undefined {
	if (statement === undefined || statement.disable) return undefined;
	const { clients, lifetime, maximum } = statement;
	return { clients, lifetimeMs: lifetime * 1000, maximum };
}

function compileRevocation({ crl, ocsp }: SslProxyProfile["actions"]): ProfileRevocation | undefined {
	if (crl.disable && ocsp.disable) return undefined;
	const settings = {
		timeoutMs: ocsp.timeout * 1000,
		asksOcsp: !ocsp.disable,
		asksCrl: !crl.disable,
		ignoresHold: crl.ignoreHoldInstructionCode,
		dropsUnavailable: ocsp.ifUnavailable === "drop" || crl.ifNotPresent === "drop",
	};
	return { ...settings, key: Object.values(settings).join(" ") };
}

/** The entries of the address books by the names that a policy gives. */
function addressSet(config: GatewayConfig, names: readonly string[], entryName?: string): AddressSet {
	return resolveAddresses(allBooks(config.security), names, entryName);
}

function prefixSet(prefixes: readonly Prefix[], entry: string): AddressSet {
	const set = new AddressSet();
	for (const prefix of prefixes) set.addPrefix(prefix, entry);
	return set;
}

function compilePatterns({ pattern: own, patternPolicy }: Inspection): ReadonlyMap<string, readonly PatternRule[]> {
	const compiled = new Map<string, readonly PatternRule[]>();
	for (const [policyName, { patterns }] of patternPolicy) {
		const rules = patterns.map((name): PatternRule => {
			const pattern = own.get(name);
			const shipped = shippedPatterns.get(name);
			if (pattern === undefined && shipped !== undefined) {
				return { name, octets: shipped, ignoresCase: false, places: patternPlaces, verdict: "block" };
			}
			if (pattern === undefined) throw new Error(`pattern ${name} passed the check and is not there`);
			const octets =
				pattern.text === undefined ? Buffer.from(pattern.hexadecimal ?? "", "hex") : Buffer.from(pattern.text, "utf8");
			const places: readonly PatternPlace[] = pattern.where.length === 0 ? patternPlaces : pattern.where;
			return { name, octets, ignoresCase: pattern.ignoreCase, places, verdict: pattern.then };
		});
		compiled.set(policyName, rules);
	}
	return compiled;
}

const noServices: ProfileServices = { patternPolicy: undefined, idpPolicy: undefined };
const dayMs = 86_400_000;
type Inspection = GatewayConfig["security"]["inspection"];
const patterns = new Remembered<Inspection, ReadonlyMap<string, readonly PatternRule[]>>();
