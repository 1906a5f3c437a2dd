import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type ConnectAnswer, ConnectMachine } from "#proxy/connect-machine.ts";

const octets = (text: string) => Buffer.from(text, "latin1");

function feed(text: string, sizes: readonly number[] = []): ConnectAnswer {
	const machine = new ConnectMachine();
	const all = octets(text);
	let at = 0;
	for (const size of sizes) {
		if (at + size >= all.length) break;
		const answer = machine.push(all.subarray(at, at + size));
		if (answer.kind !== "need-more") return answer;
		at += size;
	}
	return machine.push(all.subarray(at));
}

test("a CONNECT with a host name, a port and octets behind the head is read", () => {
	const answer = feed("CONNECT Example.COM.:443 HTTP/1.1\r\nHost: example.com:443\r\nX: y\r\n\r\n\x16\x03\x01");
	assert.equal(answer.kind, "connect");
	if (answer.kind !== "connect") return;
	assert.equal(answer.request.host, "example.com");
	assert.equal(answer.request.port, 443);
	assert.deepEqual([...answer.request.rest], [0x16, 3, 1]);
});

test("a CONNECT to an IPv6 literal is read in canonical text", () => {
	const answer = feed("CONNECT [2001:DB8:0::1]:8443 HTTP/1.1\r\n\r\n");
	assert.equal(answer.kind === "connect" && answer.request.host, "2001:db8::1");
});

test("every split of a CONNECT gives the same answer", () => {
	const text = "CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\nUser-Agent: t\r\n\r\nrest";
	const whole = feed(text);
	for (let cut = 1; cut < text.length - 5; cut++) assert.deepEqual(normal(feed(text, [cut])), normal(whole));
	assert.deepEqual(normal(feed(text.slice(0, -4), new Array(500).fill(1))).kind, "connect");
});

function normal(answer: ConnectAnswer): { kind: string; host?: string } {
	return answer.kind === "connect" ? { kind: "connect", host: answer.request.host } : { kind: answer.kind };
}

for (const [name, text, code] of [
	["no port", "CONNECT a.example HTTP/1.1\r\n\r\n", "PROXY_REQUEST_MALFORMED"],
	["port 0", "CONNECT a.example:0 HTTP/1.1\r\n\r\n", "PROXY_REQUEST_MALFORMED"],
	["port 65536", "CONNECT a.example:65536 HTTP/1.1\r\n\r\n", "PROXY_REQUEST_MALFORMED"],
	["a user part", "CONNECT u@a.example:443 HTTP/1.1\r\n\r\n", "PROXY_REQUEST_MALFORMED"],
	["an empty host", "CONNECT :443 HTTP/1.1\r\n\r\n", "PROXY_REQUEST_MALFORMED"],
	["HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "PROXY_REQUEST_MALFORMED"],
	["a folded header", "CONNECT a.example:443 HTTP/1.1\r\nA: b\r\n c\r\n\r\n", "PROXY_REQUEST_MALFORMED"],
	["a bare LF in a header", "CONNECT a.example:443 HTTP/1.1\r\nA: b\nc: d\r\n\r\n", "PROXY_REQUEST_MALFORMED"],
	["a NUL in a header", "CONNECT a.example:443 HTTP/1.1\r\nA: \0\r\n\r\n", "PROXY_REQUEST_MALFORMED"],
	["TLS to the proxy port", "\x16\x03\x01\x02\x00\x01", "PROXY_REQUEST_MALFORMED"],
	["an endless head", `CONNECT a.example:443 HTTP/1.1\r\nA: ${"b".repeat(20_000)}`, "PROXY_HEAD_TOO_LARGE"],
	[
		"a head over the limit in one piece",
		`CONNECT a.example:443 HTTP/1.1\r\nA: ${"b".repeat(20_000)}\r\n\r\n`,
		"PROXY_HEAD_TOO_LARGE",
	],
] as const) {
	test(`${name} is refused with ${code}`, () => {
		const answer = feed(text);
		assert.equal(answer.kind === "refuse" && answer.fault.code, code);
	});
}

test("a head with another method is handed on as it is, with the reason why the proxy refuses it", () => {
	const head = "GET http://a.example/ HTTP/1.1\r\nHost: a.example\r\n\r\n";
	const answer = feed(`${head}more`, [10, 20]);
	assert.ok(answer.kind === "plain");
	assert.deepEqual([answer.request.method, answer.request.target], ["GET", "http://a.example/"]);
	assert.equal(Buffer.from(answer.request.head).toString("latin1"), head);
	assert.equal(answer.fault.code, "PROXY_METHOD_REFUSED");
});

test("the time-out tells how much had arrived", () => {
	const machine = new ConnectMachine();
	machine.push(octets("CONN"));
	assert.match(machine.timedOut().message, /got 4 octets/);
});

test("no octets make it throw", () => {
	fc.assert(
		fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 20 }), (pieces) => {
			const machine = new ConnectMachine();
			for (const piece of pieces) if (machine.push(piece).kind !== "need-more") return;
		}),
	);
});

test("a refused request shows no password, no credentials and no query in its message", () => {
	for (const head of [
		"CONNECT user:secret@a.test:443 HTTP/1.1",
		"CONNECT a.test:443?token=secret HTTP/1.1",
		"GET http://a.test/?token=secret HTTP/2",
		"CONNECT a.test:443 HTTP/1.1\r\nProxy-Authorization: Basic secret\u0001",
	]) {
		const answer = new ConnectMachine().push(Buffer.from(`${head}\r\n\r\n`, "latin1"));
		assert.equal(answer.kind, "refuse");
		assert.doesNotMatch(JSON.stringify(answer), /secret/);
	}
});
