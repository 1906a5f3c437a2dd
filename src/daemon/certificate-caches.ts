/**
 * The caches of leaves that the workers keep, as `managed` asks about them.
 *
 * Bounds: a worker that does not answer in `patienceMs` is left out.
 */
import type { CertificateCacheFacts, ToWorker } from "#daemon/worker-protocol.ts";

interface Question {
	readonly answers: CertificateCacheFacts[];
	readonly expected: number;
	done(): void;
}

export class CertificateCaches {
	readonly #tellAll: (message: ToWorker) => number;
	readonly #patienceMs: number;
	readonly #questions = new Map<number, Question>();
	#next = 1;

	/** `tellAll` answers how many workers it told. */
	constructor(tellAll: (message: ToWorker) => number, patienceMs = 2_000) {
		this.#tellAll = tellAll;
		this.#patienceMs = patienceMs;
	}

	/** What each worker keeps, with at most `limit` leaves of each, in the order of their numbers. */
	show(limit: number): Promise<readonly CertificateCacheFacts[]> {
		const question = this.#next++;
		return new Promise((resolve) => {
			const answers: CertificateCacheFacts[] = [];
			const done = () => {
				clearTimeout(timer);
				this.#questions.delete(question);
				resolve(answers.sort((a, b) => a.worker - b.worker));
			};
			const timer = setTimeout(done, this.#patienceMs);
			const expected = this.#tellAll({ type: "show-certificate-cache", question, limit });
			if (expected === 0) return done();
			this.#questions.set(question, { answers, expected, done });
		});
	}

	/** A worker's answer; one that comes too late is passed over. */
	answered(question: number, facts: CertificateCacheFacts): void {
		const asked = this.#questions.get(question);
		if (asked === undefined) return;
		asked.answers.push(facts);
		if (asked.answers.length >= asked.expected) asked.done();
	}

	/** Every worker forgets its leaves. */
	clear(): void {
		this.#tellAll({ type: "clear-certificate-cache" });
	}
}
