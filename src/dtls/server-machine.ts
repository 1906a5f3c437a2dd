/**
 * The server's end of DTLS 1.2.
 *
 *   expect-hello -> await-answer -> [expect-certificate] -> expect-key-exchange -> [expect-verify] -> expect-finished -> established
 *
 * No client is taken up before it has returned the cookie (RFC 6347 §4.2.1); until then nothing of it is kept but the pieces of one
 * hello. Sessions are not resumed and there is no renegotiation.
 *
 * Source: RFC 6347 §4.2.4, RFC 5246 §7.3, RFC 8422 §2, RFC 7627 §5.2, RFC 5746 §3.6.
 */
import { concat, equalBytes, Reader } from "#base/bytes.ts";
import type { DtlsEnd } from "#dtls/association.ts";
import { DtlsConnection } from "#dtls/connection.ts";
import type { CookieJar } from "#dtls/cookie.ts";
import {
	decodeHandshakeFragment,
	encodeHandshakeMessage,
	type HandshakeMessage,
	handshakeType,
} from "#dtls/handshake.ts";
import type { DtlsOutcome } from "#dtls/handshake-result.ts";
import { dtlsGroups, type EphemeralKey, ephemeralKey } from "#dtls/key-agreement.ts";
import { masterSecret, transcriptHash, verifyData } from "#dtls/key-schedule.ts";
import {
	decodeCertificates,
	decodeCertificateVerify,
	decodeClientKeyExchange,
	encodeCertificateRequest,
	encodeCertificates,
	encodeHelloVerifyRequest,
	encodeServerHello,
	encodeServerKeyExchange,
	exchangeParameters,
} from "#dtls/messages.ts";
import { decodeDtlsRecords, dtlsVersion, encodeDtlsRecord } from "#dtls/record.ts";
import { RecordProtection } from "#dtls/record-protection.ts";
import { dtlsSchemes, type Identity, type PeerKey } from "#dtls/signature.ts";
import { type DtlsSuite, dtlsSuiteOf } from "#dtls/suite.ts";
import type { AlertName } from "#tls/alert.ts";
import { type ClientHello, decodeHelloBody } from "#tls/client-hello.ts";
import { helloCookie } from "#tls/dtls-client-hello.ts";
import { extensionType } from "#tls/extension-types.ts";
import { HandshakeFragments } from "#tls/handshake-fragments.ts";
import { connectionKeys } from "#tls/key-derivation.ts";
import { contentType } from "#tls/record.ts";

export interface DtlsServerSettings {
	/** In our order of preference; what the engine does not have is passed over. */
	readonly suites: readonly number[];
	readonly groups: readonly number[];
	readonly schemes: readonly number[];
	/** Clients are asked for a certificate. */
	readonly asksForCertificate: boolean;
	readonly maxDatagram: number;
	readonly random: (octets: number) => Uint8Array;
	readonly cookies: CookieJar;
	/** Names the client's address and port. */
	readonly client: string;
	/** Reads the key of a client's certificate; undefined when it has none that the engine can use. */
	readonly peerKey: (certificate: Uint8Array) => PeerKey | undefined;
}

export interface DtlsServerPorts {
	send(datagram: Uint8Array): void;
	/** A client whose address is proven says hello; to be followed by `answer` or `refuse`. */
	hello(hello: ClientHello, now: number): void;
	/** What the client presented, where it was asked, empty for nothing: answers why that is not good. The proof of the key follows. */
	judgeClient(
		chain: readonly Uint8Array[],
		now: number,
	): { readonly alert: AlertName; readonly reason: string } | undefined;
	established(outcome: DtlsOutcome, now: number): void;
	data(octets: Uint8Array, now: number): void;
	ended(end: DtlsEnd, now: number): void;
}

interface Exchange {
	readonly suite: DtlsSuite;
	readonly key: EphemeralKey;
	readonly serverRandom: Uint8Array;
	readonly alpn: string | undefined;
}

type State =
	| { readonly tag: "expect-hello" }
	| { readonly tag: "await-answer" }
	| { readonly tag: "expect-certificate"; readonly exchange: Exchange }
	| { readonly tag: "expect-key-exchange"; readonly exchange: Exchange }
	| { readonly tag: "expect-verify"; readonly exchange: Exchange; readonly master: Uint8Array }
	| { readonly tag: "expect-finished"; readonly exchange: Exchange; readonly master: Uint8Array }
	| { readonly tag: "established" };

