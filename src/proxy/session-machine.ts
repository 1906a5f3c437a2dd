/**
 * One connection through the gateway, from its first octet to its record.
 *
 *   expect-request -> await-resolve -> await-connect -> expect-hello -> opening -> await-relay-end -> closed
 *
 * Where it begins is a matter of the way in: a client of the explicit proxy names its server; a transparent client has
 * addressed it (await-connect); a session that is let be after the server was looked at goes by await-reconnect; where the ClientHello chooses the server, expect-hello comes before await-resolve; and a
 * client that speaks in clear sends none. Bypass leaves the opening out.
 *
 * The server is connected to and verified before the client sees a ServerHello (RFC 8446 §9.3; checklist N8). The
 * machine decides; the shell performs effects and reports what happened.
 */
import { type Address, type Endpoint, formatAddress, parseAddress } from "#base/address.ts";
import { concat } from "#base/bytes.ts";
import { type Fault, fault } from "#base/fault.ts";
import { faultTable } from "#base/fault-table.ts";
import type { NameObstacle } from "#inspect/name-policy-service.ts";
import type { MailProtocol } from "#mail/mail-reader.ts";
import type { OnboardingSite, SiteAnswer } from "#onboarding/site.ts";
import type { Decision } from "#policy/evaluate.ts";
import { beginOpening } from "#proxy/begin-opening.ts";
import type { ConnectRequest } from "#proxy/connect-machine.ts";
import { type ArrivalAnswer, ExplicitArrival } from "#proxy/explicit-arrival.ts";
import { decideForwarded } from "#proxy/forwarded-decision.ts";
import { ForwardedRequests } from "#proxy/forwarded-requests.ts";
import { headerAtOnce, headerBehindTls } from "#proxy/handed-on.ts";
import { HelloQuestions, type NameAnswer, nameAnswersMs } from "#proxy/hello-questions.ts";
import { lateConnect, lateHello, lateMail, lateProxyHeader } from "#proxy/late-faults.ts";
import type { LearnedServer } from "#proxy/learned-bypass.ts";
import type { MailAnswer, MailPhase } from "#proxy/mail-phase.ts";
import type { OpeningMachine, OpeningReply } from "#proxy/opening-machine.ts";
import type { ProxyProfile } from "#proxy/profile.ts";
import { readProxyHeader } from "#proxy/proxy-header-phase.ts";
import { userCheck } from "#proxy/proxy-users.ts";
import { blocksSession, SessionDecision } from "#proxy/session-decision.ts";
import type { SessionClient, SessionContext, SessionEffect, SessionEvent } from "#proxy/session-event.ts";
import { SessionFacts } from "#proxy/session-facts.ts";
import { type OwnTest, TrustCheckMachine, type TrustCheckReply } from "#proxy/trust-check-machine.ts";
import { ownServer, readsHelloFirst, serverBySni, sourceFor, tlsSides } from "#proxy/way-in.ts";
import { mailPhaseOf, passedInClear, passedNotTls } from "#proxy/without-tls.ts";
import type { SessionRecord } from "#telemetry/session-record.ts";
import { encodeAlert } from "#tls/alert.ts";
import type { ClientHello } from "#tls/client-hello.ts";
import { ClientHelloReader, type FirstOctets } from "#tls/client-hello-reader.ts";

type State =
	| { readonly tag: "expect-request"; readonly until: number }
	| { readonly tag: "expect-proxy-header"; readonly held: Uint8Array; readonly until: number }
	/** Before the way is begun. */
	| { readonly tag: "idle" }
	| { readonly tag: "await-resolve"; readonly until: number }
	| { readonly tag: "await-connect"; readonly until: number }
	| {
			readonly tag: "expect-hello";
			readonly reader: ClientHelloReader;
			/** The server may speak first, and does it in this phase. */
			readonly mail?: MailPhase | undefined;
			readonly until: number;
	  }
	| {
			readonly tag: "await-name";
			readonly hello: ClientHello | undefined;
			readonly helloOctets: Uint8Array;
			readonly until: number;
	  }
	| { readonly tag: "in-mail"; readonly mail: MailPhase; readonly until: number }
	| { readonly tag: "opening"; readonly machine: OpeningMachine; readonly helloOctets: Uint8Array }
	| { readonly tag: "await-reconnect"; readonly helloOctets: Uint8Array; readonly until: number }
	| { readonly tag: "await-relay-end" }
	| { readonly tag: "in-trust-check"; readonly machine: TrustCheckMachine }
	| { readonly tag: "await-answer-sent"; readonly answer: SiteAnswer; readonly until: number }
	| { readonly tag: "closed" };

type LetBe = OpeningReply & { readonly kind: "let-be" };

interface Forwarded {
	readonly requests: ForwardedRequests;
	readonly first: Uint8Array;
}

