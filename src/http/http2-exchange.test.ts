import assert from "node:assert/strict";
import { test } from "node:test";
import { Http2Exchange } from "#http/http2-exchange.ts";

test("a new exchange waits for both messages, holds nothing and may receive what the client's window allows", () => {
	const exchange = new Http2Exchange(5, 1_000, "context");
	const { stream, serverCredit, response, hasRequestEnded, hasAnswered, held, heldHead } = exchange;
	assert.deepEqual([stream, serverCredit, exchange.context], [5, 1_000, "context"]);
	assert.deepEqual(
		[response, hasRequestEnded, hasAnswered, held, heldHead],
		["expect-head", false, false, [], undefined],
	);
});
