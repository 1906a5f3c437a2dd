/**
 * What both ends of a DTLS 1.2 connection have: records in and out, flights that are sent again until they are answered, alerts.
 *
 * Whoever owns it says what the messages mean; its effects are calls of its ports. Time and randomness come in.
 *
 * Bounds: one flight; fragments as `MessageAssembler` says; a window of 64 records. Source: RFC 6347 §4.1, §4.2.4.
 */
import { Reader } from "#base/bytes.ts";
import {
	decodeHandshakeFragment,
	encodeHandshakeFragment,
	encodeHandshakeMessage,
	type HandshakeMessage,
	handshakeHeaderOctets,
	MessageAssembler,
} from "#dtls/handshake.ts";
import {
	type DtlsRecord,
	decodeDtlsRecords,
	dtlsHeaderOctets,
	dtlsVersion,
	encodeDtlsRecord,
	maxSequence,
} from "#dtls/record.ts";
import { protectionOctets, type RecordProtection } from "#dtls/record-protection.ts";
import { ReplayWindow } from "#dtls/replay-window.ts";
import { type AlertName, alertOf, alerts, describeAlert } from "#tls/alert.ts";
import { contentType, maxPlaintextOctets } from "#tls/record.ts";

/** How a connection ended. `reason` is for a record. */
export interface DtlsEnd {
	readonly kind: "closed" | "closed-by-peer" | "alert-sent" | "alert-received" | "timed-out";
	/** The alert's code, where one was sent or received. */
	readonly alert?: number;
	readonly reason: string;
}

export interface AssociationPorts {
	send(datagram: Uint8Array): void;
	/** A whole handshake message, in order. Not called once the connection has ended. */
	message(message: HandshakeMessage, now: number): void;
	/** Plaintext of one record, once `isEstablished`. */
	data(octets: Uint8Array, now: number): void;
	/** Called once. */
	ended(end: DtlsEnd, now: number): void;
}

type FlightItem =
	| {
			readonly kind: "message";
			readonly epoch: number;
			readonly type: number;
			readonly sequence: number;
			readonly body: Uint8Array;
	  }
	| { readonly kind: "change-cipher-spec" };

export class Association {
	readonly assembler = new MessageAssembler();
	/** The messages so far, as they are hashed. */
	transcript: Uint8Array[] = [];
	isEstablished = false;
	/** When `tick` is due, in milliseconds. */
	deadline = Number.POSITIVE_INFINITY;
	readonly #ports: AssociationPorts;
	readonly #maxDatagram: number;
	readonly #sequences = [0, 0];
	readonly #window = new ReplayWindow();
	#sealing: RecordProtection | undefined;
	#opening: RecordProtection | undefined;
	#flight: FlightItem[] = [];
	#isComplete = false;
	/** The flight ends the handshake: nothing answers it. */
	#isLast = false;
	#messageSequence = 0;
	#retransmissions = 0;
	#waitMs = firstWaitMs;
	#isEnded = false;
	#hasRefusedRenegotiation = false;

	/** `maxDatagram`: octets of the longest datagram of a handshake. */
	constructor(ports: AssociationPorts, maxDatagram: number) {
		this.#ports = ports;
		this.#maxDatagram = maxDatagram;
	}

	get isEnded(): boolean {
		return this.#isEnded;
	}

	/** Records from here on are numbered as the peer's one was that they answer (RFC 6347 §4.2.1). */
	numberAs(recordSequence: number, messageSequence: number): void {
		this.#sequences[0] = recordSequence;
		this.#messageSequence = messageSequence;
	}

	/** Keys of epoch 1: what is sent in it, and what is opened in it from here on. */
	protect(sealing: RecordProtection, opening: RecordProtection): void {
		this.#sealing = sealing;
		this.#opening = opening;
	}

	/** Adds a message to the flight that is being made. */
	say(type: number, body: Uint8Array, epoch = 0): void {
		this.#beginFlight();
		const sequence = this.#messageSequence++;
		this.#flight.push({ kind: "message", epoch, type, sequence, body });
		this.transcript.push(encodeHandshakeMessage({ type, sequence, body }));
	}