export class DtlsServer extends DtlsConnection {
	readonly #settings: DtlsServerSettings;
	readonly #ports: DtlsServerPorts;
	#state: State = { tag: "expect-hello" };
	/** The pieces of hellos by message_seq. */
	#pieces = new Map<number, { readonly size: number; readonly fragments: HandshakeFragments }>();
	#hello: ClientHello | undefined;
	#chain: readonly Uint8Array[] = [];
	#shown: Uint8Array | undefined;

	constructor(settings: DtlsServerSettings, ports: DtlsServerPorts) {
		super(ports, settings.maxDatagram);
		this.#settings = settings;
		this.#ports = ports;
	}

	/** Undefined until the client's address is proven. */
	get hello(): ClientHello | undefined {
		return this.#hello;
	}

	/** The certificate that the client was shown, DER; undefined before. */
	get shown(): Uint8Array | undefined {
		return this.#shown;
	}

	/** Where it stands. */
	get tag(): State["tag"] {
		return this.#state.tag;
	}

	override receive(datagram: Uint8Array, now: number): void {
		if (this.#state.tag === "expect-hello") this.#readHello(datagram, now);
		else super.receive(datagram, now);
	}

	/** Goes on with one of these certificates, the first that the client can take. `alpn` is the protocol to choose. */
	answer(identities: readonly Identity[], alpn: string | undefined, now: number): void {
		const hello = this.#hello;
		if (this.#state.tag !== "await-answer" || hello === undefined || this.isEnded) return;
		const { suites, groups, schemes, random, asksForCertificate } = this.#settings;
		if (!speaksDtls12(hello)) return this.refuse("protocol_version", "the client does not offer DTLS 1.2", now);
		const offered = hello.supportedGroups.length > 0 ? hello.supportedGroups : [secp256r1];
		const group = groups.find((code) => dtlsGroups.includes(code) && offered.includes(code));
		if (group === undefined)
			return this.refuse("handshake_failure", "the client offers no group that is permitted", now);
		const choice = choose(hello, suites, schemes, identities);
		if (choice === undefined)
			return this.refuse(
				"handshake_failure",
				"the client offers no suite that is permitted and fits the certificate",
				now,
			);
		const { suite, identity, scheme } = choice;
		this.#shown = identity.certificates[0];
		const key = ephemeralKey(group, random);
		const serverRandom = random(32);
		const parameters = exchangeParameters(group, key.publicKey);
		const signature = identity.sign(scheme, concat([hello.random, serverRandom, parameters]));
		const association = this.association;
		association.say(
			handshakeType.serverHello,
			encodeServerHello({
				version: dtlsVersion.dtls12,
				random: serverRandom,
				suite: suite.code,
				hasExtendedMasterSecret: hello.hasExtendedMasterSecret,
				hasRenegotiationInfo: hasSecureRenegotiation(hello),
				hasPointFormats: hello.extensions.some(({ type }) => type === extensionType.ecPointFormats),
				alpn,
			}),
		);
		association.say(handshakeType.certificate, encodeCertificates(identity.certificates));
		const exchange = { group, publicKey: key.publicKey, scheme, signature };
		association.say(handshakeType.serverKeyExchange, encodeServerKeyExchange(exchange));
		if (asksForCertificate) association.say(handshakeType.certificateRequest, encodeCertificateRequest(dtlsSchemes));
		association.say(handshakeType.serverHelloDone, nothing);
		const agreed = { suite, key, serverRandom, alpn };
		this.#state = { tag: asksForCertificate ? "expect-certificate" : "expect-key-exchange", exchange: agreed };
		association.sendFlight(now, false);
	}

	refuse(alert: AlertName, reason: string, now: number): void {
		this.association.fail(alert, reason, now);
	}

	#readHello(datagram: Uint8Array, now: number): void {
		for (const { type, epoch, sequence: recordSequence, fragment } of decodeDtlsRecords(datagram)) {
			if (type !== contentType.handshake || epoch !== 0) continue;
			const reader = new Reader(fragment);
			while (reader.remaining > 0) {
				const decoded = decodeHandshakeFragment(reader);
				if (decoded.kind !== "done") return;
				const { type: message, size, sequence, offset, octets } = decoded.value;
				if (message !== handshakeType.clientHello || sequence > maxHellos || size > maxHelloOctets) continue;
				const known = this.#pieces.get(sequence) ?? { size, fragments: new HandshakeFragments(maxHelloOctets) };
				if (known.size !== size || known.fragments.add(offset, octets) !== undefined) continue;
				this.#pieces.set(sequence, known);
				if (known.fragments.beginning.length < size) continue;
				this.#pieces.delete(sequence);
				// A datagram gets one answer: who forges its source must not have many sent.
				return this.#wholeHello(known.fragments.beginning, sequence, recordSequence, now);
			}
		}
	}

	#wholeHello(body: Uint8Array, sequence: number, recordSequence: number, now: number): void {
		const decoded = decodeHelloBody(new Reader(body), { majorVersion: 0xfe, hasCookie: true });
		// Whoever sent it may not be there to be told.
		if (decoded.kind !== "done") return;
		const hello = decoded.value;
		const { cookies, client } = this.#settings;
		if (!cookies.isOurs(helloCookie(body), client, hello, now)) {
			const verify = encodeHelloVerifyRequest(cookies.cookieFor(client, hello, now));
			const fragment = encodeHandshakeMessage({ type: handshakeType.helloVerifyRequest, sequence, body: verify });
			const version = dtlsVersion.dtls10;
			const record = { type: contentType.handshake, version, epoch: 0, sequence: recordSequence, fragment };
			return this.#ports.send(encodeDtlsRecord(record));
		}
		this.#hello = hello;
		this.#pieces = new Map();
		const association = this.association;
		association.assembler.startAt(sequence + 1);
		association.numberAs(recordSequence, sequence);
		association.transcript.push(encodeHandshakeMessage({ type: handshakeType.clientHello, sequence, body }));
		this.#state = { tag: "await-answer" };
		this.#ports.hello(hello, now);
	}

