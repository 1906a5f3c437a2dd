/**
 * The engine of IKEv2: datagrams and time in, datagrams and effects out. It finds the association of a datagram, keeps
 * strangers cheap, and begins what is wanted.
 *
 * Deterministic: the same events and the same random octets give the same effects (the ciphertext of ML-KEM excepted).
 * Units:  `now` in milliseconds since 1970.
 * Bounds: those of `EngineSettings`. Nothing is kept for a stranger before it has brought a cookie, once more than
 *         `cookieThreshold` associations are half open; before it has, no answer is longer than its question, and what is
 *         computed for its address has a limit.
 * Source: RFC 7296.
 */
import type { Address } from "#base/address.ts";
import { BoundedMap } from "#base/bounded.ts";
import { equalBytes } from "#base/bytes.ts";
import { type AssociationView, viewOf } from "#ike/association-view.ts";
import type { Identity } from "#ike/auth/identity.ts";
import { connectionChange, isMoved } from "#ike/connection-change.ts";
import type { RandomOctets } from "#ike/crypto/agree-key.ts";
import { closeChild, followConnection } from "#ike/follow-connection.ts";
import { type StrangerCount, Strangers } from "#ike/strangers.ts";
import { answerRequest } from "#ike/v2/answer-request.ts";
import { onEapChecked, onEapTls } from "#ike/v2/begin-eap.ts";
import {
	beginInitiator,
	onBeginResponse,
	onInitiatorChecked,
	onInitiatorSigned,
	onInitResponse,
} from "#ike/v2/begin-initiator.ts";
import { onBeginRequest, onResponderChecked, onResponderSigned } from "#ike/v2/begin-responder.ts";
import { spiNumber } from "#ike/v2/child-sa.ts";
import type { ChildConfig, Connection, Path } from "#ike/v2/connection.ts";
import type { EngineEffect, EngineEvent } from "#ike/v2/engine-event.ts";
import { GuessLimit } from "#ike/v2/guess-limit.ts";
import { type Handlers, type Host, type IkeProtection, IkeSa, type IkeSaParts, type Phase } from "#ike/v2/ike-sa.ts";
import { newMoveTask } from "#ike/v2/mobility.ts";
import { checkAgain, onCheckedAgain } from "#ike/v2/peer-check.ts";
import type { EngineSettings } from "#ike/v2/settings.ts";
import { newChildDeleteTask, newChildRekeyTask, newCreateTask } from "#ike/v2/task-child.ts";
import { newDeleteTask, newLivenessTask, newRekeyTask } from "#ike/v2/task-ike.ts";
import { decodeIkeHeader, exchangeType, ikeSpiOctets } from "#ike/wire/header.ts";
import { decodeMessage } from "#ike/wire/message.ts";

/** What happened to datagrams that led nowhere. */
export type EndpointCounters = Record<"unknownSpi" | StrangerCount, number>;

export class Endpoint {
	readonly counters: EndpointCounters = {
		unknownSpi: 0,
		malformed: 0,
		otherVersion: 0,
		cookieChallenges: 0,
		reflected: 0,
		refused: 0,
		overloaded: 0,
	};
	#connections: readonly Connection[];
	readonly #settings: EngineSettings;
	readonly #random: RandomOctets;
	/** By the SPI of this end. */
	readonly #associations = new Map<string, IkeSa>();
	/** Those that were looked up by a child's SPI; an entry may be out of date. */
	readonly #byChild = new BoundedMap<number, IkeSa>(maxByChild);
	readonly #strangers: Strangers;
	/** Children that are wanted although there is none, by connection. */
	readonly #wanted = new Map<string, Set<string>>();
	/** When a connection is begun again. */
	readonly #retryAt = new Map<string, number>();
	/** How often a connection was begun; chooses among the peer's addresses. */
	readonly #attempts = new Map<string, number>();
	readonly #host: Host;
	readonly #handlers: Handlers;
	#effects: EngineEffect[] = [];
	#logsKeys = false;
	/** The next moment at which something is due. */
	#deadline = 0;
	/** Something was touched, so that the deadline has to be found anew. Datagrams that lead nowhere touch nothing. */
	#isTouched = true;
	#nextId = 1;