	sayChangeCipherSpec(): void {
		this.#beginFlight();
		this.#flight.push({ kind: "change-cipher-spec" });
	}

	/** Sends the flight. It is sent again until `answered`, unless it is the last of the handshake: then when the peer asks. */
	sendFlight(now: number, isLast: boolean): void {
		this.#isComplete = true;
		this.#isLast = isLast;
		this.#retransmissions = 0;
		this.#waitMs = firstWaitMs;
		this.deadline = isLast ? Number.POSITIVE_INFINITY : now + this.#waitMs;
		this.#transmit();
	}

	/** The peer's next flight is there. */
	answered(): void {
		this.deadline = Number.POSITIVE_INFINITY;
	}

	/** The handshake is over. */
	establish(): void {
		this.isEstablished = true;
		this.transcript = [];
		this.answered();
	}

	tick(now: number): void {
		if (this.#isEnded || now < this.deadline) return;
		if (this.#retransmissions >= maxRetransmissions) {
			const reason = `the peer did not answer ${maxRetransmissions + 1} times`;
			return this.#end({ kind: "timed-out", reason }, now);
		}
		this.#retransmissions++;
		this.#waitMs = Math.min(this.#waitMs * 2, longestWaitMs);
		this.deadline = now + this.#waitMs;
		this.#transmit();
	}

	receive(datagram: Uint8Array, now: number): void {
		for (const record of decodeDtlsRecords(datagram)) {
			if (this.#isEnded) return;
			const plaintext = this.#open(record);
			if (plaintext !== undefined) this.#received(record, plaintext, now);
		}
	}

	/** Sends octets of the application; false when that cannot be. */
	write(octets: Uint8Array): boolean {
		if (!this.isEstablished || this.#isEnded || octets.length > maxPlaintextOctets) return false;
		const record = this.#seal(contentType.applicationData, 1, octets);
		if (record !== undefined) this.#ports.send(record);
		return record !== undefined;
	}

	/** Says that nothing more is sent. */
	close(now: number): void {
		if (this.#isEnded) return;
		this.#sendAlert(warning, closeNotify);
		this.#end({ kind: "closed", reason: "closed" }, now);
	}

	/** Ends the connection with a fatal alert. */
	fail(alert: AlertName, reason: string, now: number): void {
		if (this.#isEnded) return;
		const code = alerts.find(({ name }) => name === alert)?.code ?? internalError;
		this.#sendAlert(fatal, code);
		this.#end({ kind: "alert-sent", alert: code, reason }, now);
	}

	#beginFlight(): void {
		if (!this.#isComplete) return;
		this.#flight = [];
		this.#isComplete = false;
	}

	#open(record: DtlsRecord): Uint8Array | undefined {
		const { epoch, sequence, fragment } = record;
		// In clear nothing counts any more once there are keys and the handshake is over.
		if (epoch === 0) return this.isEstablished || fragment.length > maxPlaintextOctets ? undefined : fragment;
		if (epoch !== 1 || !this.#window.isFresh(sequence)) return undefined;
		const plaintext = this.#opening?.open(record);
		if (plaintext !== undefined) this.#window.mark(sequence);
		return plaintext;
	}

	#received({ type, epoch }: DtlsRecord, plaintext: Uint8Array, now: number): void {
		switch (type) {
			case contentType.handshake:
				return this.#handshake(plaintext, epoch, now);
			case contentType.alert:
				return this.#alert(plaintext, now);
			case contentType.applicationData:
				// In clear it is nobody's; before Finished it is discarded, and a datagram may get lost.
				if (epoch === 1 && this.isEstablished) this.#ports.data(plaintext, now);
				return;
		}
	}

	#handshake(plaintext: Uint8Array, epoch: number, now: number): void {
		const reader = new Reader(plaintext);
		let hasOld = false;
		while (reader.remaining > 0) {
			const decoded = decodeHandshakeFragment(reader);
			if (decoded.kind !== "done") return;
			if (this.isEstablished && decoded.value.sequence >= this.assembler.next) return this.#refuseRenegotiation();
			if (this.assembler.add(decoded.value, epoch) === "old") hasOld = true;
		}
		// The peer did not hear our last flight (RFC 6347 §4.2.4): its Finished says so. Whose flight was answered stays silent, or both
		// would send for ever.
		if (hasOld && this.#isLast && epoch === 1) this.#transmit();
		for (let message = this.assembler.take(); message !== undefined; message = this.assembler.take()) {
			this.#ports.message(message, now);
			if (this.#isEnded) return;
		}
	}

	#refuseRenegotiation(): void {
		if (this.#hasRefusedRenegotiation) return;
		this.#hasRefusedRenegotiation = true;
		this.#sendAlert(warning, noRenegotiation);
	}

	#alert(plaintext: Uint8Array, now: number): void {
		const [level, code] = plaintext;
		if (plaintext.length !== 2 || code === undefined) return;
		if (code === closeNotify) {
			if (this.isEstablished) this.#sendAlert(warning, closeNotify);
			return this.#end({ kind: "closed-by-peer", reason: "the peer closed the connection" }, now);
		}
		if (level !== fatal) return;
		this.#end({ kind: "alert-received", alert: code, reason: `the peer sent alert ${describeAlert(code)}` }, now);
	}

	#sendAlert(level: number, code: number): void {
		const epoch = this.isEstablished ? 1 : 0;
		const record = this.#seal(contentType.alert, epoch, Uint8Array.of(level, alertOf(code).code));
		if (record !== undefined) this.#ports.send(record);
	}

	#end(end: DtlsEnd, now: number): void {
		if (this.#isEnded) return;
		this.#isEnded = true;
		this.deadline = Number.POSITIVE_INFINITY;
		this.#flight = [];
		this.transcript = [];
		this.#ports.ended(end, now);
	}

	/** Undefined when the epoch has no number left. */
	#seal(type: number, epoch: number, plaintext: Uint8Array): Uint8Array | undefined {
		const sequence = this.#sequences[epoch] ?? 0;
		if (sequence > maxSequence) return undefined;
		this.#sequences[epoch] = sequence + 1;
		const fragment = epoch === 0 ? plaintext : this.#sealing?.seal(type, epoch, sequence, plaintext);
		if (fragment === undefined) return undefined;
		return encodeDtlsRecord({ type, version: dtlsVersion.dtls12, epoch, sequence, fragment });
	}

	#transmit(): void {
		let datagram: Uint8Array[] = [];
		let octets = 0;
		const flush = () => {
			if (datagram.length > 0) this.#ports.send(Buffer.concat(datagram));
			datagram = [];
			octets = 0;
		};
		const put = (type: number, epoch: number, plaintext: Uint8Array) => {
			const record = this.#seal(type, epoch, plaintext);
			if (record === undefined) return;
			if (octets + record.length > this.#maxDatagram) flush();
			datagram.push(record);
			octets += record.length;
		};
		for (const item of this.#flight) {
			if (item.kind === "change-cipher-spec") {
				put(contentType.changeCipherSpec, 0, Uint8Array.of(1));
				continue;
			}
			const { type, sequence, body, epoch } = item;
			for (let offset = 0; offset === 0 || offset < body.length; ) {
				let room = this.#maxDatagram - octets - overheadOctets;
				if (room < Math.min(leastFragment, body.length - offset)) {
					flush();
					room = this.#maxDatagram - overheadOctets;
				}
				const part = body.subarray(offset, offset + room);
				const fragment = { type, size: body.length, sequence, offset, octets: part };
				put(contentType.handshake, epoch, encodeHandshakeFragment(fragment));
				if (part.length === 0) break;
				offset += part.length;
			}
		}
		flush();
	}
}

const overheadOctets = dtlsHeaderOctets + handshakeHeaderOctets + protectionOctets;
/** A smaller piece is not worth a record. */
const leastFragment = 64;
const warning = 1;
const fatal = 2;
const closeNotify = 0;
const internalError = 80;
const noRenegotiation = 100;
/** RFC 6347 §4.2.4.1: one second, doubled each time. */
const firstWaitMs = 1_000;
const longestWaitMs = 60_000;
export const maxRetransmissions = 6;
