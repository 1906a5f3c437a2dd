/**
 * DTLS that is let pass unopened: the ClientHello is read, policy decides, and the datagrams go on as they came.
 *
 *   expect-hello -> await-resolve -> await-server -> forwarding -> ended
 *
 * Whoever sends a datagram may have forged its source. Until the client has returned the server's cookie, it is sent no more octets
 * than came from it. A second ClientHello must name the first one's server, and after the proof none goes on but those two: a client
 * cannot reach by a later hello what policy would not let it reach by the first.
 *
 * Source: RFC 6347 §4.2.1, §4.2.8.
 */
import { type Address, formatAddress, parseAddress } from "#base/address.ts";
import { equalBytes } from "#base/bytes.ts";
import { type Fault, fault } from "#base/fault.ts";
import { type HelloFragment, helloFragments, isPartOf } from "#dtls/hello-fragments.ts";
import { encodePlainAlert } from "#dtls/record.ts";
import { cookieOffered } from "#dtls/server-cookie.ts";
import type { Decision } from "#policy/evaluate.ts";
import type { DatagramFlow, FlowPorts } from "#proxy/datagram-flow.ts";
import { FlowRate } from "#proxy/flow-rate.ts";
import type { ProxyProfile } from "#proxy/profile.ts";
import { SessionDecision } from "#proxy/session-decision.ts";
import type { SessionClient, SessionContext } from "#proxy/session-event.ts";
import { SessionFacts } from "#proxy/session-facts.ts";
import { ownServer, serverBySni } from "#proxy/way-in.ts";
import type { AlertName } from "#tls/alert.ts";
import type { ClientHello } from "#tls/client-hello.ts";
import { DtlsHelloReader } from "#tls/dtls-client-hello.ts";
import { contentType } from "#tls/record.ts";

/** What a datagram listener adds to what all listeners have. */
export interface FlowSettings {
	/** Danger: servers that ask for no cookie answer clients that have proved nothing. */
	readonly permitsServersWithoutCookie: boolean;
	readonly idleMs: number;
}

type Tag = "expect-hello" | "await-resolve" | "await-server" | "forwarding" | "ended";

export class PassedFlow implements DatagramFlow {
	readonly #context: SessionContext;
	readonly #settings: FlowSettings;
	readonly #ports: FlowPorts;
	readonly #facts: SessionFacts;
	readonly #policy: SessionDecision;
	readonly #reader = new DtlsHelloReader();
	#tag: Tag = "expect-hello";
	/** The messages of the first and the second hello. */
	readonly #hellos: Uint8Array[] = [];
	/** What came before there was a server. */
	#held: Uint8Array[] = [];
	#heldOctets = 0;
	#cookie: Uint8Array | undefined;
	#hasServerSpoken = false;
	#isProven = false;
	#fromClient = 0;
	#toClient = 0;
	#fromServer = 0;
	#passedToServer = 0;
	#unasked = 0;
	#rate = new FlowRate(undefined);
	/** Who said an alert last, after which nothing but alerts came. */
	#closing: "client" | "server" | undefined;
	deadline: number;

	constructor(
		id: string,
		client: SessionClient,
		context: SessionContext,
		settings: FlowSettings,
		ports: FlowPorts,
		now: number,
	) {
		this.#context = context;
		this.#settings = settings;
		this.#ports = ports;
		this.#facts = new SessionFacts(id, context.listener, client, now);
		this.#policy = new SessionDecision(context, this.#facts);
		this.deadline = now + context.timeouts.helloMs;
	}

	get isProven(): boolean {
		return this.#isProven;
	}

	get isEnded(): boolean {
		return this.#tag === "ended";
	}

	get isGone(): boolean {
		return this.isEnded && this.deadline === 0;
	}

	get decision(): Decision<ProxyProfile> | undefined {
		return this.#facts.decision;
	}

	beginsAnew(datagram: Uint8Array): boolean {
		const [first] = this.#hellos;
		if (first === undefined) return false;
		return helloFragments(datagram)?.some((fragment) => isOther(fragment, first)) === true;
	}