	constructor(connections: readonly Connection[], settings: EngineSettings, random: RandomOctets) {
		this.#connections = connections;
		this.#settings = settings;
		this.#random = random;
		this.#host = this.#newHost();
		this.#handlers = newHandlers();
		this.#strangers = new Strangers(settings, random, {
			count: (what) => this.#count(what),
			emit: (effect) => this.#effects.push(effect),
			isOwnSpi: (spi) => this.#associations.has(hexOf(spi)),
			isFull: () => this.#isFull(),
			begin: (parts) => this.#add({ ...parts, responderSpi: this.#newIkeSpi() }, { type: "established" }),
		});
		for (const { name, startsImmediately } of connections) if (startsImmediately) this.#retryAt.set(name, 0);
	}

	/** Takes one event and answers with what is to be done, in order. */
	step(event: EngineEvent, now: number): readonly EngineEffect[] {
		this.#effects = [];
		if (event.type !== "datagram-received" && event.type !== "traffic-noted") this.#isTouched = true;
		switch (event.type) {
			case "datagram-received":
				this.#onDatagram(event.datagram, event.path, now);
				break;
			case "tunnel-wanted":
				this.#want(event.connection, event.child, now);
				break;
			case "signed":
				this.#withAssociation(event.sa, (sa) => this.#handlers.onSigned(sa, event.signature, now), now);
				break;
			case "tls-answered":
				this.#withAssociation(event.sa, (sa) => this.#handlers.onTls(sa, event.answer, now), now);
				break;
			case "peer-checked":
				this.#withAssociation(event.sa, (sa) => this.#handlers.onPeerChecked(sa, event.refusal, now), now);
				break;
			case "peers-check-wanted":
				for (const sa of this.#associations.values()) checkAgain(sa);
				break;
			case "traffic-noted":
				this.#noteTraffic(event, now);
				break;
			case "child-worn-out":
				this.#renewChild(event.inboundSpi, now);
				break;
			case "rekey-wanted":
				this.#established(event.connection)?.enqueue(newRekeyTask(), now);
				break;
			case "close-wanted":
				this.#close(event.connection, now);
				break;
			case "association-close-wanted":
				for (const sa of this.#associations.values()) if (sa.id === event.association) this.#closeOne(sa, now);
				break;
			case "child-close-wanted":
				this.#closeChild(event.inboundSpi, now);
				break;
			case "connections-changed":
				this.#follow(event.connections, now);
				break;
			case "key-log-switched":
				this.#logsKeys = event.isOn;
				break;
			case "time-passed":
				break;
		}
		if (this.#isTouched || now >= this.#deadline) this.#passTime(now);
		return this.#effects;
	}

	/** The next moment at which something is due; infinity when nothing is. */
	deadline(): number {
		return this.#deadline;
	}

	/** What stands, for an operator. */
	describe(): readonly AssociationView[] {
		return [...this.#associations.values()].map(viewOf);
	}

	// Datagrams

	#onDatagram(datagram: Uint8Array, path: Path, now: number): void {
		const header = decodeIkeHeader(datagram);
		if (header.kind !== "done") return this.#count("malformed");
		if (header.value.version >> 4 !== 2) return this.#strangers.refuseVersion(header.value, datagram, path);
		const message = decodeMessage(datagram);
		if (message.kind !== "done") return this.#count("malformed");
		const { exchange, isResponse, isInitiator, initiatorSpi, responderSpi } = header.value;
		if (exchange === exchangeType.ikeSaInit && !isResponse) {
			const isFirst = isInitiator && isZero(responderSpi) && !isZero(initiatorSpi) && header.value.messageId === 0;
			if (!isFirst) return this.#count("malformed");
			const connections = this.#connections.filter((one) => isForPath(one, path));
			return this.#strangers.take(connections, message.value, datagram, path, now);
		}
		const sa = this.#associations.get(hexOf(isInitiator ? responderSpi : initiatorSpi));
		if (sa === undefined || sa.isInitiator === isInitiator) return this.#count("unknownSpi");
		const peerSpi = isInitiator ? initiatorSpi : responderSpi;
		const knownSpi = isInitiator ? sa.initiatorSpi : sa.responderSpi;
		if (!isZero(knownSpi) && !equalBytes(peerSpi, knownSpi)) return this.#count("unknownSpi");
		this.#isTouched = true;
		sa.receive(message.value, datagram, path, now);
	}

	/** An answer to what one association asked for. */
	#withAssociation(id: number, act: (sa: IkeSa) => void, now: number): void {
		for (const sa of this.#associations.values()) {
			if (sa.id !== id) continue;
			act(sa);
			sa.runTasks(now);
			return;
		}
	}

	// What is wanted

	#want(connectionName: string, childName: string, now: number): void {
		const connection = this.#connections.find(({ name }) => name === connectionName);
		const config = connection?.children.find(({ name }) => name === childName);
		if (connection === undefined || config === undefined) return;
		const sa = this.#established(connectionName);
		if (sa !== undefined) {
			const isThere = [...sa.children.values()].some((child) => child.config.name === childName);
			if (!isThere && !sa.hasTask("create-child")) sa.enqueue(newCreateTask(config), now);
			return;
		}
		const wanted = this.#wanted.get(connectionName) ?? new Set();
		this.#wanted.set(connectionName, wanted.add(childName));
		if (!this.#isBeginning(connectionName)) this.#begin(connection, config, now);
	}

	#begin(connection: Connection, firstChild: ChildConfig | undefined, now: number): void {
		const { remote, local, name } = connection;
		if (remote === undefined || remote.length === 0) return;
		if (this.#isFull()) return this.#count("overloaded");
		const attempt = this.#attempts.get(name) ?? 0;
		this.#attempts.set(name, attempt + 1);
		const address = remote[attempt % remote.length] as Address;
		const port = this.#settings.ports.ike;
		const path = { local: { address: local, port }, remote: { address, port } };
		const responderSpi = new Uint8Array(ikeSpiOctets);
		const sa = this.#add(
			{ connection, path, isInitiator: true, initiatorSpi: this.#newIkeSpi(), responderSpi },
			{ type: "established" },
		);
		sa.firstChild = firstChild;
		beginInitiator(sa, now);
	}

	#close(connectionName: string, now: number): void {
		this.#wanted.delete(connectionName);
		for (const sa of this.#associations.values()) if (sa.connection.name === connectionName) this.#closeOne(sa, now);
	}

	#closeOne(sa: IkeSa, now: number): void {
		if (sa.isOver) return;
		if (sa.isEstablished) sa.enqueue(newDeleteTask(), now);
		else if (sa.phase.type !== "closing") sa.close("ike-closed", "closed by this end", now);
	}

	#closeChild(inboundSpi: number, now: number): void {
		const sa = this.#withChild(inboundSpi);
		const child = sa?.children.get(inboundSpi);
		if (sa === undefined || child === undefined) return;
		closeChild(sa, child, "closed by this end", now);
		if (sa.connection.startsImmediately) sa.enqueue(newCreateTask(child.config), now);
	}

	/** Takes another configuration up: what it does not touch goes on as it is (B30). */
	#follow(connections: readonly Connection[], now: number): void {
		this.#connections = connections;
		const named = new Map(connections.map((one) => [one.name, one]));
		for (const name of this.#retryAt.keys())
			if (named.get(name)?.startsImmediately !== true) this.#retryAt.delete(name);
		for (const name of this.#wanted.keys()) if (!named.has(name)) this.#wanted.delete(name);
		for (const sa of [...this.#associations.values()]) {
			if (sa.isOver) continue;
			const next = named.get(sa.connection.name);
			const change = next === undefined ? "anew" : connectionChange(sa.connection, next);
			if (next !== undefined && mayMoveTo(sa, next)) {
				this.#move(sa, next, now);
				continue;
			}
			const isGone = next === undefined || change === "anew" || isUserGone(sa, next);
			if (isGone || (isBeginning(sa) && change !== "none")) this.#closeOne(sa, now);
			else followConnection(sa, next, now);
		}
		for (const { name, startsImmediately } of connections)
			if (startsImmediately && this.#established(name) === undefined && !this.#isBeginning(name))
				this.#retryAt.set(name, now);
	}

	/** This end has another address, and may tell the peer. */
	#move(sa: IkeSa, next: Connection, now: number): void {
		sa.path = { ...sa.path, local: { ...sa.path.local, address: next.local } };
		// One that is under way told of an address before this one (RFC 4555 §3.5).
		if (!sa.queue.some(({ kind }) => kind === "move")) sa.queue.unshift(newMoveTask());
		followConnection(sa, next, now);
		sa.runTasks(now);
	}

	#renewChild(inboundSpi: number, now: number): void {
		const sa = this.#withChild(inboundSpi);
		const child = sa?.children.get(inboundSpi);
		if (sa === undefined || child === undefined || child.softAt === Number.POSITIVE_INFINITY) return;
		child.softAt = Number.POSITIVE_INFINITY;
		sa.enqueue(newChildRekeyTask(child), now);
	}

	/** Told of every tunnel twice a second: what is due later than before need not be looked for. */
	#noteTraffic(
		{ inboundSpi, hasSent, hasReceived }: Extract<EngineEvent, { type: "traffic-noted" }>,
		now: number,
	): void {
		const sa = this.#withChild(inboundSpi);
		sa?.noteTraffic(inboundSpi, hasSent, hasReceived, now);
		if (sa !== undefined && sa.deadline < this.#deadline) this.#isTouched = true;
	}

	#withChild(inboundSpi: number): IkeSa | undefined {
		const known = this.#byChild.get(inboundSpi);
		if (known?.children.has(inboundSpi)) return known;
		this.#byChild.take(inboundSpi);
		for (const sa of this.#associations.values()) {
			if (!sa.children.has(inboundSpi)) continue;
			this.#byChild.set(inboundSpi, sa);
			return sa;
		}
		return undefined;
	}

	#established(connectionName: string): IkeSa | undefined {
		for (const sa of this.#associations.values())
			if (sa.isEstablished && sa.connection.name === connectionName) return sa;
		return undefined;
	}

	#isBeginning(connectionName: string): boolean {
		for (const sa of this.#associations.values())
			if (sa.connection.name === connectionName && sa.isInitiator && isBeginning(sa)) return true;
		return false;
	}

	// Time

	#passTime(now: number): void {
		for (const sa of this.#associations.values()) if (sa.deadline <= now) sa.passTime(now);
		this.#strangers.forgetOthers();
		for (const [key, sa] of this.#associations) {
			if (sa.isEstablished) this.#watchChildren(sa, now);
			if (!sa.isOver) continue;
			this.#planRetry(sa.connection, now);
			if (sa.endsAt > now) continue;
			this.#associations.delete(key);
			this.#byChild.clear();
		}
		for (const [name, at] of this.#retryAt) {
			if (at > now) continue;
			this.#retryAt.delete(name);
			const connection = this.#connections.find((one) => one.name === name);
			if (connection === undefined || this.#isBeginning(name)) continue;
			if (this.#established(name) !== undefined) {
				for (const child of this.#missingChildren(connection)) this.#want(name, child.name, now);
				continue;
			}
			const [first] = connection.children;
			this.#wanted.set(name, new Set(connection.children.map((child) => child.name)));
			this.#begin(connection, first, now);
		}
		this.#findDeadline();
	}

	#findDeadline(): void {
		let next = Number.POSITIVE_INFINITY;
		for (const sa of this.#associations.values()) next = Math.min(next, sa.deadline);
		for (const at of this.#retryAt.values()) next = Math.min(next, at);
		this.#deadline = next;
		this.#isTouched = false;
	}

	#planRetry({ name, startsImmediately }: Connection, now: number): void {
		if (!startsImmediately || this.#retryAt.has(name) || this.#established(name) || this.#isBeginning(name)) return;
		this.#retryAt.set(name, now + this.#settings.retryDelay);
	}

	/** Where tunnels start immediately, one that is gone while its association stands is made again after a while. */
	#watchChildren({ connection, children }: IkeSa, now: number): void {
		if (!connection.startsImmediately || this.#retryAt.has(connection.name)) return;
		if (connection.children.every(({ name }) => hasChild(children, name))) return;
		if (this.#missingChildren(connection).length > 0)
			this.#retryAt.set(connection.name, now + this.#settings.retryDelay);
	}

	#missingChildren({ name, children }: Connection): readonly ChildConfig[] {
		const missing = new Set(children);
		for (const sa of this.#associations.values()) {
			if (missing.size === 0) break;
			if (sa.connection.name !== name || sa.isOver) continue;
			for (const child of sa.children.values())
				for (const config of missing) if (config.name === child.config.name) missing.delete(config);
		}
		return [...missing];
	}

	// What associations ask for

	#newHost(): Host {
		return {
			settings: this.#settings,
			random: this.#random,
			guesses: new GuessLimit(),
			emit: (effect) => this.#effects.push(effect),
			newIkeSpi: () => this.#newIkeSpi(),
			newChildSpi: () => this.#newChildSpi(),
			adopt: (parts) => this.#add(parts, { type: "established" }),
			onAuthenticated: (sa, isInitialContact, now) => this.#onAuthenticated(sa, isInitialContact, now),
			onKeys: (sa, protection) => this.#logKeys(sa, protection),
			othersOf: (sa, replaced) => this.#othersOf(sa, replaced),
			isFirstContact: (sa) => this.#established(sa.connection.name) === undefined,
		};
	}

	#logKeys({ connection, initiatorSpi, responderSpi }: IkeSa, { proposal, keys }: IkeProtection): void {
		if (!this.#logsKeys) return;
		const association = { initiatorSpi, responderSpi, algorithms: proposal, keys };
		this.#effects.push({ type: "danger-log-keys", connection: connection.name, association });
	}

	#othersOf(sa: IkeSa, replaced: Identity | undefined): number {
		let count = 0;
		for (const other of this.#associations.values()) {
			if (other === sa || !other.isEstablished || other.connection.name !== sa.connection.name) continue;
			if (replaced === undefined || !isIdentity(other.peerIdentity, replaced)) count++;
		}
		return count;
	}

	/** The peer says that it has nothing else with us: what we have is left over from before (RFC 7296 §2.4). */
	#onAuthenticated(sa: IkeSa, isInitialContact: boolean, now: number): void {
		for (const other of this.#associations.values()) {
			if (!isInitialContact || other === sa || other.isOver || isBeginning(other)) continue;
			if (isSamePeer(other, sa)) other.close("ike-closed", "the peer has begun anew", now);
		}
		this.#attempts.delete(sa.connection.name);
		const wanted = this.#wanted.get(sa.connection.name);
		this.#wanted.delete(sa.connection.name);
		if (!sa.isInitiator) return;
		for (const config of sa.connection.children)
			if (wanted?.has(config.name) && config.name !== sa.firstChild?.name) sa.queue.push(newCreateTask(config));
	}

	#add(parts: IkeSaParts, phase: Phase): IkeSa {
		this.#isTouched = true;
		const sa = new IkeSa(this.#nextId++, this.#host, this.#handlers, parts, phase);
		this.#associations.set(hexOf(sa.ownSpi), sa);
		return sa;
	}

	/** What peers began and is over gives way: it only says its last answer again, and strangers can have any number of those. */
	#isFull(): boolean {
		const { maxAssociations } = this.#settings;
		if (this.#associations.size < maxAssociations) return false;
		for (const [key, { isOver, isInitiator }] of this.#associations) {
			if (!isOver || isInitiator) continue;
			this.#associations.delete(key);
			this.#byChild.clear();
			return false;
		}
		return true;
	}

	#newIkeSpi(): Uint8Array {
		for (;;) {
			const spi = this.#random(ikeSpiOctets);
			if (!isZero(spi) && !this.#associations.has(hexOf(spi))) return spi;
		}
	}

	#newChildSpi(): Uint8Array {
		for (;;) {
			const spi = this.#random(4);
			if (spiNumber(spi) >= firstFreeSpi && this.#withChild(spiNumber(spi)) === undefined) return spi;
		}
	}

	#count(what: keyof EndpointCounters): void {
		this.counters[what]++;
	}
}

