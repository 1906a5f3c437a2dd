/** What the configuration says of one session: whom it may reach, and what becomes of it. */
import { type Address, type Endpoint, formatAddress } from "#base/address.ts";
import { type Fault, fault } from "#base/fault.ts";
import type { NameObstacle } from "#inspect/name-policy-service.ts";
import type { Moment } from "#inspect/precedence.ts";
import { reputationEvent } from "#inspect/reputation-event.ts";
import {
	type BypassCause,
	type ConnectionFacts,
	type Decision,
	evaluateConnect,
	evaluateHello,
	evaluateProfile,
	type StageMarks,
} from "#policy/evaluate.ts";
import type { LearnedServer } from "#proxy/learned-bypass.ts";
import { type AskedConnection, learnableServer, unlessLearned } from "#proxy/learned-decision.ts";
import { unlessOverloaded } from "#proxy/overload-decision.ts";
import { precedeCertificate, precedeDecision, precedeHello } from "#proxy/precede-decision.ts";
import type { ProxyProfile } from "#proxy/profile.ts";
import type { ServerVerdict, SessionContext, SessionEffect } from "#proxy/session-event.ts";
import type { SessionFacts } from "#proxy/session-facts.ts";
import { isLocalTarget } from "#proxy/target.ts";
import { tlsSides } from "#proxy/way-in.ts";
import { gatewayEvent } from "#telemetry/event-table.ts";
import type { ClientHello } from "#tls/client-hello.ts";

type TellEffect = SessionEffect & { readonly type: "tell" };

export interface CertificateAnswer {
	readonly decision: Decision<ProxyProfile>;
	readonly told: readonly TellEffect[];
}

/** Asked by the session's machine; everything it knows is in the facts. */
export class SessionDecision {
	readonly #context: SessionContext;
	readonly #facts: SessionFacts;

	constructor(context: SessionContext, facts: SessionFacts) {
		this.#context = context;
		this.#facts = facts;
	}

	/** A block by a policy that no ClientHello could change; undefined to go on. */
	beforeHello(server: Address | undefined, now: number): Decision<ProxyProfile> | undefined {
		const { policy, precedence } = this.#context;
		const facts = this.#connection(server, now);
		return evaluateConnect(policy, facts) ?? (precedence === undefined ? undefined : precedeHello(precedence, facts));
	}

	/**
	 * The policies; where they let pass, a listener with a server of its own says what becomes of the session, and the stages
	 * before signatures have their say. `moment`: what follows, where it is not what the policies say.
	 */
	evaluate(now: number, moment?: Moment): Decision<ProxyProfile> {
		const facts = this.#connection(this.#facts.server, now);
		const permitted = evaluateHello(this.#context.policy, facts);
		return this.#preceded(this.#atListener(permitted, facts), facts, permitted.rule, moment);
	}

	#atListener(decision: Decision<ProxyProfile>, facts: ConnectionFacts): Decision<ProxyProfile> {
		const { way, listener } = this.#context;
		if (way.kind === "explicit" || way.kind === "transparent" || decision.action === "block") return decision;
		if (way.kind === "pass-through") {
			return { action: "bypass", rule: listener, fact: "the listener forwards TLS without opening it" };
		}
		if (way.isSwitchedOff === true) {
			const fact = "the listener stands for the server, and server-inspection is disabled";
			return { action: "bypass", rule: listener, fact, cause: "switched-off" };
		}
		const { patternPolicy, idpPolicy } = decision.profile ?? {};
		const profile = { ...way.profile, patternPolicy, idpPolicy };
		return evaluateProfile(listener, profile, facts, wayFacts[way.kind]);
	}

