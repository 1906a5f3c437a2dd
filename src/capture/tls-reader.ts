/** A captured TLS connection: its handshake, what rules say of the octets as they are, and what a key log opens. */
import { HandshakeWatch } from "#capture/handshake-watch.ts";
import type { KeyLog } from "#capture/key-log.ts";
import { PlaintextReader, plaintextKind, type Reader, type Told } from "#capture/plaintext-reader.ts";
import { TlsDecryption } from "#capture/tls-decryption.ts";
import { type DirectionIndex, type SignatureEngine, toServer } from "#signature/signature-engine.ts";
import { type FlowFacts, SignatureFlow } from "#signature/signature-flow.ts";

/** What opens connections, and who is told what became of them. */
export interface Decrypting {
	readonly keyLog: KeyLog;
	/** The first octets of a connection were decrypted. */
	decrypted(): void;
	/** A connection could not be decrypted, or not to its end. */
	notDecrypted(reason: string): void;
}

export class TlsReader implements Reader {
	readonly #engine: SignatureEngine;
	readonly #facts: Omit<FlowFacts, "hasPackets">;
	readonly #told: Told;
	readonly #flow: SignatureFlow;
	readonly #watch = new HandshakeWatch((stage, facts) => this.#flow.handshake(stage, facts));
	readonly #decrypting: Decrypting | undefined;
	readonly #decryption: TlsDecryption | undefined;
	#plaintext: PlaintextReader | undefined;
	#isIncomplete = false;

	constructor(
		engine: SignatureEngine,
		facts: Omit<FlowFacts, "hasPackets">,
		told: Told,
		decrypting: Decrypting | undefined,
	) {
		this.#engine = engine;
		this.#facts = facts;
		this.#told = told;
		this.#flow = new SignatureFlow(engine, { ...facts, hasPackets: true }, "tls");
		this.#decrypting = decrypting;
		if (decrypting === undefined) return;
		this.#decryption = new TlsDecryption(decrypting.keyLog, {
			plaintext: (direction, octets) => this.#read(direction, octets),
			notDecrypted: (reason) => {
				decrypting.notDecrypted(reason);
				this.#isIncomplete = true;
				this.#plaintext?.goOnAsStream();
			},
		});
	}

	octets(direction: DirectionIndex, octets: Uint8Array): void {
		this.#flow.stream(direction, octets, 0, octets.length);
		if (direction === toServer) this.#watch.fromClient(octets);
		else this.#watch.fromServer(octets);
		for (const alert of this.#flow.alerts.splice(0))
			if (alert.isTold) this.#told(alert, "tls", this.#flow.state.bits, this.#sni);
		this.#decryption?.octets(direction, octets);
	}

	lost(direction: DirectionIndex): boolean {
		this.#decryption?.lost(direction);
		return this.#decryption !== undefined;
	}

	end(): void {
		this.#plaintext?.end();
	}

	get #sni(): string | undefined {
		return this.#watch.facts.clientHello?.sni;
	}

	#read(direction: DirectionIndex, octets: Uint8Array): void {
		if (this.#plaintext === undefined) {
			this.#decrypting?.decrypted();
			this.#plaintext = new PlaintextReader(this.#engine, this.#facts, this.#told, {
				kind: this.#isIncomplete ? "stream" : plaintextKind(direction, octets),
				// Records are no packets.
				hasPackets: false,
				sni: this.#sni,
			});
		}
		this.#plaintext.octets(direction, octets);
	}
}
