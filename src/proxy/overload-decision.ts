/** What overload makes of a decision to decrypt. */
import type { Decision } from "#policy/evaluate.ts";
import type { DecryptAnswer } from "#proxy/overload.ts";
import type { ProxyProfile } from "#proxy/profile.ts";

/** The decision, or a bypass or a block where no further session may be decrypted. Asks only for one that is to be. */
export function unlessOverloaded(
	decision: Decision<ProxyProfile>,
	mayDecrypt: (() => DecryptAnswer) | undefined,
): Decision<ProxyProfile> {
	if (decision.action !== "decrypt" || mayDecrypt === undefined) return decision;
	const answer = mayDecrypt();
	if (answer.may) return decision;
	const { rule, profile } = decision;
	if (answer.action === "block") return { action: "block", rule, fact: answer.because, profile };
	return { action: "bypass", rule, fact: answer.because, profile, cause: "overload" };
}
