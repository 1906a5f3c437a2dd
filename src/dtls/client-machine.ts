/**
 * The client's end of DTLS 1.2.
 *
 *   expect-hello -> expect-certificate -> expect-key-exchange -> expect-done -> await-verdict -> expect-finished -> established
 *
 * The server's certificate is judged by the owner before the client's key goes out: a server that is refused learns nothing of what it was to be told.
 *
 * Source: RFC 6347 §4.2, RFC 5246 §7.3, RFC 8422 §2, RFC 7627 §5.2, RFC 5746 §3.4.
 */
import { concat, equalBytes } from "#base/bytes.ts";
import type { DtlsEnd } from "#dtls/association.ts";
import { DtlsConnection } from "#dtls/connection.ts";
import { encodeHandshakeMessage, type HandshakeMessage, handshakeType } from "#dtls/handshake.ts";
import type { DtlsOutcome } from "#dtls/handshake-result.ts";
import { dtlsGroups, ephemeralKey } from "#dtls/key-agreement.ts";
import { masterSecret, transcriptHash, verifyData } from "#dtls/key-schedule.ts";
import {
	type DtlsServerHello,
	decodeCertificateRequest,
	decodeCertificates,
	decodeDtlsServerHello,
	decodeHelloVerifyRequest,
	decodeServerKeyExchange,
	encodeCertificates,
	encodeCertificateVerify,
	encodeClientHello,
	encodeClientKeyExchange,
	exchangeParameters,
	type ServerKeyExchange,
} from "#dtls/messages.ts";
import { dtlsVersion } from "#dtls/record.ts";
import { RecordProtection } from "#dtls/record-protection.ts";
import { dtlsSchemes, type Identity, type PeerKey } from "#dtls/signature.ts";
import { type DtlsSuite, dtlsSuiteOf } from "#dtls/suite.ts";
import type { AlertName } from "#tls/alert.ts";
import { connectionKeys } from "#tls/key-derivation.ts";

export interface DtlsClientSettings {
	/** What is offered, in this order; what the engine does not have is passed over. */
	readonly suites: readonly number[];
	readonly groups: readonly number[];
	readonly schemes: readonly number[];
	readonly alpn: readonly string[];
	/** Undefined for none. */
	readonly serverName: string | undefined;
	/** Presented to a server that asks. */
	readonly identity: Identity | undefined;
	readonly maxDatagram: number;
	readonly random: (octets: number) => Uint8Array;
	/** Reads the key of the server's certificate; undefined when it has none that the engine can use. */
	readonly peerKey: (certificate: Uint8Array) => PeerKey | undefined;
}

export interface DtlsClientPorts {
	send(datagram: Uint8Array): void;
	/** What the server presented, with a proof of its key; to be followed by `accept` or `refuse`. */
	certificates(chain: readonly Uint8Array[], now: number): void;
	established(outcome: DtlsOutcome, now: number): void;
	data(octets: Uint8Array, now: number): void;
	ended(end: DtlsEnd, now: number): void;
}

interface Greeting {
	readonly hello: DtlsServerHello;
	readonly suite: DtlsSuite;
}

type State =
	| { readonly tag: "idle" }
	| { readonly tag: "expect-hello"; readonly cookies: number }
	| ({ readonly tag: "expect-certificate" } & Greeting)
	| ({ readonly tag: "expect-key-exchange"; readonly key: PeerKey } & Greeting)
	| ({ readonly tag: "expect-done"; readonly exchange: ServerKeyExchange } & Greeting)
	| ({ readonly tag: "await-verdict"; readonly exchange: ServerKeyExchange } & Greeting)
	| ({ readonly tag: "expect-finished"; readonly exchange: ServerKeyExchange; readonly master: Uint8Array } & Greeting)
	| { readonly tag: "established" };

export class DtlsClient extends DtlsConnection {
	readonly #settings: DtlsClientSettings;
	readonly #ports: DtlsClientPorts;
	readonly #random: Uint8Array;
	#state: State = { tag: "idle" };
	#chain: readonly Uint8Array[] = [];
	/** The schemes of a server that asks for a certificate. */
	#asked: readonly number[] | undefined;

	constructor(settings: DtlsClientSettings, ports: DtlsClientPorts) {
		super(ports, settings.maxDatagram);
		this.#settings = settings;
		this.#ports = ports;
		this.#random = settings.random(32);
	}

	/** Where it stands. */
	get tag(): State["tag"] {
		return this.#state.tag;
	}

