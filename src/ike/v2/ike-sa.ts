/**
 * One association of IKE: its messages, windows, children and times. What an exchange says is in `task-*.ts` and
 * `answer-*.ts`; how it begins is in `begin-*.ts`.
 *
 * Deterministic: time is an argument, randomness comes from the host, signatures come as events.
 * Bounds: those of `EngineSettings`; one request in each direction (RFC 7296 §2.3).
 */
import type { Address } from "#base/address.ts";
import { equalBytes } from "#base/bytes.ts";
import type { Identity } from "#ike/auth/identity.ts";
import type { PlainMessage } from "#ike/auth/intermediate-octets.ts";
import type { RandomOctets } from "#ike/crypto/agree-key.ts";
import type { IkeAlgorithms, IkeKeys } from "#ike/crypto/derive-keys.ts";
import { deriveChildKeys } from "#ike/crypto/derive-keys.ts";
import type { IkeProposal } from "#ike/crypto/proposal.ts";
import { openSealed, sealMessage } from "#ike/crypto/sealed-message.ts";
import type { TlsAnswer } from "#ike/eap/eap-tls-server.ts";
import type { BeginPhase } from "#ike/v2/begin-phase.ts";
import type { ChildAgreement } from "#ike/v2/child-exchange.ts";
import { type ChildSa, childFrom, idleAt, spiNumber, spiOctets, spiText } from "#ike/v2/child-sa.ts";
import type { ChildConfig, Connection, Path } from "#ike/v2/connection.ts";
import type { EngineEffect, ReportKind } from "#ike/v2/engine-event.ts";
import type { FollowUp } from "#ike/v2/follow-up.ts";
import { FragmentBuffer } from "#ike/v2/fragment-buffer.ts";
import type { GuessLimit } from "#ike/v2/guess-limit.ts";
import { type Lifetime, lifetimeFrom } from "#ike/v2/lifetime.ts";
import { selectorText } from "#ike/v2/narrow-selectors.ts";
import type { NatSituation } from "#ike/v2/nat-detection.ts";
import { RequestWindow, ResponseWindow, type RetransmitSettings } from "#ike/v2/request-window.ts";
import type { EngineSettings } from "#ike/v2/settings.ts";
import type { Task } from "#ike/v2/task.ts";
import { encodeMessage, type Message, type MessageHead } from "#ike/wire/message.ts";
import { notifyName, notifyType } from "#ike/wire/notify-type.ts";
import { decodePayloads, type Payload, type PayloadChain } from "#ike/wire/payload.ts";
import type { Certificate } from "#pki/certificate.ts";

/** What an association asks of the endpoint that holds it. */
export interface Host {
	readonly settings: EngineSettings;
	readonly random: RandomOctets;
	emit(effect: EngineEffect): void;
	/** An SPI that no other association of this end has. */
	newIkeSpi(): Uint8Array;
	newChildSpi(): Uint8Array;
	/** Another association, made by rekeying this one. */
	adopt(parts: IkeSaParts): IkeSa;
	/** The peer has just been authenticated: others with the same identity are gone when it says so. */
	onAuthenticated(sa: IkeSa, isInitialContact: boolean, now: number): void;
	/** Wrong passwords by the addresses that they come from. */
	readonly guesses: GuessLimit;
	/** There are keys, or others. */
	onKeys(sa: IkeSa, protection: IkeProtection): void;
	/** Associations of the same connection besides this one whose peers have proved who they are; without those that `replaced` is to lose. */
	othersOf(sa: IkeSa, replaced: Identity | undefined): number;
	/** True while no other association with the same connection is established. */
	isFirstContact(sa: IkeSa): boolean;
}

export interface IkeSaParts {
	readonly connection: Connection;
	readonly path: Path;
	readonly isInitiator: boolean;
	readonly initiatorSpi: Uint8Array;
	readonly responderSpi: Uint8Array;
}

/** Algorithms and keys, once there are any. */
export interface IkeProtection {
	readonly proposal: IkeProposal;
	readonly keys: IkeKeys;
}