/** The machine. `step` takes one event and answers what to do; the record grows inside it. */
export class SessionMachine {
	readonly id: string;
	readonly #context: SessionContext;
	readonly #facts: SessionFacts;
	/** What the configuration says of the session. */
	readonly #policy: SessionDecision;
	readonly #questions: HelloQuestions;
	#state: State = { tag: "idle" };
	/** How the client of an explicit proxy asks and is answered. */
	readonly #arrival: ExplicitArrival | undefined;
	/** Requests in clear, and what of them goes to the server first. */
	#forwarded: Forwarded | undefined;
	/** The mail protocol in which TLS was agreed upon. */
	#upgraded: MailProtocol | undefined;
	/** What the client is told before the server's octets. */
	#greeting: Uint8Array = noOctets;
	/** What the client sent behind its request. */
	#rest: Uint8Array = noOctets;
	/** The ClientHello that came before there was a server. */
	#hello: { readonly hello: ClientHello; readonly octets: Uint8Array } | undefined;

	constructor(id: string, context: SessionContext, client: SessionClient, now: number) {
		this.id = id;
		this.#context = context;
		this.#facts = new SessionFacts(id, context.listener, client, now);
		this.#policy = new SessionDecision(context, this.#facts);
		this.#questions = new HelloQuestions(this.#facts, context.way);
		const check = userCheck(context.users, this.#facts);
		this.#arrival = context.way.kind === "explicit" ? new ExplicitArrival(context.way.protocols, check) : undefined;
	}

	/** Begins the way. To be called once, before any event. */
	start(now: number): readonly SessionEffect[] {
		const { timeouts, proxiesInFront } = this.#context;
		if (proxiesInFront?.matchAddress(this.#facts.client.address) === undefined) return this.#begin(now);
		this.#state = { tag: "expect-proxy-header", held: noOctets, until: now + timeouts.requestMs };
		return nothing;
	}

	/** What is known of the session by now. */
	get facts(): Readonly<SessionFacts> {
		return this.#facts;
	}

	/** Why requests for another name have no place on the session; undefined when they have. */
	judgeName(name: string, now: number): NameObstacle | undefined {
		return this.#policy.judgeName(name, now);
	}

	/** The proxy in front tells whom the connection belongs to. */
	#proxyHeader(held: Uint8Array, until: number, now: number): readonly SessionEffect[] {
		const reading = readProxyHeader(held, this.#facts.client);
		if (reading.kind === "need-more") {
			this.#state = { tag: "expect-proxy-header", held, until };
			return nothing;
		}
		if (reading.kind === "malformed") return this.#close(now, reading.message, "PROXY_HEADER_MALFORMED", "reset");
		this.#facts.client = reading.client;
		const { rest } = reading;
		const effects = this.#begin(now);
		if (rest.length === 0 || this.isClosed) return effects;
		if (this.wantsOctets) return [...effects, ...this.#clientOctets(rest, now)];
		this.#rest = rest;
		return effects;
	}

	#begin(now: number): readonly SessionEffect[] {
		const { timeouts, way } = this.#context;
		if (way.kind === "explicit") {
			this.#state = { tag: "expect-request", until: now + timeouts.requestMs };
			return nothing;
		}
		if (readsHelloFirst(way)) {
			this.#state = { tag: "expect-hello", reader: new ClientHelloReader(), until: now + timeouts.helloMs };
			return nothing;
		}
		const target = ownServer(way) ?? this.#facts.client.destination;
		if (target === undefined) throw new Error("session machine: a transparent client has no destination");
		return this.#reach(target, now);
	}

	/** True while octets of the client are input of this machine; the shell stops reading otherwise. */
	get wantsOctets(): boolean {
		const state = this.#state;
		if (state.tag === "in-trust-check") return state.machine.wantsOctets;
		if (state.tag === "in-mail") return state.mail.wantsClient;
		return state.tag === "expect-request" || state.tag === "expect-hello" || state.tag === "expect-proxy-header";
	}

	/** The profile of the decision; undefined before there is one, or when no profile took part. */
	get profile(): ProxyProfile | undefined {
		return this.#facts.decision?.profile;
	}

	/** What is known of the name in clear where there is ECH. */
	get ech(): SessionFacts["ech"] {
		return this.#facts.ech;
	}

	/** Why the server is not trusted; undefined when it is, or when that is not known yet. */
	get distrust(): string | undefined {
		const { verdict } = this.#facts;
		return verdict?.isTrusted === false ? verdict.reason : undefined;
	}

	/** The server whose leaf the client refuses now, if that may teach something; undefined when it may not. */
	get refusedServer(): LearnedServer | undefined {
		const state = this.#state;
		if (state.tag !== "opening" || !state.machine.isAwaitingClient) return undefined;
		return this.#policy.learnable(state.machine.decision.profile);
	}

	get isClosed(): boolean {
		return this.#state.tag === "closed";
	}

	/** When `deadline-passed` is due, in milliseconds; Infinity while relaying (the relay has its own idle time). */
	deadline(): number {
		if (this.#state.tag === "in-trust-check" || this.#state.tag === "opening") return this.#state.machine.until;
		return "until" in this.#state ? this.#state.until : Number.POSITIVE_INFINITY;
	}

	/** One line for a person: where the session stands. */
	describe(): string {
		return `${this.id} ${tagOf(this.#state)} ${this.#facts.target?.host ?? "-"}`;
	}

	/** After the close whatever is late is answered with nothing. */
	step(event: SessionEvent, now: number): readonly SessionEffect[] {
		if (this.isClosed) return nothing;
		if (this.#state.tag === "in-trust-check") this.#noteOwnEnd(event, now);
		switch (event.type) {
			case "client-octets":
				return this.#clientOctets(event.octets, now);
			case "client-ended":
				return this.#close(now, this.#whyEnded(event.why));
			case "server-resolved":
				return this.#resolved(event.addresses, now);
			case "ech-known":
			case "name-resolved":
				return this.#nameLearned(event, now);
			case "server-connected":
				return this.#connected(event.address, now);
			case "server-octets":
				return this.#serverOctets(event.octets, now);
			case "server-failed":
				return this.#serverFailed(event.fault, event.wantsCertificate === true, now);
			case "server-secured":
				return this.#opened(this.#opening(event).serverSecured(event, now), now);
			case "chain-completed":
				return this.#opened(this.#opening(event).chainCompleted(event.verdict, now), now);
			case "revocation-known":
				return this.#opened(this.#opening(event).revocationKnown(event.verdict, now), now);
			case "context-ready":
				return this.#contextReady(event, now);
			case "context-failed":
				return this.#failHandshake(event.fault, now);
			case "client-secured":
				return this.#clientSecured(event, now);
			case "client-failed":
				return this.#close(now, event.fault.message, event.fault.code);
			case "client-plaintext":
				return this.#plaintext(event.octets, now);
			case "answer-sent":
				return this.#answerSent(now);
			case "relay-ended":
				this.#facts.summary = event.summary;
				return this.#close(now, ...this.#questions.whyEnded(event.summary));
			case "deadline-passed":
				return this.#deadlinePassed(now);
		}
	}

	/** The record of the connection; whole once the machine is closed. */
	record(): SessionRecord {
		return this.#facts.record();
	}

	#clientOctets(octets: Uint8Array, now: number): readonly SessionEffect[] {
		const state = this.#state;
		if (state.tag === "expect-request") return this.#requestOctets(this.#explicit(state), octets, now);
		if (state.tag === "expect-hello") {
			const { mail, reader } = state;
			if (mail !== undefined && mail.held.length > 0) return this.#passClear(mail, now, mail.held, octets);
			return this.#helloOctets(reader, octets, now);
		}
		if (state.tag === "expect-proxy-header") {
			const held = state.held.length === 0 ? octets : concat([state.held, octets]);
			return this.#proxyHeader(held, state.until, now);
		}
		if (state.tag === "in-mail") return this.#mailStep(state.mail, state.mail.fromClient(octets), now);
		if (state.tag === "in-trust-check") return this.#trustCheck(state.machine.clientOctets(octets, now), now);
		return unexpected(state, "client-octets");
	}

	#explicit(state: State): ExplicitArrival {
		return this.#arrival ?? unexpected(state, "a request");
	}

	#requestOctets(arrival: ExplicitArrival, octets: Uint8Array, now: number): readonly SessionEffect[] {
		const answer = arrival.push(octets, now);
		this.#facts.user = arrival.user;
		const sent: SessionEffect[] = answer.send.length === 0 ? [] : [{ type: "send-client", octets: answer.send }];
		switch (answer.kind) {
			case "need-more":
				return sent;
			case "refuse":
				if (sent.length === 0) return this.#refuse(answer.fault, now);
				return [...sent, ...this.#close(now, answer.fault.message, answer.fault.code)];
			case "plain":
				return this.#plainRequest(answer, now);
			case "tunnel":
				return [...sent, ...this.#tunnelTo(answer.request, now)];
		}
	}

	#tunnelTo(request: ConnectRequest, now: number): readonly SessionEffect[] {
		this.#rest = request.rest;
		const { onboarding } = this.#context;
		if (onboarding?.test !== undefined && request.host === onboarding.test.host && request.port === 443) {
			this.#facts.target = request;
			return this.#beginTrustCheck(onboarding, onboarding.test, request.rest, now);
		}
		return this.#reach(request, now);
	}

	/** The server is known by name or address: is it one that may be connected to? */
	#reach(target: Endpoint, now: number): readonly SessionEffect[] {
		this.#facts.target = target;
		const literal = parseAddress(target.host);
		const verdict = this.#policy.beforeHello(literal, now);
		if (verdict !== undefined) return this.#refuseByPolicy(verdict, now);
		this.#state = { tag: "await-resolve", until: now + this.#context.timeouts.connectMs };
		if (literal !== undefined) return this.#resolved([literal], now);
		return [{ type: "resolve-server", host: target.host }];
	}

	#resolved(addresses: readonly Address[], now: number): readonly SessionEffect[] {
		const state = this.#state;
		const { target } = this.#facts;
		if (state.tag !== "await-resolve" || target === undefined) return unexpected(state, "server-resolved");
		const allowed = addresses.filter((address) => this.#policy.mayConnect(address, target.port));
		const first = allowed[0];
		if (first === undefined) return this.#refuse(this.#policy.targetFault(target, addresses), now);
		const verdict = this.#policy.beforeHello(first, now);
		if (verdict !== undefined) return this.#refuseByPolicy(verdict, now);
		this.#state = { tag: "await-connect", until: now + this.#context.timeouts.connectMs };
		return [
			{
				type: "connect-server",
				addresses: allowed,
				port: target.port,
				source: sourceFor(this.#context.way, this.#facts.client),
			},
		];
	}

	#connected(address: Address, now: number): readonly SessionEffect[] {
		const state = this.#state;
		if (state.tag !== "await-connect" && state.tag !== "await-reconnect") return unexpected(state, "server-connected");
		this.#facts.server = address;
		const octets = headerAtOnce(this.#context.way, this.#facts.client);
		const next = state.tag === "await-reconnect" ? this.#relayUntouched(state.helloOctets) : this.#serverReached(now);
		return octets === undefined ? next : [{ type: "send-server", octets }, ...next];
	}

	#serverReached(now: number): readonly SessionEffect[] {
		const { way, timeouts } = this.#context;
		if (way.kind === "encrypt") return this.#encrypt(mailPhaseOf(way.profile, undefined, "server"), now);
		if (this.#forwarded !== undefined) return this.#forward(this.#forwarded, now);
		if (this.#hello !== undefined) return this.#decide(this.#hello.hello, this.#hello.octets, now);
		const reader = new ClientHelloReader();
		const mail = this.#mailPhase(now);
		this.#state = { tag: "expect-hello", reader, mail, until: now + timeouts.helloMs };
		const established: SessionEffect[] = mail === undefined ? [] : [{ type: "read-server" }];
		if (this.#arrival !== undefined) established.push({ type: "send-client", octets: this.#arrival.established() });
		const rest = this.#takeRest();
		return rest.length === 0 ? established : [...established, ...this.#helloOctets(reader, rest, now)];
	}

	#encrypt(mail: MailPhase | undefined, now: number): readonly SessionEffect[] {
		if (mail === undefined) return this.#decide(undefined, noOctets, now);
		this.#state = { tag: "in-mail", mail, until: now + this.#context.timeouts.handshakeMs };
		return [{ type: "read-server" }];
	}

	/** Undefined where a server that speaks first is refused anyway. */
	#mailPhase(now: number): MailPhase | undefined {
		const { way, mayServerSpeakFirst } = this.#context;
		const profile = "profile" in way ? way.profile : undefined;
		if (profile === undefined && !mayServerSpeakFirst) return undefined;
		return mailPhaseOf(profile, profile === undefined ? this.#policy.evaluate(now) : undefined, tlsSides(way));
	}

	#serverOctets(octets: Uint8Array, now: number): readonly SessionEffect[] {
		const state = this.#state;
		const mail = state.tag === "in-mail" || state.tag === "expect-hello" ? state.mail : undefined;
		if (mail === undefined) return unexpected(state, "server-octets");
		// Neither TLS nor mail begins with both at once.
		if (state.tag === "expect-hello" && state.reader.length > 0)
			return this.#passClear(mail, now, octets, state.reader.original());
		return this.#mailStep(mail, mail.fromServer(octets), now);
	}

	#mailStep(mail: MailPhase, { effects, next }: MailAnswer, now: number): readonly SessionEffect[] {
		const { timeouts, way } = this.#context;
		switch (next.kind) {
			case "go-on":
				if (mail.protocol !== "other" && way.kind !== "encrypt")
					this.#state = { tag: "in-mail", mail, until: now + timeouts.idleMs };
				return effects;
			case "upgrade":
				this.#upgraded = mail.protocol as MailProtocol;
				if (way.kind === "encrypt") {
					this.#greeting = mail.greeting;
					return [...effects, { type: "leave-server" }, ...this.#decide(undefined, noOctets, now)];
				}
				this.#state = { tag: "expect-hello", reader: new ClientHelloReader(), until: now + timeouts.helloMs };
				return [...effects, { type: "leave-server" }];
			case "clear":
				return [...effects, ...this.#passClear(mail, now, noOctets, noOctets)];
			case "not-mail":
				return this.#passClear(mail, now, next.greeting, noOctets);
			case "refuse":
				return [...effects, ...this.#closeFor(next.fault, now)];
		}
	}

	/** The connection goes on without TLS, if it may; `greeting` is for the client, `first` for the server. */
	#passClear(mail: MailPhase, now: number, greeting: Uint8Array, first: Uint8Array): readonly SessionEffect[] {
		const decision = this.#policy.evaluate(now, "encrypted");
		if (decision.action === "block") return this.#blockClear(decision, now);
		const passed = passedInClear(decision, mail.protocol);
		this.#facts.decision = passed ?? decision;
		if (passed === undefined) {
			const message = `server ${this.#facts.targetText} speaks first and without TLS; expected a ClientHello of the client; permit it by actions non-tls-traffic`;
			return this.#close(now, message, "CLIENT_NOT_TLS", "reset");
		}
		this.#state = { tag: "await-relay-end" };
		return [
			{ type: "leave-server" },
			{ type: "send-client", octets: greeting },
			{ type: "relay", mode: "bypass", first, decision: passed },
		];
	}

	#helloOctets(reader: ClientHelloReader, octets: Uint8Array, now: number): readonly SessionEffect[] {
		const answer = reader.push(octets);
		switch (answer.kind) {
			case "need-more":
				return nothing;
			case "not-tls":
				return this.#nonTls(answer.looksLike, reader, now);
			case "malformed":
			case "too-large": {
				const code = answer.kind === "too-large" ? "CLIENT_HELLO_TOO_LARGE" : "CLIENT_HELLO_MALFORMED";
				const message = `client ${formatAddress(this.#facts.client.address)} sent a ClientHello that is refused; ${answer.reason}`;
				return this.#failHandshake(fault(code, message), now);
			}
			case "hello":
				return this.#helloDone(answer.hello, reader.original(), now);
		}
	}

	#helloDone(hello: ClientHello, helloOctets: Uint8Array, now: number): readonly SessionEffect[] {
		if (hello.serverName.kind === "invalid") {
			const message = `client ${formatAddress(this.#facts.client.address)} sent a server name that is none; expected a host name, got ${JSON.stringify(hello.serverName.text)}`;
			return this.#failHandshake(fault("CLIENT_HELLO_MALFORMED", message), now);
		}
		this.#facts.helloRead(hello, now);
		const state = this.#state;
		if (this.#facts.server !== undefined) {
			const left: SessionEffect[] =
				state.tag === "expect-hello" && state.mail !== undefined ? [{ type: "leave-server" }] : [];
			return [...left, ...this.#decide(hello, helloOctets, now)];
		}
		this.#hello = { hello, octets: helloOctets };
		const { way } = this.#context;
		const target = ownServer(way) ?? serverBySni(way, hello.sni);
		if (target !== undefined) return this.#reach(target, now);
		const message = `client ${formatAddress(this.#facts.client.address)} named no server; expected a server name in the ClientHello, got none; listener ${this.#context.listener} chooses the server by it`;
		return this.#failHandshake(fault("CLIENT_NAME_MISSING", message), now);
	}

	/** The hello is there, or undefined when the client speaks in clear; something may still be asked about its name. */
	#decide(hello: ClientHello | undefined, helloOctets: Uint8Array, now: number): readonly SessionEffect[] {
		const evaluated = this.#policy.evaluate(now);
		const asked = this.#questions.ask(hello, evaluated);
		if (!this.#questions.isWaiting) return [...asked, ...this.#decided(hello, helloOctets, evaluated, now)];
		this.#state = { tag: "await-name", hello, helloOctets, until: now + nameAnswersMs };
		return asked;
	}

	#nameLearned(answer: NameAnswer, now: number): readonly SessionEffect[] {
		const told = this.#questions.learned(answer, now);
		return this.#questions.isWaiting ? told : [...told, ...this.#nameKnown(now)];
	}

	/** Goes on where the session waited. */
	#nameKnown(now: number): readonly SessionEffect[] {
		const state = this.#state;
		if (state.tag !== "await-name") return nothing;
		return this.#decided(state.hello, state.helloOctets, this.#policy.evaluate(now), now);
	}

	/** Everything that decides is known. */
	#decided(
		hello: ClientHello | undefined,
		helloOctets: Uint8Array,
		policy: Decision<ProxyProfile>,
		now: number,
	): readonly SessionEffect[] {
		const trustsSni = this.#context.trustsSni !== false && !this.#questions.isDoubted;
		const evaluated = this.#policy.narrowed(this.#questions.applied(policy), now);
		const decision =
			this.#upgraded === undefined
				? evaluated
				: { ...evaluated, fact: `${evaluated.fact}; ${this.#upgraded} asked for TLS` };
		this.#facts.decision = decision;
		const begun = this.#policy.begun(decision, now);
		if (decision.action === "block") return [...begun, ...this.#blockHello(decision, now)];
		const name = decision.action === "bypass" ? decision.exemptName : undefined;
		const { profile } = decision;
		// A server that agreed upon TLS in clear expects that again before a hello.
		const mayReconnect = this.#upgraded === undefined;
		if (
			decision.action === "bypass" &&
			(name === undefined || hello === undefined || trustsSni || profile === undefined || !mayReconnect)
		) {
			const witness = name === undefined || hello === undefined ? [] : this.#policy.witness(hello, name, decision.rule);
			return [...begun, ...witness, ...this.#relayUntouched(helloOctets)];
		}
		const opened = { decision, hello, helloOctets, mayReconnect, isDoubted: this.#questions.isDoubted };
		const machine = beginOpening(opened, this.#context, this.#facts, this.#policy);
		this.#facts.decision = machine.decision;
		this.#state = { tag: "opening", machine, helloOctets };
		return [...begun, ...this.#opened(machine.start(now), now)];
	}

	#relayUntouched(helloOctets: Uint8Array): readonly SessionEffect[] {
		const { decision } = this.#facts;
		if (decision === undefined) return unexpected(this.#state, "a relay without a decision");
		this.#state = { tag: "await-relay-end" };
		return [{ type: "relay", mode: "bypass", first: helloOctets, decision }];
	}

	#blockHello(decision: Decision<ProxyProfile> & { readonly action: "block" | "bypass" }, now: number) {
		const why = `blocked by ${decision.rule} because ${decision.fact}`;
		if (decision.isSilent === true) return this.#close(now, why);
		// A client that speaks in clear would take an alert for its server's words.
		if (this.#context.way.kind === "encrypt") return this.#close(now, why, undefined, "reset");
		return this.#closeBlocked(now, why, undefined, encodeAlert("access_denied"));
	}

	#nonTls(looksLike: FirstOctets, reader: ClientHelloReader, now: number): readonly SessionEffect[] {
		const message = `client ${formatAddress(this.#facts.client.address)} does not speak TLS; expected a ClientHello, got ${looksLike}`;
		const notTls = fault("CLIENT_NOT_TLS", message);
		const state = this.#state;
		if (this.#facts.server === undefined || this.#upgraded !== undefined) return this.#closeFor(notTls, now);
		const decision = this.#policy.evaluate(now, "encrypted");
		if (decision.action === "block") return this.#blockClear(decision, now);
		const passed = passedNotTls(decision, looksLike);
		this.#facts.decision = passed ?? decision;
		if (passed === undefined) return this.#closeFor(notTls, now);
		const left: SessionEffect[] =
			state.tag === "expect-hello" && state.mail !== undefined ? [{ type: "leave-server" }] : [];
		this.#state = { tag: "await-relay-end" };
		return [...left, { type: "relay", mode: "bypass", first: reader.original(), decision: passed }];
	}

	/** An alert would be no word of a client's own protocol: it sees a reset, or nothing but the end. */
	#blockClear(decision: Decision<ProxyProfile> & { readonly action: "block" | "bypass" }, now: number) {
		this.#facts.decision = decision;
		const why = `blocked by ${decision.rule} because ${decision.fact}`;
		const manner = decision.isSilent === true ? "end" : "reset";
		return [...this.#policy.begun(decision, now), ...this.#close(now, why, undefined, manner)];
	}

	#contextReady(event: SessionEvent & { readonly type: "context-ready" }, now: number): readonly SessionEffect[] {
		const state = this.#state;
		if (state.tag === "in-trust-check") return this.#trustCheck(state.machine.contextReady(now), now);
		return this.#opened(this.#opening(event).contextReady(event.certificateSha256, event.group, now), now);
	}

	#clientSecured(event: SessionEvent & { readonly type: "client-secured" }, now: number): readonly SessionEffect[] {
		const state = this.#state;
		if (state.tag === "in-trust-check") return this.#trustCheck(state.machine.secured(now), now);
		return this.#opened(this.#opening(event).clientSecured(event.leg, event.identity, now), now);
	}

	#opening(event: SessionEvent): OpeningMachine {
		const state = this.#state;
		return state.tag === "opening" ? state.machine : unexpected(state, event.type);
	}

	#opened(reply: OpeningReply, now: number): readonly SessionEffect[] {
		const state = this.#state;
		if (reply.kind === "go-on") return reply.effects;
		if (reply.kind === "failed") {
			const { code, message } = reply.fault;
			return reply.isInTls ? this.#close(now, message, code, "reset") : this.#failHandshake(reply.fault, now);
		}
		if (state.tag !== "opening") return unexpected(state, reply.kind);
		if (reply.kind === "blocked") {
			this.#facts.decision = reply.decision;
			return [...reply.effects, ...this.#blockHello(reply.decision, now)];
		}
		if (reply.kind === "let-be") return this.#letBe(reply, state.helloOctets, now);
		const { decision } = state.machine;
		this.#state = { tag: "await-relay-end" };
		const told: SessionEffect[] = this.#greeting.length === 0 ? [] : [{ type: "send-client", octets: this.#greeting }];
		const header = headerBehindTls(this.#context.way, this.#facts);
		const mail = this.#upgraded;
		return [...told, { type: "relay", mode: "decrypted", mail, header, first: this.#takeRest(), decision }];
	}

	#takeRest(): Uint8Array {
		const rest = this.#rest;
		this.#rest = noOctets;
		return rest;
	}

	/** The client has seen nothing yet: its hello goes out as it came, over a connection that nobody spoke on. */
	#letBe({ cause, fact }: LetBe, helloOctets: Uint8Array, now: number): readonly SessionEffect[] {
		const { decision, server, target } = this.#facts;
		if (decision === undefined || server === undefined) return unexpected(this.#state, "let-be");
		const passed = this.#policy.letBe(decision, cause, fact, now);
		this.#facts.decision = passed;
		if (passed.action === "block") return this.#blockHello(passed, now);
		this.#state = { tag: "await-reconnect", helloOctets, until: now + this.#context.timeouts.connectMs };
		return [
			{
				type: "reconnect-server",
				address: server,
				port: target?.port ?? 0,
				source: sourceFor(this.#context.way, this.#facts.client),
			},
		];
	}

	#serverFailed(failure: Fault, wantsCertificate: boolean, now: number): readonly SessionEffect[] {
		const state = this.#state;
		if (state.tag === "await-resolve" || state.tag === "await-connect") return this.#refuse(failure, now);
		if (state.tag === "opening") return this.#opened(state.machine.failed(failure, wantsCertificate), now);
		// From here on the client's TLS owns what it is sent: an alert in clear would stand amid its records.
		if (state.tag === "await-relay-end") return this.#closeFor(failure, now, "reset");
		return this.#failHandshake(failure, now);
	}

	#deadlinePassed(now: number): readonly SessionEffect[] {
		const state = this.#state;
		const who = formatAddress(this.#facts.client.address);
		const target = this.#facts.targetText;
		switch (state.tag) {
			case "expect-request":
				return this.#refuse(this.#explicit(state).timedOut(), now);
			case "await-resolve":
			case "await-connect":
				return this.#refuse(lateConnect(target), now);
			case "await-reconnect":
				return this.#failHandshake(lateConnect(target), now);
			case "expect-hello":
				return this.#failHandshake(lateHello(who, state.reader.original().length), now);
			case "await-name":
				this.#questions.giveUp();
				return this.#nameKnown(now);
			case "opening":
				return this.#opened(state.machine.deadlinePassed(now), now);
			case "in-trust-check":
				return this.#trustCheck(state.machine.timedOut(who), now);
			case "await-answer-sent": {
				const why = `${state.answer.says}; client ${who} did not take all of it in time`;
				return this.#close(now, why, undefined, "reset");
			}
			case "expect-proxy-header":
				return this.#closeFor(lateProxyHeader(who, state.held.length), now, "reset");
			case "in-mail":
				return this.#closeFor(lateMail(who, target), now);
			default:
				return nothing;
		}
	}

	/** A request whose method is not CONNECT: for the gateway's own page, for a server in clear, or refused. */
	#plainRequest(
		{ request, octets, denied, fault: refused }: ArrivalAnswer & { readonly kind: "plain" },
		now: number,
	): readonly SessionEffect[] {
		const { onboarding, way } = this.#context;
		const visit = { sessionId: this.id, reachedAt: this.#facts.client.reachedAt };
		const answer = onboarding?.answer(request, visit);
		if (answer !== undefined) return this.#answer(answer, now);
		if (denied !== undefined) return this.#refuse(denied, now);
		if (way.kind !== "explicit" || !way.protocols.has("http")) return this.#refuse(refused, now);
		const read = ForwardedRequests.begin(octets);
		if (read.kind === "refuse") return this.#refuse(read.fault, now);
		if (read.kind !== "forward") return this.#refuse(refused, now);
		this.#forwarded = read;
		return this.#reach(read.requests.target, now);
	}

	/** Nothing is to be opened: what would be decrypted is inspected as it is. */
	#forward({ requests, first }: Forwarded, now: number): readonly SessionEffect[] {
		const { decision, mode } = decideForwarded(this.#policy.evaluate(now), requests);
		if (decision.action === "block") return this.#refuseByPolicy(decision, now);
		this.#facts.decision = decision;
		this.#state = { tag: "await-relay-end" };
		return [{ type: "relay", mode, first, decision, requests }];
	}

	/** The client wants to know whether it trusts the CA: the gateway is the server. */
	#beginTrustCheck(site: OnboardingSite, test: OwnTest, rest: Uint8Array, now: number): readonly SessionEffect[] {
		const machine = new TrustCheckMachine(site, test, this.id, this.#context.timeouts, now);
		this.#facts.ownFact = "onboarding";
		this.#state = { tag: "in-trust-check", machine };
		const established: SessionEffect = { type: "send-client", octets: this.#explicit(this.#state).established() };
		if (rest.length === 0) return [established];
		return [established, ...this.#trustCheck(machine.clientOctets(rest, now), now)];
	}

	#trustCheck(reply: TrustCheckReply, now: number): readonly SessionEffect[] {
		switch (reply.kind) {
			case "go-on":
				if (reply.hello !== undefined) this.#facts.helloRead(reply.hello, now);
				return reply.effects;
			case "answer":
				return this.#answer(reply.answer, now);
			case "failed":
				return reply.isInTls
					? this.#close(now, reply.fault.message, reply.fault.code, "reset")
					: this.#failHandshake(reply.fault, now);
		}
	}

	/** What the record tells of the gateway's own TLS end. */
	#noteOwnEnd(event: SessionEvent, now: number): void {
		if (event.type === "context-ready") this.#facts.leaf = { sha256: event.certificateSha256, group: event.group };
		else if (event.type === "client-secured") this.#facts.clientSecured(event.leg, now);
	}

	#whyEnded(why: string): string {
		const state = this.#state;
		if (state.tag !== "in-trust-check" || !state.machine.isSecured) return why;
		return `${why} right after the handshake, without a request; it may not trust the CA`;
	}

	#plaintext(octets: Uint8Array, now: number): readonly SessionEffect[] {
		const state = this.#state;
		// Whatever comes behind the request that is being answered.
		if (state.tag !== "in-trust-check") return nothing;
		return this.#trustCheck(state.machine.plaintext(octets), now);
	}

	#answer(answer: SiteAnswer, now: number): readonly SessionEffect[] {
		this.#facts.ownFact = "onboarding";
		this.#state = { tag: "await-answer-sent", answer, until: now + this.#context.timeouts.handshakeMs };
		return [{ type: "answer-client", octets: answer.octets }];
	}

	#answerSent(now: number): readonly SessionEffect[] {
		const state = this.#state;
		if (state.tag !== "await-answer-sent") return unexpected(state, "answer-sent");
		return this.#close(now, state.answer.says, state.answer.faultCode);
	}

	/** While the client still waits for the answer to its request it gets one; who asked for nothing gets none. */
	#refuse(failure: Fault, now: number): readonly SessionEffect[] {
		if (this.#arrival === undefined) return this.#refuseUnasked(failure, now);
		const octets = this.#arrival.refusal(failure, this.id);
		return [{ type: "send-client", octets }, ...this.#closeFor(failure, now)];
	}

	/** The client speaks to its server: an alert where it began TLS, a reset where it has said nothing yet. */
	#refuseUnasked(failure: Fault, now: number): readonly SessionEffect[] {
		if (this.#hello !== undefined) return this.#failHandshake(failure, now);
		return this.#closeFor(failure, now, "reset");
	}

	#refuseByPolicy(decision: Decision<ProxyProfile>, now: number): readonly SessionEffect[] {
		this.#facts.decision = decision;
		const why = `blocked by ${decision.rule} because ${decision.fact}`;
		const begun = this.#policy.begun(decision, now);
		// Deny says nothing, reject says no.
		if (decision.action !== "decrypt" && decision.isSilent === true) return [...begun, ...this.#close(now, why)];
		if (this.#arrival !== undefined) {
			const octets = this.#arrival.blocked(decision.rule, this.id);
			return [...begun, { type: "send-client", octets }, ...this.#close(now, why)];
		}
		if (this.#hello === undefined) return [...begun, ...this.#close(now, why, undefined, "reset")];
		return [...begun, { type: "send-client", octets: encodeAlert("access_denied") }, ...this.#close(now, why)];
	}

	/** An answer in TLS, once the tunnel is open and before the client's handshake has begun: one plaintext alert. */
	#failHandshake(failure: Fault, now: number): readonly SessionEffect[] {
		// A client that speaks in clear would take an alert for its server's words.
		if (this.#context.way.kind === "encrypt") return this.#closeFor(failure, now, "reset");
		const { tls } = faultTable[failure.code] as { tls?: number };
		const alert = tls === undefined ? undefined : encodeAlert(tls);
		if (blocksSession(failure)) return this.#closeBlocked(now, failure.message, failure.code, alert);
		const effects: SessionEffect[] = alert === undefined ? [] : [{ type: "send-client", octets: alert }];
		return [...effects, ...this.#closeFor(failure, now)];
	}

	/** `send-tcp-reset` of the profile: who gets one is told nothing else (R122, R132). */
	#closeBlocked(
		now: number,
		why: string,
		faultCode: string | undefined,
		alert: Uint8Array | undefined,
	): readonly SessionEffect[] {
		const to = this.profile?.sendsReset;
		const resetsClient = to === "client" || to === "both";
		const effects: SessionEffect[] =
			resetsClient || alert === undefined ? [] : [{ type: "send-client", octets: alert }];
		const [close, ...told] = this.#close(now, why, faultCode, resetsClient ? "reset" : "end");
		if (close?.type !== "close") return effects;
		return [...effects, to === "server" || to === "both" ? { ...close, resetsServer: true } : close, ...told];
	}

	#closeFor({ message, code }: Fault, now: number, manner: "end" | "reset" = "end"): readonly SessionEffect[] {
		return this.#close(now, message, code, manner);
	}

	#close(now: number, why: string, faultCode?: string, manner: "end" | "reset" = "end"): readonly SessionEffect[] {
		this.#state = { tag: "closed" };
		this.#facts.ended(why, faultCode, now);
		return [{ type: "close", manner }, ...this.#questions.closed(now)];
	}
}

function unexpected(state: State, event: string): never {
	throw new Error(`session machine: event ${event} in state ${tagOf(state)}`);
}

function tagOf(state: State): string {
	return state.tag === "opening" ? state.machine.tag : state.tag;
}

const nothing: readonly SessionEffect[] = [];
const noOctets = new Uint8Array(0);
