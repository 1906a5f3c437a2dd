/**
 * The end of EAP that asks: which user is it, and can it prove that (RFC 3748; MSCHAPv2, TLS).
 *
 * Deterministic: challenges come from `random`. A user that is not known is asked as one that is, and fails at the same place.
 * Bounds: names of at most 253 octets; one attempt with a password.
 */
import { type ChapPacket, decodeChapPacket, encodeChapPacket } from "#ike/eap/chap-packet.ts";
import { EapTlsServer, type EapTlsStep, type TlsAnswer } from "#ike/eap/eap-tls-server.ts";
import { authenticatorResponse, isNtResponse, masterSessionKey, userOf } from "#ike/eap/ms-chap-v2.ts";
import type { EapBody } from "#ike/wire/eap.ts";
import { visibleText } from "#telemetry/display-text.ts";

/** What is known of users. */
export interface EapUsers {
	/** NtPasswordHash by name (MSCHAPv2). */
	readonly passwords: ReadonlyMap<string, Uint8Array>;
	/** There when users may prove themselves by certificates (TLS); judged by who drives this. */
	readonly certificates?: unknown;
}

export type EapServerStep =
	| { readonly kind: "ask"; readonly message: EapBody }
	/** Records for the engine of TLS; goes on with `answerTls`. */
	| { readonly kind: "tls"; readonly input: Uint8Array; readonly isFirst: boolean }
	/** The user has the keys of these certificates, DER, the own one first; goes on with `judged`. */
	| { readonly kind: "judge"; readonly user: string; readonly certificates: readonly Uint8Array[] }
	/** `key`: 64 octets that both ends have now. */
	| { readonly kind: "success"; readonly message: EapBody; readonly user: string; readonly key: Uint8Array }
	/** `isGuess`: a password was tried and is wrong. */
	| { readonly kind: "failure"; readonly message: EapBody; readonly reason: string; readonly isGuess: boolean };

type State =
	| { readonly type: "expect-identity" }
	| { readonly type: "tls"; readonly name: string; readonly tls: EapTlsServer; readonly flights: number }
	| { readonly type: "await-judgement"; readonly user: string; readonly key: Uint8Array }
	| { readonly type: "expect-chap-response"; readonly name: string; readonly challenge: Uint8Array }
	| { readonly type: "expect-heard-success"; readonly user: string; readonly key: Uint8Array }
	| { readonly type: "over" };

export class EapServer {
	readonly #users: EapUsers;
	readonly #random: (octets: number) => Uint8Array;
	#state: State = { type: "expect-identity" };
	#identifier: number;

	constructor(users: EapUsers, random: (octets: number) => Uint8Array) {
		this.#users = users;
		this.#random = random;
		this.#identifier = random(1)[0] ?? 0;
	}

	/** The first message: who is it? */
	begin(): EapBody {
		return { code: eapCode.request, identifier: this.#identifier, data: Uint8Array.of(eapType.identity) };
	}

	/** Takes an answer. One that does not belong here ends it. */
	take({ code, identifier, data }: EapBody): EapServerStep {
		const state = this.#state;
		if (code !== eapCode.response || identifier !== this.#identifier)
			return this.#fail("an answer to another question");
		if (state.type === "expect-identity") return this.#onIdentity(data);
		if (data[0] === eapType.nak) return this.#onNak(data.subarray(1));
		if (state.type === "tls" && data[0] === eapType.tls) return this.#onTls(state, state.tls.take(data.subarray(1)));
		if (data[0] !== eapType.mschapv2) return this.#fail(`an answer by method ${data[0]}`);
		const decoded = decodeChapPacket(data.subarray(1));
		if (decoded.kind !== "done") return this.#fail("an answer that cannot be read");
		const packet = decoded.value;
		if (state.type === "expect-chap-response" && packet.kind === "response") return this.#onResponse(state, packet);
		if (state.type === "expect-heard-success" && packet.kind === "heard-success") return this.#succeed(state);
		return this.#fail(`an answer that is not expected: ${packet.kind}`);
	}

	/** What the engine of TLS says; undefined when there is none. */
	answerTls(answer: TlsAnswer | undefined): EapServerStep {
		const state = this.#state;
		if (state.type !== "tls" || answer === undefined) return this.#fail("there is no engine of TLS");
		return this.#onTls(state, state.tls.answer(answer));
	}

	/** Whether the user's certificate is trusted: why not, or nothing. */
	judged(refusal: string | undefined): EapServerStep {
		const state = this.#state;
		if (state.type !== "await-judgement") return this.#fail("a judgement that nobody asked for");
		return refusal === undefined ? this.#succeed(state) : this.#fail(`user ${visibleText(state.user)}: ${refusal}`);
	}

	#onIdentity(data: Uint8Array): EapServerStep {
		const name = Buffer.from(data.subarray(1)).toString("utf8");
		if (data[0] !== eapType.identity || data.length < 2 || data.length > maxNameOctets + 1)
			return this.#fail(`no name of 1 to ${maxNameOctets} octets`);
		return this.#users.certificates === undefined ? this.#beginChap(name) : this.#beginTls(name);
	}

	/** TLS is offered first; who wants the other method gets it, when there are passwords at all. */
	#onNak(wanted: Uint8Array): EapServerStep {
		const state = this.#state;
		const mayChange = state.type === "tls" && state.flights === 0 && this.#users.passwords.size > 0;
		if (mayChange && wanted.includes(eapType.mschapv2)) return this.#beginChap(state.name);
		return this.#fail("the peer knows no method that is offered to it");
	}

