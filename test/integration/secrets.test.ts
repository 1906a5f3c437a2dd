/** What must not leave the gateway in the clear stands in no record, no event, no log line and no message. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { eventually, runProgram, startGateway } from "../support/gateway.ts";
import { httpsOrigin, TestCa } from "../support/origins.ts";
import { openTls } from "../support/proxy-client.ts";

const owner = { after };
const ca = new TestCa();
const words = {
	query: "query-secret-8412",
	cookie: "cookie-secret-5127",
	authorization: "authorization-secret-9034",
	requestBody: "request-body-secret-3376",
	answerHead: "set-cookie-secret-6650",
	answerBody: "answer-body-secret-2298",
};
const origin = await httpsOrigin(owner, ca.identity(["app.test"]), (request, response) => {
	request.resume();
	response.setHeader("Set-Cookie", words.answerHead);
	response.end(request.url?.startsWith("/bad") ? "X-marks-the-spot" : words.answerBody);
});
const gateway = await startGateway(owner, {
	trust: ca.root.pem,
	hosts: ["app.test"],
	patternPolicy: "marks",
	security: 'inspection { pattern mark { text "X-marks-the-spot"; } pattern-policy marks { patterns mark; } }',
});
const target = `app.test:${origin.port}`;
const head = (method: string, path: string) =>
	`${method} ${path}?token=${words.query} HTTP/1.1\nHost: ${target}\nCookie: ${words.cookie}\nAuthorization: Bearer ${words.authorization}`;

test("N14 N3: no query, cookie, credential or body is kept, whether a request passes, is blocked or is refused", async () => {
	const good = await openTls(gateway, target);
	const body = words.requestBody;
	const answer = await good.request(`${head("POST", "/good")}\nContent-Length: ${body.length}`, body);
	assert.equal(answer.body.toString(), words.answerBody);
	good.socket.end();
	const blocked = await openTls(gateway, target);
	const page = await blocked.request(head("GET", "/bad"));
	assert.equal(page.status, 403);
	const malformed = await openTls(gateway, target);
	const refusal = await malformed.request(`${head("GET", "/odd")}\nContent-Length: 1\nTransfer-Encoding: chunked`, "x");
	assert.equal(refusal.status, 400);
	for (const client of [good, blocked, malformed]) await gateway.record(client.localPort);
	await gateway.stop();

	const pages = [page, refusal].map(({ head: line, body: octets }) => line + octets.toString("latin1"));
	const commands = await Promise.all(
		[["sessions", "--json"], ["sessions"], ...gateway.records().map(({ id }) => ["explain", id])].map((args) =>
			runProgram(owner, [...args, "--state", gateway.state]),
		),
	);
	const texts = new Map<string, string>([["the program's output", gateway.program.output]]);
	for (const [index, text] of pages.entries()) texts.set(`page ${index}`, text);
	for (const [index, { status, output }] of commands.entries()) {
		assert.equal(status, 0);
		texts.set(`command ${index}`, output);
	}
	for (const file of files(gateway.state)) texts.set(file, readFileSync(file, "latin1"));
	assert.ok([...texts.keys()].some((name) => name.endsWith("events.sqlite")));
	for (const [where, text] of texts) {
		for (const [what, word] of Object.entries(words)) assert.ok(!text.includes(word), `${where} holds the ${what}`);
	}
});

test("N1 K3: private keys stand in their files, which only the owner may read, and nowhere else", async (t) => {
	const fresh = await startGateway(t, {});
	await eventually(() => fresh.events("GATEWAY_STARTED").length > 0, "the first events");
	await fresh.stop();
	const keys = readdirSync(join(fresh.state, "keys")).filter((name) => name.endsWith(".key"));
	assert.deepEqual(keys.sort(), ["sallyport-ca.key", "sallyport-untrusted-ca.key"]);
	const bodies = keys.map((name) => {
		const path = join(fresh.state, "keys", name);
		assert.equal(statSync(path).mode & 0o777, 0o600);
		return readFileSync(path, "utf8").split("\n")[1] ?? "";
	});
	for (const file of files(fresh.state).filter((name) => !name.endsWith(".key"))) {
		const text = readFileSync(file, "latin1");
		for (const body of bodies) assert.ok(!text.includes(body.slice(0, 40)), file);
	}
	assert.notEqual(bodies[0], bodies[1]);
});

test("N1: every installation has a CA of its own", async (t) => {
	const one = await startGateway(t, {});
	const two = await startGateway(t, {});
	assert.notEqual(one.caPem, two.caPem);
});

function files(directory: string): string[] {
	return readdirSync(directory, { recursive: true, encoding: "utf8" })
		.map((name) => join(directory, name))
		.filter((path) => statSync(path).isFile() && !path.endsWith("test.conf") && !path.endsWith("test.pem"));
}
