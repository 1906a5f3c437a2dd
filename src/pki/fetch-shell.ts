/**
 * Fetches OCSP responses, CRLs and issuer certificates over HTTP/1.1, from addresses that strangers wrote into
 * certificates (checklist F14): http only, and only to addresses that `fetch-target.ts` allows. The name is resolved
 * once and the connection goes to the address that was checked; each redirect is checked anew.
 *
 * Bounds: `maxAtOnce` fetches and `maxPerHost` to one host at a time, `maxQueued` waiting; one fetch however many ask
 * for the same; a deadline over all of it; what failed is not tried again for `keepFailureMs`.
 */
import { hash } from "node:crypto";
import { type ClientRequest, type IncomingMessage, request } from "node:http";
import { connect } from "node:net";
import { type Address, formatAddress } from "#base/address.ts";
import { BoundedMap } from "#base/bounded.ts";
import { type FetchGuard, type FetchTarget, findTargetObstacle, parseFetchTarget } from "#pki/fetch-target.ts";

export interface FetchOrder {
	readonly url: string;
	/** Sent with POST; absent means GET. */
	readonly post?: { readonly contentType: string; readonly body: Uint8Array } | undefined;
	readonly maxOctets: number;
	/** For everything: the queue, the name, the connection, redirects and the last octet. */
	readonly timeoutMs: number;
	/** The operator named this host: it may be in a private network. */
	readonly mayBePrivate: boolean;
}

export type FetchOutcome =
	| { readonly kind: "fetched"; readonly octets: Buffer }
	/** `isOverload` when it was not even tried. */
	| { readonly kind: "failed"; readonly why: string; readonly isOverload?: boolean };

/** Answers with addresses, or with why there are none. */
export type LookUp = (host: string, answer: (found: readonly Address[] | string) => void) => void;

export interface FetchLimits {
	readonly maxAtOnce: number;
	readonly maxPerHost: number;
	readonly maxQueued: number;
	readonly keepFailureMs: number;
}

export class Fetcher {
	readonly #limits: FetchLimits;
	readonly #onFetch: (outcome: FetchOutcome) => void;
	#guard: FetchGuard;
	#lookUp: LookUp;
	readonly #flights = new Map<string, Promise<FetchOutcome>>();
	readonly #failures: BoundedMap<string, { readonly why: string; readonly until: number }>;
	readonly #perHost = new Map<string, number>();
	#queue: { readonly host: string; start(): void }[] = [];
	#running = 0;

	/** `onFetch` hears of every fetch that ended, not of those that were only joined. */
	constructor(guard: FetchGuard, lookUp: LookUp, onFetch: (outcome: FetchOutcome) => void, limits = usualLimits) {
		this.#guard = guard;
		this.#lookUp = lookUp;
		this.#onFetch = onFetch;
		this.#limits = limits;
		this.#failures = new BoundedMap(maxFailures);
	}

	/** Another configuration: what it refuses is refused from now on, and what failed may be tried again. */
	configure(guard: FetchGuard, lookUp: LookUp): void {
		this.#guard = guard;
		this.#lookUp = lookUp;
		this.#failures.clear();
	}

	get size(): { readonly running: number; readonly queued: number; readonly failures: number } {
		return { running: this.#running, queued: this.#queue.length, failures: this.#failures.size };
	}

	/** Never rejects. */
	fetch(order: FetchOrder): Promise<FetchOutcome> {
		const key = `${order.url} ${order.post === undefined ? "" : hash("sha256", order.post.body, "hex")}`;
		const failure = this.#failures.get(key);
		if (failure !== undefined && failure.until > Date.now())
			return Promise.resolve({ kind: "failed", why: failure.why });
		const inFlight = this.#flights.get(key);
		if (inFlight !== undefined) return inFlight;
		const flight = this.#begin(order).then((outcome) => {
			this.#flights.delete(key);
			if (outcome.kind === "failed" && outcome.isOverload !== true && order.url.length <= maxKeptUrl)
				this.#failures.set(key, { why: outcome.why, until: Date.now() + this.#limits.keepFailureMs });
			this.#onFetch(outcome);
			return outcome;
		});
		this.#flights.set(key, flight);
		return flight;
	}

	#begin(order: FetchOrder): Promise<FetchOutcome> {
		const target = parseFetchTarget(order.url);
		if (typeof target === "string") return Promise.resolve(failed(target));
		if (this.#queue.length >= this.#limits.maxQueued)
			return Promise.resolve({ kind: "failed", why: "too many other fetches wait already", isOverload: true });
		const host = `${target.host}:${target.port}`;
		return new Promise((resolve) => {
			const flight = new Flight(order, this.#guard, this.#lookUp, (outcome) => {
				if (isStarted) this.#ended(host);
				else this.#queue = this.#queue.filter((entry) => entry !== waiting);
				resolve(outcome);
			});
			let isStarted = false;
			const waiting = {
				host,
				start: () => {
					isStarted = true;
					flight.start(target);
				},
			};
			this.#queue.push(waiting);
			this.#startNext();
		});
	}

	#startNext(): void {
		while (this.#running < this.#limits.maxAtOnce) {
			const index = this.#queue.findIndex(({ host }) => (this.#perHost.get(host) ?? 0) < this.#limits.maxPerHost);
			const [next] = index === -1 ? [] : this.#queue.splice(index, 1);
			if (next === undefined) return;
			this.#running++;
			this.#perHost.set(next.host, (this.#perHost.get(next.host) ?? 0) + 1);
			next.start();
		}
	}

	#ended(host: string): void {
		this.#running--;
		const left = (this.#perHost.get(host) ?? 1) - 1;
		if (left > 0) this.#perHost.set(host, left);
		else this.#perHost.delete(host);
		this.#startNext();
	}
}

