/** The inspection service that runs the signatures of intrusion detection over the plaintext of one session. */
import type { RequestHead, ResponseHead } from "#http/head.ts";
import type { InspectionService, Place, ServiceConnection, ServiceFinding } from "#inspect/service.ts";
import type { Envelope } from "#mail/mail-reader.ts";
import { FlowState } from "#signature/flow-state.ts";
import { MailMessage } from "#signature/mail-buffers.ts";
import type { RuleAction } from "#signature/parse-rule.ts";
import type { Signature, SignatureProtocol } from "#signature/signature.ts";
import { type DirectionIndex, type SignatureEngine, toClient, toServer } from "#signature/signature-engine.ts";
import { type Alert, type FlowFacts, SignatureFlow } from "#signature/signature-flow.ts";
import type { HandshakeFacts } from "#signature/tls-buffers.ts";
import { UrlFinder } from "#signature/url-finder.ts";

/** What is known of a session when its plaintext begins. */
export interface SessionSignatures {
	readonly flow: Omit<FlowFacts, "hasPackets">;
	/** The handshake with the server. */
	readonly handshake: HandshakeFacts;
	/** Chunks of streams are packets: rules about single packets apply. */
	readonly hasPackets?: boolean;
	/** Traffic is only looked at: findings are reported, whatever rules would do. */
	readonly isPassive?: boolean;
	/** What a signature does in this session, where it is not what it says itself; undefined when it is not looked for. */
	readonly actionFor?: (signature: Signature) => RuleAction | undefined;
	/** Told of each alert; for records of their own. */
	readonly told?: (alert: Alert, flow: SignatureFlow) => void;
}

export const idpService = "idp";

/**
 * Opens the service for one session. Exchanges of one connection (HTTP/2) share the bits and counters that rules keep.
 *
 * Bounds: those of `SignatureFlow` for each exchange.
 */
export function signatureService(engine: SignatureEngine, session: SessionSignatures): InspectionService {
	const state = new FlowState();
	let isHandshakeJudged = false;
	const wantsUrls = engine.mails["mail-end"].some(({ scans, always }) => scans.length + always.length > 0);
	return {
		name: idpService,
		open: () => {
			const flow = new SignatureFlow(
				engine,
				{ ...session.flow, hasPackets: session.hasPackets === true },
				"tcp",
				state,
				session.actionFor,
			);
			if (!isHandshakeJudged) judgeHandshake(flow, session.handshake);
			isHandshakeJudged = true;
			return new SignatureConnection(flow, session, wantsUrls);
		},
	};
}

/** Stands in for signatures that could not be loaded: every exchange gets the same finding, for nothing fails silently. */
export function unavailableSignatures(reason: string, verdict: "block" | "report"): InspectionService {
	const finding = (place: Place): ServiceFinding => ({
		name: `signatures are not available: ${reason}`,
		place,
		verdict,
	});
	return {
		name: idpService,
		open: () => {
			let isTold = false;
			const once = (place: Place) => {
				if (isTold && verdict === "report") return undefined;
				isTold = true;
				return finding(place);
			};
			return { octets: once, ended: () => undefined };
		},
	};
}

function judgeHandshake(flow: SignatureFlow, facts: HandshakeFacts): void {
	const { clientHello, serverHello, chain } = facts;
	if (clientHello !== undefined) flow.handshake("client-hello", { clientHello });
	if (serverHello !== undefined) flow.handshake("server-hello", facts);
	if (chain !== undefined) flow.handshake("certificate", facts);
}

/** A message of mail under way. */
interface Mail {
	readonly message: MailMessage;
	readonly urls: UrlFinder;
}

class SignatureConnection implements ServiceConnection {
	readonly #flow: SignatureFlow;
	readonly #session: SessionSignatures;
	readonly #others: ServiceFinding[] = [];
	/** Some signature looks into the addresses of a message. */
	readonly #wantsUrls: boolean;
	readonly #mail: [Mail | undefined, Mail | undefined] = [undefined, undefined];
	/** The protocol was told: it is not to be recognized. */
	#isNamed = false;

	constructor(flow: SignatureFlow, session: SessionSignatures, wantsUrls: boolean) {
		this.#wantsUrls = wantsUrls;
		this.#flow = flow;
		this.#session = session;
	}

	speaks(protocol: "smtp" | "imap" | "pop3" | "other"): void {
		this.#isNamed = true;
		if (protocol !== "other") this.#flow.protocol = protocol;
	}

