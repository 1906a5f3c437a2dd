/** `security idp idp-policy`: which signatures a policy looks for, in which connections, and what becomes of one that matches. */
import { AttackIndex, type AttackSelection, selectAttacks } from "#inspect/attack-group.ts";
import type { AttackSeverity } from "#inspect/attack-severity.ts";
import type { IdpConfig } from "#inspect/idp-schema.ts";
import type { IpActionPlan } from "#inspect/ip-action.ts";
import type { PacketLogPlan } from "#inspect/packet-log.ts";
import { portsOfTerms, termsOfApplications } from "#policy/application-ports.ts";
import type { Applications } from "#policy/application-schema.ts";
import { type ConnectionFacts, matchTraffic, type TrafficMatch } from "#policy/evaluate.ts";
import { resolveAddresses } from "#policy/resolve-addresses.ts";
import { allBooks, type BookSources } from "#policy/zone-books.ts";
import type { ZoneTable } from "#policy/zone-table.ts";
import type { RuleAction } from "#signature/parse-rule.ts";
import type { Signature } from "#signature/signature.ts";

/** What a rule of a policy does; "recommended" leaves it to the signature. */
export type IdpAction = "report" | "block" | "ignore" | "recommended";

export interface IdpRule {
	readonly name: string;
	readonly match: TrafficMatch;
	readonly attacks: AttackSelection;
	readonly action: IdpAction;
	/** In connections that it matches, later rules count no more. */
	readonly isTerminal: boolean;
	/** Undefined: that of the signature. */
	readonly severity: AttackSeverity | undefined;
	readonly ipAction: IpActionPlan | undefined;
	/** Events of attacks are written; undefined when they are not. */
	readonly log: { readonly isAlert: boolean } | undefined;
	/** What was said around the attack is kept; undefined when it is not. */
	readonly packetLog: PacketLogPlan | undefined;
}

export interface ExemptRule {
	readonly match: TrafficMatch;
	readonly attacks: AttackSelection;
}

export interface IdpPlan {
	/** In order; the first rule that matches the connection and names a signature counts. */
	readonly rules: readonly IdpRule[];
	readonly exempt: readonly ExemptRule[];
}

/** The parts of a configuration that are read. */
export interface IdpSources {
	readonly applications: Applications;
	readonly security: BookSources & { readonly idp: IdpConfig };
}

/** The plan of each policy. A rule whose application does not travel over TCP or UDP meets no connection. */
export function compileIdpPolicies(config: IdpSources): ReadonlyMap<string, IdpPlan> {
	const plans = new Map<string, IdpPlan>();
	const { idp } = config.security;
	for (const [policy, { rulebaseIps, rulebaseExempt }] of idp.idpPolicy) {
		const rules = [...rulebaseIps.rule].flatMap(([name, { match, then, terminal: isTerminal }]): IdpRule[] => {
			const traffic = matchOf(config, match);
			if (traffic === undefined) return [];
			const { logAttacks, packetLog } = then.notification;
			return [
				{
					name,
					match: traffic,
					attacks: selectAttacks(idp, match.attacks),
					action: actionOf(then.action),
					isTerminal,
					severity: then.severity,
					ipAction: ipActionOf(then.ipAction),
					log: logAttacks === undefined ? undefined : { isAlert: logAttacks.alert },
					packetLog: packetLog && {
						before: packetLog.preAttack,
						after: packetLog.postAttack,
						timeoutMs: packetLog.postAttackTimeout * 1_000,
					},
				},
			];
		});
		const exempt = [...rulebaseExempt.rule.values()].flatMap(({ match }): ExemptRule[] => {
			const traffic = matchOf(config, { ...match, sourceExcept: [], destinationExcept: [], application: "default" });
			return traffic === undefined ? [] : [{ match: traffic, attacks: selectAttacks(idp, match.attacks) }];
		});
		plans.set(policy, { rules, exempt });
	}
	return plans;
}

/** What of a plan decides which signatures are loaded; plans with the same share an engine. */
export function selectionKey({ rules, exempt }: IdpPlan): string {
	const facts = [...rules, ...exempt].map((rule) => [
		"action" in rule ? rule.action : "",
		isOfEvery(rule.match),
		rule.attacks,
	]);
	return JSON.stringify(facts);
}

/** Signatures of a policy, and for each the rules that name it, by their places in the plan. */
export interface IdpSelection {
	readonly signatures: readonly Signature[];
	/** By group and identifier. */
	readonly namedBy: ReadonlyMap<string, NamedBy>;
}

