/**
 * Which stage decides about a connection when several would (R204). The order is fixed:
 *
 *   1 inspection-bypass    rules that let a connection pass unopened and unseen
 *   2 traffic-management   block, trust (opened as the policy says, and not looked into), rate-limit (and go on)
 *   3 reputation           feeds: addresses, names, fingerprints; URLs once requests can be read
 *   4 quarantine           hosts that were shut off
 *   5 signatures           intrusion detection and patterns
 *
 * A moment says what can be seen: of traffic that stays encrypted all but URLs and signatures; before traffic is opened
 * neither quarantine nor signatures act (R207), for they do once it is open.
 */
import { type Address, formatAddress } from "#base/address.ts";
import type { IpActionPlace } from "#inspect/ip-action.ts";
import type { QuarantineView } from "#inspect/quarantine-list.ts";
import {
	type FeedTables,
	judgeConnection,
	type ReputationFacts,
	type ReputationPolicy,
	type ReputationVerdict,
} from "#inspect/reputation.ts";
import { type ConnectionFacts, matchTraffic, type TrafficMatch } from "#policy/evaluate.ts";

export const stages = ["inspection-bypass", "traffic-management", "reputation", "quarantine", "signatures"] as const;
export type Stage = (typeof stages)[number];

/** `encrypted`: it will not be opened. `before-decryption`: it will. `decrypted`: it is. */
export type Moment = "encrypted" | "before-decryption" | "decrypted";

/** The stages that may act at a moment, in their order. */
export function stagesAt(moment: Moment): readonly Stage[] {
	return stages.filter((stage) => actsAt[stage].includes(moment));
}

const actsAt: Readonly<Record<Stage, readonly Moment[]>> = {
	"inspection-bypass": ["encrypted", "before-decryption"],
	"traffic-management": ["encrypted", "before-decryption"],
	reputation: ["encrypted", "before-decryption", "decrypted"],
	quarantine: ["encrypted", "decrypted"],
	signatures: ["decrypted"],
};

export interface BypassRule {
	readonly name: string;
	readonly match: TrafficMatch;
}

export interface TrafficRule {
	readonly name: string;
	readonly match: TrafficMatch;
	readonly then: "block" | "trust" | { readonly kilobitsPerSecond: number };
}

/** What the stages before signatures go by, compiled. */
export interface PrecedencePlan {
	readonly bypassRules: readonly BypassRule[];
	readonly trafficRules: readonly TrafficRule[];
	/** By security policy. */
	readonly reputation: ReadonlyMap<string, ReputationPolicy>;
}

/** What changes while a plan is in force. */
export interface PrecedenceState {
	readonly feeds: FeedTables;
	readonly quarantine: QuarantineView;
}

/** The rate that connections of a rule share. */
export interface RateLimit {
	readonly rule: string;
	readonly kilobitsPerSecond: number;
}

export interface PrecedenceVerdict {
	/** Undefined when no stage decides. */
	readonly decided?: {
		readonly stage: Stage;
		readonly action: "bypass" | "trust" | "block";
		/** The stage's own rule. */
		readonly rule: string;
		/** A clause. */
		readonly because: string;
		readonly isSilent: boolean;
	};
	readonly rateLimit?: RateLimit;
	/** What reputation found, decided or not. */
	readonly reputation?: ReputationVerdict;
}

