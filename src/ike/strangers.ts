/**
 * First messages: what strangers may cause. Cheap things first, nothing kept and nothing computed for who has not proved its
 * address when there is a reason to ask for that.
 *
 * Bounds: `maxHalfOpen` associations, `maxHalfOpenFromOne` of an address; the work of `WorkLimit`; one report a second.
 * Source: RFC 7296 §2.4, §2.6.
 */
import { hash } from "node:crypto";
import { formatAddress } from "#base/address.ts";
import { answerKeyExchange, type RandomOctets } from "#ike/crypto/agree-key.ts";
import { answerInit, type InitJudgement, initAnswerOctets, judgeInit, refuseValue } from "#ike/v2/begin-responder.ts";
import type { Connection, Path } from "#ike/v2/connection.ts";
import { CookieJar, type CookieQuestion } from "#ike/v2/cookie.ts";
import type { EngineEffect } from "#ike/v2/engine-event.ts";
import { type IkeSa, type IkeSaParts, notify } from "#ike/v2/ike-sa.ts";
import type { EngineSettings } from "#ike/v2/settings.ts";
import { isSameNetwork, WorkLimit, type WorkSource } from "#ike/v2/work-limit.ts";
import { type IkeHeader, ikeSpiOctets } from "#ike/wire/header.ts";
import { encodeMessage, type Message } from "#ike/wire/message.ts";
import { notifyType } from "#ike/wire/notify-type.ts";
import { findNotify, findPayload, type Payload } from "#ike/wire/payload.ts";

/** What first messages can come to. */
export type StrangerCount = "malformed" | "otherVersion" | "cookieChallenges" | "reflected" | "refused" | "overloaded";

export interface StrangerPorts {
	count(what: StrangerCount): void;
	emit(effect: EngineEffect): void;
	isOwnSpi(spi: Uint8Array): boolean;
	/** There may be no more associations. */
	isFull(): boolean;
	begin(parts: Omit<IkeSaParts, "responderSpi">): IkeSa;
}

/** A first message with all that came with it. */
interface Asked {
	readonly message: Message;
	readonly datagram: Uint8Array;
	readonly path: Path;
	readonly now: number;
}

export class Strangers {
	readonly #settings: EngineSettings;
	readonly #random: RandomOctets;
	readonly #ports: StrangerPorts;
	readonly #cookies: CookieJar;
	/** Half-open associations by what began them, so that a repeated first message finds its answer. */
	readonly #begun = new Map<string, IkeSa>();
	/** Those of them whose address was proved by a cookie. */
	readonly #proved = new Set<IkeSa>();
	readonly #work = new WorkLimit();
	#toldAt = Number.NEGATIVE_INFINITY;

	constructor(settings: EngineSettings, random: RandomOctets, ports: StrangerPorts) {
		this.#settings = settings;
		this.#random = random;
		this.#ports = ports;
		this.#cookies = new CookieJar(random);
	}