export interface NamedBy {
	readonly rules: readonly number[];
	readonly exempt: readonly number[];
	/** What the signature itself says. */
	readonly recommended: RuleAction;
}

/**
 * The signatures that a policy looks for in some connection. Their action is the strongest that a rule gives them, so that
 * they are judged in its order; what holds in a connection says `IdpRulings`.
 *
 * Names are identifiers (`2024897`) or messages; groups are `all`, a class (`trojan-activity`) or a protocol (`http`). A
 * signature that no rule names only keeps the bits that others ask for: it is told to nobody.
 */
export function selectSignatures(signatures: readonly Signature[], { rules, exempt }: IdpPlan): IdpSelection {
	const selected: Signature[] = [];
	const namedBy = new Map<string, NamedBy>();
	// Most are named alike, and there may be tens of thousands.
	const alike = new Map<string, NamedBy>();
	const wantedBits = new Set<string>();
	const taken = new Set<string>();
	const looked = new AttackIndex(rules.map(({ attacks }) => attacks));
	const spared = new AttackIndex(exempt.map(({ attacks }) => attacks));
	for (const signature of signatures) {
		const naming = untilCertain(rules, looked.placesOf(signature));
		const sparing = spared.placesOf(signature);
		if (naming.length === 0 || sparing.some((index) => isOfEvery(exempt[index]?.match))) continue;
		for (const { command, names: bits } of signature.flowBits)
			if (command.startsWith("is")) for (const bit of bits) wantedBits.add(bit);
		const actions = naming.map((index) => ruleAction(rules[index]?.action ?? "report", signature.action));
		const made = { ...signature, action: actions.reduce(stronger) };
		selected.push(made);
		const named: NamedBy = { rules: naming, exempt: sparing, recommended: signature.action };
		const text = JSON.stringify(named);
		const known = alike.get(text) ?? named;
		alike.set(text, known);
		namedBy.set(idOf(signature), known);
		taken.add(idOf(signature));
	}
	for (const signature of signatures) {
		const sets = signature.flowBits.some(
			({ command, names: bits }) => !command.startsWith("is") && bits.some((bit) => wantedBits.has(bit)),
		);
		if (sets && !taken.has(idOf(signature))) selected.push({ ...signature, action: "alert", isNoAlert: true });
	}
	return { signatures: selected, namedBy };
}

/**
 * What holds in one connection: the rules that match it, up to a terminal one, and what the first of them that names a
 * signature says.
 *
 * Bounds: nothing is computed before a signature matches; then each rule is compared once.
 */
export class IdpRulings {
	readonly #plan: IdpPlan;
	readonly #namedBy: IdpSelection["namedBy"];
	readonly #facts: ConnectionFacts;
	readonly #zones: ZoneTable | undefined;
	#applicable: readonly boolean[] | undefined;

	constructor(plan: IdpPlan, namedBy: IdpSelection["namedBy"], facts: ConnectionFacts, zones: ZoneTable | undefined) {
		this.#plan = plan;
		this.#namedBy = namedBy;
		this.#facts = facts;
		this.#zones = zones;
	}

	/** The rule that counts; undefined when none does. */
	ruleOf(signature: Signature): IdpRule | undefined {
		const naming = this.#namedBy.get(idOf(signature));
		if (naming === undefined) return undefined;
		this.#applicable ??= this.#rulesOfConnection();
		const first = naming.rules.find((index) => this.#applicable?.[index] === true);
		const rule = first === undefined ? undefined : this.#plan.rules[first];
		if (rule === undefined) return undefined;
		return naming.exempt.some((index) => this.#spares(index)) ? undefined : rule;
	}

	/** What a signature does here; undefined when it is not looked for. Those that only keep bits say so themselves. */
	actionFor(signature: Signature): RuleAction | undefined {
		const naming = this.#namedBy.get(idOf(signature));
		if (naming === undefined) return signature.action;
		const rule = this.ruleOf(signature);
		return rule === undefined ? undefined : ruleAction(rule.action, naming.recommended);
	}

	#rulesOfConnection(): readonly boolean[] {
		let isOver = false;
		return this.#plan.rules.map(({ match, action, isTerminal }) => {
			if (isOver) return false;
			// What takes inspection away is as careful with names as what permits.
			const as = action === "report" || action === "ignore" ? "permit" : "deny";
			const isMatch = typeof matchTraffic(match, this.#facts, as, this.#zones) === "object";
			isOver = isMatch && isTerminal;
			return isMatch;
		});
	}