	protected override message(message: HandshakeMessage, now: number): void {
		const state = this.#state;
		const { type, epoch } = message;
		const isSealed = epoch > 0;
		if (isSealed !== (type === handshakeType.finished)) return this.#unexpected(type, now);
		if (state.tag === "expect-certificate" && type === handshakeType.certificate)
			return this.#certificate(message, state.exchange, now);
		if (state.tag === "expect-key-exchange" && type === handshakeType.clientKeyExchange)
			return this.#keyExchange(message, state.exchange, now);
		if (state.tag === "expect-verify" && type === handshakeType.certificateVerify)
			return this.#verify(message, state, now);
		if (state.tag === "expect-finished" && type === handshakeType.finished) return this.#finished(message, state, now);
		this.#unexpected(type, now);
	}

	#unexpected(type: number, now: number): void {
		this.refuse("unexpected_message", `the client sent handshake message ${type} in state ${this.#state.tag}`, now);
	}

	#certificate(message: HandshakeMessage, exchange: Exchange, now: number): void {
		const decoded = decodeCertificates(message.body);
		if (decoded.kind !== "done") return this.refuse("decode_error", reasonOf(decoded), now);
		this.#chain = decoded.value.map((certificate) => Uint8Array.from(certificate));
		const refusal = this.#ports.judgeClient(this.#chain, now);
		if (refusal !== undefined) return this.refuse(refusal.alert, refusal.reason, now);
		this.#heard(message);
		this.#state = { tag: "expect-key-exchange", exchange };
	}

	#keyExchange(message: HandshakeMessage, exchange: Exchange, now: number): void {
		const { suite, key, serverRandom } = exchange;
		const hello = this.#hello as ClientHello;
		const decoded = decodeClientKeyExchange(message.body);
		if (decoded.kind !== "done") return this.refuse("decode_error", reasonOf(decoded), now);
		const premaster = key.agree(decoded.value);
		if (premaster === undefined) return this.refuse("illegal_parameter", "the client's key is none of the group", now);
		this.#heard(message);
		const association = this.association;
		const bound = hello.hasExtendedMasterSecret
			? { sessionHash: transcriptHash(suite.hash, association.transcript) }
			: { randoms: concat([hello.random, serverRandom]) };
		const master = masterSecret(suite.hash, premaster, bound);
		const keys = connectionKeys(suite, master, hello.random, serverRandom);
		association.protect(new RecordProtection(suite, keys.server), new RecordProtection(suite, keys.client));
		this.#state = { tag: this.#chain.length > 0 ? "expect-verify" : "expect-finished", exchange, master };
	}

	/** The client signs all messages so far with the key of its certificate. */
	#verify(message: HandshakeMessage, state: State & { readonly tag: "expect-verify" }, now: number): void {
		const decoded = decodeCertificateVerify(message.body);
		if (decoded.kind !== "done") return this.refuse("decode_error", reasonOf(decoded), now);
		const { scheme, signature } = decoded.value;
		const key = this.#settings.peerKey(this.#chain[0] as Uint8Array);
		const signed = concat(this.association.transcript);
		if (key?.verify(scheme, signed, signature) !== true)
			return this.refuse("decrypt_error", "the client's signature does not fit its certificate", now);
		this.#heard(message);
		this.#state = { ...state, tag: "expect-finished" };
	}

	#finished(
		message: HandshakeMessage,
		{ exchange, master }: State & { readonly tag: "expect-finished" },
		now: number,
	): void {
		const { suite, key, alpn } = exchange;
		const association = this.association;
		const expected = verifyData(suite.hash, master, "client", association.transcript);
		if (!equalBytes(message.body, expected)) return this.refuse("decrypt_error", "the client's Finished is wrong", now);
		this.#heard(message);
		association.sayChangeCipherSpec();
		association.say(handshakeType.finished, verifyData(suite.hash, master, "server", association.transcript), 1);
		association.sendFlight(now, true);
		association.establish();
		this.#state = { tag: "established" };
		const hasExtendedMasterSecret = this.#hello?.hasExtendedMasterSecret === true;
		const peerCertificates = this.#chain;
		this.#ports.established({ suite, group: key.group, alpn, hasExtendedMasterSecret, peerCertificates }, now);
	}

	#heard(message: HandshakeMessage): void {
		this.association.transcript.push(encodeHandshakeMessage(message));
	}
}

