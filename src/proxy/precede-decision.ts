/** What the stages before signatures make of the decision of the policies. */
import type { TokenBucket } from "#base/token-bucket.ts";
import {
	judgeEarly,
	judgePrecedence,
	type Moment,
	type PrecedencePlan,
	type PrecedenceState,
	type RateLimit,
} from "#inspect/precedence.ts";
import { certificateFingerprints, judgeCertificate, type ReputationFacts } from "#inspect/reputation.ts";
import type { ConnectionFacts, Decision } from "#policy/evaluate.ts";
import type { ProxyProfile } from "#proxy/profile.ts";

export interface Precedence {
	readonly plan: PrecedencePlan;
	readonly state: () => PrecedenceState;
	/** What the sessions of a rule with a rate share; none when absent. */
	readonly bucket?: (limit: RateLimit) => TokenBucket;
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

/** A session that was to be opened, now that its server has shown its certificate, DER. */
export function precedeCertificate(
	decision: Decision<ProxyProfile>,
	{ plan, state }: Precedence,
	der: Uint8Array,
	policyRule: string,
): Decision<ProxyProfile> {
	const policy = plan.reputation.get(policyRule);
	if (policy === undefined || decision.isTrusted === true) return decision;
	const reputation = judgeCertificate(policy, state().feeds, () => certificateFingerprints(der));
	if (reputation?.isBlock !== true) return reputation === undefined ? decision : { ...decision, reputation };
	const { rule, profile } = decision;
	const fact = `reputation ${reputation.rule}: ${reputation.because}`;
	const { isSilent } = reputation;
	return { action: "block", rule, fact, isSilent, stage: "reputation", reputation, ...(profile && { profile }) };
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