	#spares(index: number): boolean {
		const rule = this.#plan.exempt[index];
		return rule !== undefined && typeof matchTraffic(rule.match, this.#facts, "permit", this.#zones) === "object";
	}
}

/** Whether some rule asks for zones, its ip-action included. */
export function asksForZones({ rules, exempt }: IdpPlan): boolean {
	if (rules.some(({ ipAction }) => ipAction?.target.includes("zone"))) return true;
	return [...rules, ...exempt].some(({ match }) => match.fromZones !== undefined || match.toZones !== undefined);
}

/** Rules behind one that counts in every connection never do. */
function untilCertain(rules: readonly IdpRule[], naming: readonly number[]): readonly number[] {
	const certain = naming.findIndex((index) => isOfEvery(rules[index]?.match));
	return certain === -1 ? naming : naming.slice(0, certain + 1);
}

function isOfEvery(match: TrafficMatch | undefined): boolean {
	if (match === undefined || match.fromZones !== undefined || match.toZones !== undefined) return false;
	if (match.excludesSources === true || match.excludesDestinations === true) return false;
	return match.sources.isAny && match.destinations.isAny && match.ports.length === 0;
}

interface MatchStatement {
	readonly fromZone: string;
	readonly toZone: string;
	readonly sourceAddress: readonly string[];
	readonly sourceExcept: readonly string[];
	readonly destinationAddress: readonly string[];
	readonly destinationExcept: readonly string[];
	readonly application: string;
}

function matchOf({ applications, security }: IdpSources, match: MatchStatement): TrafficMatch | undefined {
	const books = allBooks(security);
	const { sourceExcept, destinationExcept, application, fromZone, toZone } = match;
	const terms = application === "default" ? undefined : termsOfApplications(applications, [application]);
	const tcp = portsOfTerms(terms, "tcp");
	const udp = portsOfTerms(terms, "udp");
	if (tcp === undefined && udp === undefined) return undefined;
	return {
		sources: resolveAddresses(books, sourceExcept.length > 0 ? sourceExcept : match.sourceAddress),
		excludesSources: sourceExcept.length > 0,
		destinations: resolveAddresses(books, destinationExcept.length > 0 ? destinationExcept : match.destinationAddress),
		excludesDestinations: destinationExcept.length > 0,
		ports: [...(tcp ?? []), ...(udp ?? [])],
		...(fromZone === "any" ? {} : { fromZones: new Set([fromZone]) }),
		...(toZone === "any" ? {} : { toZones: new Set([toZone]) }),
	};
}

function idOf({ gid, sid }: Signature): string {
	return `${gid}:${sid}`;
}

function ruleAction(action: IdpAction, recommended: RuleAction): RuleAction {
	if (action === "recommended") return recommended;
	if (action === "ignore") return "pass";
	return action === "block" ? "drop" : "alert";
}

/** In the order in which signatures are judged. */
function stronger(one: RuleAction, other: RuleAction): RuleAction {
	const strength = (action: RuleAction) => (action === "pass" ? 0 : action === "alert" ? 2 : 1);
	return strength(other) < strength(one) ? other : one;
}

interface IpActionStatement
	extends Omit<IpActionPlan, "action" | "seconds" | "isLogged" | "isCreationLogged" | "isRefreshed"> {
	readonly ipBlock: boolean;
	readonly ipClose: boolean;
	readonly ipNotify: boolean;
	readonly timeout: number;
	readonly log: boolean;
	readonly logCreate: boolean;
	readonly refreshTimeout: boolean;
}

function ipActionOf(statement: IpActionStatement): IpActionPlan | undefined {
	const { ipBlock, ipClose, ipNotify, target, timeout, log, logCreate, refreshTimeout } = statement;
	if (!ipBlock && !ipClose && !ipNotify) return undefined;
	return {
		action: ipBlock ? "block" : ipClose ? "close" : "notify",
		target,
		seconds: timeout,
		isLogged: log,
		isCreationLogged: logCreate,
		isRefreshed: refreshTimeout,
	};
}

function actionOf(action: {
	readonly noAction: boolean;
	readonly ignoreConnection: boolean;
	readonly recommended: boolean;
}): IdpAction {
	if (action.noAction) return "report";
	if (action.ignoreConnection) return "ignore";
	return action.recommended ? "recommended" : "block";
}
