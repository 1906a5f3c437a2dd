/** What the machine of HTTP/2 tells of each stream, and what it asks. */
import type { Header, RequestHead, ResponseHead } from "#http/head.ts";
import type { Http2Exchange } from "#http/http2-exchange.ts";

/** What the gateway says itself on a stream that it stops. */
export interface Http2Answer {
	/** Without `content-length`. */
	readonly fields: readonly Header[];
	readonly body: Uint8Array;
}

export type StopCause = "blocked" | "malformed-request" | "malformed-response";

/**
 * What happens on each stream, in order. A method that answers `true` stops the stream: what it was just told and
 * everything behind it is not sent on. The octets of a body are valid during the call only.
 */
export interface Http2Sink<Context> {
	/** A stream begins; what is answered is kept as its `context`. */
	open(): Context;
	requestHead(exchange: Http2Exchange<Context>, head: RequestHead): boolean;
	requestBody(exchange: Http2Exchange<Context>, octets: Uint8Array, start: number, end: number): boolean;
	requestEnd(exchange: Http2Exchange<Context>, trailers: readonly Header[]): boolean;
	/** Also told for interim responses, which have no body and no end. */
	responseHead(exchange: Http2Exchange<Context>, head: ResponseHead, request: RequestHead): boolean;
	responseBody(exchange: Http2Exchange<Context>, octets: Uint8Array, start: number, end: number): boolean;
	responseEnd(exchange: Http2Exchange<Context>, trailers: readonly Header[]): boolean;
	/** What the client of a stopped stream is told, when no response was sent on yet. */
	answer(exchange: Http2Exchange<Context>, cause: StopCause): Http2Answer;
	/** A message was refused, and its stream with it. */
	refused(exchange: Http2Exchange<Context>, side: "client" | "server", reason: string): void;
	/** The stream is over, whatever ended it. */
	closed(exchange: Http2Exchange<Context>): void;
}
