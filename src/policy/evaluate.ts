/**
 * What becomes of a connection: bypass, decrypt or block, with the rule and the fact that decided.
 *
 * Rules are tried in order, the first that matches decides (Junos semantics); then the profile of a permitting rule says
 * whether the connection is exempt from decryption.
 */
import { type Address, formatAddress } from "#base/address.ts";
import type { AddressHit, AddressSet } from "#policy/address-set.ts";
import { rulesFor } from "#policy/rule-index.ts";
import { isScheduleActive, type Schedule } from "#policy/schedule.ts";
import type { ZoneTable } from "#policy/zone-table.ts";

/** What is known of a connection when the policy is asked. Names are in normal form. */
export interface ConnectionFacts {
	readonly client: Address;
	/** The zone that the client counts as; by its address when absent. */
	readonly fromZone?: string | undefined;
	/** The zone of the server, where something else than its address tells it. */
	readonly toZone?: string | undefined;
	/** Milliseconds since 1970, for the schedulers; without it, policies with a scheduler are left out. */
	readonly now?: number | undefined;
	/** The address that the connection goes to; undefined before the name was resolved. */
	readonly server?: Address | undefined;
	readonly port: number;
	/** The name in the client's request to the proxy; undefined when it gave an address. */
	readonly requestedName?: string | undefined;
	/** The server name of the ClientHello. */
	readonly sni?: string | undefined;
}

/** Destination ports of a rule; an empty list is `any`. */
export type PortRanges = readonly { readonly from: number; readonly to: number; readonly application: string }[];

/** The part of a profile that decides. `T` is whatever the caller hangs on a profile. */
export interface DecryptionExemptions {
	readonly name: string;
	readonly neverDecryptSources: AddressSet;
	readonly alwaysDecryptSources: AddressSet;
	/** Addresses and names of `whitelist`, and the domains and categories of the decryption policy. */
	readonly exemptDestinations: Destinations;
	/** Lists that are configured and not loaded, in words; empty when there is none. */
	readonly missingLists?: string;
}

/** Destinations that can be asked for. */
export type Destinations = Pick<AddressSet, "matchAddress" | "matchHost">;

/**
 * Why a connection that is permitted is relayed untouched.
 *
 * exempt: by client, server, name or category; no-profile: nobody asked to open it; no-service: nobody would look inside;
 * switched-off: client-inspection or server-inspection is disabled; learned: clients refused to be opened; overload: as
 * many are open as may be; client-certificate: the server wants one that the gateway does not have; not-tls: there is
 * nothing to open; bypass-rule: a rule of inspection says so.
 */
export type BypassCause =
	| "exempt"
	| "no-profile"
	| "no-service"
	| "switched-off"
	| "learned"
	| "overload"
	| "client-certificate"
	| "bypass-rule"
	| "not-tls";

/** One security policy, compiled. `profile` is absent when the traffic is permitted without being opened. */
export interface PolicyRule<P extends DecryptionExemptions> {
	readonly name: string;
	readonly sources: AddressSet;
	readonly destinations: AddressSet;
	readonly ports: PortRanges;
	readonly action: "permit" | "deny" | "reject";
	readonly profile?: P;
	/** Why the profile takes no part; undefined when it does. `because` is a clause. */
	readonly unopened?: { readonly cause: BypassCause; readonly because: string };
	/** Undefined for any zone. */
	readonly fromZones?: ReadonlySet<string> | undefined;
	readonly toZones?: ReadonlySet<string> | undefined;
	/** True when it matches what is not among the sources. */
	readonly excludesSources?: boolean | undefined;
	readonly excludesDestinations?: boolean | undefined;
	readonly schedule?: Schedule | undefined;
}

/** All policies of a configuration, compiled. */
export interface Policy<P extends DecryptionExemptions> {
	readonly rules: readonly PolicyRule<P>[];
	readonly isDefaultPermit: boolean;
	/** Undefined when no policy asks for zones. */
	readonly zones?: ZoneTable | undefined;
}

/** What a stage of inspection added to the decision of the policies. */
export interface StageMarks {
	/** The stage that decided, where it was not the policy. */
	readonly stage?: string;
	/** Nothing looks into it. */
	readonly isTrusted?: boolean;
	/** A rate that it shares with others of the rule. */
	readonly rateLimit?: { readonly rule: string; readonly kilobitsPerSecond: number };
	/** An entry of a feed that it matched. */
	readonly reputation?: ReputationMark;
}

export interface ReputationMark {
	readonly rule: string;
	readonly because: string;
	readonly hit: { readonly feed: string; readonly entry: string };
	readonly isBlock: boolean;
	/** To be told by an event. */
	readonly isLogged: boolean;
}

/** The answer. `fact` is a clause that reads behind "because". */
export type Decision<P extends DecryptionExemptions> = StageMarks & PolicyDecision<P>;