	#beginChap(name: string): EapServerStep {
		const challenge = this.#random(16);
		this.#state = { type: "expect-chap-response", name, challenge };
		return this.#askChap({ kind: "challenge", id: this.#nextIdentifier(), challenge, name: serverName });
	}

	#beginTls(name: string): EapServerStep {
		const tls = new EapTlsServer();
		this.#state = { type: "tls", name, tls, flights: 0 };
		return this.#askTls(tls.begin());
	}

	#onTls(state: Extract<State, { readonly type: "tls" }>, step: EapTlsStep): EapServerStep {
		switch (step.kind) {
			case "ask":
				return this.#askTls(step.data);
			case "tls":
				this.#state = { ...state, flights: state.flights + 1 };
				return { kind: "tls", input: step.input, isFirst: state.flights === 0 };
			case "failed":
				return this.#fail(`user ${visibleText(state.name)}: ${step.reason}`);
			case "done":
				this.#state = { type: "await-judgement", user: state.name, key: step.key };
				return { kind: "judge", user: state.name, certificates: step.certificates };
		}
	}

	#onResponse(
		{ name, challenge }: Extract<State, { readonly type: "expect-chap-response" }>,
		packet: Extract<ChapPacket, { readonly kind: "response" }>,
	): EapServerStep {
		const { peerChallenge, ntResponse } = packet;
		const user = userOf(packet.name);
		const talk = { authenticatorChallenge: challenge, peerChallenge, user };
		const known = user === userOf(name) ? this.#users.passwords.get(user) : undefined;
		// The same work is done for a name that nobody has.
		const isRight = isNtResponse(known ?? this.#random(16), talk, ntResponse) && known !== undefined;
		// The failure of EAP, not that of MSCHAPv2, to which a peer would have to answer: a guesser would not.
		if (!isRight) return this.#fail(`user ${visibleText(packet.name)} is not known or has another password`, true);
		const id = this.#nextIdentifier();
		this.#state = { type: "expect-heard-success", user, key: masterSessionKey(known, ntResponse) };
		return this.#askChap({ kind: "success", id, text: `${authenticatorResponse(known, talk, ntResponse)} M=welcome` });
	}

	#succeed({ user, key }: { readonly user: string; readonly key: Uint8Array }): EapServerStep {
		this.#state = { type: "over" };
		return { kind: "success", message: this.#last(eapCode.success), user, key };
	}

	#fail(reason: string, isGuess = false): EapServerStep {
		this.#state = { type: "over" };
		return { kind: "failure", message: this.#last(eapCode.failure), reason, isGuess };
	}

	#askChap(packet: ChapPacket): EapServerStep {
		const data = Uint8Array.of(eapType.mschapv2, ...encodeChapPacket(packet));
		return { kind: "ask", message: { code: eapCode.request, identifier: this.#identifier, data } };
	}

	#askTls(packet: Uint8Array): EapServerStep {
		const identifier = this.#nextIdentifier();
		const data = Uint8Array.of(eapType.tls, ...packet);
		return { kind: "ask", message: { code: eapCode.request, identifier, data } };
	}

	#last(code: number): EapBody {
		return { code, identifier: this.#identifier, data: new Uint8Array(0) };
	}

	#nextIdentifier(): number {
		this.#identifier = (this.#identifier + 1) & 0xff;
		return this.#identifier;
	}
}

export const eapCode = { request: 1, response: 2, success: 3, failure: 4 } as const;
export const eapType = { identity: 1, notification: 2, nak: 3, tls: 13, mschapv2: 26 } as const;

const serverName = "gateway";
const maxNameOctets = 253;
