import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ForwardMachine } from "#http/forward-machine.ts";
import { headerValue } from "#http/head.ts";

/** What the machine tells of the chunks, bodies joined. */
function tell(chunks: readonly Uint8Array[], machine = new ForwardMachine()): string[] {
	const told: string[] = [];
	let body = "";
	for (const chunk of chunks) {
		machine.push(chunk);
		for (let step = machine.next(); step.kind !== "need-more"; step = machine.next()) {
			if (step.kind === "body") {
				body += Buffer.from(step.octets).toString("latin1");
				continue;
			}
			if (body !== "") told.push(`body ${body}`);
			body = "";
			if (step.kind === "request") {
				const { plan } = step;
				if (plan.kind === "answer") told.push("answer");
				else told.push(`${plan.kind} ${plan.target.host}:${plan.target.port}`);
				if (plan.kind === "forward") told.push(Buffer.from(plan.head).toString("latin1"));
			} else told.push(step.kind === "end" ? "end" : `${step.fault.code}: ${step.fault.message}`);
			if (step.kind === "refuse") return told;
		}
	}
	if (body !== "") told.push(`body ${body}`);
	return told;
}

const octets = (text: string) => Buffer.from(text, "latin1");
const post = "POST http://a.test/p HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\n\r\nhello";
const chunked =
	"POST http://b.test/c HTTP/1.1\r\nHost: b.test\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n0\r\nx-sum: 1\r\n\r\n";
const get = "GET http://a.test/ HTTP/1.1\r\nHost: a.test\r\n\r\n";
const conversation = `${get}${post}\r\n${chunked}CONNECT c.test:443 HTTP/1.1\r\nHost: c.test:443\r\n\r\n\x16\x03\x01`;
const expected = [
	"forward a.test:80",
	"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n",
	"end",
	"forward a.test:80",
	"POST /p HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\n\r\n",
	"body hello",
	"end",
	"forward b.test:80",
	"POST /c HTTP/1.1\r\nHost: b.test\r\nTransfer-Encoding: chunked\r\n\r\n",
	"body 5;x=y\r\nhello\r\n0\r\nx-sum: 1\r\n\r\n",
	"end",
	"connect c.test:443",
];

test("requests for several servers are told one after the other, and a tunnel ends them", () => {
	const machine = new ForwardMachine();
	assert.deepEqual(tell([octets(conversation)], machine), expected);
	assert.deepEqual([...machine.rest()], [0x16, 3, 1]);
});

test("every split of the octets tells the same", () => {
	for (let cut = 1; cut < conversation.length; cut++) {
		const parts = [octets(conversation.slice(0, cut)), octets(conversation.slice(cut))];
		assert.deepEqual(tell(parts), expected, `cut at ${cut}`);
	}
	assert.deepEqual(tell([...conversation].map(octets)), expected);
	fc.assert(
		fc.property(fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1 }), (sizes) => {
			const chunks: Uint8Array[] = [];
			for (let at = 0, index = 0; at < conversation.length; index++) {
				const size = sizes[index % sizes.length] ?? 1;
				chunks.push(octets(conversation.slice(at, at + size)));
				at += size;
			}
			assert.deepEqual(tell(chunks), expected);
		}),
	);
});

test("a request waits until it is asked for", () => {
	const machine = new ForwardMachine();
	machine.push(octets(post + get));
	assert.equal(machine.isBetweenRequests, true);
	assert.equal(machine.next().kind, "request");
	assert.equal(machine.isBetweenRequests, false);
	assert.equal(machine.next().kind, "body");
	assert.equal(machine.next().kind, "end");
	assert.equal(machine.isBetweenRequests, true);
	assert.equal(machine.next().kind, "request");
});

