/**
 * What is found out about the name in a ClientHello before a session goes by it: whether it hides another one (Encrypted
 * ClientHello), and whether a transparent client addressed a server that has the name (checklist V22).
 *
 * Both are asked beside the session. It waits only where the answer could change what becomes of it, and never for long: who does
 * not get an answer goes on as with GREASE, and as with a name that has another address.
 */
import { type Address, formatAddress } from "#base/address.ts";
import type { Decision } from "#policy/evaluate.ts";
import { echNotAccepted } from "#proxy/handshake-faults.ts";
import type { ProxyProfile } from "#proxy/profile.ts";
import type { RelaySummary, SessionEffect, SessionEvent } from "#proxy/session-event.ts";
import type { SessionFacts } from "#proxy/session-facts.ts";
import type { WayIn } from "#proxy/way-in.ts";
import { gatewayEvent } from "#telemetry/event-table.ts";
import type { ClientHello } from "#tls/client-hello.ts";
import { judgeEch } from "#tls/ech.ts";

export type NameAnswer = Extract<SessionEvent, { readonly type: "ech-known" | "name-resolved" }>;

/** The longest that a session waits for answers about its name, in milliseconds. */
export const nameAnswersMs = 1_000;

export class HelloQuestions {
	readonly #facts: SessionFacts;
	readonly #way: WayIn;
	/** Answers without which the session does not go on. */
	readonly #awaited = new Set<NameAnswer["type"]>();
	#hello: ClientHello | undefined;
	#profile: ProxyProfile | undefined;

	constructor(facts: SessionFacts, way: WayIn) {
		this.#facts = facts;
		this.#way = way;
	}

	get isWaiting(): boolean {
		return this.#awaited.size > 0;
	}

	/** Nobody vouches for it that the client addressed the server that it names, and somebody must. */
	get isDoubted(): boolean {
		const { nameCheck } = this.#facts;
		return this.#profile?.sniAddressMismatch === "drop" && this.#asksForAddress && nameCheck !== "agrees";
	}

	/** The questions about the name of this hello, given what would be decided without them. */
	ask(hello: ClientHello | undefined, decision: Decision<ProxyProfile>): readonly SessionEffect[] {
		const { profile } = decision;
		const name = hello?.sni;
		if (hello === undefined || profile === undefined || decision.action === "block") return [];
		this.#hello = hello;
		this.#profile = profile;
		const effects: SessionEffect[] = [];
		if (hello.encryptedClientHello?.form === "outer" && name !== undefined) {
			const action = profile.encryptedClientHello;
			const isExemptByName = decision.action === "bypass" && decision.exemptName !== undefined;
			if (action === "refuse" || (action === "log" && isExemptByName)) this.#awaited.add("ech-known");
			effects.push({ type: "know-ech", name });
		}
		if (this.#asksForAddress && name !== undefined) {
			if (profile.sniAddressMismatch === "drop") this.#awaited.add("name-resolved");
			effects.push({ type: "check-name", name });
		}
		return effects;
	}

	/** An answer, which may come late. */
	learned(answer: NameAnswer, now: number): readonly SessionEffect[] {
		this.#awaited.delete(answer.type);
		if (answer.type === "name-resolved") {
			this.#facts.nameCheck = checkName(answer.addresses, this.#facts.server);
			return [];
		}
		const { client, id, server } = this.#facts;
		const verdict = judgeEch(this.#hello?.encryptedClientHello, this.#hello?.sni, answer.known);
		this.#facts.ech = verdict.kind;
		const action = this.#profile?.encryptedClientHello;
		if (verdict.kind !== "real" || action === undefined || action === "pass") return [];
		const fields = {
			session: id,
			client: formatAddress(client.address),
			server: server === undefined ? "" : formatAddress(server),
			name: verdict.config.publicName,
			action: action === "refuse" ? "refused" : "opened under the name in clear",
		};
		return [{ type: "tell", event: gatewayEvent("ENCRYPTED_CLIENT_HELLO", now, fields) }];
	}

	/** Waits no longer. */
	giveUp(): void {
		this.#awaited.clear();
	}

	/** The decision, with what has become known of the name. */
	applied(decision: Decision<ProxyProfile>): Decision<ProxyProfile> {
		const { profile, rule } = decision;
		if (this.#facts.ech !== "real" || profile === undefined || decision.action === "block") return decision;
		const hidden = `the server's name is hidden behind ${this.#hello?.sni} (Encrypted ClientHello)`;
		if (profile.encryptedClientHello === "refuse")
			return { action: "block", rule, fact: `${hidden}, which profile ${profile.name} refuses`, profile };
		if (profile.encryptedClientHello === "pass" || decision.action === "decrypt" || decision.exemptName === undefined)
			return decision;
		return { action: "decrypt", rule, fact: `${hidden}, and nothing is exempt by the name in clear`, profile };
	}

	/** Why a relay ended, and its fault: a browser learns behind the handshake that its server does no ECH, and leaves without a word. */
	whyEnded({ why, faultCode, octetsToServer }: RelaySummary): readonly [why: string, faultCode: string | undefined] {
		const { client, decision, ech, sni } = this.#facts;
		const hasLeft = ech === "real" && decision?.action === "decrypt" && octetsToServer === 0;
		if (!hasLeft || faultCode !== undefined) return [why, faultCode];
		const { code, message } = echNotAccepted(formatAddress(client.address), sni ?? "");
		return [message, code];
	}

	/** At the end: a server whose certificate was not trusted, at an address that its name does not have. */
	closed(now: number): readonly SessionEffect[] {
		const { client, id, nameCheck, server, sni, verdict } = this.#facts;
		if (nameCheck !== "differs" || verdict === undefined || verdict.isTrusted || server === undefined) return [];
		const fields = {
			session: id,
			client: formatAddress(client.address),
			server: formatAddress(server),
			name: sni ?? "",
			reason: verdict.reason,
		};
		return [{ type: "tell", event: gatewayEvent("SNI_ADDRESS_MISMATCH", now, fields) }];
	}

	get #asksForAddress(): boolean {
		const { sniAddressMismatch = "ignore" } = this.#profile ?? {};
		return this.#way.kind === "transparent" && sniAddressMismatch !== "ignore" && this.#hello?.sni !== undefined;
	}
}

function checkName(
	addresses: readonly Address[] | undefined,
	server: Address | undefined,
): "agrees" | "differs" | "unresolved" {
	if (addresses === undefined || server === undefined) return "unresolved";
	const text = formatAddress(server);
	return addresses.some((address) => formatAddress(address) === text) ? "agrees" : "differs";
}
