/**
 * A worker's requests for signatures: those of one turn of the event loop go to `managed` in one message.
 *
 * Bounds: each request belongs to a session that waits for it, so at most as many as there are sessions.
 */
import type { SignatureAnswer, ToManaged } from "#daemon/worker-protocol.ts";
import type { SignLeaf } from "#proxy/leaf-mint-shell.ts";

type SignMessage = ToManaged & { readonly type: "sign" };

export class SignatureRequests {
	readonly #send: (message: SignMessage) => void;
	readonly #waiting = new Map<number, { resolve(certificate: Uint8Array): void; reject(error: Error): void }>();
	#batch: SignMessage["requests"][number][] = [];
	#next = 1;

	constructor(send: (message: SignMessage) => void) {
		this.#send = send;
	}

	/** The certificate; rejects with the reason of the one who refuses. */
	sign(request: Parameters<SignLeaf>[0]): Promise<Uint8Array> {
		return new Promise((resolve, reject) => {
			const number = this.#next++;
			this.#waiting.set(number, { resolve, reject });
			if (this.#batch.length === 0) setImmediate(() => this.#flush());
			this.#batch.push({ request: number, ...request });
		});
	}

	/** What was asked before may be answered in any order. */
	answered(answers: readonly SignatureAnswer[]): void {
		for (const answer of answers) {
			const waiting = this.#waiting.get(answer.request);
			this.#waiting.delete(answer.request);
			if ("certificate" in answer) waiting?.resolve(answer.certificate);
			else waiting?.reject(new Error(answer.reason));
		}
	}

	#flush(): void {
		const requests = this.#batch;
		this.#batch = [];
		this.#send({ type: "sign", requests });
	}
}