export type Phase =
	| BeginPhase
	| { readonly type: "established" }
	/** The peer has made a successor and is to delete this one. */
	| { readonly type: "replaced" }
	/** We have asked for the end. */
	| { readonly type: "closing" }
	/** Only the last answer is still given. */
	| { readonly type: "closed" };

/** Who handles requests and the first exchanges; given by the endpoint so that no file needs another's. */
export interface Handlers {
	onInitResponse(sa: IkeSa, message: Message, datagram: Uint8Array, path: Path, now: number): void;
	/** Requests and answers before the association is established, the first exchange apart. */
	onBeginRequest(sa: IkeSa, message: OpenedMessage, now: number): void;
	onBeginResponse(sa: IkeSa, message: OpenedMessage, now: number): void;
	onSigned(sa: IkeSa, signature: Uint8Array | undefined, now: number): void;
	onTls(sa: IkeSa, answer: TlsAnswer | undefined, now: number): void;
	onPeerChecked(sa: IkeSa, refusal: string | undefined, now: number): void;
	onRequest(sa: IkeSa, exchange: number, payloads: readonly Payload[], now: number): readonly Payload[];
	newLivenessTask(): Task;
	newDeleteTask(notify?: number): Task;
	newRekeyTask(): Task;
	newChildRekeyTask(child: ChildSa): Task;
	newChildDeleteTask(child: ChildSa): Task;
}

/** A message that was encrypted, put together and opened. */
export interface OpenedMessage extends PlainMessage {
	readonly payloads: readonly Payload[];
}

export class IkeSa {
	readonly id: number;
	readonly host: Host;
	readonly handlers: Handlers;
	readonly isInitiator: boolean;
	readonly initiatorSpi: Uint8Array;
	responderSpi: Uint8Array;
	connection: Connection;
	path: Path;
	/** The peer's when it began: who has the keys has received there. Until it has authenticated itself, `path` may be forged. */
	readonly firstAddress: Address;
	phase: Phase;
	#protection: IkeProtection | undefined;
	readonly children = new Map<number, ChildSa>();
	readonly requests: RequestWindow;
	readonly responses = new ResponseWindow();
	/** The child that IKE_AUTH asks for. */
	firstChild: ChildConfig | undefined;
	task: Task | undefined;
	readonly queue: Task[] = [];
	nat: NatSituation = { isPeerBehindNat: false, isSelfBehindNat: false, isUnsupported: true };
	/** Who the peer has proved to be; undefined before. */
	peerIdentity: Identity | undefined;
	/** Its certificate's, validated; undefined with a pre-shared key. */
	peerPath: readonly Certificate[] | undefined;
	/** The user that proved itself by EAP. */
	user: string | undefined;
	canPeerReadFragments = false;
	/** Hashes that the peer verifies; undefined when it did not say. */
	peerHashes: readonly number[] | undefined;
	/** Who may move to another address: the end that began at first (RFC 4555). */
	mover: "none" | "self" | "peer" = "none";
	/** Where traffic goes as long as the peer has not shown that it receives at `path`. */
	provedPlace: { readonly path: Path; readonly isEncapsulated: boolean } | undefined;
	/** Over which the request came that is being answered. */
	requestPath: Path | undefined;
	/** The successor that the peer has made, and the lower of its nonces (RFC 7296 §2.8.2). */
	peerSuccessor: { readonly sa: IkeSa; readonly lowNonce: Uint8Array } | undefined;
	/** What waits for the peer's further key exchanges (RFC 9370 §2.2.4). */
	followUp: FollowUp | undefined;
	lifetime: Lifetime = { softAt: Number.POSITIVE_INFINITY, hardAt: Number.POSITIVE_INFINITY };
	/** When this association ends whatever happens: half-open, replaced or lingering. */
	endsAt = Number.POSITIVE_INFINITY;
	/** Messages of IKE: those that were sent, and those that came from the peer for certain. */
	readonly traffic = { sentPackets: 0, sentOctets: 0, receivedPackets: 0, receivedOctets: 0 };
	childrenCreated = 0;
	childrenDeleted = 0;
	#received = 0;
	/** The same of messages of IKE alone. */
	#messageReceived = 0;
	#hasSentSince = false;
	#keepaliveAt = Number.POSITIVE_INFINITY;
	#requestFragments = new FragmentBuffer();
	#responseFragments = new FragmentBuffer();
	/** Under what the newest answered request came: an intermediate exchange changes the keys behind it. */
	#answeredUnder: IkeProtection | undefined;

