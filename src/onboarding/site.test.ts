import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { clientSteps } from "#onboarding/client-steps.ts";
import { pemCertificates } from "#pki/pem.ts";
import { exampleRoot, exampleSite, plainRequest, visit } from "../../test/support/onboarding.ts";

const site = exampleSite({ crl: (id) => (id === "ca" ? new Uint8Array([0x30, 0x03, 1, 2, 3]) : undefined) });

function get(path: string, from = site, method = "GET") {
	const request = plainRequest(`${method} http://sallyport.test${path} HTTP/1.1\nHost: sallyport.test`);
	const answer = from.answer(request, visit);
	assert.ok(answer);
	const octets = Buffer.from(answer.octets);
	const end = octets.indexOf("\r\n\r\n");
	return { answer, head: octets.toString("latin1", 0, end), body: octets.subarray(end + 4) };
}

test("the page, its files and the CRL are answered with their types and lengths", () => {
	for (const [path, type] of [
		["/", "text/html; charset=utf-8"],
		["/steps.txt", "text/plain; charset=utf-8"],
		["/sallyport-ca.pem", "application/x-pem-file"],
		["/sallyport-ca.crt", "application/x-x509-ca-cert"],
		["/sallyport-ca.p12", "application/x-pkcs12"],
		["/sallyport-ca.mobileconfig", "application/x-apple-aspen-config"],
		["/crl/ca.crl", "application/pkix-crl"],
	] as const) {
		const { head, body } = get(path);
		assert.match(head, /^HTTP\/1\.1 200 OK\r\n/, path);
		assert.ok(head.includes(`\r\nContent-Type: ${type}\r\n`), path);
		assert.ok(head.includes(`\r\nContent-Length: ${body.length}\r\n`), path);
	}
});

test("R65: DER and PEM are the certificate that is offered", () => {
	assert.deepEqual(get("/sallyport-ca.crt").body, Buffer.from(exampleRoot.der));
	const [der] = pemCertificates(get("/sallyport-ca.pem").body.toString("latin1"));
	assert.deepEqual(der, Buffer.from(exampleRoot.der));
});

test("files are saved, never opened by themselves; nothing is framed, embedded, cached or run", () => {
	assert.match(get("/sallyport-ca.crt").head, /\r\nContent-Disposition: attachment; filename="sallyport-ca\.crt"\r\n/);
	for (const path of ["/", "/sallyport-ca.crt"]) {
		const { head } = get(path);
		for (const line of [
			"Cache-Control: no-store",
			"X-Content-Type-Options: nosniff",
			"Cross-Origin-Resource-Policy: same-origin",
			"Referrer-Policy: no-referrer",
			"Connection: close",
		])
			assert.ok(head.includes(`\r\n${line}`), line);
		assert.match(
			head,
			/Content-Security-Policy: default-src 'none'; style-src 'sha256-[^;]+; .*frame-ancestors 'none'/,
		);
		assert.doesNotMatch(head, /unsafe|script-src|Strict-Transport/);
	}
});

test("the policy of the page permits the style that is in it", () => {
	const { head, body } = get("/");
	const style = /<style>([\s\S]*)<\/style>/.exec(body.toString("utf8"))?.[1] ?? "";
	const digest = createHash("sha256").update(style).digest("base64");
	assert.ok(head.includes(`style-src 'sha256-${digest}'`));
});

test("HEAD gets the head alone", () => {
	const { head, body } = get("/", site, "HEAD");
	assert.equal(body.length, 0);
	assert.match(head, new RegExp(`Content-Length: ${get("/").body.length}\r\n`));
	assert.equal(get("/nothing", site, "HEAD").body.length, 0);
});

test("what is not there is 404, what is not for reading 405, and both are told to the record", () => {
	assert.match(get("/crl/other.crl").head, /^HTTP\/1\.1 404 /);
	assert.match(get("/crl/%ff.crl").head, /^HTTP\/1\.1 404 /);
	assert.match(get("/../etc/passwd").head, /^HTTP\/1\.1 404 /);
	const post = get("/", site, "POST");
	assert.match(post.head, /^HTTP\/1\.1 405 [\s\S]*Allow: GET, HEAD/);
	assert.equal(post.answer.faultCode, "PROXY_METHOD_REFUSED");
});

test("the proxy that clients are told is the one they reached, or the one that is set", () => {
	assert.ok(get("/steps.txt").body.includes("http://192.0.2.1:8080"));
	const behind = exampleSite({ proxyAddress: "proxy.corp.example:3128" });
	const text = get("/steps.txt", behind).body.toString();
	assert.ok(text.includes("http://proxy.corp.example:3128") && !text.includes("192.0.2.1"));
});

test("without a CA in use no file is offered", () => {
	const empty = exampleSite({ cas: [], signer: undefined });
	assert.match(get("/", empty).body.toString(), /Nothing to install/);
	for (const file of ["pem", "crt", "p12", "mobileconfig"])
		assert.match(get(`/sallyport-ca.${file}`, empty).head, /^HTTP\/1\.1 404 /);
	assert.equal(empty.test, undefined);
});

test("the test answers its page and one word", () => {
	const ask = (path: string) =>
		Buffer.from(
			site.answerCheck(plainRequest(`GET ${path} HTTP/1.1\nHost: check.sallyport.test`), visit.sessionId).octets,
		).toString("utf8");
	assert.match(ask("/"), /^HTTP\/1\.1 200 [\s\S]*This client trusts the gateway's CA/);
	assert.match(ask("/trust.txt"), /^HTTP\/1\.1 200 [\s\S]*\r\n\r\ntrusted\n$/);
	assert.match(ask("/sallyport-ca.pem"), /^HTTP\/1\.1 404 /);
	const wrong = site.answerCheck(plainRequest("GET / HTTP/1.1\nHost: sallyport.test"), visit.sessionId);
	assert.equal(wrong.faultCode, "PROXY_REQUEST_MALFORMED");
});

test("nothing of a request comes back in an answer", () => {
	const marker = "zq7marker7qz";
	const place = fc.constantFrom(
		`GET http://sallyport.test/${marker} HTTP/1.1\nHost: sallyport.test`,
		`GET http://sallyport.test/?${marker} HTTP/1.1\nHost: sallyport.test`,
		`GET http://sallyport.test/ HTTP/1.1\nHost: ${marker}`,
		`GET http://sallyport.test/ HTTP/1.1\nHost: sallyport.test\n${marker}: ${marker}`,
		`GET http://sallyport.test/ HTTP/1.1\nHost: sallyport.test\nX: ${marker}`,
		`${marker} http://sallyport.test/ HTTP/1.1\nHost: sallyport.test`,
		`TRACE http://sallyport.test/ HTTP/1.1\nHost: sallyport.test\nCookie: ${marker}`,
		`GET /${marker} HTTP/1.1\nHost: 127.0.0.1:8080`,
	);
	fc.assert(
		fc.property(place, (head) => {
			const answer = site.answer(plainRequest(head), visit);
			assert.ok(answer !== undefined && !Buffer.from(answer.octets).includes(marker), head);
		}),
		{ numRuns: 50 },
	);
});

test("the page stays small, however many addresses reach it", () => {
	for (let port = 1; port <= 100; port++) {
		const request = plainRequest("GET http://sallyport.test/ HTTP/1.1\nHost: sallyport.test");
		const answer = site.answer(request, { ...visit, reachedAt: `192.0.2.1:${port}` });
		assert.ok((answer?.octets.length ?? 0) < 65_536);
	}
	assert.ok(clientSteps.length > 10);
});
