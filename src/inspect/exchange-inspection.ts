/**
 * One HTTP exchange on its way through the inspection services, whatever version carries it: heads, bodies with their
 * content codings undone, trailers, and the octets of a protocol that it switched to.
 *
 * Each method answers true when something blocks: what was shown is not to travel then.
 *
 * Bounds: what the services and two content decoders keep; `maxFindings` findings of a connection.
 */
import type { Fault } from "#base/fault.ts";
import { type Header, headerValue, type RequestHead, type ResponseHead } from "#http/head.ts";
import { type ContentDecoder, openContentDecoder } from "#inspect/content-decoding.ts";
import type { InspectionService, Place, ServiceConnection, ServiceFinding } from "#inspect/service.ts";
import type { Finding } from "#telemetry/session-record.ts";

export class ExchangeInspection {
	readonly #services: readonly { readonly name: string; readonly connection: ServiceConnection }[];
	/** Those that want to see HTTP/1.1 as it comes. */
	readonly #raw: readonly { readonly name: string; readonly connection: ServiceConnection }[];
	/** Those of earlier stages: they decide about a request before the others look at it. */
	readonly #gates: readonly { readonly name: string; readonly connection: ServiceConnection }[];
	/** A block by octets as they came, in which a head may lie that earlier stages have a say about. */
	#pending:
		| { readonly name: string; readonly connection: ServiceConnection; readonly found: ServiceFinding }
		| undefined;
	readonly #findings: Finding[];
	readonly #maxDecodedOctets: number;
	#request: RequestHead | undefined;
	#requestDecoder: ContentDecoder | undefined;
	#responseDecoder: ContentDecoder | undefined;
	#isRequestEncoded = false;
	#isResponseEncoded = false;
	#isPartial = false;
	#blocked: Finding | undefined;
	#answer: ServiceFinding["answer"];
	#decodeFault: Fault | undefined;

	/** `findings`: the connection's, which all its exchanges add to. */
	constructor(services: readonly InspectionService[], findings: Finding[], maxDecodedOctets: number) {
		const opened = services.map((service) => ({
			name: service.name,
			connection: service.open(),
			isGate: service.stage !== undefined,
		}));
		this.#services = opened;
		this.#gates = opened.filter(({ isGate }) => isGate);
		this.#raw = this.#services.filter(({ connection }) => connection.raw !== undefined);
		this.#findings = findings;
		this.#maxDecodedOctets = maxDecodedOctets;
	}

	/** The request at hand. */
	get request(): RequestHead | undefined {
		return this.#request;
	}

	/** What blocked. */
	get blocked(): Finding | undefined {
		return this.#blocked;
	}

	/** What the service that blocked wants the client to be told. */
	get answer(): ServiceFinding["answer"] {
		return this.#answer;
	}

	/** A body that could not be decoded and therefore blocked. */
	get decodeFault(): Fault | undefined {
		return this.#decodeFault;
	}

