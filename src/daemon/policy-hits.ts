/** How many connections each policy decided. */
import type { SessionRecord } from "#telemetry/session-record.ts";

/**
 * Counts by the key of the policy, when the record of a session comes in, that is at its end.
 *
 * Bounds: one number for each policy that decided since the start; `maxPolicies` at most, others are not counted.
 */
export class PolicyHits {
	readonly #counts = new Map<string, number>();

	count(records: readonly Pick<SessionRecord, "rule">[]): void {
		for (const { rule } of records) {
			const before = this.#counts.get(rule);
			if (before === undefined && this.#counts.size >= maxPolicies) continue;
			this.#counts.set(rule, (before ?? 0) + 1);
		}
	}

	of(key: string): number {
		return this.#counts.get(key) ?? 0;
	}
}

const maxPolicies = 100_000;