	#preceded(
		decision: Decision<ProxyProfile>,
		facts: ConnectionFacts,
		policyRule: string,
		moment?: Moment,
	): Decision<ProxyProfile> {
		const { precedence, way, mustOpen } = this.#context;
		if (precedence === undefined) return decision;
		const mayBypass = tlsSides(way) === "both" && mustOpen !== true;
		return precedeDecision(decision, precedence, { ...facts, ja3: this.#facts.ja3 }, mayBypass, policyRule, moment);
	}

	/** What was learned, and how many sessions are open already, upon the decision of the policy. */
	narrowed(decision: Decision<ProxyProfile>, now: number): Decision<ProxyProfile> {
		const { learned, mayDecrypt, way } = this.#context;
		const open = unlessLearned(decision, this.#asked(), learned, now);
		// TLS on one side only cannot be let be: the other side does not speak it.
		const narrowed = tlsSides(way) === "both" ? unlessOverloaded(open, mayDecrypt) : open;
		return narrowed.action === "bypass" && decision.action !== "bypass" ? this.#afterAll(narrowed, now) : narrowed;
	}

	/** Why requests for another name have no place on this session, which is open; undefined when they have. */
	judgeName(name: string, now: number): NameObstacle | undefined {
		const { decision } = this.#facts;
		const own = this.#connection(this.#facts.server, now);
		const facts = { ...own, sni: name, requestedName: own.requestedName === undefined ? undefined : name };
		const permitted = evaluateHello(this.#context.policy, facts);
		const other = this.#preceded(this.#atListener(permitted, facts), facts, permitted.rule);
		// Feeds are asked about each request, and tell of it.
		if (other.stage === "reputation") return undefined;
		if (other.action === "block")
			return { kind: "forbidden", because: `blocked by ${other.rule} because ${other.fact}` };
		if (other.action === "bypass")
			return { kind: "elsewhere", because: `it is not opened by ${other.rule} because ${other.fact}` };
		if (decision === undefined || isInspectedAlike(decision, other)) return undefined;
		return { kind: "elsewhere", because: `policy ${other.rule} has it inspected otherwise` };
	}

	/** What feeds say of the certificate that the server has shown, upon the decision to open; and what is to be told of it. */
	certificateShown(decision: Decision<ProxyProfile>, { certificate }: ServerVerdict, now: number): CertificateAnswer {
		const { policy, precedence } = this.#context;
		if (certificate === undefined || precedence === undefined) return { decision, told: [] };
		const { rule } = evaluateHello(policy, this.#connection(this.#facts.server, now));
		const judged = precedeCertificate(decision, precedence, certificate.der, rule);
		if (judged.reputation === decision.reputation) return { decision, told: [] };
		return { decision: judged, told: this.#matched(judged, now) };
	}

	/** A session that was to be opened and is let be once its server was looked at. */
	letBe(decision: Decision<ProxyProfile>, cause: BypassCause, fact: string, now: number): Decision<ProxyProfile> {
		return this.#afterAll({ ...decision, action: "bypass", fact, cause }, now);
	}

	/** What is let be after all is judged as what stays encrypted. */
	#afterAll(decision: Decision<ProxyProfile>, now: number): Decision<ProxyProfile> {
		if (decision.isTrusted === true) return decision;
		const facts = this.#connection(this.#facts.server, now);
		return this.#preceded(decision, facts, evaluateHello(this.#context.policy, facts).rule);
	}

	/** The server of a session whose client refuses the leaf, if that may teach something. */
	learnable(profile: ProxyProfile): LearnedServer | undefined {
		return learnableServer(profile, this.#asked());
	}

	/** Tells what `log session-init` of the policy and `log` of a reputation rule ask for. */
	begun(decision: Decision<ProxyProfile>, now: number): readonly TellEffect[] {
		const { rule, action } = decision;
		const { client, target, id: session } = this.#facts;
		const from = formatAddress(client.address);
		const told = [...this.#matched(decision, now)];
		if (this.#context.logsInit?.(rule) !== true) return told;
		const { host: server = "", port = 0 } = target ?? {};
		const facts = { session, rule, client: from, server, port };
		const event =
			action === "block"
				? gatewayEvent("SESSION_DENIED", now, facts)
				: gatewayEvent("SESSION_PERMITTED", now, { ...facts, decision: action });
		told.push({ type: "tell", event });
		return told;
	}

	#matched({ reputation }: Decision<ProxyProfile>, now: number): readonly TellEffect[] {
		if (reputation?.isLogged !== true) return [];
		const { client, id: session } = this.#facts;
		const facts = { session, client: formatAddress(client.address), tls: undefined };
		return [{ type: "tell", event: reputationEvent(reputation, facts, now) }];
	}

	/** N5: who believes the client's word for a name has the certificate looked at. */
	witness(hello: ClientHello, name: string, rule: string): readonly SessionEffect[] {
		const { server, target } = this.#facts;
		if (server === undefined || target === undefined) return [];
		return [{ type: "witness-name", address: server, port: target.port, hello, name, rule }];
	}

	/** Neither the gateway itself nor, where that is not permitted, a service of its host. */
	mayConnect(address: Address, port: number): boolean {
		if (this.#context.isOwnListener(address, port)) return false;
		return this.#context.mayReachLocal || !isLocalTarget(address);
	}

	/** No address of the target may be connected to. */
	targetFault(request: Endpoint, addresses: readonly Address[]): Fault {
		const target = `target ${request.host}:${request.port} is refused`;
		const got = addresses.map(formatAddress).join(", ");
		if (addresses.some((address) => this.#context.isOwnListener(address, request.port))) {
			const message = `${target}; expected a server, got ${got}, where the gateway itself listens; correct the client's target`;
			return fault("PROXY_LOOP_REFUSED", message, { got });
		}
		const message = `${target}; expected an address outside this host, got ${got}; set permit-local-targets on listener ${this.#context.listener} if clients may reach it`;
		return fault("PROXY_TARGET_REFUSED", message, { got });
	}

	#asked(): AskedConnection {
		const { client, target, sni } = this.#facts;
		return { client: client.address, host: target?.host ?? "", port: target?.port ?? 0, sni };
	}

	#connection(server: Address | undefined, now: number): ConnectionFacts {
		const { client, sni, target, requestedName } = this.#facts;
		return {
			fromZone: this.#context.fromZone,
			now,
			client: client.address,
			server,
			port: target?.port ?? 0,
			requestedName,
			sni,
		};
	}
}

/** What an exempt session is when its server's certificate does not bear the name. */
export function openedExempt({ rule, profile, ...rest }: Decision<ProxyProfile>, name: string) {
	const fact = `the server's certificate does not bear ${name}, by which the session would be exempt`;
	return { action: "decrypt" as const, rule, fact, profile, ...marksOf(rest) };
}

/** What the stages before signatures said holds whether it is opened or not. */
function marksOf({ stage, isTrusted, rateLimit, reputation }: StageMarks): StageMarks {
	return {
		...(stage === undefined ? {} : { stage }),
		...(isTrusted === undefined ? {} : { isTrusted }),
		...(rateLimit === undefined ? {} : { rateLimit }),
		...(reputation === undefined ? {} : { reputation }),
	};
}

/** The server has been judged; what counts is who looks at the requests. */
function isInspectedAlike(one: Decision<ProxyProfile>, other: Decision<ProxyProfile>): boolean {
	const services = ({ profile }: Decision<ProxyProfile>) => `${profile?.patternPolicy} ${profile?.idpPolicy}`;
	return services(one) === services(other);
}

/** True of what the server's certificate has the gateway refuse. */
export function blocksSession({ code }: Fault): boolean {
	return code.startsWith("SERVER_CERTIFICATE_") || code.startsWith("SERVER_STATUS_");
}

/** Why a listener with a server of its own opens a session; reads behind "because". */
const wayFacts = {
	reverse: "the listener stands for the server, with its certificate",
	offload: "the listener takes TLS off the server",
	encrypt: "the listener speaks TLS for its clients",
} as const;