interface Choice {
	readonly suite: DtlsSuite;
	readonly identity: Identity;
	readonly scheme: number;
}

function choose(
	hello: ClientHello,
	suites: readonly number[],
	schemes: readonly number[],
	identities: readonly Identity[],
): Choice | undefined {
	for (const code of suites) {
		const suite = dtlsSuiteOf(code);
		if (suite === undefined || !hello.cipherSuites.includes(code)) continue;
		for (const identity of identities) {
			if (identity.authentication !== suite.authentication || !takesCurve(hello, identity)) continue;
			const isFit = (one: number) => schemes.includes(one) && hello.signatureAlgorithms.includes(one);
			const scheme = identity.schemes.find(isFit);
			if (scheme !== undefined) return { suite, identity, scheme };
		}
	}
	return undefined;
}

/** Up to TLS 1.2 the list of groups is also that of the curves a certificate may have (RFC 8422 §5.1). */
function takesCurve({ supportedGroups }: ClientHello, { curve }: Identity): boolean {
	return curve === undefined || supportedGroups.length === 0 || supportedGroups.includes(curve);
}

/** Versions count down: 0xfefc is newer than 0xfefd. */
function speaksDtls12({ legacyVersion, supportedVersions }: ClientHello): boolean {
	if (supportedVersions.length > 0) return supportedVersions.includes(dtlsVersion.dtls12);
	return legacyVersion <= dtlsVersion.dtls12;
}

function hasSecureRenegotiation({ cipherSuites, extensions }: ClientHello): boolean {
	return (
		cipherSuites.includes(renegotiationScsv) || extensions.some(({ type }) => type === extensionType.renegotiationInfo)
	);
}

function reasonOf(decoded: { readonly kind: string; readonly reason?: string }): string {
	return decoded.reason ?? "a message is cut";
}

const nothing = new Uint8Array(0);
const secp256r1 = 0x0017;
const renegotiationScsv = 0x00ff;
/** How often a client may be asked for its cookie under one number after the other. */
const maxHellos = 3;
const maxHelloOctets = 16_384;
