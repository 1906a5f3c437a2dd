/**
 * What feeds have of a connection, as `managed` asks about it: the feeds are in the workers, and the first that answers
 * will do, for all have read the same.
 */
import type { FoundEntry, ToWorker } from "#daemon/worker-protocol.ts";
import { WorkerQuestions } from "#daemon/worker-questions.ts";
import { FeedTable } from "#inspect/feed-table.ts";
import type { FeedCategory, FeedTables, ReputationFacts } from "#inspect/reputation.ts";

export class FeedQuestions {
	readonly #tellAll: (message: ToWorker) => number;
	readonly #questions: WorkerQuestions<readonly FoundEntry[]>;

	/** `tellAll` answers how many workers it told. */
	constructor(tellAll: (message: ToWorker) => number, patienceMs?: number) {
		this.#tellAll = tellAll;
		this.#questions = new WorkerQuestions(patienceMs);
	}

	/** Tables that have what the feeds have of this connection, and nothing else; undefined when no worker answers. */
	async ask(facts: ReputationFacts): Promise<FeedTables | undefined> {
		const [found] = await this.#questions.ask((question) => this.#tellAll({ type: "ask-feeds", question, facts }));
		return found === undefined ? undefined : tablesOf(found);
	}

	answered(question: number, found: readonly FoundEntry[]): void {
		this.#questions.answered(question, found);
	}
}

function tablesOf(found: readonly FoundEntry[]): FeedTables {
	const tables = new Map<FeedCategory, FeedTable>();
	for (const { category, hit } of found) {
		const table = tables.get(category) ?? new FeedTable();
		tables.set(category, table);
		table.add(hit.feed, hit.entry, hit.level);
	}
	return tables;
}