	requestHead(head: RequestHead): ServiceFinding | undefined {
		this.#flow.protocol = "http";
		this.#flow.requestHead(head);
		return this.#take("request-headers");
	}

	responseHead(head: ResponseHead, request: RequestHead): ServiceFinding | undefined {
		this.#flow.responseHead(head, request);
		// Nothing follows an interim response but another head.
		if (head.isInterim) this.#flow.messageEnd(toClient);
		return this.#take("response-headers");
	}

	mailHead(direction: DirectionIndex, envelope: Envelope | undefined, head: string): ServiceFinding | undefined {
		this.#mail[direction] = { message: new MailMessage(envelope, head), urls: new UrlFinder() };
		this.#flow.mailHead(direction, this.#mail[direction].message);
		return this.#take(direction === toServer ? "request-headers" : "response-headers");
	}

	mailEnd(direction: DirectionIndex): ServiceFinding | undefined {
		const mail = this.#mail[direction];
		if (mail === undefined) return undefined;
		mail.message.urls = mail.urls.urls;
		this.#flow.mailEnd(direction);
		this.#mail[direction] = undefined;
		return this.#take(direction === toServer ? "request-body" : "response-body");
	}

	octets(place: Place, octets: Uint8Array): ServiceFinding | undefined {
		const direction = bodies[place];
		if (direction !== undefined) {
			if (this.#wantsUrls) this.#mail[direction]?.urls.write(octets);
			this.#flow.body(direction, octets, 0, octets.length);
		} else {
			const stream = streams[place];
			if (stream === undefined) return undefined;
			this.#speak(stream, octets);
			this.#flow.stream(stream, octets, 0, octets.length);
		}
		return this.#take(place);
	}

	raw(direction: DirectionIndex, octets: Uint8Array): ServiceFinding | undefined {
		this.#flow.protocol = "http";
		this.#flow.stream(direction, octets, 0, octets.length);
		return this.#take(direction === toServer ? "stream-to-server" : "stream-to-client");
	}

	ended(place: Place): ServiceFinding | undefined {
		const direction = bodies[place];
		if (direction === undefined) return undefined;
		this.#mail[direction]?.urls.end();
		this.#flow.messageEnd(direction);
		return this.#take(place);
	}

	others(): readonly ServiceFinding[] {
		return this.#others.splice(0);
	}

	/** Recognizes a protocol that is not HTTP by its first octets. */
	#speak(direction: DirectionIndex, octets: Uint8Array): void {
		if (this.#flow.protocol === "tcp" && !this.#isNamed)
			this.#flow.protocol = spokenProtocol(direction, octets) ?? "tcp";
	}

	/** One finding is the answer, a blocking one before others; the rest waits for `others`. */
	#take(place: Place): ServiceFinding | undefined {
		const { alerts } = this.#flow;
		if (alerts.length === 0) return undefined;
		let answer: ServiceFinding | undefined;
		for (const alert of alerts) {
			const { signature, isTold } = alert;
			const isBlocking = alert.isBlocking && this.#session.isPassive !== true;
			if (isTold) this.#session.told?.(alert, this.#flow);
			const name = `${signature.sid} ${signature.message}`.trim();
			const found: ServiceFinding = { name, place, verdict: isBlocking ? "block" : "report" };
			if (answer === undefined) answer = found;
			else if (isBlocking && answer.verdict !== "block") {
				this.#others.push(answer);
				answer = found;
			} else this.#others.push(found);
		}
		alerts.length = 0;
		return answer;
	}
}

/** What the first octets of a direction say; undefined when nothing. */
export function spokenProtocol(direction: DirectionIndex, octets: Uint8Array): SignatureProtocol | undefined {
	const text = Buffer.from(octets.buffer, octets.byteOffset, Math.min(octets.length, 32)).toString("latin1");
	if (direction === toServer) {
		if (/^(?:EHLO|HELO) /i.test(text)) return "smtp";
		return undefined;
	}
	if (/^220[ -].*\bE?SMTP\b/i.test(text)) return "smtp";
	if (/^220[ -].*\bFTP/i.test(text)) return "ftp";
	if (/^\* (?:OK|PREAUTH)\b/.test(text)) return "imap";
	return /^\+OK\b/.test(text) ? "pop3" : undefined;
}

const bodies: Partial<Record<Place, DirectionIndex>> = { "request-body": toServer, "response-body": toClient };
const streams: Partial<Record<Place, DirectionIndex>> = { "stream-to-server": toServer, "stream-to-client": toClient };
