/**
 * A client of the explicit proxy up to its request: by HTTP CONNECT, with a request in clear, or by SOCKS5; and how it is
 * told that the way to its server is open, or not.
 *
 * The first octet tells which: 05 and 04 are SOCKS, anything else is HTTP or refused as such.
 */
import { type Fault, fault } from "#base/fault.ts";
import { faultTable } from "#base/fault-table.ts";
import { encodeBlockPage } from "#inspect/block-page.ts";
import type { PlainRequest } from "#onboarding/request.ts";
import { ConnectMachine, type ConnectRequest } from "#proxy/connect-machine.ts";
import { encodeSocks5Reply, Socks5Machine, socks5Reply, socks5ReplyOf } from "#proxy/socks5-machine.ts";

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
			readonly send: Uint8Array;
	  }
	/** `send` is the refusal already; when empty, `refusal` words it. */
	| { readonly kind: "refuse"; readonly fault: Fault; readonly send: Uint8Array };

export class ExplicitArrival {
	readonly #protocols: ReadonlySet<ExplicitProtocol>;
	#machine: ConnectMachine | Socks5Machine | undefined;

	constructor(protocols: ReadonlySet<ExplicitProtocol>) {
		this.#protocols = protocols;
	}

	get isSocks(): boolean {
		return this.#machine instanceof Socks5Machine;
	}

	/** Takes the next octets. After an answer other than need-more nothing is to be pushed. */
	push(octets: Uint8Array): ArrivalAnswer {
		const [first] = octets;
		if (first === undefined) return { kind: "need-more", send: nothing };
		const machine = this.#machine ?? (first === 5 || first === 4 ? new Socks5Machine() : new ConnectMachine());
		this.#machine = machine;
		return machine instanceof ConnectMachine ? this.#http(machine, octets) : this.#socks(machine, octets);
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
		const headers = status === 405 ? "Allow: CONNECT\r\n" : "";
		return encodeBlockPage({ status, sentence: `${failure.message}.`, sessionId, headers });
	}

	/** The last words to a client that a policy blocks. */
	blocked(rule: string, sessionId: string): Uint8Array {
		if (this.isSocks) return encodeSocks5Reply(socks5Reply.notAllowed);
		const sentence = "The policy of this network does not permit this connection.";
		return encodeBlockPage({ status: 403, sentence, rule, sessionId });
	}

	#http(machine: ConnectMachine, octets: Uint8Array): ArrivalAnswer {
		const answer = machine.push(octets);
		switch (answer.kind) {
			case "need-more":
				return { kind: "need-more", send: nothing };
			case "refuse":
				return { kind: "refuse", fault: answer.fault, send: nothing };
			case "plain":
				return { ...answer, send: nothing };
			case "connect":
				if (this.#protocols.has("http-connect")) return { kind: "tunnel", request: answer.request, send: nothing };
				return { kind: "refuse", fault: notSpoken("HTTP CONNECT", this.#protocols), send: nothing };
		}
	}

	#socks(machine: Socks5Machine, octets: Uint8Array): ArrivalAnswer {
		if (!this.#protocols.has("socks5")) {
			const failure = notSpoken("SOCKS", this.#protocols);
			return { kind: "refuse", fault: failure, send: noMethods };
		}
		const answer = machine.push(octets);
		if (answer.kind === "authenticate") throw new Error("a listener without users was given one");
		return answer.kind === "request" ? { ...answer, kind: "tunnel" } : answer;
	}
}

function notSpoken(spoken: string, protocols: ReadonlySet<ExplicitProtocol>): Fault {
	const expected = [...protocols].join(", ");
	const message = `the client speaks ${spoken} to the proxy; expected ${expected}; set 'protocols' of the listener if it may`;
	return fault("PROXY_PROTOCOL_REFUSED", message, { expected, got: spoken });
}

function httpStatus(failure: Fault): 400 | 403 | 405 | 408 | 431 | 502 | 503 | 504 {
	return (faultTable[failure.code] as { http?: 400 | 403 | 405 | 408 | 431 | 502 | 503 | 504 }).http ?? 502;
}

/** The error of the connection, where the fault names one. */
function errnoOf(failure: Fault): string | undefined {
	return /\b(ECONNREFUSED|ENETUNREACH|EHOSTUNREACH)\b/.exec(failure.message)?.[1];
}

const nothing = new Uint8Array(0);
/** "No acceptable methods" (RFC 1928 §3). */
const noMethods = Uint8Array.of(5, 0xff);
const connectionEstablished = Buffer.from("HTTP/1.1 200 Connection established\r\n\r\n", "latin1");