type PolicyDecision<P extends DecryptionExemptions> =
	| {
			readonly action: "block" | "bypass";
			readonly rule: string;
			readonly fact: string;
			readonly profile?: P;
			/** Of a bypass. */
			readonly cause?: BypassCause;
			/** True of a block that the client is not told of: `deny` against `reject`. */
			readonly isSilent?: boolean;
			/** The connection is exempt by nothing but this name. */
			readonly exemptName?: string;
	  }
	| { readonly action: "decrypt"; readonly rule: string; readonly fact: string; readonly profile: P };

/**
 * Decides before a ClientHello was seen. Answers only when no server name could change the verdict: a block, or
 * undefined to go on.
 */
export function evaluateConnect<P extends DecryptionExemptions>(
	policy: Policy<P>,
	facts: ConnectionFacts,
): Decision<P> | undefined {
	for (const rule of rulesFor(policy.rules, facts.client, facts.server)) {
		const match = matchRule(policy, rule, facts);
		if (match === "not-yet") return undefined;
		if (match !== undefined) return rule.action === "permit" ? undefined : block(rule, match.because);
	}
	return policy.isDefaultPermit ? undefined : defaultBlock;
}

/** Decides once the ClientHello is known: the verdict of the connection. */
export function evaluateHello<P extends DecryptionExemptions>(policy: Policy<P>, facts: ConnectionFacts): Decision<P> {
	for (const rule of rulesFor(policy.rules, facts.client, facts.server)) {
		const match = matchRule(policy, rule, facts);
		if (match === undefined || match === "not-yet") continue;
		if (rule.action !== "permit") return block(rule, match.because);
		if (rule.profile === undefined || rule.unopened !== undefined) {
			const { cause, because } = rule.unopened ?? withoutProfile;
			return { action: "bypass", rule: rule.name, fact: `${match.because}, and ${because}`, cause };
		}
		return evaluateProfile(rule.name, rule.profile, facts, match.because);
	}
	if (!policy.isDefaultPermit) return defaultBlock;
	return defaultBypass;
}

/**
 * Whether the profile of a rule that matched, because of `match`, opens the connection. The exemption order:
 * always-decrypt source, never-decrypt source, exempt destination.
 */
export function evaluateProfile<P extends DecryptionExemptions>(
	rule: string,
	profile: P,
	facts: ConnectionFacts,
	match: string,
): Decision<P> {
	const always = profile.alwaysDecryptSources.matchAddress(facts.client);
	if (always !== undefined) {
		const fact = `client ${formatAddress(facts.client)} is in always-decrypt-source ${always.value}`;
		return { action: "decrypt", rule, fact, profile };
	}
	const never = profile.neverDecryptSources.matchAddress(facts.client);
	if (never !== undefined) {
		const fact = `client ${formatAddress(facts.client)} is in never-decrypt-source ${never.value}`;
		return { action: "bypass", rule, fact, profile, cause: "exempt" };
	}
	const exempt = matchDestination(profile.exemptDestinations, facts, "every");
	if (exempt !== undefined) {
		const fact = `${exempt.subject} is covered by ${exempt.hit.value} of ${exempt.hit.entry}`;
		const named = exempt.name === undefined ? {} : { exemptName: exempt.name };
		return { action: "bypass", rule, fact, profile, cause: "exempt", ...named };
	}
	const missing = profile.missingLists ?? "";
	return { action: "decrypt", rule, fact: missing === "" ? match : `${match}; ${missing}`, profile };
}

/** The conditions of a rule that is no security policy. */
export type TrafficMatch = Pick<
	PolicyRule<DecryptionExemptions>,
	"sources" | "destinations" | "ports" | "fromZones" | "toZones" | "excludesSources" | "excludesDestinations"
>;

/**
 * Whether a connection fits; `as` says how careful to be with names, as `matchDestination` has it. `not-yet`: an address or a
 * name that is to come can tell. `zones`: where conditions name zones.
 */
export function matchTraffic(
	match: TrafficMatch,
	facts: ConnectionFacts,
	as: "permit" | "deny",
	zones?: ZoneTable,
): Match {
	return matchRule({ ...noZones, zones }, { ...match, name: "", action: as }, facts);
}

/** Why a rule matches; undefined when it does not; `not-yet` when an address or a name that is to come can tell. */
type Match = { readonly because: string } | "not-yet" | undefined;