	constructor(id: number, host: Host, handlers: Handlers, parts: IkeSaParts, phase: Phase) {
		this.id = id;
		this.host = host;
		this.handlers = handlers;
		this.isInitiator = parts.isInitiator;
		this.initiatorSpi = parts.initiatorSpi;
		this.responderSpi = parts.responderSpi;
		this.connection = parts.connection;
		this.path = parts.path;
		this.firstAddress = parts.path.remote.address;
		this.phase = phase;
		this.requests = new RequestWindow(host.settings.retransmit);
	}

	get ownSpi(): Uint8Array {
		return this.isInitiator ? this.initiatorSpi : this.responderSpi;
	}

	get isEstablished(): boolean {
		return this.phase.type === "established";
	}

	/** Somebody who has not proved who it is yet. */
	get isHalfOpen(): boolean {
		return !this.isInitiator && isBeginning(this.phase);
	}

	get isOver(): boolean {
		return this.phase.type === "closed";
	}

	/** Algorithms and keys; undefined before the first exchange. */
	get protection(): IkeProtection | undefined {
		return this.#protection;
	}

	set protection(protection: IkeProtection) {
		this.#protection = protection;
		this.host.onKeys(this, protection);
	}

	/** The algorithms; only after the first exchange. */
	get algorithms(): IkeAlgorithms {
		return this.#protected().proposal;
	}

	get keys(): IkeKeys {
		return this.#protected().keys;
	}

	// Sending

	head(exchange: number, isResponse: boolean, messageId: number): MessageHead {
		const { initiatorSpi, responderSpi, isInitiator } = this;
		return { initiatorSpi, responderSpi, exchange, isInitiator, isResponse, messageId };
	}

	/** Sends a request that is not encrypted; only the first exchange is. Returns the datagram. */
	sendPlainRequest(exchange: number, payloads: readonly Payload[], now: number): Uint8Array {
		const datagram = encodeMessage(this.head(exchange, false, this.requests.id), payloads);
		this.requests.open([datagram], now);
		this.send([datagram]);
		return datagram;
	}

	/** Sends an encrypted request; the window must be open. */
	sendRequest(exchange: number, payloads: readonly Payload[], now: number, retransmit?: RetransmitSettings): void {
		const datagrams = this.#seal(this.head(exchange, false, this.requests.id), payloads);
		this.requests.open(datagrams, now, retransmit);
		this.send(datagrams);
	}

	/** Answers the request that is expected. */
	sendResponse(exchange: number, payloads: readonly Payload[]): void {
		const datagrams = this.#seal(this.head(exchange, true, this.responses.expectedId), payloads);
		this.responses.answered(datagrams);
		this.#answeredUnder = this.protection;
		this.send(datagrams, this.requestPath);
	}

	/** `path`: another one than the association's, for an answer that goes back to where its request came from. */
	send(datagrams: readonly Uint8Array[], path = this.path): void {
		for (const datagram of datagrams) {
			this.traffic.sentPackets++;
			this.traffic.sentOctets += datagram.length;
			this.host.emit({ type: "send-datagram", path, datagram });
		}
	}

	report(what: ReportKind, text: string): void {
		this.host.emit({ type: "report", what, connection: this.connection.name, text });
	}

	// Receiving

	/** Takes a message whose SPIs are this association's. Whatever is not authentic changes nothing. */
	receive(message: Message, datagram: Uint8Array, path: Path, now: number): void {
		if (this.protection === undefined) {
			if (message.header.isResponse && this.phase.type === "expect-init-response")
				this.handlers.onInitResponse(this, message, datagram, path, now);
			return;
		}
		if (message.header.isResponse) this.#receiveResponse(message, datagram, path, now);
		else this.#receiveRequest(message, datagram, path, now);
	}

