/** F12, domain fronting: curl asks a connection to one name for another, in every way in and in both versions of HTTP. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { connect as connectHttp2 } from "node:http2";
import type { AddressInfo } from "node:net";
import { after, type TestContext, test } from "node:test";
import { explainSession } from "#telemetry/explain-session.ts";
import type { SessionRecord } from "#telemetry/session-record.ts";
import { eventually, freePort, hostBook, hostPolicy, startGateway } from "../support/gateway.ts";
import { http2Origin, TestCa } from "../support/origins.ts";
import { peerPath, requirePeers } from "../support/peers.ts";
import { openTls } from "../support/proxy-client.ts";
import { run } from "../support/tls-legs.ts";

const owner = { after };
const ca = new TestCa();
const identity = ca.identity(["front.test", "logged.test", "strict.test", "both.test"]);
/** What the origin was asked for. */
const heard: string[] = [];
const origin = await http2Origin(owner, identity, (server) => {
	server.on("request", (request, response) => {
		const host = request.headers[":authority"] ?? request.headers.host;
		heard.push(`${host}`);
		response.end(`answer for ${host}`);
	});
});
const clear = createServer((request, response) => response.end(`clear ${request.headers.host}`));
clear.listen(0, "127.0.0.1");
await once(clear, "listening");
after(() => clear.close());
const clearPort = (clear.address() as AddressInfo).port;
const reversePort = await freePort();
const permit = (profile: string) =>
	`permit { application-services { ssl-proxy { profile-name ${profile}; } pattern-policy standard; } }`;
const profile = (name: string, actions: string) =>
	`profile ${name} { root-ca sallyport-ca; untrusted-root-ca sallyport-untrusted-ca; trusted-ca test; actions { log { all; } ${actions} } }`;
const gateway = await startGateway(owner, {
	trust: ca.root.pem,
	hosts: ["front.test", "logged.test", "strict.test", "both.test", "hidden.test"],
	listener: "permit-local-targets; protocols [ http-connect http socks5 ];",
	certificates: { front: ca.identity(["front.test", "both.test"]) },
	profiles: `
		${profile("recording", "domain-fronting log;")}
		${profile("apart", "coalesced-requests drop;")}
		profile servers { server-certificate front; trusted-ca test; actions { log { all; } } }`,
	gateway: `reverse front { listen 127.0.0.1:${reversePort}; server 127.0.0.1:${origin.port}; profile servers; }`,
	policies: hostPolicy("logged", permit("recording")) + hostPolicy("strict", permit("apart")),
	security: `pki { ca-profile test { ca-identity test; } } ${hostBook({ logged: "logged.test", strict: "strict.test" })}`,
});
const proxy = `127.0.0.1:${gateway.ports.ipv4}`;

/** Status and body of a transfer, and the record of its session. */
async function curl(t: TestContext, args: readonly string[]): Promise<{ said: string; record: SessionRecord }> {
	const { output } = await run(t, peerPath("curl"), [
		...["--disable", "--silent", "--show-error", "--max-time", "20", "--cacert", gateway.caFile],
		...["--write-out", "\n@%{http_code} %{http_version} %{local_port}", ...args],
	]);
	const [, status, version, port] = /@(\d+) (\S+) (\d+)$/.exec(output) ?? [];
	return { said: `${status} ${version} ${output.split("\n@")[0]}`, record: await gateway.record(Number(port)) };
}

const url = (name: string) => `https://${name}:${origin.port}/x`;

