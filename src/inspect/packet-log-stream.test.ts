import assert from "node:assert/strict";
import { test } from "node:test";
import { Http1Stream } from "#inspect/http1-stream.ts";
import { type PacketLog, PacketLogBudget, PacketRecorder } from "#inspect/packet-log.ts";
import { PacketLogStream } from "#inspect/packet-log-stream.ts";
import { forward, stop } from "#inspect/plaintext-stream.ts";
import { signatureService } from "#inspect/signature-service.ts";
import { engineOf, testFacts } from "../../test/support/signature-traffic.ts";

test("a stream answers as the one inside, and what it was shown is in the log of an attack", () => {
	const logs: PacketLog[] = [];
	const recorder = new PacketRecorder(
		5,
		new PacketLogBudget(1e6, 10),
		() => 0,
		(log) => logs.push(log),
	);
	const service = signatureService(
		engineOf(['drop http any any -> any any (msg:"a worm"; http.uri; content:"/worm"; sid:7;)']),
		{
			flow: testFacts,
			handshake: {},
			told: ({ signature }) => recorder.attack(signature.message, { before: 5, after: 3, timeoutMs: 1_000 }),
		},
	);
	const stream = new PacketLogStream(new Http1Stream([service], "0123456789abcdef", 1_000), recorder);
	assert.equal(stream.fromClient(Buffer.from("GET / HTTP/1.1\r\nHost: h\r\n\r\n")), forward);
	assert.equal(stream.fromServer(Buffer.from("HTTP/1.1 204 No Content\r\n\r\n")), forward);
	assert.equal(stream.fromClient(Buffer.from("GET /worm HTTP/1.1\r\nHost: h\r\n\r\n")), stop);
	assert.match(stream.stop?.why ?? "", /a worm/);
	assert.deepEqual([stream.requests, stream.findings.length, stream.inspection], [2, 1, "inspected"]);
	assert.deepEqual([stream.toClient, stream.toServer], [[], []]);
	stream.secondPassed();
	stream.close();
	assert.deepEqual(
		logs.map(({ attacks, pieces }) => [
			attacks,
			pieces.map(({ octets }) => Buffer.from(octets).toString().slice(0, 12)),
		]),
		[[["a worm"], ["GET / HTTP/1", "HTTP/1.1 204", "GET /worm HT"]]],
	);
});