/** One fetch, from its place in the queue to its last octet. */
class Flight {
	readonly #order: FetchOrder;
	readonly #guard: FetchGuard;
	readonly #lookUp: LookUp;
	readonly #done: (outcome: FetchOutcome) => void;
	readonly #timer: NodeJS.Timeout;
	#request: ClientRequest | undefined;
	#redirects = 0;
	#isOver = false;

	constructor(order: FetchOrder, guard: FetchGuard, lookUp: LookUp, done: (outcome: FetchOutcome) => void) {
		this.#order = order;
		this.#guard = guard;
		this.#lookUp = lookUp;
		this.#done = done;
		const inTime = `it did not answer within ${order.timeoutMs / 1000} s`;
		this.#timer = setTimeout(() => this.#end(failed(inTime)), order.timeoutMs);
	}

	start(target: FetchTarget): void {
		this.#lookUp(target.host, (found) => {
			if (this.#isOver) return;
			if (typeof found === "string") return this.#end(failed(found));
			const { mayBePrivate } = this.#order;
			// Only the host that the operator named, never one that it redirects to.
			const isNamed = mayBePrivate && this.#redirects === 0;
			const obstacles = found.map((address) => findTargetObstacle(address, target.port, this.#guard, isNamed));
			const allowed = found.filter((_, index) => obstacles[index] === undefined);
			if (allowed.length === 0) return this.#end(failed(`it may not be asked: ${obstacles[0] ?? "it has no address"}`));
			this.#ask(target, allowed.slice(0, maxAddresses));
		});
	}

	/** Asks at the first address; at the next when no connection can be made. */
	#ask(target: FetchTarget, [address, ...others]: readonly Address[]): void {
		if (address === undefined) return;
		const { post } = this.#order;
		let isConnected = false;
		const asked = request({
			method: post === undefined ? "GET" : "POST",
			path: target.path,
			setDefaultHeaders: false,
			maxHeaderSize: maxHeaderOctets,
			headers: headersOf(target, post),
			// To the address that was checked: no second look-up, whose answer might be another. An agent, `false` among
			// them, would make connections of its own.
			createConnection: () =>
				connect({ host: formatAddress(address), port: target.port, autoSelectFamily: false }, () => {
					isConnected = true;
				}),
		});
		this.#request = asked;
		asked.on("response", (response) => this.#answered(target, response));
		asked.on("error", (error: NodeJS.ErrnoException) => {
			if (this.#isOver || asked !== this.#request) return;
			if (!isConnected && others.length > 0) return this.#ask(target, others);
			this.#end(failed(`the connection failed: ${error.code ?? error.message}`));
		});
		// A protocol change that nobody asked for ends in this event alone.
		asked.on("close", () => {
			if (asked === this.#request) this.#end(failed("the connection was closed"));
		});
		asked.end(post?.body);
	}

	#answered(target: FetchTarget, response: IncomingMessage): void {
		const status = response.statusCode ?? 0;
		if (isRedirect.has(status)) return this.#redirected(target, status, response.headers.location);
		if (status !== 200) return this.#end(failed(`it answered ${status}`));
		if ((response.headers["content-encoding"] ?? "identity").toLowerCase() !== "identity")
			return this.#end(failed("its answer is encoded"));
		const { maxOctets } = this.#order;
		if (Number(response.headers["content-length"] ?? 0) > maxOctets) return this.#end(tooLarge(maxOctets));
		const chunks: Buffer[] = [];
		let size = 0;
		response.on("data", (chunk: Buffer) => {
			size += chunk.length;
			if (size > maxOctets) this.#end(tooLarge(maxOctets));
			else chunks.push(chunk);
		});
		response.on("error", () => this.#end(failed("its answer was cut short")));
		response.on("end", () => {
			if (!response.complete) return this.#end(failed("its answer was cut short"));
			this.#end({ kind: "fetched", octets: Buffer.concat(chunks) });
		});
	}

	#redirected(from: FetchTarget, status: number, location: string | undefined): void {
		if (this.#order.post !== undefined || location === undefined) return this.#end(failed(`it answered ${status}`));
		if (++this.#redirects > maxRedirects) return this.#end(failed(`it redirects more than ${maxRedirects} times`));
		const target = parseFetchTarget(location, from.url);
		if (typeof target === "string") return this.#end(failed(`it redirects, and ${target}`));
		const before = this.#request;
		this.#request = undefined;
		before?.destroy();
		this.start(target);
	}

	#end(outcome: FetchOutcome): void {
		if (this.#isOver) return;
		this.#isOver = true;
		clearTimeout(this.#timer);
		this.#request?.destroy();
		this.#done(outcome);
	}
}

function headersOf({ host, port }: FetchTarget, post: FetchOrder["post"]): Record<string, string> {
	const name = host.includes(":") ? `[${host}]` : host;
	return {
		Host: port === 80 ? name : `${name}:${port}`,
		Accept: "*/*",
		"Accept-Encoding": "identity",
		Connection: "close",
		...(post === undefined ? {} : { "Content-Type": post.contentType, "Content-Length": String(post.body.length) }),
	};
}

function failed(why: string): FetchOutcome {
	return { kind: "failed", why };
}

function tooLarge(maxOctets: number): FetchOutcome {
	return failed(`its answer has more than ${maxOctets} octets`);
}

const isRedirect: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
const maxRedirects = 3;
const maxAddresses = 3;
const maxHeaderOctets = 16_384;
const maxFailures = 4_096;
const maxKeptUrl = 512;
const usualLimits: FetchLimits = { maxAtOnce: 32, maxPerHost: 4, maxQueued: 256, keepFailureMs: 60_000 };
