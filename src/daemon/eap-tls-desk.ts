/**
 * The TLS of EAP-TLS, in `managed`, where the private keys are. `iked` names a connection, never a key, and gets the records of
 * the server, and at the end a key for IKE and what the client showed. Whether that is trusted is judged where IKE's
 * certificates are.
 *
 * Bounds: 64 handshakes at once, the oldest gives way; 5 s for an answer, 60 s for a handshake. TLS 1.2, no resumption.
 */
import { constants } from "node:crypto";
import { Duplex } from "node:stream";
import { createSecureContext, TLSSocket } from "node:tls";
import type { TlsAnswer } from "#ike/eap/eap-tls-server.ts";
import type { KeyStore } from "#pki/key-store-shell.ts";
import { certificatePem } from "#pki/pem.ts";

export interface EapTlsRequest {
	/** One handshake. */
	readonly session: number;
	readonly connection: string;
	readonly input: Uint8Array;
	readonly isFirst: boolean;
}

export class EapTlsDesk {
	readonly #sessions = new Map<number, Handshake>();

	/**
	 * Gives a flight of the client to its handshake. `signers`: certificates by connection; `anchors`: whom the client is told that
	 * this end trusts, DER. Never rejects.
	 */
	async take(
		{ session, connection, input, isFirst }: EapTlsRequest,
		signers: ReadonlyMap<string, string>,
		store: KeyStore,
		anchors: readonly Uint8Array[],
	): Promise<TlsAnswer> {
		if (isFirst) this.#begin(session, signers.get(connection), store, anchors);
		const handshake = this.#sessions.get(session);
		if (handshake === undefined) return { output: nothing, failed: "there is no certificate, or no such handshake" };
		const answer = await handshake.take(input);
		if (answer.done !== undefined || answer.failed !== undefined) this.#end(session);
		return answer;
	}

	/** Ends all of them. */
	clear(): void {
		for (const session of [...this.#sessions.keys()]) this.#end(session);
	}

	#begin(session: number, id: string | undefined, store: KeyStore, anchors: readonly Uint8Array[]): void {
		this.#end(session);
		const entry = id === undefined ? undefined : store.entry(id);
		if (entry?.key === undefined) return;
		const [oldest] = this.#sessions.keys();
		if (this.#sessions.size >= maxHandshakes && oldest !== undefined) this.#end(oldest);
		const secureContext = createSecureContext({
			key: entry.key.export({ type: "pkcs8", format: "pem" }),
			cert: entry.certificates.map(certificatePem).join(""),
			ca: anchors.map(certificatePem),
			minVersion: "TLSv1.2",
			maxVersion: "TLSv1.2",
			ciphers: "ECDHE+AESGCM:ECDHE+CHACHA20",
			secureOptions: constants.SSL_OP_NO_TICKET,
		});
		const handshake = new Handshake(secureContext, () => this.#end(session));
		this.#sessions.set(session, handshake);
	}

	#end(session: number): void {
		this.#sessions.get(session)?.close();
		this.#sessions.delete(session);
	}
}

class Handshake {
	readonly #wire: Duplex;
	readonly #socket: TLSSocket;
	readonly #timer: NodeJS.Timeout;
	#output: Buffer[] = [];
	#isSecure = false;
	#failure: string | undefined;
	#changed: () => void = () => undefined;

	constructor(secureContext: ReturnType<typeof createSecureContext>, expired: () => void) {
		this.#wire = new Duplex({
			read: () => undefined,
			write: (chunk: Buffer, _encoding, written) => {
				this.#output.push(chunk);
				written();
				this.#changed();
			},
		});
		const options = { isServer: true, secureContext, requestCert: true, rejectUnauthorized: false };
		this.#socket = new TLSSocket(this.#wire, options);
		this.#socket.on("error", (error) => {
			this.#failure ??= error.message;
			this.#changed();
		});
		this.#socket.on("secure", () => {
			this.#isSecure = true;
			this.#changed();
		});
		this.#wire.on("error", () => undefined);
		this.#timer = setTimeout(expired, handshakeMs);
		this.#timer.unref();
	}

	/** The answer to a flight of the client. */
	async take(input: Uint8Array): Promise<TlsAnswer> {
		this.#output = [];
		const { promise, resolve } = Promise.withResolvers<void>();
		const patience = setTimeout(resolve, answerMs);
		this.#changed = () => {
			if (this.#isAnswered()) resolve();
		};
		this.#wire.push(Buffer.from(input));
		await promise;
		clearTimeout(patience);
		this.#changed = () => undefined;
		const output = new Uint8Array(Buffer.concat(this.#output));
		if (this.#failure !== undefined) return { output, failed: `TLS failed: ${this.#failure}` };
		if (this.#isSecure) return { output, done: this.#done() };
		return this.#isAnswered() ? { output } : { output: nothing, failed: "TLS has not come to an end" };
	}

	close(): void {
		clearTimeout(this.#timer);
		this.#socket.destroy();
		this.#wire.destroy();
	}

	#isAnswered(): boolean {
		if (this.#failure !== undefined) return true;
		const flight = flightOf(Buffer.concat(this.#output));
		return flight === "hello-done" || (flight === "finished" && this.#isSecure);
	}

	/** RFC 5216 §2.3: the first half of 128 octets is the key. */
	#done(): NonNullable<TlsAnswer["done"]> {
		// Without a context, which is not the same as an empty one.
		const material = this.#socket.exportKeyingMaterial(128, "client EAP encryption", undefined as never);
		const certificates: Uint8Array[] = [];
		let one = this.#socket.getPeerCertificate(true);
		while (one?.raw !== undefined && certificates.length < maxCertificates) {
			certificates.push(new Uint8Array(one.raw));
			if (one.issuerCertificate === undefined || one.issuerCertificate === one) break;
			one = one.issuerCertificate;
		}
		return { key: new Uint8Array(material.subarray(0, 64)), certificates };
	}
}

/** How far the records of a server's flight of TLS 1.2 go. */
function flightOf(records: Uint8Array): "hello-done" | "finished" | "alert" | "unfinished" {
	const messages: number[] = [];
	let hasChanged = false;
	for (let at = 0; at + 5 <= records.length; ) {
		const length = ((records[at + 3] ?? 0) << 8) | (records[at + 4] ?? 0);
		const end = at + 5 + length;
		if (end > records.length) return "unfinished";
		const type = records[at];
		if (type === recordType.alert) return "alert";
		if (type === recordType.changeCipherSpec) hasChanged = true;
		if (type === recordType.handshake) {
			if (hasChanged) return "finished";
			messages.push(...records.subarray(at + 5, end));
		}
		at = end;
	}
	for (let at = 0; at + 4 <= messages.length; ) {
		if (messages[at] === serverHelloDone) return "hello-done";
		at += 4 + (((messages[at + 1] ?? 0) << 16) | ((messages[at + 2] ?? 0) << 8) | (messages[at + 3] ?? 0));
	}
	return "unfinished";
}

const nothing = new Uint8Array(0);
const recordType = { changeCipherSpec: 20, alert: 21, handshake: 22 } as const;
const serverHelloDone = 14;
const maxHandshakes = 64;
const maxCertificates = 10;
const answerMs = 5_000;
const handshakeMs = 60_000;
