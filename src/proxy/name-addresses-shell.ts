/**
 * The addresses of names that clients name, for sessions that do not depend on them (checklist V22).
 *
 * Bounds: at most `maxAsking` names are asked for at a time, so that clients that invent names do not keep the resolver from those
 * who need it; whoever comes then gets no answer. What is known is kept by the resolver.
 */
import type { Address } from "#base/address.ts";
import type { Resolver } from "#proxy/resolver-shell.ts";

export class NameAddresses {
	readonly #resolver: Pick<Resolver, "resolve">;
	#asking = 0;

	constructor(resolver: Pick<Resolver, "resolve">) {
		this.#resolver = resolver;
	}

	/** Answers at once when the name is known, later otherwise; undefined when it has no address, or none was found out. */
	find(name: string, answer: (addresses: readonly Address[] | undefined) => void): void {
		if (this.#asking >= maxAsking) return answer(undefined);
		this.#asking++;
		this.#resolver.resolve(name, Date.now(), (resolution) => {
			this.#asking--;
			answer(resolution.kind === "resolved" ? resolution.addresses : undefined);
		});
	}
}

const maxAsking = 32;
