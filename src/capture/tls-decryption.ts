/**
 * Takes the encryption off a captured TLS connection whose secrets stand in a key log.
 *
 *   ClientHello, ServerHello    randoms, version, cipher suite; then the secrets are looked up
 *   TLS 1.3                     handshake secrets until Finished of the direction, then its traffic secret, renewed by KeyUpdate
 *   TLS 1.2                     keys of the master secret from ChangeCipherSpec of the direction on
 *
 * Source: RFC 8446 §4.6.3, §5, §7; RFC 5246 §6.
 */
import { concat } from "#base/bytes.ts";
import { HandshakeMessages } from "#capture/handshake-messages.ts";
import type { KeyLog } from "#capture/key-log.ts";
import { type DirectionIndex, toServer } from "#signature/signature-engine.ts";
import { describeCipherSuite } from "#tls/cipher-suites.ts";
import { decodeClientHello } from "#tls/client-hello.ts";
import { extensionType } from "#tls/extension-types.ts";
import { connectionKeys, nextTrafficSecret, trafficKeys } from "#tls/key-derivation.ts";
import { contentType, decodeRecord, maxProtectedOctets, protocolVersion, type TlsRecord } from "#tls/record.ts";
import { type OpenableSuite, type OpenedRecord, openableSuiteOf, RecordOpener } from "#tls/record-opener.ts";
import { decodeServerHello, type ServerHello } from "#tls/server-hello.ts";

export interface DecryptionSink {
	/** Octets of the application, in the order of the direction. */
	plaintext(direction: DirectionIndex, octets: Uint8Array): void;
	/** Octets of the application are missing from here on, and why; the same reason is told once. */
	notDecrypted(reason: string): void;
}

/**
 * Takes the octets of both directions in order. Once a direction cannot be followed it ends for good, the other one
 * goes on. Never throws.
 *
 * Bounds: a record and a handshake message for each direction.
 */
export class TlsDecryption {
	readonly #keyLog: KeyLog;
	readonly #sink: DecryptionSink;
	readonly #sides: readonly [Side, Side] = [new Side(), new Side()];
	readonly #told = new Set<string>();
	#clientRandom: Uint8Array | undefined;
	/** The client has said that it sends data before the answer. */
	#mayBeEarly = false;
	#suite: OpenableSuite | undefined;

	constructor(keyLog: KeyLog, sink: DecryptionSink) {
		this.#keyLog = keyLog;
		this.#sink = sink;
	}

	octets(direction: DirectionIndex, octets: Uint8Array): void {
		const side = this.#sides[direction];
		let rest = side.pending.length === 0 ? octets : concat([side.pending, octets]);
		while (!side.hasEnded) {
			const record = decodeRecord(rest, maxProtectedOctets);
			if (record.kind === "malformed") this.#end(side, "octets that are no record of TLS");
			if (record.kind !== "done") break;
			rest = rest.subarray(record.octets);
			this.#record(direction, side, record.value);
		}
		side.pending = side.hasEnded ? nothing : rest;
	}

	/** Octets of the direction are missing from the capture. */
	lost(direction: DirectionIndex): void {
		this.#end(this.#sides[direction], segmentLost);
	}

