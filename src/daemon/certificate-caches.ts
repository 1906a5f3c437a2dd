/** The caches of leaves that the workers keep, as `managed` asks about them. */
import type { CertificateCacheFacts, ToWorker } from "#daemon/worker-protocol.ts";
import { WorkerQuestions } from "#daemon/worker-questions.ts";

export class CertificateCaches {
	readonly #tellAll: (message: ToWorker) => number;
	readonly #questions: WorkerQuestions<CertificateCacheFacts>;

	/** `tellAll` answers how many workers it told. */
	constructor(tellAll: (message: ToWorker) => number, patienceMs?: number) {
		this.#tellAll = tellAll;
		this.#questions = new WorkerQuestions(patienceMs);
	}

	/** What each worker keeps, with at most `limit` leaves of each, in the order of their numbers. */
	async show(limit: number): Promise<readonly CertificateCacheFacts[]> {
		const answers = await this.#questions.ask((question) =>
			this.#tellAll({ type: "show-certificate-cache", question, limit }),
		);
		return answers.toSorted((a, b) => a.worker - b.worker);
	}

	answered(question: number, facts: CertificateCacheFacts): void {
		this.#questions.answered(question, facts);
	}

	/** Every worker forgets its leaves. */
	clear(): void {
		this.#tellAll({ type: "clear-certificate-cache" });
	}
}
