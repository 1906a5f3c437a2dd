/** What the stages before signatures make of the decision of the policies. */
import {
	judgeEarly,
	judgePrecedence,
	type Moment,
	type PrecedencePlan,
	type PrecedenceState,
	type RateLimit,
} from "#inspect/precedence.ts";
import type { ReputationFacts } from "#inspect/reputation.ts";
import type { ConnectionFacts, Decision } from "#policy/evaluate.ts";
import type { ProxyProfile } from "#proxy/profile.ts";

export interface Precedence {
	readonly plan: PrecedencePlan;
	readonly state: () => PrecedenceState;
}

/**
 * The decision as the first stage that has one leaves it. A connection that has TLS on one side only cannot be let be: a
 * bypass rule then means that nothing looks into it. `policyRule` is the security policy that permits.
 */
export function precedeDecision(
	decision: Decision<ProxyProfile>,
	{ plan, state }: Precedence,
	facts: ConnectionFacts & ReputationFacts,
	mayBypass: boolean,
	policyRule: string,
	moment: Moment = decision.action === "decrypt" ? "before-decryption" : "encrypted",
): Decision<ProxyProfile> {
	if (decision.action === "block") return decision;
	const { decided, rateLimit, reputation } = judgePrecedence(plan, state(), facts, moment, policyRule);
	const found = { ...limited(rateLimit), ...(reputation === undefined ? {} : { reputation }) };
	if (decided === undefined) return { ...decision, ...found };
	const { rule, profile } = decision;
	const { action, stage, isSilent } = decided;
	const fact = `${decided.rule}: ${decided.because}`;
	if (action === "block")
		return { action, rule, fact, isSilent, stage, ...found, ...(profile === undefined ? {} : { profile }) };
	if (action === "trust" || !mayBypass || decision.action === "bypass") {
		return { ...decision, ...found, fact: `${decision.fact}; ${fact}`, stage, isTrusted: true };
	}
	return { action, rule, fact, stage, cause: "bypass-rule", ...found, ...(profile === undefined ? {} : { profile }) };
}

/** A block that is certain before a ClientHello is read. */
export function precedeHello({ plan }: Precedence, facts: ConnectionFacts): Decision<ProxyProfile> | undefined {
	const decided = judgeEarly(plan, facts);
	if (decided === undefined) return undefined;
	return { action: "block", rule: decided.rule, fact: decided.because, stage: decided.stage };
}

function limited(rateLimit: RateLimit | undefined): { readonly rateLimit?: RateLimit } {
	return rateLimit === undefined ? {} : { rateLimit };
}