	start(now: number): void {
		if (this.#state.tag === "idle") this.#sayHello(noOctets, 0, now);
	}

	/** The server's certificate is good. */
	accept(now: number): void {
		const state = this.#state;
		if (state.tag !== "await-verdict" || this.isEnded) return;
		const { exchange, hello, suite } = state;
		const { random, identity } = this.#settings;
		const own = ephemeralKey(exchange.group, random);
		const premaster = own.agree(exchange.publicKey);
		if (premaster === undefined) return this.refuse("illegal_parameter", "the server's key is none of the group", now);
		const association = this.association;
		const scheme = this.#asked?.find((one) => identity?.schemes.includes(one) === true);
		const presents = scheme === undefined ? undefined : identity;
		if (this.#asked !== undefined)
			association.say(handshakeType.certificate, encodeCertificates(presents?.certificates ?? []));
		association.say(handshakeType.clientKeyExchange, encodeClientKeyExchange(own.publicKey));
		const bound = hello.hasExtendedMasterSecret
			? { sessionHash: transcriptHash(suite.hash, association.transcript) }
			: { randoms: concat([this.#random, hello.random]) };
		const master = masterSecret(suite.hash, premaster, bound);
		if (presents !== undefined && scheme !== undefined) {
			const signature = presents.sign(scheme, concat(association.transcript));
			association.say(handshakeType.certificateVerify, encodeCertificateVerify({ scheme, signature }));
		}
		const keys = connectionKeys(suite, master, this.#random, hello.random);
		association.protect(new RecordProtection(suite, keys.client), new RecordProtection(suite, keys.server));
		association.sayChangeCipherSpec();
		association.say(handshakeType.finished, verifyData(suite.hash, master, "client", association.transcript), 1);
		this.#state = { ...state, tag: "expect-finished", master };
		association.sendFlight(now, false);
	}

	refuse(alert: AlertName, reason: string, now: number): void {
		this.association.fail(alert, reason, now);
	}

	#sayHello(cookie: Uint8Array, cookies: number, now: number): void {
		const { suites, groups, schemes, alpn, serverName } = this.#settings;
		const association = this.association;
		// What was said before the cookie is not hashed (RFC 6347 §4.2.1).
		association.transcript = [];
		association.say(
			handshakeType.clientHello,
			encodeClientHello({
				random: this.#random,
				cookie,
				suites: suites.filter((code) => dtlsSuiteOf(code) !== undefined),
				groups: groups.filter((code) => dtlsGroups.includes(code)),
				schemes: schemes.filter((code) => dtlsSchemes.includes(code)),
				alpn,
				serverName,
			}),
		);
		this.#state = { tag: "expect-hello", cookies };
		association.sendFlight(now, false);
	}

	protected override message(message: HandshakeMessage, now: number): void {
		const state = this.#state;
		const { type, epoch } = message;
		if (epoch > 0 !== (type === handshakeType.finished)) return this.#unexpected(type, now);
		if (state.tag === "expect-hello" && type === handshakeType.helloVerifyRequest)
			return this.#helloVerify(message, state.cookies, now);
		if (state.tag === "expect-hello" && type === handshakeType.serverHello) return this.#serverHello(message, now);
		if (state.tag === "expect-certificate" && type === handshakeType.certificate)
			return this.#certificate(message, state, now);
		if (state.tag === "expect-key-exchange" && type === handshakeType.serverKeyExchange)
			return this.#keyExchange(message, state, now);
		if (state.tag === "expect-done" && type === handshakeType.certificateRequest && this.#asked === undefined)
			return this.#certificateRequest(message, now);
		if (state.tag === "expect-done" && type === handshakeType.serverHelloDone) return this.#done(message, state, now);
		if (state.tag === "expect-finished" && type === handshakeType.finished) return this.#finished(message, state, now);
		// A server may wish for a new handshake at any time; it is passed over (RFC 5246 §7.4.1.1).
		if (type !== handshakeType.helloRequest) this.#unexpected(type, now);
	}

	#unexpected(type: number, now: number): void {
		this.refuse("unexpected_message", `the server sent handshake message ${type} in state ${this.#state.tag}`, now);
	}

	#helloVerify({ body }: HandshakeMessage, cookies: number, now: number): void {
		const decoded = decodeHelloVerifyRequest(body);
		if (decoded.kind !== "done") return this.refuse("decode_error", reasonOf(decoded), now);
		if (cookies >= maxCookies)
			return this.refuse("handshake_failure", `the server asked for a cookie ${cookies + 1} times`, now);
		this.#sayHello(decoded.value, cookies + 1, now);
	}

	#serverHello(message: HandshakeMessage, now: number): void {
		const decoded = decodeDtlsServerHello(message.body);
		if (decoded.kind !== "done") return this.refuse("decode_error", reasonOf(decoded), now);
		const hello = decoded.value;
		const suite = this.#settings.suites.includes(hello.suite) ? dtlsSuiteOf(hello.suite) : undefined;
		if (hello.version !== dtlsVersion.dtls12)
			return this.refuse(
				"protocol_version",
				`the server chooses version 0x${hello.version.toString(16)}; expected DTLS 1.2`,
				now,
			);
		if (suite === undefined)
			return this.refuse(
				"illegal_parameter",
				`the server chooses suite 0x${hello.suite.toString(16)}, which was not offered`,
				now,
			);
		if (hello.alpn !== undefined && !this.#settings.alpn.includes(hello.alpn))
			return this.refuse("illegal_parameter", "the server chooses a protocol that was not offered", now);
		if (!hello.hasRenegotiationInfo)
			return this.refuse("handshake_failure", "the server does not know secure renegotiation (RFC 5746)", now);
		this.#heard(message);
		this.#state = { tag: "expect-certificate", hello, suite };
	}

	#certificate(message: HandshakeMessage, { hello, suite }: Greeting, now: number): void {
		const decoded = decodeCertificates(message.body);
		if (decoded.kind !== "done") return this.refuse("decode_error", reasonOf(decoded), now);
		const [leaf] = decoded.value;
		if (leaf === undefined) return this.refuse("decode_error", "the server presents no certificate", now);
		const key = this.#settings.peerKey(leaf);
		if (key === undefined)
			return this.refuse("unsupported_certificate", "the server's certificate has no key that can be used", now);
		if (key.authentication !== suite.authentication)
			return this.refuse(
				"illegal_parameter",
				`the server's ${key.authentication} key does not fit suite ${suite.name}`,
				now,
			);
		this.#chain = decoded.value.map((certificate) => Uint8Array.from(certificate));
		this.#heard(message);
		this.#state = { tag: "expect-key-exchange", hello, suite, key };
	}

	#keyExchange(
		message: HandshakeMessage,
		{ hello, suite, key }: State & { readonly tag: "expect-key-exchange" },
		now: number,
	): void {
		const decoded = decodeServerKeyExchange(message.body);
		if (decoded.kind !== "done") return this.refuse("decode_error", reasonOf(decoded), now);
		const { group, publicKey, scheme, signature } = decoded.value;
		const { groups, schemes } = this.#settings;
		if (!groups.includes(group) || !dtlsGroups.includes(group))
			return this.refuse(
				"illegal_parameter",
				`the server chooses group 0x${group.toString(16)}, which was not offered`,
				now,
			);
		if (!schemes.includes(scheme))
			return this.refuse(
				"illegal_parameter",
				`the server signs with scheme 0x${scheme.toString(16)}, which was not offered`,
				now,
			);
		const signed = concat([this.#random, hello.random, exchangeParameters(group, publicKey)]);
		if (!key.verify(scheme, signed, signature))
			return this.refuse("decrypt_error", "the server's signature does not fit its certificate", now);
		this.#heard(message);
		this.#state = { tag: "expect-done", hello, suite, exchange: decoded.value };
	}

	#certificateRequest(message: HandshakeMessage, now: number): void {
		const decoded = decodeCertificateRequest(message.body);
		if (decoded.kind !== "done") return this.refuse("decode_error", reasonOf(decoded), now);
		this.#asked = decoded.value;
		this.#heard(message);
	}

	#done(message: HandshakeMessage, state: State & { readonly tag: "expect-done" }, now: number): void {
		if (message.body.length > 0) return this.refuse("decode_error", "ServerHelloDone is not empty", now);
		this.#heard(message);
		this.association.answered();
		this.#state = { ...state, tag: "await-verdict" };
		this.#ports.certificates(this.#chain, now);
	}

	#finished(
		message: HandshakeMessage,
		{ suite, master, hello, exchange }: State & { readonly tag: "expect-finished" },
		now: number,
	): void {
		const association = this.association;
		const expected = verifyData(suite.hash, master, "server", association.transcript);
		if (!equalBytes(message.body, expected)) return this.refuse("decrypt_error", "the server's Finished is wrong", now);
		association.establish();
		this.#state = { tag: "established" };
		const { alpn, hasExtendedMasterSecret } = hello;
		const peerCertificates = this.#chain;
		this.#ports.established({ suite, group: exchange.group, alpn, hasExtendedMasterSecret, peerCertificates }, now);
	}

	#heard(message: HandshakeMessage): void {
		this.association.transcript.push(encodeHandshakeMessage(message));
	}
}

function reasonOf(decoded: { readonly kind: string; readonly reason?: string }): string {
	return decoded.reason ?? "a message is cut";
}

const noOctets = new Uint8Array(0);
const maxCookies = 3;