for (const version of ["--http1.1", "--http2"]) {
	for (const scheme of ["http", "socks5h"]) {
		test(`F12: curl ${version} by ${scheme} that means another server than it names gets 421, and nothing arrives`, async (t) => {
			if (!requirePeers(t, ["curl"])) return;
			const way = [version, "--proxy", `${scheme}://${proxy}`];
			const good = await curl(t, [...way, url("front.test")]);
			assert.match(good.said, /^200 .*answer for front\.test:\d+$/);
			assert.deepEqual(good.record.findings, []);
			heard.length = 0;
			const { said, record } = await curl(t, [...way, "--header", "Host: hidden.test", url("front.test")]);
			assert.match(said, version === "--http2" ? /^421 2 / : /^421 1\.1 /);
			assert.match(said, /names another site than its connection was made for/);
			assert.doesNotMatch(said, /hidden/);
			assert.deepEqual(heard, []);
			const [finding] = record.findings;
			assert.deepEqual([finding?.service, finding?.verdict], ["domain-fronting", "block"]);
			const sentence =
				/domain-fronting found "a request for hidden\.test over a connection to front\.test; its certificate does not bear hidden\.test" in the request headers of GET hidden\.test\/x: blocked/;
			assert.match(explainSession(record), sentence);
			const [event] = await eventually(() => {
				const found = gateway.events("DOMAIN_FRONTING").filter(({ fields }) => fields.session === record.id);
				return found.length > 0 && found;
			}, "the event");
			assert.deepEqual(
				[event?.fields.host, event?.fields.asked, event?.fields.action],
				["hidden.test", "front.test", "drop"],
			);
		});
	}

	test(`F12: curl ${version} may ask for a name that the same certificate bears; where names are told apart it gets 421`, async (t) => {
		if (!requirePeers(t, ["curl"])) return;
		const way = [version, "--proxy", `http://${proxy}`, "--header", "Host: Both.TEST."];
		const allowed = await curl(t, [...way, url("front.test")]);
		assert.match(allowed.said, /^200 .*answer for Both\.TEST\.$/);
		assert.deepEqual(allowed.record.findings, []);
		const apart = await curl(t, [...way, url("strict.test")]);
		assert.match(apart.said, /^421 /);
		assert.match(apart.record.findings[0]?.name ?? "", /its certificate bears both names/);
	});

	test(`F12: with domain-fronting log curl ${version} gets its answer, and the record says it`, async (t) => {
		if (!requirePeers(t, ["curl"])) return;
		const { said, record } = await curl(t, [
			...[version, "--proxy", `http://${proxy}`, "--header", "Host: hidden.test", url("logged.test")],
		]);
		assert.match(said, /^200 .*answer for hidden\.test$/);
		assert.deepEqual(
			record.findings.map(({ service, verdict }) => `${service} ${verdict}`),
			["domain-fronting report"],
		);
	});

	test(`F12: a reverse listener serves curl ${version} the names of its own certificate and no other`, async (t) => {
		if (!requirePeers(t, ["curl"])) return;
		const resolve = `front.test:${reversePort}:127.0.0.1`;
		const options = [version, "--resolve", resolve, `https://front.test:${reversePort}/x`];
		const reached = await curl(t, ["--insecure", "--header", "Host: both.test", ...options]);
		assert.match(reached.said, /^200 .*answer for both\.test$/);
		// The server behind bears it; the listener's own certificate does not.
		const { said, record } = await curl(t, ["--insecure", "--header", "Host: logged.test", ...options]);
		assert.match(said, /^421 /);
		assert.equal(record.findings[0]?.service, "domain-fronting");
	});
}

test("F12: of one connection of HTTP/2 the stream that means another server is refused, and the others go on", async () => {
	const client = await openTls(gateway, `front.test:${origin.port}`, { ALPNProtocols: ["h2"] });
	const session = connectHttp2(`https://front.test:${origin.port}`, { createConnection: () => client.release() });
	const ask = (authority: string) =>
		new Promise<number>((resolve, reject) => {
			const stream = session.request({ ":authority": authority, ":path": "/" });
			stream.on("response", (headers) => resolve(Number(headers[":status"])));
			stream.on("error", reject);
			stream.resume();
			stream.end();
		});
	const asked = ["front.test", "hidden.test", "both.test", "hidden.test:443", "FRONT.test"];
	assert.deepEqual(await Promise.all(asked.map(ask)), [200, 421, 200, 421, 200]);
	assert.equal(await ask("front.test"), 200);
	session.close();
	const { findings, requests } = await gateway.record(client.localPort);
	assert.deepEqual([findings.length, requests], [2, 6]);
	assert.equal(
		gateway.events("DOMAIN_FRONTING").filter(({ fields }) => fields.host === "hidden.test").length > 0,
		true,
	);
});

test("F12: curl that asks the proxy for one name and the server for another is refused", async (t) => {
	if (!requirePeers(t, ["curl"])) return;
	const to = ["--connect-to", `front.test:${origin.port}:hidden.test:${origin.port}`];
	const { said, record } = await curl(t, ["--proxy", `http://${proxy}`, "--proxytunnel", ...to, url("front.test")]);
	assert.match(said, /^421 /);
	assert.match(
		record.findings[0]?.name ?? "",
		/^the proxy was asked for hidden\.test and the server for front\.test; its certificate does not bear hidden\.test$/,
	);
});

test("F12: a request in clear whose Host differs from its URL is refused with 403, and the record says why", async (t) => {
	if (!requirePeers(t, ["curl"])) return;
	const target = `http://front.test:${clearPort}/`;
	const good = await curl(t, ["--proxy", `http://${proxy}`, target]);
	assert.match(good.said, /^200 1\.1 clear front\.test:\d+$/);
	const { said, record } = await curl(t, ["--proxy", `http://${proxy}`, "--header", "Host: hidden.test", target]);
	assert.match(said, /^403 /);
	assert.match(
		record.fact,
		/^the request for front\.test:\d+ names hidden\.test in Host; it is refused by actions domain-fronting/,
	);
});
