/**
 * What becomes of a connection: bypass, decrypt or block, with the rule and the fact that decided.
 *
 * Rules are tried in order, the first that matches decides (Junos semantics); then the profile of a permitting rule says
 * whether the connection is exempt from decryption.
 */
import { type Address, formatAddress } from "#base/address.ts";
import type { AddressHit, AddressSet } from "#policy/address-set.ts";

/** What is known of a connection when the policy is asked. Names are in normal form. */
export interface ConnectionFacts {
	readonly client: Address;
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
	/** Addresses and names of `whitelist`, and the domains of the decryption policy. */
	readonly exemptDestinations: AddressSet;
}

/** One security policy, compiled. `profile` is absent when the traffic is permitted without being opened. */
export interface PolicyRule<P extends DecryptionExemptions> {
	readonly name: string;
	readonly sources: AddressSet;
	readonly destinations: AddressSet;
	readonly ports: PortRanges;
	readonly action: "permit" | "deny";
	readonly profile?: P;
}

/** All policies of a configuration, compiled. */
export interface Policy<P extends DecryptionExemptions> {
	readonly rules: readonly PolicyRule<P>[];
	readonly isDefaultPermit: boolean;
}

/** The answer. `fact` is a clause that reads behind "because". */
export type Decision<P extends DecryptionExemptions> =
	| { readonly action: "block" | "bypass"; readonly rule: string; readonly fact: string; readonly profile?: P }
	| { readonly action: "decrypt"; readonly rule: string; readonly fact: string; readonly profile: P };

/**
 * Decides before a ClientHello was seen. Answers only when no server name could change the verdict: a block, or
 * undefined to go on.
 */
export function evaluateConnect<P extends DecryptionExemptions>(
	policy: Policy<P>,
	facts: ConnectionFacts,
): Decision<P> | undefined {
	const isNameKnown = facts.requestedName !== undefined;
	for (const rule of policy.rules) {
		const match = matchRule(rule, facts);
		if (match !== undefined) return rule.action === "deny" ? block(rule, match) : undefined;
		if (rule.destinations.hasHosts && !isNameKnown) return undefined;
	}
	return policy.isDefaultPermit ? undefined : defaultBlock;
}

/** Decides once the ClientHello is known: the verdict of the connection. */
export function evaluateHello<P extends DecryptionExemptions>(policy: Policy<P>, facts: ConnectionFacts): Decision<P> {
	for (const rule of policy.rules) {
		const match = matchRule(rule, facts);
		if (match === undefined) continue;
		if (rule.action === "deny") return block(rule, match);
		if (rule.profile === undefined) {
			return { action: "bypass", rule: rule.name, fact: `${match}, and the policy has no ssl-proxy profile` };
		}
		return applyProfile(rule, rule.profile, facts, match);
	}
	if (!policy.isDefaultPermit) return defaultBlock;
	return { action: "bypass", rule: "default-policy", fact: "no policy matches and the default policy permits" };
}

/** The exemption order: always-decrypt source, never-decrypt source, exempt destination. */
function applyProfile<P extends DecryptionExemptions>(
	rule: PolicyRule<P>,
	profile: P,
	facts: ConnectionFacts,
	match: string,
): Decision<P> {
	const always = profile.alwaysDecryptSources.matchAddress(facts.client);
	if (always !== undefined) {
		const fact = `client ${formatAddress(facts.client)} is in always-decrypt-source ${always.value}`;
		return { action: "decrypt", rule: rule.name, fact, profile };
	}
	const never = profile.neverDecryptSources.matchAddress(facts.client);
	if (never !== undefined) {
		const fact = `client ${formatAddress(facts.client)} is in never-decrypt-source ${never.value}`;
		return { action: "bypass", rule: rule.name, fact, profile };
	}
	const exempt = matchDestination(profile.exemptDestinations, facts, "every");
	if (exempt !== undefined) {
		const fact = `${exempt.subject} is covered by ${exempt.hit.value} of ${exempt.hit.entry}`;
		return { action: "bypass", rule: rule.name, fact, profile };
	}
	return { action: "decrypt", rule: rule.name, fact: match, profile };
}

/** The clause that says why the rule matches, or undefined. */
function matchRule<P extends DecryptionExemptions>(rule: PolicyRule<P>, facts: ConnectionFacts): string | undefined {
	let because = "";
	if (!rule.sources.isAny) {
		const source = rule.sources.matchAddress(facts.client);
		if (source === undefined) return undefined;
		because = `client ${formatAddress(facts.client)} is in ${source.entry} (${source.value})`;
	}
	if (rule.ports.length > 0) {
		const range = rule.ports.find(({ from, to }) => facts.port >= from && facts.port <= to);
		if (range === undefined) return undefined;
		because = join(because, `port ${facts.port} is application ${range.application}`);
	}
	if (!rule.destinations.isAny) {
		const destination = matchDestination(rule.destinations, facts, rule.action === "deny" ? "some" : "every");
		if (destination === undefined) return undefined;
		because = join(because, `${destination.subject} is in ${destination.hit.entry} (${destination.hit.value})`);
	}
	return because === "" ? "the policy matches any connection" : because;
}

/**
 * Matches the destination by address, else by name. A connection can carry two names, the requested one and the SNI: to
 * block, one that matches is enough; to permit or exempt, both must match, so that neither can vouch for the other.
 */
function matchDestination(
	set: AddressSet,
	facts: ConnectionFacts,
	names: "some" | "every",
): { readonly subject: string; readonly hit: AddressHit } | undefined {
	const byAddress = facts.server === undefined ? undefined : set.matchAddress(facts.server);
	if (byAddress !== undefined && facts.server !== undefined) {
		return { subject: `server ${formatAddress(facts.server)}`, hit: byAddress };
	}
	const { sni, requestedName } = facts;
	const bySni = sni === undefined ? undefined : set.matchHost(sni);
	const byRequest = requestedName === undefined ? undefined : set.matchHost(requestedName);
	if (names === "every" && sni !== undefined && bySni === undefined) return undefined;
	if (names === "every" && requestedName !== undefined && byRequest === undefined) return undefined;
	if (bySni !== undefined) return { subject: `server name ${sni}`, hit: bySni };
	if (byRequest !== undefined) return { subject: `requested host ${requestedName}`, hit: byRequest };
	return undefined;
}

function block<P extends DecryptionExemptions>(rule: PolicyRule<P>, fact: string): Decision<P> {
	return { action: "block", rule: rule.name, fact };
}

function join(before: string, clause: string): string {
	return before === "" ? clause : `${before} and ${clause}`;
}

const defaultBlock = {
	action: "block",
	rule: "default-policy",
	fact: "no policy matches and the default policy denies",
} as const;
