/** Rules of intrusion detection that are fetched from a server: at the start, when it fails, when it sends others, after a restart. */
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { join } from "node:path";
import { after, test } from "node:test";
import { gzipSync } from "node:zlib";
import { eventually, type Gateway, makeStateDirectory, runProgram, startGateway } from "../support/gateway.ts";
import { httpsOrigin, TestCa } from "../support/origins.ts";
import { openTls } from "../support/proxy-client.ts";
import { tarOf } from "../support/tar.ts";

const owner = { after };
const ca = new TestCa();
const stranger = new TestCa("Stranger");
const origin = await httpsOrigin(owner, ca.identity(["app.test"]), (_, response) => response.end("fine"));
let answer = (response: ServerResponse): void => void response.writeHead(503).end();
let asked = 0;
const server = await httpsOrigin(owner, ca.identity(["rules.test"]), (_, response) => {
	asked++;
	answer(response);
});
const impostor = await httpsOrigin(owner, stranger.identity(["rules.test"]), (_, response) =>
	response.end(rule(9, "/")),
);
const serve = (body: Uint8Array | string) => (response: ServerResponse) => {
	response.writeHead(200, { "Content-Length": Buffer.byteLength(body) }).end(body);
};

function rule(sid: number, path: string): string {
	return `drop http any any -> any any (msg:"rule ${sid}"; http.uri; content:"${path}"; classtype:trojan-activity; sid:${sid};)\n`;
}

const state = makeStateDirectory(owner);
const start = (port: number) =>
	startGateway(owner, {
		state,
		trust: ca.root.pem,
		hosts: ["app.test", "rules.test"],
		policies: `policy all { match { source-address any; destination-address any; application any; } then { permit {
			application-services { ssl-proxy { profile-name inspect; } idp-policy web; } } } }`,
		security: `
		pki { fetch-permitted-networks 127.0.0.0/8; }
		idp {
			rules { url "https://rules.test:${port}/emerging.tar.gz?oinkcode=h1dden"; }
			idp-policy web { rulebase-ips { rule all {
				match { attacks { predefined-attack-groups all; } } then { action { recommended; } } } } }
		}`,
	});
let gateway: Gateway = await start(server.port);

async function get(path: string): Promise<number> {
	const client = await openTls(gateway, `app.test:${origin.port}`, { ALPNProtocols: ["http/1.1"] });
	const { status } = await client.request(`GET ${path} HTTP/1.1\nHost: app.test:${origin.port}\nConnection: close`);
	return status;
}

async function cli(command: string): Promise<string> {
	const { status, output } = await runProgram(owner, ["cli", "--state", state, "-c", command]);
	assert.equal(status, 0, output);
	return output;
}

async function download(event: "IDP_RULES_FETCHED" | "IDP_RULES_NOT_FETCHED"): Promise<string> {
	const before = gateway.events(event).length;
	assert.match(await cli("request security idp security-package download"), /1 set of rules is fetched/);
	await eventually(() => gateway.events(event).length > before, event);
	return cli("show security idp status");
}

test("before any were fetched, sessions are treated by failure-action, and why stands in events and commands", async () => {
	const { fields } = await eventually(() => gateway.events("IDP_RULES_NOT_FETCHED")[0], "the failure");
	assert.equal(fields.from, `https://rules.test:${server.port}/emerging.tar.gz`);
	assert.match(fields.reason, /^it answered 503; there is no earlier one/);
	assert.equal(await get("/"), 403);
	assert.match(await cli("show system alarms"), /were not fetched: it answered 503/);
	assert.doesNotMatch(await cli("show security idp status"), /h1dden/);
});

test("an archive of rules is taken, new sessions follow it, and nothing of it reads files of the host", async () => {
	const evil = rule(3, "/three").replace(
		"http.uri;",
		"http.host; dataset:isset,x,type string,load /etc/passwd; http.uri;",
	);
	answer = serve(gzipSync(tarOf({ "rules/one.rules": rule(1, "/one"), "rules/two.rules": rule(2, "/two") + evil })));
	const status = await download("IDP_RULES_FETCHED");
	assert.match(status, /emerging\.tar\.gz: 2 rules fetched /);
	const { fields } = gateway.events("IDP_RULES_FETCHED")[0] ?? assert.fail();
	assert.deepEqual([fields.rules, fields.disabled, fields.leftOut], [2, 0, 1]);
	await eventually(async () => (await get("/")) === 200, "the rules to be in force");
	assert.deepEqual([await get("/one"), await get("/two"), await get("/three")], [403, 403, 200]);
	assert.match(await cli("show security idp attack detail 1"), /attack: rule 1\n/);
});

test("what is no set of rules changes nothing: pages, half of an archive, what is too large to unpack", async () => {
	for (const body of [
		"<html>Sorry</html>",
		tarOf({ "a.rules": rule(5, "/five") }).subarray(0, 540),
		gzipSync(Buffer.alloc(80_000_000)),
	]) {
		answer = serve(body);
		await download("IDP_RULES_NOT_FETCHED");
		assert.deepEqual([await get("/one"), await get("/five")], [403, 200]);
	}
	assert.deepEqual(
		readdirSync(join(state, "idp-rules")).filter((name) => name.endsWith(".new")),
		[],
	);
});

test("a gateway that starts again has the rules, however the server is by then; others take their place", async () => {
	const before = asked;
	await gateway.stop();
	gateway = await start(server.port);
	assert.equal(await get("/one"), 403);
	assert.equal(asked, before, "it is not due");
	answer = serve(rule(6, "/six"));
	await download("IDP_RULES_FETCHED");
	await eventually(async () => (await get("/six")) === 403 && (await get("/one")) === 200, "the other rules");
});

test("a server that is not trusted gives no rules", async () => {
	await gateway.stop();
	gateway = await start(impostor.port);
	const { fields } = await eventually(
		() => gateway.events("IDP_RULES_NOT_FETCHED").find(({ fields }) => fields.from.includes(`:${impostor.port}/`)),
		"the refusal",
	);
	assert.match(fields.reason, /its server is not trusted/);
});
