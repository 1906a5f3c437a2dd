/** Whether a connection that is not TLS may pass unopened, and what its record says then. */
import type { Decision } from "#policy/evaluate.ts";
import { MailPhase } from "#proxy/mail-phase.ts";
import type { ProxyProfile } from "#proxy/profile.ts";
import type { TlsSides } from "#proxy/way-in.ts";
import type { FirstOctets } from "#tls/client-hello-reader.ts";

type Passed = Decision<ProxyProfile> & { readonly action: "bypass" | "block" };

/** The client speaks something else than TLS; undefined when that is refused. */
export function passedNotTls(decision: Decision<ProxyProfile>, looksLike: FirstOctets): Passed | undefined {
	// SSL 2.0 is refused even where other protocols pass (R160).
	if (looksLike === "sslv2" || !mayPass(decision, false)) return undefined;
	const fact = `${decision.fact}; it is not TLS (${looksLike})`;
	const cause = decision.action === "bypass" ? (decision.cause ?? "not-tls") : "not-tls";
	return { ...decision, action: "bypass", fact, cause };
}

/** The server speaks first and goes on without TLS; undefined when that is refused. */
export function passedInClear(decision: Decision<ProxyProfile>, protocol: MailPhase["protocol"]): Passed | undefined {
	const isMail = protocol !== "other";
	if (!mayPass(decision, isMail)) return undefined;
	const what = isMail ? `${protocol} without STARTTLS` : "the server speaks first";
	return { ...decision, action: "bypass", fact: `${decision.fact}; it is not TLS (${what})` };
}

/** The phase in which a server may speak first; undefined where that would be refused anyway. */
export function mailPhaseOf(
	profile: ProxyProfile | undefined,
	decision: Decision<ProxyProfile> | undefined,
	sides: TlsSides = "both",
): MailPhase | undefined {
	if (decision?.action === "block") return undefined;
	const asked = profile ?? (decision?.action === "decrypt" ? decision.profile : undefined);
	if (asked === undefined) return new MailPhase(false);
	return asked.starttls === "drop" && !asked.passesNonTls
		? undefined
		: new MailPhase(asked.starttls === "require", sides);
}

function mayPass(decision: Decision<ProxyProfile>, isMail: boolean): boolean {
	if (decision.action !== "decrypt") return decision.action === "bypass";
	return decision.profile.passesNonTls || (isMail && decision.profile.starttls === "allow");
}