	#receiveRequest(message: Message, datagram: Uint8Array, path: Path, now: number): void {
		const { header, sealed } = message;
		const arrival = this.responses.judge(header.messageId);
		if (arrival === "out-of-window" || this.phase.type.startsWith("await-")) return;
		if (arrival === "again") {
			const isFirst = sealed?.type === "encrypted" || (sealed?.type === "encrypted-fragment" && sealed.number === 1);
			const opened = isFirst && this.#open(message, datagram, this.#answeredUnder);
			if (opened) this.send(this.responses.answer, this.mover === "peer" ? path : undefined);
			return;
		}
		if (this.isOver) return;
		const opened = this.#openWhole(message, datagram, this.#requestFragments);
		if (opened === undefined) return;
		this.#noteReceived(path, now);
		this.requestPath = this.mover === "peer" ? path : undefined;
		const { exchange } = header;
		const { chain } = opened;
		if (chain === "malformed") {
			this.sendResponse(exchange, [notify(notifyType.INVALID_SYNTAX)]);
			this.#fail("the peer sent a malformed message", now);
			return;
		}
		if (chain.unsupportedCritical !== undefined) {
			const data = Uint8Array.of(chain.unsupportedCritical);
			this.sendResponse(exchange, [notify(notifyType.UNSUPPORTED_CRITICAL_PAYLOAD, data)]);
			return;
		}
		if (isBeginning(this.phase)) this.handlers.onBeginRequest(this, { ...opened, payloads: chain.payloads }, now);
		else this.sendResponse(exchange, this.handlers.onRequest(this, exchange, chain.payloads, now));
		this.runTasks(now);
	}

	#receiveResponse(message: Message, datagram: Uint8Array, path: Path, now: number): void {
		const { header } = message;
		if (this.requests.isOpen || header.messageId !== this.requests.id) return;
		const opened = this.#openWhole(message, datagram, this.#responseFragments);
		if (opened === undefined) return;
		this.requests.close(header.messageId);
		this.#noteReceived(path, now);
		const { task } = this;
		this.task = undefined;
		const { chain } = opened;
		if (chain === "malformed" || chain.unsupportedCritical !== undefined) {
			this.#fail("the peer answered with a message that cannot be read", now);
			return;
		}
		if (isBeginning(this.phase)) this.handlers.onBeginResponse(this, { ...opened, payloads: chain.payloads }, now);
		else {
			const further = task?.finish(this, chain.payloads, now);
			if (further !== undefined) this.queue.unshift(further);
		}
		this.runTasks(now);
	}

	#open(message: Message, datagram: Uint8Array, under = this.protection): Uint8Array | undefined {
		if (message.sealed === undefined || under === undefined) return undefined;
		const { proposal, keys } = under;
		const peerKeys = this.isInitiator ? keys.responder : keys.initiator;
		return openSealed({ protection: proposal, keys: peerKeys }, datagram, message.sealed);
	}

	#openWhole(
		message: Message,
		datagram: Uint8Array,
		fragments: FragmentBuffer,
	): (PlainMessage & { readonly chain: PayloadChain | "malformed" }) | undefined {
		const plain = this.#open(message, datagram);
		if (plain === undefined || message.sealed === undefined) return undefined;
		this.traffic.receivedPackets++;
		this.traffic.receivedOctets += datagram.length;
		let whole = { firstPayload: message.sealed.firstPayload, octets: plain };
		if (message.sealed.type === "encrypted-fragment") {
			const { number, total, firstPayload } = message.sealed;
			const { messageId } = message.header;
			const complete = fragments.add({ messageId, number, total, firstPayload, octets: plain });
			if (complete === undefined) return undefined;
			whole = { firstPayload: complete.firstPayload, octets: complete.octets };
		}
		const chain = decodePayloads(whole.firstPayload, whole.octets);
		return { head: message.header, ...whole, chain: chain.kind === "done" ? chain.value : "malformed" };
	}

	#noteReceived(path: Path, now: number): void {
		this.#received = now;
		this.#messageReceived = now;
		this.#hasSentSince = false;
		// The initiator goes to port 4500 with IKE_AUTH, whoever is behind the translation.
		// A mobile end says where it is: then nothing else moves it (RFC 4555 §3.8).
		const mayMove = this.isHalfOpen || (this.nat.isPeerBehindNat && this.mover === "none");
		if (!mayMove || isSamePath(path, this.path)) return;
		// "send all packets ... to the IP address and port from the last valid authenticated packet" (RFC 7296 §2.23).
		this.path = path;
		this.moveChildren();
	}

	/** One end is at another place. */
	moveTo(path: Path, nat: NatSituation, now: number): void {
		this.path = path;
		this.nat = nat;
		this.#keepaliveAt = Number.POSITIVE_INFINITY;
		this.#armKeepalive(now);
	}

	/** The data plane goes where the association of IKE is. */
	moveChildren(): void {
		this.provedPlace = undefined;
		const { path, isEncapsulated } = this;
		for (const { inboundSpi } of this.children.values())
			this.host.emit({ type: "move-child", inboundSpi, path, isEncapsulated });
	}

	// Exchanges of ours

	/** Puts an exchange into the queue. */
	enqueue(task: Task, now: number): void {
		if (this.queue.length < this.host.settings.maxTasks) this.queue.push(task);
		this.runTasks(now);
	}

	/** Begins the next exchange when none is under way. */
	runTasks(now: number): void {
		const mayRun = this.phase.type === "established" || this.phase.type === "replaced";
		while (mayRun && this.requests.isOpen && this.task === undefined) {
			const task = this.queue.shift();
			if (task === undefined) return;
			const payloads = task.build(this, now);
			if (payloads === undefined) continue;
			this.task = task;
			if (task.kind === "delete-ike") this.phase = { type: "closing" };
			this.sendRequest(task.exchange, payloads, now, task.retransmit?.(this));
			return;
		}
	}

	/** True while an exchange of that kind is under way or waits. */
	hasTask(kind: Task["kind"]): boolean {
		return this.task?.kind === kind || this.queue.some((one) => one.kind === kind);
	}

	/** The peer's further exchanges have not come, or another negotiation takes their place: what they were for stays as it was. */
	abandonFollowUp(now: number): void {
		const { followUp } = this;
		this.followUp = undefined;
		followUp?.abandon(now);
	}

	// Children

	/** Puts an agreed child in force. `isInitiator`: of the exchange that made it. */
	installChild(
		agreement: ChildAgreement,
		isInitiator: boolean,
		nonces: { readonly initiatorNonce: Uint8Array; readonly responderNonce: Uint8Array },
		now: number,
	): ChildSa {
		const { config, proposal, localSelectors, remoteSelectors, secret, moreSecrets } = agreement;
		const inboundSpi = spiNumber(agreement.inboundSpi);
		const outboundSpi = spiNumber(agreement.outboundSpi);
		const keys = deriveChildKeys(this.algorithms.prf, this.keys.derivation, proposal, nonces, secret, moreSecrets);
		const agreed = { config, inboundSpi, outboundSpi, localSelectors, remoteSelectors };
		const child = childFrom(agreed, lifetimeFrom(now, config.lifetime, this.host.random), now);
		this.children.set(inboundSpi, child);
		this.childrenCreated++;
		this.host.emit({
			type: "install-child",
			association: {
				connection: this.connection.name,
				child: config.name,
				inboundSpi,
				outboundSpi,
				algorithms: proposal,
				inboundKeys: isInitiator ? keys.responder : keys.initiator,
				outboundKeys: isInitiator ? keys.initiator : keys.responder,
				localSelectors,
				remoteSelectors,
				...(this.provedPlace ?? { path: this.path, isEncapsulated: this.isEncapsulated }),
			},
		});
		return child;
	}

	/** ESP goes in UDP: there is a translation, and both ends can. */
	get isEncapsulated(): boolean {
		return this.connection.hasNatTraversal && (this.nat.isPeerBehindNat || this.nat.isSelfBehindNat);
	}

	removeChild({ inboundSpi, outboundSpi }: ChildSa): void {
		if (!this.children.delete(inboundSpi)) return;
		this.childrenDeleted++;
		this.host.emit({ type: "remove-child", inboundSpi, outboundSpi });
	}

	childByOutbound(spi: Uint8Array): ChildSa | undefined {
		for (const child of this.children.values()) if (equalBytes(spiOctets(child.outboundSpi), spi)) return child;
		return undefined;
	}

	describeChild({ config, inboundSpi, outboundSpi, localSelectors, remoteSelectors }: ChildSa): string {
		const [local, remote] = [localSelectors, remoteSelectors].map((all) => all.map(selectorText).join(", "));
		return `child ${config.name} (${spiText(inboundSpi)}/${spiText(outboundSpi)}): ${local} to ${remote}`;
	}

	/** Children and waiting exchanges go to the successor; nothing of the data plane changes. */
	handOver(successor: IkeSa, now: number): void {
		for (const [spi, child] of this.children) successor.children.set(spi, child);
		successor.childrenCreated += this.children.size;
		this.children.clear();
		for (const task of this.queue.splice(0)) if (task.kind.endsWith("child")) successor.queue.push(task);
		successor.runTasks(now);
	}

	// Beginning and end

	/** The peer is authenticated and keys are in force. */
	establish(now: number): void {
		this.phase = { type: "established" };
		this.endsAt = Number.POSITIVE_INFINITY;
		this.#received = now;
		this.#messageReceived = now;
		this.lifetime = lifetimeFrom(now, this.connection.lifetime, this.host.random);
		this.#armKeepalive(now);
	}

	/** Another association is to stay: the peer deletes this one, or we do when it takes too long. */
	replaceBy(now: number): void {
		this.phase = { type: "replaced" };
		this.endsAt = now + this.host.settings.lingerTime;
	}

	/** When to try again what the peer could not do now; not at the same moment as the peer does. */
	retryAt(now: number): number {
		const { retryDelay } = this.host.settings;
		const [octet] = this.host.random(1);
		return now + Math.round(retryDelay * (0.5 + (octet ?? 0) / 256));
	}

	/** Ends at once: children go, the peer is not told. The last answer is still given for a while. */
	close(what: ReportKind, text: string, now: number): void {
		if (this.isOver) return;
		this.phase = { type: "closed" };
		this.endsAt = now + this.host.settings.lingerTime;
		this.queue.length = 0;
		this.task = undefined;
		this.followUp = undefined;
		this.requests.close(this.requests.id);
		for (const child of [...this.children.values()]) this.removeChild(child);
		this.report(what, text);
	}

	/** A failure of the protocol: ends at once, reported as what it is in this phase. */
	#fail(text: string, now: number): void {
		this.close(this.isEstablished ? "ike-closed" : "ike-failed", text, now);
	}

	// Time

	/** The next moment at which `passTime` has something to do. */
	get deadline(): number {
		if (this.isOver) return this.endsAt;
		const givesUpAt = this.followUp?.expiresAt ?? Number.POSITIVE_INFINITY;
		let next = Math.min(this.requests.deadline, this.endsAt, this.lifetime.hardAt, this.#keepaliveAt, givesUpAt);
		if (!this.isEstablished) return next;
		next = Math.min(next, this.lifetime.softAt, this.#livenessAt());
		for (const child of this.children.values()) next = Math.min(next, child.softAt, child.hardAt, idleAt(child));
		return next;
	}

	passTime(now: number): void {
		if (this.isOver) return;
		if (now >= this.endsAt) return this.#end(now);
		if (now >= this.lifetime.hardAt) return this.close("ike-closed", "its lifetime has ended", now);
		this.#retransmit(now);
		if (this.followUp !== undefined && now >= this.followUp.expiresAt) this.abandonFollowUp(now);
		if (now >= this.#keepaliveAt) {
			this.#armKeepalive(now);
			this.host.emit({ type: "send-keepalive", path: this.path });
		}
		if (!this.isEstablished) return;
		this.#renew(now);
		if (now >= this.#livenessAt() && !this.hasTask("liveness")) this.enqueue(this.handlers.newLivenessTask(), now);
	}

	/** What the data plane saw of a child of this association. */
	noteTraffic(inboundSpi: number, hasSent: boolean, hasReceived: boolean, now: number): void {
		const child = this.children.get(inboundSpi);
		if (child !== undefined && (hasSent || hasReceived)) child.usedAt = now;
		if (hasReceived) {
			this.#received = now;
			this.#hasSentSince = false;
		} else if (hasSent) this.#hasSentSince = true;
	}

	#end(now: number): void {
		if (this.phase.type === "replaced") {
			this.endsAt = Number.POSITIVE_INFINITY;
			this.enqueue(this.handlers.newDeleteTask(), now);
			return;
		}
		const refusal = this.phase.type === "expect-init-response" ? this.phase.refusal : undefined;
		this.close("ike-failed", refusal ?? "the peer did not authenticate itself in time", now);
	}

	#retransmit(now: number): void {
		const due = this.requests.overdue(now);
		if (due === "send-again") this.send(this.requests.datagrams);
		if (due === "give-up") {
			const times = this.requests.mostTimes;
			this.close("peer-silent", `the peer did not answer a request that was sent ${times} times`, now);
		}
	}

	#renew(now: number): void {
		for (const child of [...this.children.values()]) {
			if (now >= child.hardAt) {
				if (child.state !== "deleting") this.enqueue(this.handlers.newChildDeleteTask(child), now);
				this.removeChild(child);
				this.report("child-closed", `${this.describeChild(child)}: its lifetime has ended`);
			} else if (now >= idleAt(child)) {
				child.softAt = Number.POSITIVE_INFINITY;
				child.state = "deleting";
				this.enqueue(this.handlers.newChildDeleteTask(child), now);
				this.report("child-closed", `${this.describeChild(child)}: it was idle`);
			} else if (now >= child.softAt) {
				child.softAt = Number.POSITIVE_INFINITY;
				this.enqueue(this.handlers.newChildRekeyTask(child), now);
			}
		}
		if (now < this.lifetime.softAt) return;
		this.lifetime = { ...this.lifetime, softAt: Number.POSITIVE_INFINITY };
		this.enqueue(this.handlers.newRekeyTask(), now);
	}

	#livenessAt(): number {
		const { liveness } = this.connection;
		if (liveness === undefined || this.hasTask("liveness")) return Number.POSITIVE_INFINITY;
		if (liveness.mode === "always") return this.#messageReceived + liveness.interval;
		if (liveness.mode === "optimized" && !this.#hasSentSince) return Number.POSITIVE_INFINITY;
		return this.#received + liveness.interval;
	}

	#armKeepalive(now: number): void {
		if (this.nat.isSelfBehindNat && this.isEncapsulated) this.#keepaliveAt = now + this.connection.natKeepalive;
	}

	#seal(head: MessageHead, payloads: readonly Payload[]): readonly Uint8Array[] {
		const { proposal, keys } = this.#protected();
		const own = this.isInitiator ? keys.initiator : keys.responder;
		const limit = this.canPeerReadFragments ? this.host.settings.maxDatagramOctets : 0;
		return sealMessage({ protection: proposal, keys: own, random: this.host.random }, head, payloads, limit);
	}

	#protected(): IkeProtection {
		if (this.protection === undefined) throw new Error(`no keys in phase ${this.phase.type}`);
		return this.protection;
	}
}

/** A notification about the message itself. */
export function notify(type: number, data: Uint8Array = new Uint8Array(0)): Payload {
	return { type: "notify", protocol: 0, spi: new Uint8Array(0), notify: type, data };
}

/** The name of the first error among the payloads. */
export function errorName(payloads: readonly Payload[]): string | undefined {
	for (const one of payloads) if (one.type === "notify" && one.notify < 16_384) return notifyName(one.notify);
	return undefined;
}

/** Before the association is established. */
function isBeginning({ type }: Phase): boolean {
	return !["established", "replaced", "closing", "closed"].includes(type);
}

export function isSamePath(one: Path, other: Path): boolean {
	return (
		one.remote.port === other.remote.port &&
		one.local.port === other.local.port &&
		equalBytes(one.remote.address.octets, other.remote.address.octets)
	);
}
