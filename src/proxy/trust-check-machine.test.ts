import assert from "node:assert/strict";
import { test } from "node:test";
import { TrustCheckMachine, type TrustCheckReply } from "#proxy/trust-check-machine.ts";
import { exampleSite } from "../../test/support/onboarding.ts";
import { capturedHello } from "../../test/support/tls-hello.ts";

const timeouts = { requestMs: 1_000, helloMs: 2_000, connectMs: 3_000, handshakeMs: 4_000, idleMs: 5_000 };
const octets = (text: string) => Buffer.from(text, "latin1");
const site = exampleSite();
const begin = () => new TrustCheckMachine(site, { host: "check.sallyport.test", signer: "ca" }, "abc", timeouts, 0);
const effects = (reply: TrustCheckReply) => (reply.kind === "go-on" ? reply.effects : []);
const failure = (reply: TrustCheckReply) => (reply.kind === "failed" ? [reply.fault.code, reply.isInTls] : reply.kind);

/** Up to the request. */
function secured(): TrustCheckMachine {
	const machine = begin();
	machine.clientOctets(capturedHello("chromium-1").octets, 0);
	machine.contextReady(0);
	machine.secured(0);
	return machine;
}

test("a hello in pieces asks for a context of the test's name, then TLS, then a request, then the answer", () => {
	const machine = begin();
	const { octets: hello } = capturedHello("chromium-1");
	assert.equal(machine.until, 2_000);
	assert.deepEqual(effects(machine.clientOctets(hello.subarray(0, 700), 100)), []);
	assert.equal(machine.wantsOctets, true);
	const [prepare] = effects(machine.clientOctets(hello.subarray(700), 200));
	assert.ok(prepare?.type === "prepare-own-context");
	assert.deepEqual([prepare.host, prepare.signer], ["check.sallyport.test", "ca"]);
	assert.deepEqual([machine.wantsOctets, machine.until], [false, 4_200]);
	const [start] = effects(machine.contextReady(300));
	assert.ok(start?.type === "start-client-tls");
	assert.deepEqual(Buffer.from(start.helloOctets), Buffer.from(hello));
	assert.equal(start.alpn, "http/1.1");
	assert.deepEqual(effects(machine.secured(400)), [{ type: "read-plaintext" }]);
	assert.equal(machine.until, 1_400);
	machine.plaintext(octets("GET /trust.txt HTTP/1.1\r\nHost: check.sally"));
	const reply = machine.plaintext(octets("port.test\r\n\r\n"));
	assert.ok(reply.kind === "answer" && Buffer.from(reply.answer.octets).includes("trusted\n"));
});

test("what is no TLS, a hello that is none and one without end are told in clear", () => {
	assert.deepEqual(failure(begin().clientOctets(octets("GET / HTTP/1.1\r\n"), 0)), ["CLIENT_NOT_TLS", false]);
	const malformed = Buffer.from("160301000401000010150301000202", "hex");
	assert.deepEqual(failure(begin().clientOctets(malformed, 0)), ["CLIENT_HELLO_MALFORMED", false]);
	const endless = Buffer.from("16030140000100ffffff0303", "hex");
	assert.deepEqual(failure(begin().clientOctets(endless, 0)), ["CLIENT_HELLO_TOO_LARGE", false]);
});

test("CONNECT and what is no request inside TLS end it without an answer in clear", () => {
	const connect = secured().plaintext(octets("CONNECT a.test:443 HTTP/1.1\r\n\r\n"));
	assert.deepEqual(failure(connect), ["PROXY_METHOD_REFUSED", true]);
	assert.deepEqual(failure(secured().plaintext(octets("\x00"))), ["PROXY_REQUEST_MALFORMED", true]);
	const huge = secured().plaintext(octets(`GET / HTTP/1.1\r\nA: ${"b".repeat(20_000)}`));
	assert.deepEqual(failure(huge), ["PROXY_HEAD_TOO_LARGE", true]);
});

test("each wait has its own fault", () => {
	const machine = begin();
	assert.deepEqual(failure(machine.timedOut("c")), ["CLIENT_HELLO_TIMEOUT", false]);
	machine.clientOctets(capturedHello("node").octets, 0);
	assert.deepEqual(failure(machine.timedOut("c")), ["CERTIFICATE_SIGNING_FAILED", false]);
	machine.contextReady(0);
	assert.deepEqual(failure(machine.timedOut("c")), ["CLIENT_HANDSHAKE_FAILED", true]);
	machine.secured(0);
	assert.deepEqual(failure(machine.timedOut("c")), ["PROXY_HEAD_TIMEOUT", true]);
});

test("an event that cannot be is a bug", () => {
	assert.throws(() => begin().contextReady(0), /context-ready in state expect-hello/);
	assert.throws(() => begin().secured(0));
	assert.throws(() => secured().clientOctets(octets("x"), 0));
	const answered = secured();
	answered.plaintext(octets("GET / HTTP/1.1\r\nHost: check.sallyport.test\r\n\r\n"));
	assert.throws(() => answered.plaintext(octets("x")));
});