function matchRule<P extends DecryptionExemptions>(
	{ zones }: Policy<P>,
	rule: PolicyRule<P>,
	facts: ConnectionFacts,
): Match {
	const clauses: string[] = [];
	if (rule.schedule !== undefined) {
		if (facts.now === undefined || !isScheduleActive(rule.schedule, facts.now)) return undefined;
		clauses.push(`scheduler ${rule.schedule.name} holds`);
	}
	if (rule.fromZones !== undefined) {
		const zone = matchZone(rule, rule.fromZones, facts.fromZone ?? zones?.zoneOf(facts.client));
		if (zone === undefined) return undefined;
		clauses.push(`the client's zone is ${zone}`);
	}
	const source = matchSource(rule, facts.client);
	if (source === undefined) return undefined;
	if (source !== "") clauses.push(source);
	if (rule.ports.length > 0) {
		const range = rule.ports.find(({ from, to }) => facts.port >= from && facts.port <= to);
		if (range === undefined) return undefined;
		clauses.push(`port ${facts.port} is application ${range.application}`);
	}
	if (rule.toZones !== undefined) {
		if (facts.server === undefined && facts.toZone === undefined) return "not-yet";
		const known = facts.toZone ?? (facts.server === undefined ? undefined : zones?.zoneOf(facts.server));
		const zone = matchZone(rule, rule.toZones, known);
		if (zone === undefined) return undefined;
		clauses.push(`the server's zone is ${zone}`);
	}
	const destination = matchDestinationOf(rule, facts);
	if (destination === undefined || destination === "not-yet") return destination;
	if (destination !== "") clauses.push(destination);
	return { because: clauses.length === 0 ? "the policy matches any connection" : clauses.join(" and ") };
}

/** To permit, the zone must be known; what is in no known zone is not let past a rule that blocks. */
function matchZone<P extends DecryptionExemptions>(
	{ action }: PolicyRule<P>,
	zones: ReadonlySet<string>,
	zone: string | undefined,
): string | undefined {
	if (zone === undefined) return action === "permit" ? undefined : "not known";
	return zones.has(zone) ? zone : undefined;
}

/** The clause; empty when any client matches. */
function matchSource<P extends DecryptionExemptions>(rule: PolicyRule<P>, client: Address): string | undefined {
	const { sources } = rule;
	if (sources.isAny) return rule.excludesSources === true ? undefined : "";
	const hit = sources.matchAddress(client);
	if (rule.excludesSources === true) {
		return hit === undefined ? `client ${formatAddress(client)} is not among the excluded sources` : undefined;
	}
	return hit === undefined ? undefined : `client ${formatAddress(client)} is in ${hit.entry} (${hit.value})`;
}

/** The clause; empty when any server matches. */
function matchDestinationOf<P extends DecryptionExemptions>(
	{ destinations, action, excludesDestinations }: PolicyRule<P>,
	facts: ConnectionFacts,
): string | "not-yet" | undefined {
	const isOpen =
		(facts.server === undefined && destinations.hasAddresses) ||
		(facts.requestedName === undefined && facts.sni === undefined && destinations.hasHosts);
	if (excludesDestinations === true) {
		if (destinations.isAny) return undefined;
		if (matchDestination(destinations, facts, action === "permit" ? "some" : "every") !== undefined) return undefined;
		if (facts.server === undefined && destinations.hasAddresses) return "not-yet";
		return "the server is not among the excluded destinations";
	}
	if (destinations.isAny) return "";
	const found = matchDestination(destinations, facts, action === "permit" ? "every" : "some");
	if (found !== undefined) return `${found.subject} is in ${found.hit.entry} (${found.hit.value})`;
	return isOpen ? "not-yet" : undefined;
}

/**
 * Matches the destination by address, else by name. A connection can carry two names, the requested one and the SNI: to
 * block, one that matches is enough; to permit or exempt, both must match, so that neither can vouch for the other.
 */
function matchDestination(
	set: Destinations,
	facts: ConnectionFacts,
	names: "some" | "every",
): { readonly subject: string; readonly hit: AddressHit; readonly name?: string } | undefined {
	const byAddress = facts.server === undefined ? undefined : set.matchAddress(facts.server);
	if (byAddress !== undefined && facts.server !== undefined) {
		return { subject: `server ${formatAddress(facts.server)}`, hit: byAddress };
	}
	const { sni, requestedName } = facts;
	const bySni = sni === undefined ? undefined : set.matchHost(sni);
	const byRequest = requestedName === undefined ? undefined : set.matchHost(requestedName);
	if (names === "every" && sni !== undefined && bySni === undefined) return undefined;
	if (names === "every" && requestedName !== undefined && byRequest === undefined) return undefined;
	if (sni !== undefined && bySni !== undefined) return { subject: `server name ${sni}`, hit: bySni, name: sni };
	if (requestedName !== undefined && byRequest !== undefined)
		return { subject: `requested host ${requestedName}`, hit: byRequest, name: requestedName };
	return undefined;
}

function block<P extends DecryptionExemptions>(rule: PolicyRule<P>, fact: string): Decision<P> {
	return { action: "block", rule: rule.name, fact, isSilent: rule.action === "deny" };
}

const noZones = { rules: [], isDefaultPermit: false } as const;
const withoutProfile = { cause: "no-profile", because: "the policy has no ssl-proxy profile" } as const;
const defaultBypass = {
	action: "bypass",
	rule: "default-policy",
	fact: "no policy matches and the default policy permits",
	cause: "no-profile",
} as const;
const defaultBlock = {
	action: "block",
	rule: "default-policy",
	fact: "no policy matches and the default policy denies",
} as const;
