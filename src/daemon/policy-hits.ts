/** How many connections each policy decided, and how many octets they carried. */

/** What one policy decided since the last report of a worker. */
export interface PolicyTally {
	/** The key of the policy. */
	readonly rule: string;
	readonly sessions: number;
	readonly octetsToServer: number;
	readonly octetsToClient: number;
}

/** What a policy decided since the start, or since it was cleared. */
export type PolicyCount = Omit<PolicyTally, "rule">;

/**
 * Counts by the key of the policy, when a worker reports: it outlives the workers.
 *
 * Bounds: three numbers for each policy that decided since the start; `maxPolicies` at most, others are not counted.
 */
export class PolicyHits {
	readonly #counts = new Map<string, PolicyCount>();
	/** What was counted there when it was cleared. */
	readonly #clearedForwarded = new Map<string, number>();
	#clearing: Promise<void> = Promise.resolve();
	readonly #forwarded: () => Promise<ReadonlyMap<string, number>>;

	/** `forwarded` tells the connections that policies decided in the packet filter, by the keys of the policies. */
	constructor(forwarded: () => Promise<ReadonlyMap<string, number>> = async () => new Map()) {
		this.#forwarded = forwarded;
	}

	count(tallies: readonly PolicyTally[]): void {
		for (const { rule, sessions, octetsToServer, octetsToClient } of tallies) {
			const before = this.#counts.get(rule);
			if (before === undefined && this.#counts.size >= maxPolicies) continue;
			this.#counts.set(rule, {
				sessions: (before?.sessions ?? 0) + sessions,
				octetsToServer: (before?.octetsToServer ?? 0) + octetsToServer,
				octetsToClient: (before?.octetsToClient ?? 0) + octetsToClient,
			});
		}
	}

	of(key: string): PolicyCount {
		return this.#counts.get(key) ?? none;
	}

	/** Back to zero: one policy, or all. */
	clear(key?: string): void {
		if (key === undefined) this.#counts.clear();
		else this.#counts.delete(key);
		this.#clearing = this.#clearing.then(async () => {
			for (const [one, count] of await this.#forwarded()) {
				if (key === undefined || key === one) this.#clearedForwarded.set(one, count);
			}
		});
	}

	/** Sessions of the gateway and forwarded connections, by the key of the policy. */
	async all(): Promise<(key: string) => number> {
		await this.#clearing;
		const forwarded = await this.#forwarded();
		return (key) => {
			const passed = (forwarded.get(key) ?? 0) - (this.#clearedForwarded.get(key) ?? 0);
			return this.of(key).sessions + passed;
		};
	}
}

const none: PolicyCount = { sessions: 0, octetsToServer: 0, octetsToClient: 0 };
const maxPolicies = 100_000;