	fromClient(datagram: Uint8Array, now: number): void {
		this.#fromClient += datagram.length;
		if (this.#tag === "ended") return;
		const fragments = helloFragments(datagram);
		if (fragments === undefined) return;
		const isOpen = this.#hellos.length > 0;
		if (isOpen && fragments.every((fragment) => this.#isKnown(fragment))) {
			if (!this.#isProven && this.#goesOnWithoutCookie(fragments)) this.#prove();
			return this.#forward(datagram, now);
		}
		if (!this.#isProven) this.#readHello(datagram, now);
	}

	fromServer(datagram: Uint8Array, now: number): void {
		if (this.#tag !== "forwarding") return;
		this.#hasServerSpoken = true;
		this.#fromServer += datagram.length;
		if (!this.#isProven) {
			this.#cookie ??= cookieOffered(datagram);
			const isPermitted = this.#cookie === undefined && this.#settings.permitsServersWithoutCookie;
			if (!isPermitted && this.#toClient + datagram.length > this.#fromClient) {
				this.#unasked++;
				return;
			}
		}
		this.#alive(datagram, "server", now);
		if (!this.#rate.passes(datagram.length, now)) return;
		this.#toClient += datagram.length;
		this.#ports.sendClient(datagram);
	}

	resolved(addresses: readonly Address[], now: number): void {
		const { target } = this.#facts;
		if (this.#tag !== "await-resolve" || target === undefined) return;
		const address = addresses.find((one) => this.#policy.mayConnect(one, target.port));
		if (address === undefined) return this.failed(this.#policy.targetFault(target, addresses), now);
		this.#facts.server = address;
		const decision = this.#policy.evaluate(now);
		this.#facts.decision = decision;
		for (const { event } of this.#policy.begun(decision, now)) this.#ports.tell(event);
		if (decision.action === "block") return this.#blocked(decision, now);
		const { rateLimit } = decision;
		this.#rate = new FlowRate(rateLimit && this.#context.precedence?.bucket?.(rateLimit));
		this.#tag = "await-server";
		this.deadline = now + this.#context.timeouts.connectMs;
		this.#ports.openServer(address, target.port);
	}

	opened(now: number): void {
		if (this.#tag !== "await-server") return;
		this.#tag = "forwarding";
		this.deadline = now + this.#context.timeouts.handshakeMs;
		const held = this.#held;
		this.#held = [];
		for (const datagram of held) this.#sendServer(datagram, now);
	}

	failed(failure: Fault, now: number): void {
		if (this.isEnded) return;
		this.#refuse(failure, "internal_error", now);
	}

	tick(now: number): void {
		if (now < this.deadline) return;
		const who = formatAddress(this.#facts.client.address);
		switch (this.#tag) {
			case "expect-hello":
				return this.#close(now, `client ${who} did not send a ClientHello in time`, "CLIENT_HELLO_TIMEOUT", 0);
			case "await-resolve":
			case "await-server":
				return this.#close(
					now,
					`server ${this.#facts.targetText} was not reached in time`,
					"SERVER_CONNECT_TIMEOUT",
					0,
				);
			case "forwarding":
				return this.#timedOut(who, now);
			case "ended":
				this.deadline = 0;
		}
	}

	end(why: string, now: number): void {
		if (!this.isEnded) this.#close(now, why, undefined, 0);
		this.deadline = 0;
	}

	#timedOut(who: string, now: number): void {
		const server = this.#facts.targetText;
		if (!this.#isProven) {
			if (!this.#hasServerSpoken) {
				const message = `server ${server} did not answer in time`;
				return this.#close(now, message, "SERVER_CONNECT_TIMEOUT", 0);
			}
			const kept = this.#unasked === 0 ? "" : `; ${this.#unasked} datagrams of the server were kept from it`;
			const remedy =
				this.#cookie === undefined && this.#unasked > 0
					? `; server ${server} asks for no cookie, which permit-servers-without-cookie permits`
					: "";
			const message = `client ${who} did not prove that it receives at its address${kept}${remedy}`;
			return this.#close(now, message, "CLIENT_ADDRESS_UNPROVEN", 0);
		}
		const why =
			this.#closing === undefined
				? `neither client ${who} nor server ${server} sent anything for ${this.#settings.idleMs / 1000} seconds`
				: `the ${this.#closing} closed with an alert`;
		this.#close(now, why, this.#closing === undefined ? "SESSION_IDLE_TIMEOUT" : undefined, 0);
	}

	#isKnown(fragment: HelloFragment): boolean {
		const body = this.#hellos[fragment.sequence];
		return body !== undefined && isPartOf(fragment, body);
	}

	/** It answers the server's first flight, which it must have received. */
	#goesOnWithoutCookie(fragments: readonly HelloFragment[]): boolean {
		if (fragments.length > 0 || !this.#hasServerSpoken) return false;
		return this.#settings.permitsServersWithoutCookie && this.#cookie === undefined;
	}

	#readHello(datagram: Uint8Array, now: number): void {
		const isFirst = this.#hellos.length === 0;
		const reading = this.#reader.push(datagram);
		switch (reading.kind) {
			case "need-more":
				return this.#forward(datagram, now);
			case "hello":
				this.#hellos.push(reading.body);
				if (reading.isSecond) this.#secondHello(datagram, reading.cookie, now);
				else this.#firstHello(datagram, reading.hello, now);
				return;
			default: {
				// Anybody can forge a datagram that spoils the second hello: the flow is left as it is.
				if (!isFirst) return;
				const code = reading.kind === "too-large" ? "CLIENT_HELLO_TOO_LARGE" : "CLIENT_HELLO_MALFORMED";
				const who = formatAddress(this.#facts.client.address);
				const message = `client ${who} sent a ClientHello that is refused; ${reading.reason}`;
				this.#refuse(fault(code, message), "decode_error", now);
			}
		}
	}

	#firstHello(datagram: Uint8Array, hello: ClientHello, now: number): void {
		const who = formatAddress(this.#facts.client.address);
		if (hello.serverName.kind === "invalid") {
			const message = `client ${who} sent a server name that is none; expected a host name, got ${JSON.stringify(hello.serverName.text)}`;
			return this.#refuse(fault("CLIENT_HELLO_MALFORMED", message), "decode_error", now);
		}
		this.#facts.helloRead(hello, now);
		this.#hold(datagram);
		const target = ownServer(this.#context.way) ?? serverBySni(this.#context.way, hello.sni);
		if (target === undefined) {
			const message = `client ${who} named no server; expected a server name in the ClientHello, got none; listener ${this.#context.listener} chooses the server by it`;
			return this.#refuse(fault("CLIENT_NAME_MISSING", message), "unrecognized_name", now);
		}
		this.#facts.target = target;
		const literal = parseAddress(target.host);
		const verdict = this.#policy.beforeHello(literal, now);
		if (verdict !== undefined) return this.#blocked(verdict, now);
		this.#tag = "await-resolve";
		this.deadline = now + this.#context.timeouts.connectMs;
		if (literal === undefined) this.#ports.resolve(target.host);
		else this.resolved([literal], now);
	}

	#secondHello(datagram: Uint8Array, cookie: Uint8Array, now: number): void {
		if (this.#cookie !== undefined && equalBytes(cookie, this.#cookie)) this.#prove();
		this.#forward(datagram, now);
	}

	#prove(): void {
		if (this.#isProven) return;
		this.#isProven = true;
		this.#ports.proved();
	}

	#forward(datagram: Uint8Array, now: number): void {
		if (this.#tag !== "forwarding") return this.#hold(datagram);
		this.#alive(datagram, "client", now);
		this.#sendServer(datagram, now);
	}

	#sendServer(datagram: Uint8Array, now: number): void {
		if (!this.#rate.passes(datagram.length, now)) return;
		this.#passedToServer += datagram.length;
		this.#ports.sendServer(datagram);
	}

	#hold(datagram: Uint8Array): void {
		if (this.#heldOctets + datagram.length > maxHeldOctets) return;
		this.#heldOctets += datagram.length;
		this.#held.push(Uint8Array.from(datagram));
	}

	/** Alerts are seen by their type, whatever they say: close_notify is encrypted. Nobody has authenticated it. */
	#alive(datagram: Uint8Array, side: "client" | "server", now: number): void {
		if (datagram[0] === contentType.alert) {
			if (this.#closing !== undefined) return;
			this.#closing = side;
			this.deadline = Math.min(this.deadline, now + closingMs);
			return;
		}
		this.#closing = undefined;
		if (this.#isProven) this.deadline = now + this.#settings.idleMs;
	}

	#blocked(decision: Decision<ProxyProfile>, now: number): void {
		this.#facts.decision = decision;
		if (decision.action === "block" && decision.isSilent !== true) this.#alert("access_denied");
		this.#close(now, `blocked by ${decision.rule} because ${decision.fact}`, undefined, refusedMs);
	}

	#refuse(failure: Fault, alert: AlertName, now: number): void {
		if (!this.#hasServerSpoken) this.#alert(alert);
		this.#close(now, failure.message, failure.code, this.#isProven ? 0 : refusedMs);
	}

	#alert(name: AlertName): void {
		const alert = encodePlainAlert(name, 0);
		if (this.#toClient + alert.length > this.#fromClient) return;
		this.#toClient += alert.length;
		this.#ports.sendClient(alert);
	}

	/** `lingerMs`: how long retransmissions of what was refused are passed over. */
	#close(now: number, why: string, faultCode: Fault["code"] | undefined, lingerMs: number): void {
		this.#tag = "ended";
		this.#held = [];
		this.deadline = lingerMs === 0 ? 0 : now + lingerMs;
		this.#facts.summary = {
			octetsToServer: this.#passedToServer,
			octetsToClient: this.#toClient,
			requests: 0,
			findings: [],
			inspection: "not decrypted",
			why,
		};
		this.#facts.ended(why, faultCode, now);
		this.#ports.ended(this.#facts.record());
	}
}

/** The beginning of a first hello that is not this one. */
function isOther({ sequence, offset, octets }: HelloFragment, first: Uint8Array): boolean {
	if (sequence !== 0 || offset !== 0 || octets.length < versionAndRandomOctets) return false;
	return !equalBytes(octets.subarray(2, versionAndRandomOctets), first.subarray(2, versionAndRandomOctets));
}

const versionAndRandomOctets = 34;
/** Of one flow, while its server is found: a hello of the longest kind. */
const maxHeldOctets = 70_000;
/** After an alert: what crosses it on the way is still let pass. */
const closingMs = 5_000;
const refusedMs = 10_000;
