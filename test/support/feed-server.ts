/** A server of feeds on loopback, and what fetching from it takes. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { type Prefix, parseAddress, parsePrefix } from "#base/address.ts";
import type { FetchSurroundings } from "#daemon/feed-fetch.ts";
import type { Owner } from "./gateway.ts";
import { httpsOrigin, TestCa } from "./origins.ts";

export type FeedAnswer = (request: IncomingMessage, response: ServerResponse) => void;

/** `answer` may be changed while it runs; `name` is what its certificate bears. */
export async function feedServer(owner: Owner, answer: FeedAnswer, name = "feeds.test") {
	const ca = new TestCa();
	const server = { answer, requests: [] as IncomingMessage[], url: "", ca, surroundings: surroundingsOf(ca) };
	const { port } = await httpsOrigin(owner, ca.identity([name]), (request, response) => {
		server.requests.push(request);
		server.answer(request, response);
	});
	server.url = `https://feeds.test:${port}/list`;
	return server;
}

function surroundingsOf(ca: TestCa): FetchSurroundings {
	return {
		trust: { profiles: new Map([["test", [ca.root.pem]]]), groups: new Map(), defaultRoots: [] },
		selection: { groups: new Map(), isDefaultDisabled: true, excluded: new Set() },
		ownAuthorities: new Set(),
		staticHosts: new Map([["feeds.test", [parseAddress("127.0.0.1")].flatMap((one) => one ?? [])]]),
		listens: [],
		permitted: [parsePrefix("127.0.0.0/8") as Prefix],
	};
}
