/**
 * A client of the explicit proxy up to its request: by HTTP CONNECT, with a request in clear, or by SOCKS5; and how it is
 * told that the way to its server is open, or not.
 *
 * The first octet tells which: 05 and 04 are SOCKS, anything else is HTTP or refused as such.
 */
import { concat } from "#base/bytes.ts";
import { type Fault, fault } from "#base/fault.ts";
import { faultTable } from "#base/fault-table.ts";
import type { Secret } from "#base/secret.ts";
import { encodeBlockPage } from "#inspect/block-page.ts";
import type { PlainRequest } from "#onboarding/request.ts";
import { ConnectMachine, type ConnectRequest } from "#proxy/connect-machine.ts";
import { basicChallenge, type Credentials } from "#proxy/proxy-authorization.ts";
import type { UserVerdict } from "#proxy/proxy-users.ts";
import {
	encodeSocks5Reply,
	type Socks5Answer,
	Socks5Machine,
	socks5Reply,
	socks5ReplyOf,
} from "#proxy/socks5-machine.ts";

/** What a listener lets its clients speak. */
export type ExplicitProtocol = "http-connect" | "http" | "socks5";

/** The answer to each chunk; `send` goes to the client at once and is often empty. */
export type ArrivalAnswer =
	| { readonly kind: "need-more"; readonly send: Uint8Array }
	| { readonly kind: "tunnel"; readonly request: ConnectRequest; readonly send: Uint8Array }
	/** Another method than CONNECT; `octets` are all that came, `fault` is why it is refused when nobody answers it. */
	| {
			readonly kind: "plain";
			readonly request: PlainRequest;
			readonly octets: Uint8Array;
			readonly fault: Fault;
			/** Why the proxy does nothing for this client but show its own page: it has not said who it is. */
			readonly denied: Fault | undefined;
			readonly send: Uint8Array;
	  }
	/** `send` is the refusal already; when empty, `refusal` words it. */
	| { readonly kind: "refuse"; readonly fault: Fault; readonly send: Uint8Array };

/** Whether a password is the user's; `now` in milliseconds. */
export type CheckUser = (user: string, password: Secret, now: number) => UserVerdict;

export class ExplicitArrival {
	readonly #protocols: ReadonlySet<ExplicitProtocol>;
	/** Undefined where clients need not say who they are. */
	readonly #checkUser: CheckUser | undefined;
	#machine: ConnectMachine | Socks5Machine | undefined;
	/** Who the client is, once that was believed. */
	user: string | undefined;

	constructor(protocols: ReadonlySet<ExplicitProtocol>, checkUser?: CheckUser) {
		this.#protocols = protocols;
		this.#checkUser = checkUser;
	}

	get isSocks(): boolean {
		return this.#machine instanceof Socks5Machine;
	}

	/** Takes the next octets. After an answer other than need-more nothing is to be pushed. */
	push(octets: Uint8Array, now: number): ArrivalAnswer {
		const [first] = octets;
		if (first === undefined) return { kind: "need-more", send: nothing };
		const machine = this.#machine ?? (first === 5 || first === 4 ? this.#newSocks() : new ConnectMachine());
		this.#machine = machine;
		return machine instanceof ConnectMachine ? this.#http(machine, octets, now) : this.#socks(machine, octets, now);
	}

