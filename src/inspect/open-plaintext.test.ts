import assert from "node:assert/strict";
import { test } from "node:test";
import { Http1Stream } from "#inspect/http1-stream.ts";
import { Http2Stream } from "#inspect/http2-stream.ts";
import { OpaqueStream } from "#inspect/opaque-stream.ts";
import { openPlaintext } from "#inspect/open-plaintext.ts";
import { patternService } from "#inspect/pattern-service.ts";
import { UnnamedProtocolStream } from "#inspect/unnamed-protocol-stream.ts";

test("each protocol has its reader, and nobody reads where nobody looks", () => {
	const facts = (alpn: string | undefined) => ({ alpn, sessionId: "00ff00ff00ff00ff", maxDecodedOctets: 1_000 });
	const services = [patternService([])];
	assert.ok(openPlaintext(services, facts(undefined)) instanceof UnnamedProtocolStream);
	for (const alpn of ["h2", "grpc-exp"]) assert.ok(openPlaintext(services, facts(alpn)) instanceof Http2Stream);
	for (const alpn of ["http/1.1", "http/1.0"]) assert.ok(openPlaintext(services, facts(alpn)) instanceof Http1Stream);
	for (const alpn of ["imap", "h3"]) assert.ok(openPlaintext(services, facts(alpn)) instanceof OpaqueStream);
	assert.equal(openPlaintext([], facts("h2")), undefined);
});
