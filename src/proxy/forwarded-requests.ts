/** The requests in clear of one client of the proxy, as they go to the server that the first of them names. */
import type { Authority } from "#base/authority.ts";
import { concat } from "#base/bytes.ts";
import type { Fault } from "#base/fault.ts";
import { ForwardMachine } from "#http/forward-machine.ts";
import type { ForwardPlan } from "#http/forward-request.ts";

export type FirstRequest =
	/** `first` is what goes to the server by now. */
	| { readonly kind: "forward"; readonly requests: ForwardedRequests; readonly first: Uint8Array }
	| { readonly kind: "need-more" }
	/** For the proxy itself, which answers none such. */
	| { readonly kind: "own" }
	| { readonly kind: "refuse"; readonly fault: Fault };

/**
 * A connection carries requests for one server: behind the last of them, or before one that names another server, in its
 * target or in Host, it is over. The client asks anew on another connection, as with any server that closes.
 *
 * Bounds: those of `ForwardMachine`.
 */
export class ForwardedRequests {
	readonly target: Authority;
	/** Whom Host named, when that was another than the target. The server is told the target. */
	readonly otherHost: string | undefined;
	readonly #machine: ForwardMachine;
	#isOver = false;
	#fault: Fault | undefined;

	private constructor(machine: ForwardMachine, target: Authority, otherHost: string | undefined) {
		this.#machine = machine;
		this.target = target;
		this.otherHost = otherHost;
	}

	/** Reads the first request out of what the client has sent. */
	static begin(octets: Uint8Array): FirstRequest {
		const machine = new ForwardMachine();
		machine.push(octets);
		const step = machine.next();
		if (step.kind === "refuse") return step;
		if (step.kind !== "request") return { kind: "need-more" };
		const { plan } = step;
		if (plan.kind !== "forward") return { kind: "own" };
		const requests = new ForwardedRequests(machine, plan.target, plan.otherHost);
		return { kind: "forward", requests, first: requests.#drain([plan.head]) };
	}

	/** Nothing more goes to the server. */
	get isOver(): boolean {
		return this.#isOver;
	}

	/** Why the client's octets are no requests any more. */
	get fault(): Fault | undefined {
		return this.#fault;
	}

	/** Octets of the client in, those for the server out. */
	push(chunk: Uint8Array): Uint8Array {
		if (this.#isOver) return nothing;
		this.#machine.push(chunk);
		return this.#drain([]);
	}

	#drain(octets: Uint8Array[]): Uint8Array {
		for (;;) {
			const step = this.#machine.next();
			switch (step.kind) {
				case "need-more":
					return octets.length === 1 ? (octets[0] as Uint8Array) : concat(octets);
				case "body":
					octets.push(step.octets);
					break;
				case "end":
					break;
				case "refuse":
					this.#fault = step.fault;
					this.#isOver = true;
					return concat(octets);
				case "request":
					if (step.plan.kind !== "forward" || !this.#isSame(step.plan)) {
						this.#isOver = true;
						return concat(octets);
					}
					octets.push(step.plan.head);
			}
		}
	}

	#isSame({ target, otherHost }: ForwardPlan & { readonly kind: "forward" }): boolean {
		const { host, port } = this.target;
		return target.host === host && target.port === port && otherHost === this.otherHost;
	}
}

const nothing = new Uint8Array(0);
