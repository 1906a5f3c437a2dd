/** Users of an explicit proxy: curl by SOCKS5, by CONNECT and in clear; the password is nowhere to be found afterwards. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { after, type TestContext, test } from "node:test";
import { eventually, startGateway } from "../support/gateway.ts";
import { httpsOrigin, TestCa } from "../support/origins.ts";
import { peerPath, requirePeers } from "../support/peers.ts";
import { dial } from "../support/proxy-client.ts";
import { run } from "../support/tls-legs.ts";

const owner = { after };
const ca = new TestCa();
const password = "correct horse ä:battery";
const wrong = "wrong-battery-staple";
const secure = await httpsOrigin(owner, ca.identity(["shop.test"]), (_, response) => response.end("secure"));
const heard: (string | undefined)[] = [];
const clear = createServer((request, response) => {
	heard.push(request.headers["proxy-authorization"]);
	response.end("clear");
});
clear.listen(0, "127.0.0.1");
await once(clear, "listening");
after(() => clear.close());
const { port } = clear.address() as AddressInfo;
/** As `openssl passwd -6 -salt sallyport` makes it. */
const hash = "$6$sallyport$1bbgGS3.Or3A44LqtHwTBdmM/mIcB8wGyLi.EY5tQ7sO0DSOxv/xrdLrWZoAX5VOBcsBDYejCf66dpOmeL39l/";
const gateway = await startGateway(owner, {
	trust: ca.root.pem,
	hosts: ["shop.test"],
	// Each worker counts wrong passwords by itself.
	gateway: "workers 1;",
	listener: `protocols [ http-connect http socks5 ]; permit-local-targets;
		authentication { user alice { encrypted-password "${hash}"; } user shut { encrypted-password *; } }`,
});
const proxy = `127.0.0.1:${gateway.ports.ipv4}`;

/** The password reaches curl by a file, as it should. */
async function curl(t: TestContext, way: string, user: string | undefined, url: string, from = "127.0.0.1") {
	const options = ["--disable", "--silent", "--show-error", "--max-time", "20", "--interface", from];
	const credentials = user === undefined ? [] : ["--proxy-user", user];
	const { status, output } = await run(t, peerPath("curl"), [
		...[...options, "--cacert", gateway.caFile, "--proxy", `${way}://${proxy}`, ...credentials],
		...["--write-out", "\n%{http_code} %{http_connect} %{local_port}", url],
	]);
	const [, code, connect, localPort] = /^(\d+) (\d+) (\d+)$/m.exec(output) ?? [];
	return { status, output, code: Number(code), connect: Number(connect), localPort: Number(localPort) };
}

const secureUrl = `https://shop.test:${secure.port}/`;
const clearUrl = `http://127.0.0.1:${port}/`;

test("curl with the right password gets its page by each way of asking, and the record names the user", async (t) => {
	if (!requirePeers(t, ["curl"])) return;
	for (const [way, url, page] of [
		["http", secureUrl, "secure"],
		["socks5h", secureUrl, "secure"],
		["http", clearUrl, "clear"],
	] as const) {
		const got = await curl(t, way, `alice:${password}`, url);
		assert.match(got.output, new RegExp(`^${page}\n200 `), `${way} ${url}`);
		assert.equal((await gateway.record(got.localPort)).clientIdentity, "alice");
	}
	assert.deepEqual(heard, [undefined], "the server does not hear of it");
});

test("curl without a password, with a wrong one, or as a user who is shut out gets nothing but the question", async (t) => {
	if (!requirePeers(t, ["curl"])) return;
	const before = heard.length;
	for (const [index, user] of [undefined, `alice:${wrong}`, `bob:${wrong}`, `shut:${wrong}`].entries()) {
		// A client of its own each, so that none is held for the others.
		const from = `127.0.0.${20 + index}`;
		assert.equal((await curl(t, "http", user, secureUrl, from)).connect, 407, user ?? "nobody");
		assert.equal((await curl(t, "http", user, clearUrl, from)).code, 407, user ?? "nobody");
		const socks = await curl(t, "socks5h", user, secureUrl, from);
		assert.notEqual(socks.status, 0, user ?? "nobody");
	}
	assert.equal(heard.length, before);
	for (const code of [
		"PROXY_AUTHENTICATION_REQUIRED",
		"SOCKS_AUTHENTICATION_FAILED",
		"SOCKS_METHODS_DO_NOT_MATCH",
	] as const)
		await eventually(() => gateway.records().some(({ faultCode }) => faultCode === code), code);
});

test("a client that guesses is held: then the right password too is answered like a wrong one, and others are served", async (t) => {
	if (!requirePeers(t, ["curl"])) return;
	const guesser = "127.0.0.15";
	for (let guess = 0; guess < 5; guess++) await curl(t, "http", `alice:${wrong}${guess}`, clearUrl, guesser);
	const held = await curl(t, "http", `alice:${password}`, clearUrl, guesser);
	assert.equal(held.code, 407);
	assert.match((await gateway.record(held.localPort)).endedBecause, /too many wrong passwords before/);
	assert.equal((await curl(t, "http", `alice:${password}`, clearUrl)).code, 200);
});

test("the gateway's own page is shown to everybody, and a browser is told how to ask", async () => {
	const client = await dial(gateway);
	const page = await client.request("GET http://sallyport.test/ HTTP/1.1\nHost: sallyport.test");
	assert.equal(page.status, 200);
	const asked = await (await dial(gateway)).request(`CONNECT shop.test:${secure.port} HTTP/1.1\nHost: shop.test`);
	assert.deepEqual(
		[asked.status, asked.headers.get("proxy-authenticate")],
		[407, 'Basic realm="Sallyport", charset="UTF-8"'],
	);
});

test("passwords stand in no file, record or process of the gateway; of the right one there is the hash", async () => {
	const secrets = [
		password,
		wrong,
		Buffer.from(`alice:${password}`).toString("base64"),
		Buffer.from(password).toString("base64"),
	];
	await eventually(() => gateway.records().length > 0, "records");
	const told = JSON.stringify(gateway.records()) + gateway.log + gateway.program.output;
	const files = readdirSync(gateway.state, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
	const texts = files.map((entry) => readFileSync(join(entry.parentPath, entry.name), "latin1"));
	const bytes = (secret: string) => Buffer.from(secret).toString("latin1");
	for (const secret of secrets)
		assert.ok(
			![told, ...texts].some((text) => text.includes(bytes(secret)) || text.includes(secret)),
			secret.slice(0, 5),
		);
});
