/**
 * Host names to addresses through the system's resolver.
 *
 * Bounds: `capacity` names are kept for `keepMs`; look-ups of one name in flight are one look-up.
 */
import { lookup } from "node:dns";
import { type Address, parseAddress } from "#base/address.ts";
import { BoundedMap } from "#base/bounded.ts";
import { type Fault, fault } from "#base/fault.ts";

export type Resolution =
	| { readonly kind: "resolved"; readonly addresses: readonly Address[] }
	| { readonly kind: "failed"; readonly fault: Fault };

type Waiter = (resolution: Resolution) => void;

export class Resolver {
	readonly #known: BoundedMap<string, { readonly addresses: readonly Address[]; readonly until: number }>;
	readonly #waiting = new Map<string, Waiter[]>();
	readonly #keepMs: number;
	readonly #static: ReadonlyMap<string, readonly Address[]>;

	/** `staticHosts` are names in normal form whose addresses are configured. */
	constructor(staticHosts: ReadonlyMap<string, readonly Address[]>, capacity: number, keepMs: number) {
		this.#static = staticHosts;
		this.#known = new BoundedMap(capacity);
		this.#keepMs = keepMs;
	}

	/** Answers at once when the name is known, later otherwise; always through `answer`. */
	resolve(name: string, now: number, answer: Waiter): void {
		const configured = this.#static.get(name);
		if (configured !== undefined) return answer({ kind: "resolved", addresses: configured });
		const known = this.#known.get(name);
		if (known !== undefined && known.until > now) return answer({ kind: "resolved", addresses: known.addresses });
		const waiting = this.#waiting.get(name);
		if (waiting !== undefined) {
			waiting.push(answer);
			return;
		}
		this.#waiting.set(name, [answer]);
		lookup(name, { all: true, order: "verbatim" }, (error, found) => {
			const resolution = error === null ? this.#keep(name, found, now) : failed(name, error);
			const waiters = this.#waiting.get(name) ?? [];
			this.#waiting.delete(name);
			for (const waiter of waiters) waiter(resolution);
		});
	}

	#keep(name: string, found: readonly { readonly address: string }[], now: number): Resolution {
		const addresses: Address[] = [];
		for (const { address } of found) {
			const parsed = parseAddress(address);
			if (parsed !== undefined) addresses.push(parsed);
		}
		this.#known.set(name, { addresses, until: now + this.#keepMs });
		return { kind: "resolved", addresses };
	}
}

function failed(name: string, error: NodeJS.ErrnoException): Resolution {
	const message = `host ${name} has no address: ${error.code ?? error.message}; check the name and this host's resolver`;
	return { kind: "failed", fault: fault("SERVER_NAME_UNRESOLVED", message, { cause: error.message }) };
}
