/** Traffic for signatures: raw octets of HTTP through the project's own machine, or of any stream. */
import { parseAddress } from "#base/address.ts";
import { Http1Connection, type Http1Sink } from "#http/http1-machine.ts";
import type { DatasetStore } from "#signature/dataset-store.ts";
import { loadRules } from "#signature/rule-set.ts";
import type { SignatureProtocol } from "#signature/signature.ts";
import { type DirectionIndex, SignatureEngine, toClient, toServer } from "#signature/signature-engine.ts";
import { type FlowFacts, SignatureFlow } from "#signature/signature-flow.ts";

/** An engine of whole rules; throws when one of them is disabled. */
export function engineOf(rules: readonly string[], datasets?: DatasetStore, clock?: () => number): SignatureEngine {
	const set = loadRules([{ name: "test", text: rules.join("\n") }]);
	const [wrong] = set.disabled;
	if (wrong !== undefined) throw new Error(`${rules[wrong.line - 1]}: ${wrong.where}: ${wrong.reason}`);
	return new SignatureEngine(set.signatures, datasets, clock);
}

export const testFacts: FlowFacts = {
	client: parseAddress("192.0.2.1") as FlowFacts["client"],
	clientPort: 40_000,
	server: parseAddress("198.51.100.2") as FlowFacts["server"],
	serverPort: 80,
	hasPackets: true,
};

export function flowOf(engine: SignatureEngine, protocol: SignatureProtocol, facts = testFacts): SignatureFlow {
	return new SignatureFlow(engine, facts, protocol);
}

/** The identifiers of the alerts so far, which are taken. */
export function sidsOf(flow: SignatureFlow): number[] {
	return flow.alerts.splice(0).map(({ signature }) => signature.sid);
}

/** Feeds pieces of both directions through the HTTP machine to the flow. */
export class HttpTraffic {
	readonly #flow: SignatureFlow;
	readonly #http: Http1Connection;

	constructor(flow: SignatureFlow) {
		this.#flow = flow;
		const sink: Http1Sink = {
			requestHead: (head) => {
				flow.requestHead(head);
				return false;
			},
			requestBody: (octets, start, end) => {
				flow.body(toServer, octets, start, end);
				return false;
			},
			requestEnd: () => {
				flow.messageEnd(toServer);
				return false;
			},
			responseHead: (head, request) => {
				flow.responseHead(head, request);
				if (head.isInterim) flow.messageEnd(toClient);
				return false;
			},
			responseBody: (octets, start, end) => {
				flow.body(toClient, octets, start, end);
				return false;
			},
			responseEnd: () => {
				flow.messageEnd(toClient);
				return false;
			},
			upgraded: () => "stream",
			streamFromClient: () => false,
			streamFromServer: () => false,
		};
		this.#http = new Http1Connection(sink);
	}

	send(direction: DirectionIndex, octets: Uint8Array): void {
		this.#flow.stream(direction, octets, 0, octets.length);
		if (direction === toServer) this.#http.feedRequest(octets);
		else this.#http.feedResponse(octets);
		const { fault } = this.#http;
		if (fault !== undefined) throw new Error(fault.message);
	}
}

/** `\xHH`, `\t`, `\n`, `\\`, and the sign of a paragraph for CR LF. */
export function octetsOf(text: string): Buffer {
	const plain = text.replaceAll("\u00b6", "\r\n").replaceAll(/\\(x[0-9a-f]{2}|[tn\\])/g, (_, code: string) => {
		if (code === "t") return "\t";
		if (code === "n") return "\n";
		return code === "\\" ? "\\" : String.fromCharCode(Number.parseInt(code.slice(1), 16));
	});
	return Buffer.from(plain, "latin1");
}