/** Asks the stages in their order; the first that decides ends it. `rule`: the security policy that permits. */
export function judgePrecedence(
	plan: PrecedencePlan,
	state: PrecedenceState,
	facts: ConnectionFacts & ReputationFacts,
	moment: Moment,
	rule: string,
): PrecedenceVerdict {
	let rateLimit: RateLimit | undefined;
	let reputation: ReputationVerdict | undefined;
	const found = (decided?: PrecedenceVerdict["decided"]): PrecedenceVerdict => ({
		...(decided === undefined ? {} : { decided }),
		...(rateLimit === undefined ? {} : { rateLimit }),
		...(reputation === undefined ? {} : { reputation }),
	});
	for (const stage of stagesAt(moment)) {
		switch (stage) {
			case "inspection-bypass": {
				const match = firstMatch(plan.bypassRules, facts, "permit");
				if (match !== undefined)
					return found({ stage, action: "bypass", isSilent: false, ...named("bypass-rule", match) });
				break;
			}
			case "traffic-management": {
				const matches = trafficMatches(plan.trafficRules, facts);
				for (const match of matches) {
					const { then, name } = match.rule;
					if (typeof then !== "string") rateLimit ??= { rule: name, ...then };
					else return found({ stage, action: then, isSilent: false, ...named("traffic-management", match) });
				}
				break;
			}
			case "reputation": {
				const policy = plan.reputation.get(rule);
				reputation = policy === undefined ? undefined : judgeConnection(policy, state.feeds, facts);
				if (reputation?.isBlock !== true) break;
				const { isSilent, because } = reputation;
				return found({ stage, action: "block", isSilent, rule: `reputation ${reputation.rule}`, because });
			}
			case "quarantine": {
				const place = { zone: facts.fromZone, server: facts.server, port: facts.port };
				state.quarantine.meet?.(facts.client, facts.now ?? 0, place);
				const shutOff = quarantined(state.quarantine, facts.client, facts.now ?? 0, place);
				if (shutOff === undefined) break;
				const { because, isSilent } = shutOff;
				return found({ stage, action: "block", isSilent, rule: stage, because });
			}
			case "signatures":
				break;
		}
	}
	return found();
}

/**
 * Before a ClientHello is read: a block of traffic management that neither a bypass rule nor an earlier rule could change.
 * Undefined to go on.
 */
export function judgeEarly(plan: PrecedencePlan, facts: ConnectionFacts): PrecedenceVerdict["decided"] {
	for (const { match } of plan.bypassRules) if (matchTraffic(match, facts, "permit") !== undefined) return undefined;
	for (const rule of plan.trafficRules) {
		const answer = matchTraffic(rule.match, facts, intent(rule));
		if (answer === undefined || typeof rule.then === "object") continue;
		if (answer === "not-yet" || rule.then !== "block") return undefined;
		const match = { rule, because: answer.because };
		return { stage: "traffic-management", action: "block", isSilent: false, ...named("traffic-management", match) };
	}
	return undefined;
}

/** The clause that says why a client is refused, whether it is told, and whether it is others that are shut off with it; undefined when it is not shut off. */
export function quarantined(
	view: QuarantineView,
	client: Address,
	now: number,
	place?: Omit<IpActionPlace, "client">,
): { readonly because: string; readonly isSilent: boolean; readonly isOther: boolean } | undefined {
	const entry = view.find(client, now, place);
	if (entry === undefined) return undefined;
	const until = Number.isFinite(entry.until)
		? `until ${new Date(entry.until).toISOString().replace(/\.\d+Z$/, "Z")}`
		: "until it is cleared";
	const { what = `client ${formatAddress(client)}`, isSilent = false } = entry;
	const because = `${what} is shut off ${until}; ${entry.why}`;
	return { because, isSilent, isOther: entry.what !== undefined };
}

interface Match<R> {
	readonly rule: R;
	readonly because: string;
}

function firstMatch<R extends BypassRule>(
	rules: readonly R[],
	facts: ConnectionFacts,
	as: "permit" | "deny",
): Match<R> | undefined {
	for (const rule of rules) {
		const answer = matchTraffic(rule.match, facts, as);
		if (typeof answer === "object") return { rule, because: answer.because };
	}
	return undefined;
}

function* trafficMatches(rules: readonly TrafficRule[], facts: ConnectionFacts): Iterable<Match<TrafficRule>> {
	for (const rule of rules) {
		const answer = matchTraffic(rule.match, facts, intent(rule));
		if (typeof answer === "object") yield { rule, because: answer.because };
	}
}

/** What takes inspection away is as careful with names as what permits; what restricts, as what denies. */
function intent({ then }: TrafficRule): "permit" | "deny" {
	return then === "trust" ? "permit" : "deny";
}

function named(
	statement: string,
	{ rule, because }: Match<BypassRule>,
): { readonly rule: string; readonly because: string } {
	return { rule: `${statement} ${rule.name}`, because };
}