function newHandlers(): Handlers {
	return {
		onInitResponse,
		onBeginRequest,
		onBeginResponse,
		onSigned(sa, signature, now) {
			if (sa.isInitiator) onInitiatorSigned(sa, signature, now);
			else onResponderSigned(sa, signature, now);
		},
		onTls: onEapTls,
		onPeerChecked(sa, refusal, now) {
			if (sa.isEstablished) onCheckedAgain(sa, refusal, now);
			else if (sa.isInitiator) onInitiatorChecked(sa, refusal, now);
			else if (sa.phase.type === "await-eap-check") onEapChecked(sa, refusal, now);
			else onResponderChecked(sa, refusal, now);
		},
		onRequest: answerRequest,
		newLivenessTask,
		newDeleteTask,
		newRekeyTask: () => newRekeyTask(),
		newChildRekeyTask: (child) => newChildRekeyTask(child),
		newChildDeleteTask,
	};
}

/** Peers with fixed addresses and this address of ours; those without an address may come from anywhere. */
function isForPath({ local, remote }: Connection, path: Path): boolean {
	if (!equalBytes(local.octets, path.local.address.octets)) return false;
	return remote === undefined || remote.some(({ octets }) => equalBytes(octets, path.remote.address.octets));
}

/** The same connection and identity: of those that come from anywhere many may share a connection. */
function isSamePeer(one: IkeSa, other: IkeSa): boolean {
	const { peerIdentity } = other;
	if (one.connection.name !== other.connection.name || peerIdentity === undefined) return false;
	return isIdentity(one.peerIdentity, peerIdentity);
}

