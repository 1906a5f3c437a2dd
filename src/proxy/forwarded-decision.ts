/** What becomes of requests in clear that a client sends to the proxy: there is nothing to open, and their names are compared. */
import { formatAuthority } from "#base/authority.ts";
import type { Decision } from "#policy/evaluate.ts";
import type { ForwardedRequests } from "#proxy/forwarded-requests.ts";
import type { ProxyProfile } from "#proxy/profile.ts";

export interface ForwardedDecision {
	readonly decision: Decision<ProxyProfile> & { readonly action: "block" | "bypass" };
	/** Clear: inspected as what is decrypted would be. */
	readonly mode: "clear" | "bypass";
}

/** `decision` is that of the policies. A Host that differs from the target is refused where fronting is (F12). */
export function decideForwarded(
	decision: Decision<ProxyProfile>,
	{ target, otherHost }: Pick<ForwardedRequests, "target" | "otherHost">,
): ForwardedDecision {
	if (decision.action === "block") return { decision, mode: "bypass" };
	const isOpened = decision.action === "decrypt";
	const fronted = decision.profile?.fronting.fronted;
	const fact = `${decision.fact}; it is HTTP in clear`;
	const mode = isOpened ? "clear" : "bypass";
	if (otherHost === undefined || !isOpened || fronted === "allow") {
		return { decision: { ...decision, action: "bypass", fact }, mode };
	}
	const names = `the request for ${formatAuthority(target)} names ${otherHost} in Host`;
	if (fronted === "log") return { decision: { ...decision, action: "bypass", fact: `${fact}; ${names}` }, mode };
	const { rule, profile } = decision;
	return {
		decision: { action: "block", rule, profile, fact: `${names}; it is refused by actions domain-fronting` },
		mode,
	};
}