	/** The request did not arrive in time. */
	timedOut(): Fault {
		return (this.#machine ?? new ConnectMachine()).timedOut();
	}

	/** The server is connected. */
	established(): Uint8Array {
		return this.isSocks ? encodeSocks5Reply(socks5Reply.succeeded) : connectionEstablished;
	}

	/** The last words to a client whose request fails. */
	refusal(failure: Fault, sessionId: string): Uint8Array {
		if (this.isSocks) return encodeSocks5Reply(socks5ReplyOf(failure, errnoOf(failure)));
		const status = httpStatus(failure);
		const headers = status === 405 ? "Allow: CONNECT\r\n" : status === 407 ? basicChallenge : "";
		// The record says what was wrong; a guesser does not learn it.
		const sentence = status === 407 ? "The proxy needs a user and the right password." : `${failure.message}.`;
		return encodeBlockPage({ status, sentence, sessionId, headers });
	}

	/** The last words to a client that a policy blocks. */
	blocked(rule: string, sessionId: string): Uint8Array {
		if (this.isSocks) return encodeSocks5Reply(socks5Reply.notAllowed);
		const sentence = "The policy of this network does not permit this connection.";
		return encodeBlockPage({ status: 403, sentence, rule, sessionId });
	}

	#http(machine: ConnectMachine, octets: Uint8Array, now: number): ArrivalAnswer {
		const answer = machine.push(octets);
		switch (answer.kind) {
			case "need-more":
				return { kind: "need-more", send: nothing };
			case "refuse":
				return { kind: "refuse", fault: answer.fault, send: nothing };
			case "plain": {
				const { credentials, ...plain } = answer;
				return { ...plain, denied: this.#denied(credentials, now), send: nothing };
			}
			case "connect": {
				if (!this.#protocols.has("http-connect"))
					return { kind: "refuse", fault: notSpoken("HTTP CONNECT", this.#protocols), send: nothing };
				const denied = this.#denied(answer.credentials, now);
				if (denied !== undefined) return { kind: "refuse", fault: denied, send: nothing };
				return { kind: "tunnel", request: answer.request, send: nothing };
			}
		}
	}

	/** A client that is held hears the same as one whose password is wrong. */
	#denied(credentials: Credentials | undefined, now: number): Fault | undefined {
		if (this.#checkUser === undefined) return undefined;
		if (credentials === undefined) return unbelieved("no user and password of Proxy-Authorization: Basic");
		const { user, password } = credentials;
		const verdict = this.#checkUser(user, password, now);
		if (verdict !== "accepted") return unbelieved(gotOf(verdict, user));
		this.user = user;
		return undefined;
	}

	#newSocks(): Socks5Machine {
		return new Socks5Machine({ mustAuthenticate: this.#checkUser !== undefined });
	}

	#socks(machine: Socks5Machine, octets: Uint8Array, now: number): ArrivalAnswer {
		if (!this.#protocols.has("socks5")) {
			const failure = notSpoken("SOCKS", this.#protocols);
			return { kind: "refuse", fault: failure, send: noMethods };
		}
		const answer = machine.push(octets);
		if (answer.kind === "request") return { ...answer, kind: "tunnel" };
		return answer.kind === "authenticate" ? this.#socksUser(machine, answer, now) : answer;
	}

	#socksUser(
		machine: Socks5Machine,
		{ user, password, send }: Socks5Answer & { readonly kind: "authenticate" },
		now: number,
	): ArrivalAnswer {
		const verdict = this.#checkUser?.(user, password, now) ?? "refused";
		if (verdict === "accepted") this.user = user;
		const answer = machine.authenticated(verdict === "accepted");
		if (answer.kind === "authenticate") throw new Error("SOCKS5 asked for a password twice");
		const sent = { ...answer, send: concat([send, answer.send]) };
		if (sent.kind === "request") return { ...sent, kind: "tunnel" };
		if (sent.kind === "need-more") return sent;
		const message = `the SOCKS5 request to the proxy is refused; expected a user with the right password, got ${gotOf(verdict, user)}`;
		return { ...sent, fault: fault("SOCKS_AUTHENTICATION_FAILED", message) };
	}
}

function notSpoken(spoken: string, protocols: ReadonlySet<ExplicitProtocol>): Fault {
	const expected = [...protocols].join(", ");
	const message = `the client speaks ${spoken} to the proxy; expected ${expected}; set 'protocols' of the listener if it may`;
	return fault("PROXY_PROTOCOL_REFUSED", message, { expected, got: spoken });
}

function unbelieved(got: string): Fault {
	const message = `the request to the proxy is refused; expected a user with the right password, got ${got}`;
	return fault("PROXY_AUTHENTICATION_REQUIRED", message);
}

/** The name is shown as far as it can be one: some type their password there. */
function gotOf(verdict: UserVerdict, user: string): string {
	if (verdict === "held") return "too many wrong passwords before";
	return /^[\w.@-]{1,64}$/.test(user) ? `user ${user} with a wrong password, or no such user` : "no such user";
}

type PageStatus = 400 | 403 | 405 | 407 | 408 | 431 | 502 | 503 | 504;

function httpStatus(failure: Fault): PageStatus {
	return (faultTable[failure.code] as { http?: PageStatus }).http ?? 502;
}

/** The error of the connection, where the fault names one. */
function errnoOf(failure: Fault): string | undefined {
	return /\b(ECONNREFUSED|ENETUNREACH|EHOSTUNREACH)\b/.exec(failure.message)?.[1];
}

const nothing = new Uint8Array(0);
/** "No acceptable methods" (RFC 1928 §3). */
const noMethods = Uint8Array.of(5, 0xff);
const connectionEstablished = Buffer.from("HTTP/1.1 200 Connection established\r\n\r\n", "latin1");
