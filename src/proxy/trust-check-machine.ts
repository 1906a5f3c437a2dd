/**
 * The gateway as the server of one TLS connection: the test that tells a client whether it trusts the CA.
 *
 *   expect-hello -> await-context -> await-tls -> expect-request -> answered
 *
 * It is owned by a session's machine, which performs its replies.
 */
import { type Fault, fault } from "#base/fault.ts";
import type { OnboardingSite, SiteAnswer } from "#onboarding/site.ts";
import { ConnectMachine } from "#proxy/connect-machine.ts";
import type { SessionEffect, SessionTimeouts } from "#proxy/session-event.ts";
import type { ClientHello } from "#tls/client-hello.ts";
import { ClientHelloReader } from "#tls/client-hello-reader.ts";

/** The test's host, and the name of the CA that signs for it. */
export interface OwnTest {
	readonly host: string;
	readonly signer: string;
}

export type TrustCheckReply =
	/** `hello` is there once, when it was read. */
	| { readonly kind: "go-on"; readonly effects: readonly SessionEffect[]; readonly hello?: ClientHello }
	| { readonly kind: "answer"; readonly answer: SiteAnswer }
	/** `isInTls`: the client's TLS has begun, and an alert in clear would stand amid its records. */
	| { readonly kind: "failed"; readonly fault: Fault; readonly isInTls: boolean };

type State =
	| { readonly tag: "expect-hello"; readonly reader: ClientHelloReader }
	| { readonly tag: "await-context"; readonly helloOctets: Uint8Array; readonly alpn: string | undefined }
	| { readonly tag: "await-tls" }
	| { readonly tag: "expect-request"; readonly machine: ConnectMachine }
	| { readonly tag: "answered" };

export class TrustCheckMachine {
	readonly #site: OnboardingSite;
	readonly #test: OwnTest;
	readonly #sessionId: string;
	readonly #timeouts: SessionTimeouts;
	#state: State = { tag: "expect-hello", reader: new ClientHelloReader() };
	/** When the wait is over, in milliseconds. */
	until: number;

	constructor(site: OnboardingSite, test: OwnTest, sessionId: string, timeouts: SessionTimeouts, now: number) {
		this.#site = site;
		this.#test = test;
		this.#sessionId = sessionId;
		this.#timeouts = timeouts;
		this.until = now + timeouts.helloMs;
	}

	get wantsOctets(): boolean {
		return this.#state.tag === "expect-hello";
	}

	/** TLS stands and nothing was asked yet. */
	get isSecured(): boolean {
		return this.#state.tag === "expect-request";
	}

	/** Octets of the ClientHello. */
	clientOctets(octets: Uint8Array, now: number): TrustCheckReply {
		const state = this.#state;
		if (state.tag !== "expect-hello") return unexpected(state, "client-octets");
		const answer = state.reader.push(octets);
		switch (answer.kind) {
			case "need-more":
				return { kind: "go-on", effects: [] };
			case "not-tls":
				return failed("CLIENT_NOT_TLS", `the client does not speak TLS to the test; got ${answer.looksLike}`);
			case "malformed":
				return failed("CLIENT_HELLO_MALFORMED", `a ClientHello to the test is refused; ${answer.reason}`);
			case "too-large":
				return failed("CLIENT_HELLO_TOO_LARGE", `a ClientHello to the test is refused; ${answer.reason}`);
			case "hello":
				return this.#hello(answer.hello, state.reader.original(), now);
		}
	}

	#hello(hello: ClientHello, helloOctets: Uint8Array, now: number): TrustCheckReply {
		const alpn = hello.alpn.includes("http/1.1") ? "http/1.1" : undefined;
		this.#state = { tag: "await-context", helloOctets, alpn };
		this.until = now + this.#timeouts.handshakeMs;
		return { kind: "go-on", hello, effects: [{ type: "prepare-own-context", hello, ...this.#test }] };
	}

	contextReady(now: number): TrustCheckReply {
		const state = this.#state;
		if (state.tag !== "await-context") return unexpected(state, "context-ready");
		const { helloOctets, alpn } = state;
		this.#state = { tag: "await-tls" };
		this.until = now + this.#timeouts.handshakeMs;
		return { kind: "go-on", effects: [{ type: "start-client-tls", helloOctets, alpn }] };
	}

	secured(now: number): TrustCheckReply {
		if (this.#state.tag !== "await-tls") return unexpected(this.#state, "client-secured");
		this.#state = { tag: "expect-request", machine: new ConnectMachine() };
		this.until = now + this.#timeouts.requestMs;
		return { kind: "go-on", effects: [{ type: "read-plaintext" }] };
	}

	/** Octets of the request, decrypted. */
	plaintext(octets: Uint8Array): TrustCheckReply {
		const state = this.#state;
		if (state.tag !== "expect-request") return unexpected(state, "client-plaintext");
		const read = state.machine.push(octets);
		if (read.kind === "need-more") return { kind: "go-on", effects: [] };
		this.#state = { tag: "answered" };
		if (read.kind === "plain") return { kind: "answer", answer: this.#site.answerCheck(read.request, this.#sessionId) };
		const failure =
			read.kind === "refuse" ? read.fault : fault("PROXY_METHOD_REFUSED", "the test was asked for CONNECT");
		return { kind: "failed", fault: failure, isInTls: true };
	}

	timedOut(client: string): TrustCheckReply {
		const { tag } = this.#state;
		switch (tag) {
			case "expect-hello":
				return failed("CLIENT_HELLO_TIMEOUT", `client ${client} did not send a ClientHello to the test in time`);
			case "await-context":
				return failed("CERTIFICATE_SIGNING_FAILED", "no certificate for the test was signed in time");
			case "await-tls":
				return failed("CLIENT_HANDSHAKE_FAILED", `client ${client} did not finish the test's TLS handshake`, true);
			default:
				return failed("PROXY_HEAD_TIMEOUT", `client ${client} asked nothing of the test in time`, true);
		}
	}
}

function failed(
	code:
		| "CLIENT_NOT_TLS"
		| "CLIENT_HELLO_MALFORMED"
		| "CLIENT_HELLO_TOO_LARGE"
		| "CLIENT_HELLO_TIMEOUT"
		| "CLIENT_HANDSHAKE_FAILED"
		| "CERTIFICATE_SIGNING_FAILED"
		| "PROXY_HEAD_TIMEOUT",
	message: string,
	isInTls = false,
): TrustCheckReply {
	return { kind: "failed", fault: fault(code, message), isInTls };
}

function unexpected(state: State, event: string): never {
	throw new Error(`trust check: event ${event} in state ${state.tag}`);
}