	/** Takes a first message. `connections`: those that its path leads to. */
	take(connections: readonly Connection[], message: Message, datagram: Uint8Array, path: Path, now: number): void {
		const key = hash("sha256", datagram, "base64");
		const begun = this.#begun.get(key);
		if (begun !== undefined) {
			if (begun.isHalfOpen && begun.responses.expectedId === 1) begun.send(begun.responses.answer);
			return;
		}
		if (connections.length === 0) return this.#ports.count("refused");
		// Our own first message, which somebody sends back to us.
		if (this.#ports.isOwnSpi(message.header.initiatorSpi)) return this.#ports.count("reflected");
		const nonce = findPayload(message.payloads, "nonce")?.data;
		if (nonce === undefined) return this.#ports.count("malformed");
		const asked = { message, datagram, path, now };
		const question = { nonce, address: path.remote.address.octets, initiatorSpi: message.header.initiatorSpi };
		const cookie = findNotify(message.payloads, notifyType.COOKIE)?.data;
		const isProved = cookie !== undefined && this.#cookies.accepts(cookie, question, now);
		const source = { address: path.remote.address, isProved };
		const turnAway = () => (isProved ? this.#ports.count("overloaded") : this.#challenge(asked, question));
		const { cookieThreshold, maxHalfOpen, maxHalfOpenFromOne } = this.#settings;
		if (!isProved && this.#begun.size >= cookieThreshold) return this.#challenge(asked, question);
		if (this.#begun.size >= maxHalfOpen || this.#ports.isFull()) return this.#ports.count("overloaded");
		// Others may say that they are at an address: only those that have proved it count against one that proves it.
		if (this.#halfOpenFrom(source) >= maxHalfOpenFromOne) return turnAway();
		const judgement = judgeInit(connections, message);
		if (judgement.kind === "ignore") return;
		if (judgement.kind === "refuse") return this.#refuse(connections, judgement, asked);
		const [connection] = judgement.candidates;
		if (connection === undefined) return;
		const isLonger = initAnswerOctets(connection, path, judgement.selection) > datagram.length;
		if (!isProved && isLonger) return this.#challenge(asked, question);
		const { chosen } = judgement.selection;
		if (!this.#work.take(source, chosen, now)) return turnAway();
		const answer = answerKeyExchange(chosen.group, judgement.publicValue, this.#random);
		if (answer === undefined) return this.#refuse(connections, refuseValue(judgement), asked);
		const initiatorSpi = Uint8Array.from(message.header.initiatorSpi);
		const sa = this.#ports.begin({ connection, path, isInitiator: false, initiatorSpi });
		answerInit(sa, judgement, answer, message, datagram, path, now);
		this.#begun.set(key, sa);
		if (isProved) this.#proved.add(sa);
	}

	/** A version that we do not speak: IKEv1 is not answered, as a gateway of IKEv2 never falls back (B10). */
	refuseVersion(header: IkeHeader, datagram: Uint8Array, path: Path): void {
		this.#ports.count("otherVersion");
		const isFirst = header.responderSpi.every((octet) => octet === 0);
		if (header.version >> 4 < 2 || header.isResponse || !isFirst) return;
		this.#answer(header, notify(notifyType.INVALID_MAJOR_VERSION), datagram, path);
	}

	/** Those that are half open no more are no strangers any more, or gone. */
	forgetOthers(): void {
		for (const [key, sa] of this.#begun) if (!sa.isHalfOpen) this.#begun.delete(key);
		for (const sa of this.#proved) if (!sa.isHalfOpen) this.#proved.delete(sa);
	}

	#refuse(
		[connection]: readonly Connection[],
		{ payload, text }: Extract<InitJudgement, { readonly kind: "refuse" }>,
		{ message, datagram, path, now }: Asked,
	): void {
		this.#ports.count("refused");
		this.#report(connection?.name ?? "", `${formatAddress(path.remote.address)}: ${text}`, now);
		this.#answer(message.header, payload, datagram, path);
	}

	/** Asks for a cookie. */
	#challenge({ message, datagram, path, now }: Asked, question: CookieQuestion): void {
		this.#ports.count("cookieChallenges");
		this.#answer(message.header, notify(notifyType.COOKIE, this.#cookies.bake(question, now)), datagram, path);
	}

	/** Half-open associations of the same address, of those that have proved it or of the others. */
	#halfOpenFrom({ address, isProved }: WorkSource): number {
		let count = 0;
		for (const sa of this.#begun.values())
			if (this.#proved.has(sa) === isProved && isSameNetwork(sa.firstAddress, address)) count++;
		return count;
	}

	/** What is said of strangers is said once in a while, so that they cannot fill the log; the counters have all of it. */
	#report(connection: string, text: string, now: number): void {
		if (now - this.#toldAt < reportInterval) return;
		this.#toldAt = now;
		this.#ports.emit({ type: "report", what: "ike-failed", connection, text });
	}

	/** Sends an answer that needs no memory; never one that is longer than its question. */
	#answer(header: IkeHeader, payload: Payload, datagram: Uint8Array, path: Path): void {
		const { initiatorSpi, exchange, messageId } = header;
		const responderSpi = new Uint8Array(ikeSpiOctets);
		const head = { initiatorSpi, responderSpi, exchange, isInitiator: false, isResponse: true, messageId };
		const answer = encodeMessage(head, [payload]);
		if (answer.length <= datagram.length) this.#ports.emit({ type: "send-datagram", path, datagram: answer });
	}
}

const reportInterval = 1_000;
