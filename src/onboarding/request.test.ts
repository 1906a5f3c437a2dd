import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { readPageRequest, readTlsPageRequest } from "#onboarding/request.ts";
import { plainRequest } from "../../test/support/onboarding.ts";

const name = "sallyport.test";
const read = (head: string) => readPageRequest(plainRequest(head), name);
const host = `Host: ${name}`;

for (const [says, head, path, isHeadOnly] of [
	["a client of the proxy", `GET http://${name}/ HTTP/1.1\n${host}`, "/", false],
	["without a path", `GET http://${name} HTTP/1.1\n${host}`, "/", false],
	["in capitals", `GET HTTP://SallyPort.TEST/a HTTP/1.1\n${host}`, "/a", false],
	["with the port", `GET http://${name}:80/a HTTP/1.1\nHost: ${name}:80`, "/a", false],
	["with a query, which counts for nothing", `GET http://${name}/a?b=<script> HTTP/1.1\n${host}`, "/a", false],
	["with a query and no path", `GET http://${name}?b HTTP/1.1\n${host}`, "/", false],
	["HEAD", `HEAD http://${name}/a HTTP/1.1\n${host}`, "/a", true],
	["HTTP/1.0 without Host", `GET http://${name}/ HTTP/1.0`, "/", false],
	["the listener's address", "GET /a HTTP/1.1\nHost: 127.0.0.1:8080", "/a", false],
	["the listener's IPv6 address", "GET / HTTP/1.1\nHost: [::1]:8080", "/", false],
	["localhost", "GET / HTTP/1.1\nHost: localhost:8080", "/", false],
	["the name, pointed at the gateway", `GET / HTTP/1.1\n${host}:8080`, "/", false],
] as const) {
	test(`a request for the page is read: ${says}`, () => {
		assert.deepEqual(read(head), { kind: "page", path, isHeadOnly });
	});
}

for (const [says, head] of [
	["another host", "GET http://a.test/ HTTP/1.1\nHost: a.test"],
	["the name as a user", `GET http://${name}@evil.test/ HTTP/1.1\n${host}`],
	["a user before the name", `GET http://user@${name}/ HTTP/1.1\n${host}`],
	["a name that begins like it", `GET http://${name}.evil.test/ HTTP/1.1\nHost: ${name}.evil.test`],
	["a name that ends like it", `GET http://evil${name}/ HTTP/1.1\nHost: evil${name}`],
	["another port", `GET http://${name}:81/ HTTP/1.1\n${host}:81`],
	["https in clear", `GET https://${name}/ HTTP/1.1\n${host}`],
	["ftp", `GET ftp://${name}/ HTTP/1.1\n${host}`],
	["a backslash for a slash", `GET http://${name}\\@evil.test/ HTTP/1.1\n${host}`],
	["*", `OPTIONS * HTTP/1.1\n${host}`],
	["a path under a name that somebody pointed here (DNS rebinding)", "GET / HTTP/1.1\nHost: evil.test:8080"],
	["a path without Host", "GET / HTTP/1.0"],
	["a path with two Hosts", "GET / HTTP/1.1\nHost: 127.0.0.1\nHost: 127.0.0.1"],
] as const) {
	test(`a request for somebody else is left alone: ${says}`, () => {
		assert.deepEqual(read(head), { kind: "other" });
	});
}

for (const [says, head, status] of [
	["another Host than the target's", `GET http://${name}/ HTTP/1.1\nHost: evil.test`, 400],
	["no Host", `GET http://${name}/ HTTP/1.1`, 400],
	["two Hosts", `GET http://${name}/ HTTP/1.1\n${host}\n${host}`, 400],
	["a body", `GET http://${name}/ HTTP/1.1\n${host}\nContent-Length: 5`, 400],
	["a chunked body", `GET http://${name}/ HTTP/1.1\n${host}\nTransfer-Encoding: chunked`, 400],
	["both framings", `GET http://${name}/ HTTP/1.1\n${host}\nContent-Length: 5\nTransfer-Encoding: chunked`, 400],
	["a folded header", `GET http://${name}/ HTTP/1.1\n${host}\nA: b\n c`, 400],
	["white space before a colon", `GET http://${name}/ HTTP/1.1\n${host}\nA : b`, 400],
	["POST", `POST http://${name}/ HTTP/1.1\n${host}\nContent-Length: 0`, 405],
	["TRACE", `TRACE http://${name}/ HTTP/1.1\n${host}\nX: secret`, 405],
	["head in small letters", `head http://${name}/ HTTP/1.1\n${host}`, 400],
	["129 headers", `GET http://${name}/ HTTP/1.1\n${host}\n${"A: b\n".repeat(128).trimEnd()}`, 400],
] as const) {
	test(`a request for the page is refused with ${status}: ${says}`, () => {
		const answer = read(head);
		assert.equal(answer.kind === "refused" ? answer.status : answer.kind, status);
	});
}

test("inside TLS only a path under the test's own name is read", () => {
	const inTls = (head: string) => readTlsPageRequest(plainRequest(head), "check.sallyport.test");
	assert.equal(inTls("GET / HTTP/1.1\nHost: check.sallyport.test").kind, "page");
	assert.equal(inTls("GET / HTTP/1.1\nHost: Check.Sallyport.test:443").kind, "page");
	for (const head of [
		"GET / HTTP/1.1\nHost: evil.test",
		"GET http://check.sallyport.test/ HTTP/1.1\nHost: check.sallyport.test",
		"GET / HTTP/1.0",
		"GET / HTTP/1.1\nHost: check.sallyport.test\nHost: check.sallyport.test",
	])
		assert.equal(inTls(head).kind, "refused", head);
});

test("no head makes it throw", () => {
	const text = fc.string({ unit: "binary-ascii", maxLength: 60 });
	fc.assert(
		fc.property(text, fc.array(text, { maxLength: 5 }), fc.boolean(), (target, headers, isForUs) => {
			const head = `GET ${isForUs ? `http://${name}/` : ""}${target} HTTP/1.1\n${headers.join("\n")}`;
			const request = { ...plainRequest(head), target: isForUs ? `http://${name}/${target}` : target };
			readPageRequest(request, name);
			readTlsPageRequest(request, name);
		}),
	);
});