	#record(direction: DirectionIndex, side: Side, record: TlsRecord): void {
		if (record.type === contentType.changeCipherSpec) return this.#changeCipherSpec(side);
		// TLS 1.3 sends its alerts before keys in clear; and nothing else is without protection.
		const isSealed =
			side.opener !== undefined && !(this.#suite?.isTls13 && record.type !== contentType.applicationData);
		if (!isSealed) return this.#clear(direction, side, record);
		const opened = side.opener?.open(record);
		if (opened !== undefined) return this.#opened(direction, side, opened);
		if (direction === toServer && this.#mayBeEarly) return this.#tell(earlyData);
		this.#end(side, segmentLost);
	}

	#clear(direction: DirectionIndex, side: Side, { type, fragment }: TlsRecord): void {
		if (type === contentType.applicationData) {
			if (direction === toServer && this.#mayBeEarly) return this.#tell(earlyData);
			return this.#end(side, "the handshake was not captured");
		}
		if (type !== contentType.handshake) return;
		for (const message of side.messages.push(fragment)) {
			if (direction === toServer && message[0] === clientHelloType) this.#clientHello(message);
			if (direction !== toServer && message[0] === serverHelloType) this.#serverHello(message);
		}
	}

	#clientHello(message: Uint8Array): void {
		const hello = decodeClientHello(message);
		if (hello.kind !== "done" || this.#suite !== undefined) return;
		this.#clientRandom = hello.value.random;
		this.#mayBeEarly = hello.value.extensions.some(({ type }) => type === extensionType.earlyData);
	}

	#serverHello(message: Uint8Array): void {
		const hello = decodeServerHello(message);
		if (hello.kind !== "done") return this.#endBoth("a ServerHello that cannot be read");
		if (hello.value.isRetryRequest || this.#suite !== undefined) return;
		const suite = openableSuiteOf(hello.value.cipherSuite);
		if (suite === undefined) return this.#endBoth(`cipher suite ${describeCipherSuite(hello.value.cipherSuite)}`);
		if (!isWellChosen(hello.value, suite)) return this.#endBoth("a version that does not fit the cipher suite");
		if (this.#clientRandom === undefined) return this.#endBoth("the handshake was not captured");
		this.#suite = suite;
		if (suite.isTls13) this.#begin13(suite, this.#clientRandom);
		else this.#begin12(suite, this.#clientRandom, message.subarray(6, 38));
	}

	#begin13(suite: OpenableSuite, clientRandom: Uint8Array): void {
		const length = suite.hash === "sha384" ? 48 : 32;
		const labels = [
			["CLIENT_HANDSHAKE_TRAFFIC_SECRET", "CLIENT_TRAFFIC_SECRET_0"],
			["SERVER_HANDSHAKE_TRAFFIC_SECRET", "SERVER_TRAFFIC_SECRET_0"],
		] as const;
		for (const [index, [handshakeLabel, trafficLabel]] of labels.entries()) {
			const side = this.#sides[index] as Side;
			const handshake = this.#keyLog.secret(handshakeLabel, clientRandom);
			const traffic = this.#keyLog.secret(trafficLabel, clientRandom);
			if (handshake?.length !== length || traffic?.length !== length) {
				this.#end(side, noSecret);
				continue;
			}
			side.messages = new HandshakeMessages();
			side.opener = new RecordOpener(suite, trafficKeys(suite, handshake));
			side.nextSecret = traffic;
		}
	}

	#begin12(suite: OpenableSuite, clientRandom: Uint8Array, serverRandom: Uint8Array): void {
		const master = this.#keyLog.secret("CLIENT_RANDOM", clientRandom);
		if (master === undefined) return this.#endBoth(noSecret);
		const keys = connectionKeys(suite, master, clientRandom, serverRandom);
		for (const [index, of] of [keys.client, keys.server].entries())
			(this.#sides[index] as Side).awaited = new RecordOpener(suite, of);
	}

	/** Means nothing in TLS 1.3 (RFC 8446 §5). */
	#changeCipherSpec(side: Side): void {
		if (this.#suite?.isTls13 === true) return;
		if (side.awaited === undefined) {
			// Before the ServerHello only clients of TLS 1.3 send one, behind a retry or before early data.
			if (this.#suite !== undefined) this.#end(side, "the connection was renegotiated");
			return;
		}
		side.opener = side.awaited;
		side.awaited = undefined;
	}

	#opened(direction: DirectionIndex, side: Side, { type, content }: OpenedRecord): void {
		if (direction === toServer) this.#mayBeEarly = false;
		if (type === contentType.applicationData && content.length > 0) this.#sink.plaintext(direction, content);
		if (type !== contentType.handshake || this.#suite?.isTls13 !== true) return;
		// Either message is the last one of its record (RFC 8446 §5.1).
		for (const message of side.messages.push(content)) {
			const mustRenew = message[0] === keyUpdateType || (message[0] === finishedType && !side.isFinished);
			if (!mustRenew || side.nextSecret === undefined) continue;
			side.isFinished = true;
			side.opener = new RecordOpener(this.#suite, trafficKeys(this.#suite, side.nextSecret));
			side.nextSecret = nextTrafficSecret(this.#suite, side.nextSecret);
		}
	}

	#endBoth(reason: string): void {
		for (const side of this.#sides) this.#end(side, reason);
	}

	#end(side: Side, reason: string): void {
		if (side.hasEnded) return;
		side.hasEnded = true;
		side.pending = nothing;
		this.#tell(reason);
	}

	#tell(reason: string): void {
		if (this.#told.has(reason)) return;
		this.#told.add(reason);
		this.#sink.notDecrypted(reason);
	}
}

/** What is known of one direction. */
class Side {
	/** The beginning of a record. */
	pending: Uint8Array = nothing;
	messages = new HandshakeMessages();
	opener: RecordOpener | undefined;
	/** In TLS 1.2: what ChangeCipherSpec puts in force. */
	awaited: RecordOpener | undefined;
	/** In TLS 1.3: the secret of the next keys. */
	nextSecret: Uint8Array | undefined;
	isFinished = false;
	hasEnded = false;
}

function isWellChosen({ version, compressionMethod }: ServerHello, { isTls13 }: OpenableSuite): boolean {
	return version === (isTls13 ? protocolVersion.tls13 : protocolVersion.tls12) && compressionMethod === 0;
}

const nothing: Uint8Array = new Uint8Array(0);
const clientHelloType = 1;
const serverHelloType = 2;
const finishedType = 20;
const keyUpdateType = 24;
const segmentLost = "a segment is lost or a record was not sealed by these keys";
const noSecret = "the key log has no secret for them";
const earlyData = "early data";
