/**
 * Domain fronting (F12): a request for another name than the one that its connection was asked for, so that whoever
 * decides by names decided about the wrong one. Every request is compared, on a connection of HTTP/2 too.
 *
 *   same name                              goes on: case, final dot and port make no difference
 *   another that the certificate bears     a connection used for both names, as RFC 9113 §9.1.1 allows: `coalesced`
 *   another that it does not bear          `fronted`
 */
import { parseAddress } from "#base/address.ts";
import { parseAuthority } from "#base/authority.ts";
import { headerTokens, headerValue, type RequestHead } from "#http/head.ts";
import type { InspectionService, Place, ServiceConnection, ServiceFinding } from "#inspect/service.ts";

/** What becomes of a request: ended with 421, recorded, or neither. */
export type FrontingAction = "drop" | "log" | "allow";

/** What the requests of one connection are held against. Names are in normal form. */
export interface AskedNames {
	/** What the client asked for last before its requests; undefined when it named nobody. */
	readonly name: string | undefined;
	/** What it asked the proxy for, where that is a name, another one, and not the certificate's. */
	readonly otherName?: string | undefined;
	/** The certificate of the connection speaks for the name; false of one that is not trusted. */
	readonly isBorne: (name: string) => boolean;
}

export interface FrontingSettings {
	readonly fronted: FrontingAction;
	readonly coalesced: FrontingAction;
}

/** Told of each request for a name that the certificate does not bear. `asked` is what the connection was asked for. */
export type OnFronted = (host: string, asked: string, action: FrontingAction) => void;

/**
 * The check of one connection; its `open` may be called for each stream of it.
 *
 * Bounds: constant; a request for the name of the last one costs a comparison of strings.
 */
export class FrontingService implements InspectionService, ServiceConnection {
	readonly name = "domain-fronting";
	readonly isNameCheck = true;
	readonly #names: AskedNames;
	readonly #settings: FrontingSettings;
	readonly #onFronted: OnFronted;
	/** As it was sent; a request with it goes on. */
	#lastGood: string | undefined;
	#isOtherNoted = false;

	constructor(names: AskedNames, settings: FrontingSettings, onFronted: OnFronted) {
		this.#names = names;
		this.#settings = settings;
		this.#onFronted = onFronted;
	}

	open(): ServiceConnection {
		return this;
	}

	requestHead(head: RequestHead): ServiceFinding | undefined {
		const other = this.#otherName("request-headers");
		if (other !== undefined) return other;
		if (head.hasUpgrade && headerTokens(head, "upgrade").some((token) => token.startsWith("h2"))) return this.#unseen();
		const text = headerValue(head, "host") ?? authorityOfTarget(head);
		// Nobody is named: the server takes the one that it is itself.
		if (text === undefined || text === "" || text === this.#lastGood) return undefined;
		const host = parseAuthority(text, anyPort)?.host;
		const found = this.#judge(host, text);
		if (found === undefined) this.#lastGood = text;
		return found;
	}

	/** A connection that is not HTTP was asked for two names as well. */
	octets(place: Place): ServiceFinding | undefined {
		return place === "stream-to-server" ? this.#otherName(place) : undefined;
	}

	ended(): undefined {}

	#judge(host: string | undefined, text: string): ServiceFinding | undefined {
		const { name, isBorne } = this.#names;
		if (host !== undefined && host === name) return undefined;
		if (host !== undefined && isBorne(host)) return this.#coalesced(host);
		// Who connects to an address and names it names no other server.
		if (name === undefined && host !== undefined && parseAddress(host) !== undefined) return undefined;
		const shown = host ?? JSON.stringify(text.slice(0, maxShown));
		const over = name === undefined ? "over a connection that names no server" : `over a connection to ${name}`;
		return this.#fronted(shown, "request-headers", `a request for ${shown} ${over}`);
	}

	#coalesced(host: string): ServiceFinding | undefined {
		const { name } = this.#names;
		const { coalesced } = this.#settings;
		if (name === undefined || coalesced === "allow") return undefined;
		const what = `a request for ${host} over a connection to ${name}; its certificate bears both names`;
		return this.#finding(what, "request-headers", coalesced);
	}

	/** Two names before the first request. */
	#otherName(place: Place): ServiceFinding | undefined {
		const { name, otherName } = this.#names;
		if (otherName === undefined || (this.#isOtherNoted && this.#settings.fronted !== "drop")) return undefined;
		this.#isOtherNoted = true;
		return this.#fronted(otherName, place, `the proxy was asked for ${otherName} and the server for ${name}`);
	}

	#fronted(host: string, place: Place, what: string): ServiceFinding | undefined {
		const { fronted } = this.#settings;
		if (fronted === "allow") return undefined;
		this.#onFronted(host, this.#names.name ?? "", fronted);
		return this.#finding(`${what}; its certificate does not bear ${host}`, place, fronted);
	}

	/** RFC 9113 §3.1: nobody upgrades to HTTP/2 within TLS, but some servers let themselves be. */
	#unseen(): ServiceFinding | undefined {
		const { fronted } = this.#settings;
		if (fronted === "allow") return undefined;
		const what = "an upgrade to HTTP/2, whose requests could not be compared";
		return this.#finding(what, "request-headers", fronted);
	}

	#finding(name: string, place: Place, action: "drop" | "log"): ServiceFinding {
		return action === "log"
			? { name, place, verdict: "report" }
			: { name, place, verdict: "block", answer: misdirected };
	}
}

/** Of a request without Host, which only HTTP/1.0 may be. */
function authorityOfTarget({ method, target }: RequestHead): string | undefined {
	if (method === "CONNECT") return target;
	return /^https?:\/\/([^/?]*)/i.exec(target)?.[1];
}

/** RFC 9110 §15.5.20. */
const misdirected = {
	status: 421,
	sentence: "This request names another site than its connection was made for.",
} as const;
const anyPort = 443;
const maxShown = 80;
