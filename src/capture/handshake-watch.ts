/** The handshake of a TLS connection seen from beside: ClientHello, ServerHello and, before TLS 1.3, the server's chain. */
import { concat, Reader } from "#base/bytes.ts";
import { type Certificate, decodeCertificate } from "#pki/certificate.ts";
import type { HandshakeFacts } from "#signature/tls-buffers.ts";
import { ClientHelloReader } from "#tls/client-hello-reader.ts";
import { contentType, decodeRecord, maxProtectedOctets } from "#tls/record.ts";
import { decodeServerHello } from "#tls/server-hello.ts";

export type HandshakeStage = "client-hello" | "server-hello" | "certificate";

/**
 * Takes the octets of both directions and tells each message once.
 *
 * Bounds: those of `ClientHelloReader`, and `maxServerOctets` of the server; then it looks no further. Never throws.
 */
export class HandshakeWatch {
	readonly #told: (stage: HandshakeStage, facts: HandshakeFacts) => void;
	#facts: HandshakeFacts = {};
	#client: ClientHelloReader | undefined = new ClientHelloReader();
	/** What the server sent so far; undefined when it is not looked at any more. */
	#server: Uint8Array | undefined = new Uint8Array(0);

	constructor(told: (stage: HandshakeStage, facts: HandshakeFacts) => void) {
		this.#told = told;
	}

	get facts(): HandshakeFacts {
		return this.#facts;
	}

	fromClient(octets: Uint8Array): void {
		const reading = this.#client?.push(octets);
		if (reading === undefined || reading.kind === "need-more") return;
		this.#client = undefined;
		if (reading.kind !== "hello") return;
		this.#facts = { ...this.#facts, clientHello: reading.hello };
		this.#told("client-hello", this.#facts);
	}

	fromServer(octets: Uint8Array): void {
		if (this.#server === undefined) return;
		this.#server = concat([this.#server, octets]);
		if (!this.#readServer(this.#server) || this.#server.length > maxServerOctets) this.#server = undefined;
	}

	/** False when nothing more is to be seen. */
	#readServer(stream: Uint8Array): boolean {
		const { messages, goesOn } = clearMessages(stream);
		for (const message of messages) {
			if (message[0] === serverHelloType && this.#facts.serverHello === undefined) {
				const hello = decodeServerHello(message);
				if (hello.kind !== "done") return false;
				if (hello.value.isRetryRequest) continue;
				this.#facts = { ...this.#facts, serverHello: hello.value };
				this.#told("server-hello", this.#facts);
			} else if (message[0] === certificateType && this.#facts.chain === undefined) {
				this.#facts = { ...this.#facts, chain: readChain(message) };
				this.#told("certificate", this.#facts);
			}
		}
		// What follows in TLS 1.3 is encrypted, and before it nothing that rules ask for comes after the chain.
		return goesOn && this.#facts.chain === undefined && (this.#facts.serverHello?.version ?? 0) < tls13;
	}
}

/** The complete handshake messages at the beginning of a stream of records, until encryption begins. */
function clearMessages(stream: Uint8Array): { messages: readonly Uint8Array[]; goesOn: boolean } {
	const fragments: Uint8Array[] = [];
	let goesOn = true;
	for (let at = 0; at < stream.length; ) {
		const record = decodeRecord(stream.subarray(at), maxProtectedOctets);
		if (record.kind !== "done" || record.value.type !== contentType.handshake) {
			goesOn = record.kind === "need-more";
			break;
		}
		fragments.push(record.value.fragment);
		at += record.octets;
	}
	const octets = concat(fragments);
	const messages: Uint8Array[] = [];
	for (let at = 0; at + 4 <= octets.length; ) {
		const length = ((octets[at + 1] as number) << 16) | ((octets[at + 2] as number) << 8) | (octets[at + 3] as number);
		if (at + 4 + length > octets.length) break;
		messages.push(octets.subarray(at, at + 4 + length));
		at += 4 + length;
	}
	return { messages, goesOn };
}

/** The certificates of a Certificate message of TLS 1.2 (RFC 5246 §7.4.2), those before the first that cannot be read. */
function readChain(message: Uint8Array): readonly Certificate[] {
	const reader = new Reader(message, 4);
	const list = reader.sub(reader.u24());
	const chain: Certificate[] = [];
	while (list.remaining > 0 && !list.isShort && chain.length < maxChain) {
		const decoded = decodeCertificate(list.take(list.u24()));
		if (decoded.kind !== "done") break;
		chain.push(decoded.value);
	}
	return chain;
}

const serverHelloType = 2;
const certificateType = 11;
const tls13 = 0x0304;
const maxServerOctets = 131_072;
const maxChain = 16;
