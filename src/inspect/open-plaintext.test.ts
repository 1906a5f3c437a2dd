import assert from "node:assert/strict";
import { test } from "node:test";
import type { HeadEdits } from "#http/field-edit.ts";
import { Http1Stream } from "#inspect/http1-stream.ts";
import { Http2Stream } from "#inspect/http2-stream.ts";
import { MailStream } from "#inspect/mail-stream.ts";
import { OpaqueStream } from "#inspect/opaque-stream.ts";
import { type DecryptedService, openPlaintext } from "#inspect/open-plaintext.ts";
import { patternService } from "#inspect/pattern-service.ts";
import { UnnamedProtocolStream } from "#inspect/unnamed-protocol-stream.ts";

test("each protocol has its reader, and nobody reads where nobody looks", () => {
	const facts = (alpn: string | undefined) => ({ alpn, sessionId: "00ff00ff00ff00ff", maxDecodedOctets: 1_000 });
	const services = [patternService([])];
	assert.ok(openPlaintext(services, facts(undefined)) instanceof UnnamedProtocolStream);
	for (const alpn of ["h2", "grpc-exp"]) assert.ok(openPlaintext(services, facts(alpn)) instanceof Http2Stream);
	for (const alpn of ["http/1.1", "http/1.0"]) assert.ok(openPlaintext(services, facts(alpn)) instanceof Http1Stream);
	// What is agreed upon under a name that is not known is found out.
	for (const alpn of ["imap", "h3", "http/0.9"])
		assert.ok(openPlaintext(services, facts(alpn)) instanceof UnnamedProtocolStream);
	assert.equal(openPlaintext([], facts("h2")), undefined);
	const edit = { removed: new Set<string>(), added: [] };
	const changed = (alpn: string | undefined, edits: HeadEdits) => openPlaintext([], { ...facts(alpn), edits });
	assert.ok(changed("h2", { response: edit }) instanceof Http2Stream);
	assert.ok(changed(undefined, { response: edit }) instanceof UnnamedProtocolStream);
	assert.equal(changed("http/1.1", { response: edit })?.inspection, "decrypted, not inspected");
	// Where a server believes fields, nothing passes that is not read as HTTP.
	for (const alpn of [undefined, "imap", "http/1.1"])
		assert.ok(changed(alpn, { request: edit }) instanceof Http1Stream);
});

test("R117 R118 R129: the service that is named has its reader and no other, whatever the connection looks like", () => {
	const open = (service: DecryptedService | undefined, alpn?: string, mail?: "smtp" | "imap") =>
		openPlaintext([patternService([])], { alpn, mail, service, sessionId: "s", maxDecodedOctets: 1_000 });
	for (const service of ["smtp", "imap", "pop3"] as const)
		for (const alpn of [undefined, "h2", "http/1.1"]) assert.ok(open(service, alpn) instanceof MailStream);
	for (const alpn of [undefined, "h2", "http/1.1"]) assert.ok(open("other", alpn) instanceof OpaqueStream);
	assert.ok(open("other", undefined, "smtp") instanceof OpaqueStream);
	assert.ok(open("http", undefined, "smtp") instanceof OpaqueStream);
	assert.ok(open("http", "h2") instanceof Http2Stream);
	assert.ok(open("http", "imap") instanceof UnnamedProtocolStream);
	assert.ok(open(undefined, undefined, "imap") instanceof MailStream);
});
