/**
 * Requests for other names than the one that their connection was asked for: a certificate may bear many names, and clients
 * use one connection for several (RFC 9113 §9.1.1). Policies decided about the first name alone; here they decide about each.
 *
 *   what a policy or a stage forbids         403
 *   what is not opened, or inspected otherwise    421, so that the client makes a connection of its own for it
 *
 * A client that named nobody can make no other connection: it is refused what is forbidden, and nothing else.
 */
import { parseAddress } from "#base/address.ts";
import { parseAuthority } from "#base/authority.ts";
import { BoundedMap } from "#base/bounded.ts";
import { headerValue, type RequestHead } from "#http/head.ts";
import type { InspectionService, ServiceConnection, ServiceFinding } from "#inspect/service.ts";

/** Why a name has no place on this connection. `because` is a clause. */
export interface NameObstacle {
	readonly kind: "forbidden" | "elsewhere";
	readonly because: string;
}

/** Undefined when its requests may go on. `name` in normal form. */
export type JudgeName = (name: string) => NameObstacle | undefined;

/** Bounds: each name is judged once, of `maxNames`; a request for the name of the last one costs a comparison of strings. */
export class NamePolicyService implements InspectionService, ServiceConnection {
	readonly name = "policy";
	readonly stage = "policy";
	readonly isNameCheck = true;
	readonly #asked: string | undefined;
	readonly #judge: JudgeName;
	readonly #known = new BoundedMap<string, { readonly found: ServiceFinding | undefined }>(maxNames);
	/** As it was sent; a request with it goes on. */
	#lastGood: string | undefined;

	/** `asked`: the name that the connection was asked for. */
	constructor(asked: string | undefined, judge: JudgeName) {
		this.#asked = asked;
		this.#judge = judge;
	}

	open(): ServiceConnection {
		return this;
	}

	requestHead(head: RequestHead): ServiceFinding | undefined {
		const text = headerValue(head, "host") ?? /^https?:\/\/([^/?]*)/i.exec(head.target)?.[1] ?? "";
		if (text === "" || text === this.#lastGood) return undefined;
		// Servers answer whatever port stands there.
		const name = parseAuthority(text.replace(/:\d*$/, ""), anyPort)?.host;
		const found = name === undefined || name === this.#asked ? undefined : this.#found(name);
		if (found === undefined) this.#lastGood = text;
		return found;
	}

	octets(): undefined {}

	ended(): undefined {}

	#found(name: string): ServiceFinding | undefined {
		if (parseAddress(name) !== undefined) return undefined;
		const known = this.#known.get(name) ?? { found: this.#judged(name) };
		this.#known.set(name, known);
		return known.found;
	}

	#judged(name: string): ServiceFinding | undefined {
		const obstacle = this.#judge(name);
		if (obstacle === undefined || (obstacle.kind === "elsewhere" && this.#asked === undefined)) return undefined;
		const what = `a request for ${name}: ${obstacle.because}`;
		const answer = obstacle.kind === "forbidden" ? forbidden : misdirected;
		return { name: what, place: "request-headers", verdict: "block", answer };
	}
}

const forbidden = { status: 403, sentence: "Your network does not permit this site." } as const;
/** RFC 9110 §15.5.20. */
const misdirected = { status: 421, sentence: "This site needs a connection of its own." } as const;
const anyPort = 443;
const maxNames = 64;
