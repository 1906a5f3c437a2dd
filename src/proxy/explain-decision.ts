/** What a decision rests on and what follows from it, one sentence each. */
import { formatAddress } from "#base/address.ts";
import type { ConnectionFacts, Decision } from "#policy/evaluate.ts";
import type { ProxyProfile } from "#proxy/profile.ts";
import { type SessionOutcome, sessionOutcome } from "#telemetry/session-outcome.ts";

export interface DecisionStory {
	/** What the decision rests on, and who vouches for it. */
	readonly evidence: string;
	/** What becomes of the connection. */
	readonly then: string;
	/** The outcome that the record will show if nothing goes wrong. */
	readonly outcome: SessionOutcome;
}

/** `facts` are those that the decision was made of; `trustsSni` is `sni-trust trust-exempt-sni`. */
export function explainDecision(
	decision: Decision<ProxyProfile>,
	facts: ConnectionFacts,
	trustsSni: boolean,
): DecisionStory {
	return { evidence: evidenceOf(decision, facts, trustsSni), then: thenOf(decision), outcome: outcomeOf(decision) };
}

function evidenceOf(decision: Decision<ProxyProfile>, facts: ConnectionFacts, trustsSni: boolean): string {
	const { server, sni, requestedName } = facts;
	if (decision.action === "bypass" && decision.exemptName !== undefined) {
		const check = trustsSni
			? "sni-trust trust-exempt-sni takes the client's word and has the certificate looked at beside the session"
			: "sni-trust verify-certificate has the server's certificate looked at first, which must bear it";
		return `The exemption rests on the name ${decision.exemptName} alone; ${check}.`;
	}
	const name = sni ?? requestedName;
	const address = server === undefined ? "" : ` The address ${formatAddress(server)} is the one that is connected to.`;
	if (name === undefined) return `The client named no server.${address}`;
	return `The name ${name} is what the client says; only the server's certificate can show that it is true.${address}`;
}

function thenOf(decision: Decision<ProxyProfile>): string {
	if (decision.action === "block")
		return decision.isSilent === true
			? "The connection is closed without a word to the client (deny)."
			: "The client is told that the policy does not permit it (reject).";
	if (decision.action !== "decrypt")
		return "Octets are relayed untouched, beginning with the ClientHello; nothing is forged.";
	const { name, untrustedCa, blocksInvalidCertificates, ignoresServerAuthFailure } = decision.profile;
	const otherwise = ignoresServerAuthFailure
		? "danger: every server counts as trusted"
		: untrustedCa === undefined || blocksInvalidCertificates
			? "if it is not trusted, the session is blocked"
			: "if it is not trusted, the client gets one that it will not trust either";
	return `The server's certificate is judged by profile ${name}; ${otherwise}.`;
}

function outcomeOf(decision: Decision<ProxyProfile>): SessionOutcome {
	const cause = decision.action === "bypass" ? decision.cause : undefined;
	return sessionOutcome({
		...noRecord,
		...(decision.isTrusted === true ? { inspection: "decrypted, not inspected" } : {}),
		decision: decision.action,
		...(cause === undefined ? {} : { cause }),
	});
}

const leg = { version: "", cipherSuite: "", isResumed: false };
const noRecord = {
	id: "",
	startedAt: 0,
	endedAt: 0,
	listener: "",
	client: { address: "", port: 0 },
	server: { host: "", port: 0 },
	rule: "",
	fact: "",
	inspection: "inspected",
	clientLeg: leg,
	octetsToServer: 0,
	octetsToClient: 0,
	requests: 0,
	findings: [],
	timing: {},
	endedBecause: "",
} as const;
