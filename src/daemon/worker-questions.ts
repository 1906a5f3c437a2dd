/**
 * Questions that `managed` asks all workers at once.
 *
 * Bounds: a worker that does not answer in `patienceMs` is left out.
 */
interface Question<Answer> {
	readonly answers: Answer[];
	readonly expected: number;
	done(): void;
}

export class WorkerQuestions<Answer> {
	readonly #patienceMs: number;
	readonly #questions = new Map<number, Question<Answer>>();
	#next = 1;

	constructor(patienceMs = 2_000) {
		this.#patienceMs = patienceMs;
	}

	/** The answers in the order in which they came. `tellAll` hands the question's number to the workers and says how many it told. */
	ask(tellAll: (question: number) => number): Promise<readonly Answer[]> {
		const question = this.#next++;
		return new Promise((resolve) => {
			const answers: Answer[] = [];
			const done = () => {
				clearTimeout(timer);
				this.#questions.delete(question);
				resolve(answers);
			};
			const timer = setTimeout(done, this.#patienceMs);
			const expected = tellAll(question);
			if (expected === 0) return done();
			this.#questions.set(question, { answers, expected, done });
		});
	}

	/** A worker's answer; one that comes too late is passed over. */
	answered(question: number, answer: Answer): void {
		const asked = this.#questions.get(question);
		if (asked === undefined) return;
		asked.answers.push(answer);
		if (asked.answers.length >= asked.expected) asked.done();
	}
}
