/** What must not leave the gateway in the clear stands in no record, no event, no log line and no message. */
import assert from "node:assert/strict";
import type { KeyObject } from "node:crypto";
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

test("N1 K3: private keys are encrypted at rest, in files that only the owner may read, and stand nowhere else", async (t) => {
	const fresh = await startGateway(t, {});
	await eventually(() => fresh.events("GATEWAY_STARTED").length > 0, "the first events");
	const processes = commandLines();
	await fresh.stop();
	const keys = ["sallyport-ca", "sallyport-untrusted-ca"].map((id) => fresh.storedKey(id));
	const names = readdirSync(join(fresh.state, "keys"));
	assert.deepEqual(names.sort(), ["key-store.json", "master-key"]);
	for (const name of names) assert.equal(statSync(join(fresh.state, "keys", name)).mode & 0o777, 0o600);
	assert.equal(statSync(join(fresh.state, "keys")).mode & 0o777, 0o700);
	const texts = new Map([
		["the program's output", fresh.program.output + fresh.program.errors],
		["process arguments and environments", processes],
		...files(fresh.state).map((file) => [file, readFileSync(file, "latin1")] as const),
	]);
	const masterKey = readFileSync(join(fresh.state, "keys/master-key"), "latin1").trim();
	for (const [where, text] of texts) {
		for (const trace of keys.flatMap(traces)) assert.ok(!text.includes(trace), where);
		assert.ok(where.endsWith("/master-key") || !text.includes(masterKey), where);
	}
	assert.ok(!keys[0]?.equals(keys[1] as KeyObject));
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

/** By what a private key could be recognised, in each form in which a file could hold it. */
function traces(key: KeyObject): string[] {
	const secret = Buffer.from(key.export({ format: "jwk" }).d ?? "", "base64url");
	const der = key.export({ type: "pkcs8", format: "der" });
	return [
		secret.toString("latin1"),
		secret.toString("hex"),
		secret.toString("base64").slice(0, 40),
		der.toString("base64").slice(0, 40),
		// PEM: the part of the base64 text that holds the secret.
		...(der.toString("base64").match(/.{64}/g) ?? []),
	];
}

/** The arguments and environments of all processes of this user. */
function commandLines(): string {
	const texts: string[] = [];
	for (const id of readdirSync("/proc").filter((name) => /^[0-9]+$/.test(name))) {
		for (const name of ["cmdline", "environ"]) {
			try {
				texts.push(readFileSync(join("/proc", id, name), "latin1"));
			} catch {
				// Another user's, or over meanwhile.
			}
		}
	}
	return texts.join("\n");
}