	requestHead(head: RequestHead): boolean {
		this.#request = head;
		for (const { name, connection } of this.#gates) {
			if (!this.#noteAll(name, connection, connection.requestHead?.(head))) continue;
			this.#pending = undefined;
			return true;
		}
		if (this.settle()) return true;
		const coding = this.#decoderFor(head, "request-body");
		this.#requestDecoder = coding;
		this.#isRequestEncoded = coding !== undefined;
		let stops =
			this.#look("url", Buffer.from(head.target, "latin1")) ||
			this.#look("request-headers", Buffer.from(head.text, "latin1"));
		for (const one of this.#services) {
			const { name, connection } = one;
			if (stops || this.#gates.includes(one)) continue;
			if (this.#noteAll(name, connection, connection.requestHead?.(head))) stops = true;
		}
		this.#ended("url");
		this.#ended("request-headers");
		return stops;
	}

	requestBody(octets: Uint8Array, start: number, end: number): boolean {
		if (!this.#isRequestEncoded) return this.#look("request-body", wholeOrPart(octets, start, end));
		return this.#decode(this.#requestDecoder, "request-body", octets, start, end);
	}

	requestEnd(trailers: readonly Header[]): boolean {
		const stops = this.#isRequestEncoded && this.#decodeEnd(this.#requestDecoder, "request-body");
		this.#requestDecoder = undefined;
		return this.#ended("request-body") || stops || this.#lookAtTrailers("request-headers", trailers);
	}

	responseHead(head: ResponseHead, request: RequestHead): boolean {
		if (this.#look("response-headers", Buffer.from(head.text, "latin1"))) return true;
		this.#ended("response-headers");
		if (!head.isInterim) this.#request = request;
		for (const { name, connection } of this.#services)
			if (this.#noteAll(name, connection, connection.responseHead?.(head, request))) return true;
		if (head.isInterim) return false;
		const coding = head.framing === "none" ? undefined : this.#decoderFor(head, "response-body");
		this.#isPartial = head.status === 206;
		this.#responseDecoder = coding;
		this.#isResponseEncoded = coding !== undefined;
		return false;
	}

	responseBody(octets: Uint8Array, start: number, end: number): boolean {
		if (!this.#isResponseEncoded) return this.#look("response-body", wholeOrPart(octets, start, end));
		return this.#decode(this.#responseDecoder, "response-body", octets, start, end);
	}

	responseEnd(trailers: readonly Header[]): boolean {
		const isBlocked = this.#isResponseEncoded && this.#decodeEnd(this.#responseDecoder, "response-body");
		this.#responseDecoder = undefined;
		return this.#ended("response-body") || isBlocked || this.#lookAtTrailers("response-headers", trailers);
	}

	streamFromClient(octets: Uint8Array, start: number, end: number): boolean {
		return this.#look("stream-to-server", wholeOrPart(octets, start, end));
	}

	streamFromServer(octets: Uint8Array, start: number, end: number): boolean {
		return this.#look("stream-to-client", wholeOrPart(octets, start, end));
	}

	/** A message of a protocol that has messages is complete. */
	messageEnd(place: "stream-to-server" | "stream-to-client"): boolean {
		return this.#ended(place);
	}

	/** Octets of HTTP/1.1 as they come: 0 to the server, 1 to the client. */
	raw(direction: 0 | 1, octets: Uint8Array): boolean {
		for (const { name, connection } of this.#raw) {
			const found = connection.raw?.(direction, octets);
			if (found?.verdict === "block" && direction === 0 && this.#gates.length > 0)
				this.#pending ??= { name, connection, found };
			else if (this.#noteAll(name, connection, found)) return true;
		}
		return false;
	}

	/** Earlier stages had their say about what `raw` was shown: true when it blocks. */
	settle(): boolean {
		const pending = this.#pending;
		if (pending === undefined) return false;
		this.#pending = undefined;
		return this.#noteAll(pending.name, pending.connection, pending.found);
	}

	/** Notes what the HTTP machine itself refused. */
	refused(place: Place, reason: string): void {
		this.#note("http", { name: reason, place, verdict: "block" });
	}

	/** Frees the decoders. */
	close(): void {
		this.#requestDecoder?.close();
		this.#responseDecoder?.close();
		this.#requestDecoder = undefined;
		this.#responseDecoder = undefined;
	}

	/** Shows octets of a place to every service; true when one of them blocks. */
	#look(place: Place, octets: Uint8Array): boolean {
		for (const { name, connection } of this.#services) {
			const found = connection.octets(place, octets);
			if (found !== undefined && this.#noteAll(name, connection, found)) return true;
		}
		return false;
	}

	/** Notes a finding and what was found beside it; true when it blocks. */
	#noteAll(service: string, connection: ServiceConnection, found: ServiceFinding | undefined): boolean {
		if (found === undefined) return false;
		for (const other of connection.others?.() ?? []) this.#note(service, other);
		return this.#note(service, found);
	}

	#lookAtTrailers(place: Place, trailers: readonly Header[]): boolean {
		if (trailers.length === 0) return false;
		const text = trailers.map(({ name, value }) => `${name}: ${value}\r\n`).join("");
		const stops = this.#look(place, Buffer.from(text, "latin1"));
		this.#ended(place);
		return stops;
	}

	#ended(place: Place): boolean {
		let stops = false;
		for (const { name, connection } of this.#services)
			if (this.#noteAll(name, connection, connection.ended(place))) stops = true;
		return stops;
	}

	#note(service: string, found: ServiceFinding): boolean {
		const { name, place, verdict } = found;
		const request = this.#request === undefined ? {} : { request: describeRequest(this.#request) };
		const finding: Finding = { service, name, where: place, verdict, ...request };
		const most = verdict === "block" ? maxBlocks : maxFindings;
		if (this.#findings.length < most) this.#findings.push(finding);
		if (verdict !== "block") return false;
		this.#blocked = finding;
		this.#answer = found.answer;
		return true;
	}

	#decoderFor(head: RequestHead | ResponseHead, place: Place): ContentDecoder | undefined {
		const coding = headerValue(head, "content-encoding");
		if (coding === undefined) return undefined;
		const decoder = openContentDecoder(coding, { maxDecodedOctets: this.#maxDecodedOctets });
		if (typeof decoder !== "string") return decoder;
		if (decoder === "unknown")
			this.#note("content-decoding", { name: "unknown content coding", place, verdict: "report" });
		return undefined;
	}

	#decode(decoder: ContentDecoder | undefined, place: Place, octets: Uint8Array, start: number, end: number): boolean {
		if (decoder === undefined) return false;
		decoder.write(octets, start, end);
		return this.#drain(decoder, place);
	}

	#decodeEnd(decoder: ContentDecoder | undefined, place: Place): boolean {
		if (decoder === undefined) return false;
		decoder.finish();
		const stops = this.#drain(decoder, place);
		decoder.close();
		return stops;
	}

	#drain(decoder: ContentDecoder, place: Place): boolean {
		for (;;) {
			const count = decoder.read();
			if (count === 0) return false;
			if (count < 0) return this.#decodeFailed(decoder.fault, place);
			if (this.#look(place, decoder.output.subarray(0, count))) return true;
		}
	}

	/**
	 * A body that cannot be decoded is blocked. One beyond the cap, or a part that cannot be decoded without the rest, goes
	 * on uninspected and the record says so.
	 */
	#decodeFailed(failure: Fault | undefined, place: Place): boolean {
		if (failure === undefined) return false;
		const isCap = failure.code === "CONTENT_TOO_LARGE_DECODED";
		const isPart = this.#isPartial && place === "response-body";
		this.#note("content-decoding", { name: failure.message, place, verdict: "report" });
		if (place === "request-body") this.#requestDecoder = undefined;
		else this.#responseDecoder = undefined;
		if (isCap || isPart) return false;
		this.#decodeFault = failure;
		return true;
	}
}

/** Method, host and path; the query's text may hold secrets and is left out. */
function describeRequest(head: RequestHead): string {
	const target = head.target.split("?", 1)[0] ?? "";
	return `${head.method} ${headerValue(head, "host") ?? ""}${target}`.slice(0, maxRequestText);
}

function wholeOrPart(octets: Uint8Array, start: number, end: number): Uint8Array {
	return start === 0 && end === octets.length ? octets : octets.subarray(start, end);
}

const maxFindings = 32;
/** One connection of HTTP/2 may have many blocks. */
const maxBlocks = 128;
const maxRequestText = 200;