test("the head as the client sent it is told with what is for the proxy, and with a refusal that it explains", () => {
	const own = "GET http://a.test/ HTTP/1.1\r\nHost: a.test\r\nProxy-Authorization: Basic eDp5\r\n\r\n";
	const machine = new ForwardMachine();
	machine.push(octets(own));
	const step = machine.next();
	assert.ok(step.kind === "request");
	assert.deepEqual([step.head.text, headerValue(step.head, "proxy-authorization")], [own, "Basic eDp5"]);
	const page = new ForwardMachine();
	page.push(octets("GET /help HTTP/1.1\r\nHost: 192.0.2.1\r\n\r\n"));
	const refused = page.next();
	assert.ok(refused.kind === "refuse");
	assert.deepEqual([refused.fault.code, refused.head?.target], ["PROXY_REQUEST_MALFORMED", "/help"]);
});

test("behind a last request nothing is read", () => {
	const last = "GET http://a.test/ HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n";
	assert.equal(tell([octets(last + get)]).filter((line) => line.startsWith("forward")).length, 1);
});

for (const [what, text, says] of [
	["a path alone", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", /^PROXY_REQUEST_MALFORMED/],
	["no HTTP", "hello\r\n\r\n", /^PROXY_REQUEST_MALFORMED/],
	[
		"two lengths",
		"POST http://a/ HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
		/^PROXY_REQUEST_MALFORMED.*and again/,
	],
	[
		"length and chunks",
		"POST http://a/ HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
		/^PROXY_REQUEST_MALFORMED/,
	],
	["a head that does not end", `GET http://a/ HTTP/1.1\r\nA: ${"a".repeat(70_000)}`, /^PROXY_HEAD_TOO_LARGE/],
	["https in clear text", "GET https://a/ HTTP/1.1\r\nHost: a\r\n\r\n", /^PROXY_SCHEME_REFUSED/],
] as const) {
	test(`${what} is refused`, () => {
		assert.match(tell([octets(text)]).join(" "), says);
		assert.match(tell([...text].map(octets)).join(" "), says);
	});
}

test("credentials for the proxy in a trailer section, and a broken chunk, are refused behind the head", () => {
	const head = "POST http://a.test/ HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n";
	assert.match(
		tell([octets(`${head}0\r\nProxy-Authorization: x\r\n\r\n`)]).at(-1) ?? "",
		/proxy-authorization in the trailer/,
	);
	assert.match(tell([octets(`${head}zz\r\n`)]).at(-1) ?? "", /^HTTP_MESSAGE_MALFORMED/);
	assert.match(tell([octets(`${head}0\r\na: ${"a".repeat(70_000)}`)]).at(-1) ?? "", /^HTTP_HEAD_TOO_LARGE/);
});

test("views that were handed out do not change when more is pushed", () => {
	const machine = new ForwardMachine();
	for (const part of [post.slice(0, 10), post.slice(10, -3)]) machine.push(octets(part));
	assert.equal(machine.next().kind, "request");
	const body = machine.next();
	assert.ok(body.kind === "body");
	machine.push(octets("ZZZ"));
	assert.equal(machine.next().kind, "body");
	assert.equal(Buffer.from(body.octets).toString(), "he");
});

test("no octets make it throw or hold more than a head", () => {
	const mutated = fc.tuple(fc.nat(), fc.nat(255), fc.nat(), fc.nat(255)).map(([a, x, b, y]) => {
		const changed = octets(conversation);
		changed[a % changed.length] = x;
		changed[b % changed.length] = y;
		return Uint8Array.from(changed);
	});
	fc.assert(
		fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 300 })), fc.integer({ min: 1, max: 300 }), (all, size) => {
			const chunks: Uint8Array[] = [];
			for (let at = 0; at < all.length; at += size) chunks.push(all.subarray(at, at + size));
			assert.deepEqual(withoutCutBody(tell(chunks)), withoutCutBody(tell([all])));
		}),
		{ numRuns: 1000 },
	);
});

/** How much of a body was told before it turned out to be malformed depends on the pieces. */
function withoutCutBody(told: readonly string[]): readonly string[] {
	const isCut = told.at(-1)?.startsWith("HTTP_") === true && told.at(-2)?.startsWith("body") === true;
	return isCut ? told.toSpliced(-2, 1) : told;
}
