/** One stream of HTTP/2 as the middle remembers it: a request, its response, and what is held of it. */
import type { RequestHead } from "#http/head.ts";
import type { HpackField } from "#http/hpack-table.ts";

/** A field block whose turn has come or not: `order` counts the blocks of its direction. */
export interface FieldBlock {
	readonly order: number;
	/** The frames as they came. */
	readonly octets: Uint8Array;
	readonly fields: readonly HpackField[];
	readonly isEndStream: boolean;
	/** The fields are not those of the frames any more. */
	readonly isChanged?: boolean;
}

/** Bounds: the head of the request; of the response what `http2-machine.ts` lets be held. */
export class Http2Exchange<Context> {
	readonly stream: number;
	/** What the sink keeps for it. */
	context: Context;
	request: RequestHead | undefined = undefined;
	/** A CONNECT: octets of another protocol in both directions. */
	isTunnel = false;
	/** The server knows of it. */
	hasReachedServer = false;
	hasRequestEnded = false;
	response: "expect-head" | "body" | "ended" = "expect-head";
	/** The client has the head of the response. */
	hasAnswered = false;
	/** Octets of body that were announced and have not come; -1 when none were announced. */
	requestLeft = -1;
	responseLeft = -1;
	/** What the server may still send on this stream, as far as the client's windows have passed here. */
	serverCredit: number;
	/** The head of a response that waits for its body to be inspected, and the frames of the body so far. */
	heldHead: FieldBlock | undefined = undefined;
	held: Uint8Array[] = [];
	/** What the held frames took of the server's windows. */
	heldOctets = 0;

	constructor(stream: number, serverCredit: number, context: Context) {
		this.stream = stream;
		this.serverCredit = serverCredit;
		this.context = context;
	}
}
