/** Shows the chunks of a plaintext stream to a recorder before they are looked into. */
import type { PacketRecorder } from "#inspect/packet-log.ts";
import type { PlaintextStream, StreamAnswer } from "#inspect/plaintext-stream.ts";

/** Bounds: those of the recorder. */
export class PacketLogStream implements PlaintextStream {
	readonly #inner: PlaintextStream;
	readonly #recorder: PacketRecorder;

	constructor(inner: PlaintextStream, recorder: PacketRecorder) {
		this.#inner = inner;
		this.#recorder = recorder;
	}

	get released(): Uint8Array[] {
		return this.#inner.released;
	}

	get toClient(): Uint8Array[] {
		return this.#inner.toClient ?? nothing;
	}

	get toServer(): Uint8Array[] {
		return this.#inner.toServer ?? nothing;
	}

	get stop(): PlaintextStream["stop"] {
		return this.#inner.stop;
	}

	get requests(): number {
		return this.#inner.requests;
	}

	get findings(): PlaintextStream["findings"] {
		return this.#inner.findings;
	}

	get inspection(): PlaintextStream["inspection"] {
		return this.#inner.inspection;
	}

	get isClientWaiting(): boolean {
		return this.#inner.isClientWaiting;
	}

	fromClient(chunk: Uint8Array): StreamAnswer {
		this.#recorder.chunk(0, chunk);
		const answer = this.#inner.fromClient(chunk);
		this.#recorder.looked();
		return answer;
	}

	clientMayGoOn(): StreamAnswer {
		return this.#inner.clientMayGoOn();
	}

	fromServer(chunk: Uint8Array): StreamAnswer {
		this.#recorder.chunk(1, chunk);
		const answer = this.#inner.fromServer(chunk);
		this.#recorder.looked();
		return answer;
	}

	clientEnded(): StreamAnswer {
		return this.#inner.clientEnded();
	}

	serverEnded(): StreamAnswer {
		return this.#inner.serverEnded();
	}

	secondPassed(): void {
		this.#inner.secondPassed?.();
		this.#recorder.secondPassed();
	}

	close(): void {
		this.#inner.close();
		this.#recorder.close();
	}
}

/** Never written to: a stream that says nothing itself has no list. */
const nothing: Uint8Array[] = [];