function isIdentity(one: Identity | undefined, other: Identity): boolean {
	return one !== undefined && one.idType === other.idType && equalBytes(one.data, other.data);
}

function mayMoveTo(sa: IkeSa, next: Connection): boolean {
	return sa.isEstablished && sa.mover === "self" && isMoved(sa.connection, next);
}

/** The user of the association is not there any more, or has another password. */
function isUserGone({ user, connection }: IkeSa, next: Connection): boolean {
	const [before, after] = [connection.remoteAuthentication, next.remoteAuthentication];
	if (user === undefined || before.kind !== "eap" || after.kind !== "eap") return false;
	const [old, fresh] = [before.passwords.get(user), after.passwords.get(user)];
	return old !== undefined && (fresh === undefined || !equalBytes(old, fresh));
}

function hasChild(children: IkeSa["children"], wanted: string): boolean {
	for (const { config } of children.values()) if (config.name === wanted) return true;
	return false;
}

function isBeginning({ phase }: IkeSa): boolean {
	return !["established", "replaced", "closing", "closed"].includes(phase.type);
}

function isZero(octets: Uint8Array): boolean {
	return octets.every((octet) => octet === 0);
}

function hexOf(octets: Uint8Array): string {
	return Buffer.from(octets).toString("hex");
}

/** Those below are reserved (RFC 4303 §2.1). */
const firstFreeSpi = 256;
const maxByChild = 16_384;
