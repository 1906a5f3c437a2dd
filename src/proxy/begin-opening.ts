/** What opens a session whose decision and ClientHello are known. */
import type { Decision } from "#policy/evaluate.ts";
import { OpeningMachine } from "#proxy/opening-machine.ts";
import type { ProxyProfile } from "#proxy/profile.ts";
import { openedExempt, type SessionDecision } from "#proxy/session-decision.ts";
import type { SessionContext } from "#proxy/session-event.ts";
import type { SessionFacts } from "#proxy/session-facts.ts";
import { tlsSides } from "#proxy/way-in.ts";
import type { ClientHello } from "#tls/client-hello.ts";

export interface ToBeOpened {
	/** To decrypt, or to let be by `exemptName` once the server's certificate is known to bear it. */
	readonly decision: Decision<ProxyProfile>;
	/** Undefined when the client speaks in clear. */
	readonly hello: ClientHello | undefined;
	readonly helloOctets: Uint8Array;
	readonly mayReconnect: boolean;
	readonly isDoubted: boolean;
}

/** The decision that is in force from now on is the machine's. */
export function beginOpening(
	{ decision, ...opened }: ToBeOpened,
	{ way, timeouts, ownCertificates }: SessionContext,
	facts: SessionFacts,
	policy: SessionDecision,
): OpeningMachine {
	const name = decision.action === "bypass" ? decision.exemptName : undefined;
	const profile = decision.profile as ProxyProfile;
	const inForce = decision.action === "decrypt" ? decision : { ...openedExempt(decision, name ?? ""), profile };
	const opening = {
		...opened,
		decision: inForce,
		sides: tlsSides(way),
		ownCertificates: ownCertificates(profile, opened.hello?.sni),
		exemption: name === undefined ? undefined : { name, fact: decision.fact },
		certificateShown: (...shown: CertificateShown) => policy.certificateShown(inForce, ...shown),
	};
	return new OpeningMachine(opening, facts, timeouts.handshakeMs);
}

type CertificateShown = Parameters<SessionDecision["certificateShown"]> extends [unknown, ...infer Rest] ? Rest : never;
