/** Servers that take for a request what is none by the letter: whoever means another site by it does not reach them unread. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { startGateway } from "../support/gateway.ts";
import { TestCa, tlsOrigin } from "../support/origins.ts";
import { openTls } from "../support/proxy-client.ts";

const owner = { after };
const ca = new TestCa();
const folder = mkdtempSync(join(tmpdir(), "sallyport-lenient-"));
after(() => rmSync(folder, { recursive: true, force: true }));
writeFileSync(join(folder, "urls"), "front.test/bad 9\n");
/** What arrived. */
let heard = "";
const answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";
const origin = await tlsOrigin(
	owner,
	ca.identity(["front.test"]),
	(socket) => {
		socket.on("data", (octets) => {
			heard += octets.toString("latin1");
			if (heard.endsWith("\r\n\r\n")) socket.end(answer);
		});
	},
	{ ALPNProtocols: ["http/1.1", "http/0.9", "something"] },
);
const gateway = await startGateway(owner, {
	trust: ca.root.pem,
	hosts: ["front.test"],
	listener: "permit-local-targets;",
	policies: `policy all { match { source-address any; destination-address any; application any; }
		then { permit { application-services { ssl-proxy { profile-name inspect; } security-intelligence-policy feeds; } } } }`,
	security: `intelligence {
		feed urls { category url; file ${join(folder, "urls")}; }
		profile url { category url; default-rule { then { action { block { close; } } log; } } }
		policy feeds { profile url; }
	}`,
});

async function ask(octets: string, alpn: readonly string[] = []): Promise<string> {
	heard = "";
	const options = alpn.length === 0 ? {} : { ALPNProtocols: [...alpn] };
	const client = await openTls(gateway, `front.test:${origin.port}`, options);
	assert.equal(client.socket.alpnProtocol, alpn[0] ?? false);
	client.send(octets);
	await client.over();
	return client.text.split("\r\n", 1)[0] as string;
}

for (const [name, line] of [
	["a blank behind the version", "GET / HTTP/1.1 "],
	["a version of two digits", "GET / HTTP/1.10"],
	["tabs", "GET\t/\tHTTP/1.1"],
	["no version", "GET https://other.test/"],
	["a target of 9,000 octets", `GET /${"a".repeat(9_000)} HTTP/1.1`],
	["9,000 blanks", `GET${" ".repeat(9_000)}/ HTTP/1.1`],
	["a method of 40 letters", `${"LONG".repeat(10)} / HTTP/1.1`],
] as const)
	test(`F12: without ALPN, a request line with ${name} does not bring another Host to the server`, async () => {
		assert.match(await ask(`${line}\r\nHost: other.test\r\n\r\n`), /^HTTP\/1\.1 4\d\d/);
		assert.equal(heard, "");
	});

for (const alpn of ["http/0.9", "something"])
	test(`F12: a request for another name is refused when ${alpn} was agreed upon, and a good one goes on`, async () => {
		assert.match(await ask("GET / HTTP/1.1\r\nHost: other.test\r\n\r\n", [alpn]), /^HTTP\/1\.1 421/);
		assert.equal(heard, "");
		assert.match(await ask("GET / HTTP/1.1\r\nHost: front.test\r\n\r\n", [alpn]), /^HTTP\/1\.1 200/);
	});

for (const request of [
	"GET /bad HTTP/1.0\r\n\r\n",
	"GET /b%61d HTTP/1.1\r\nHost: front.test\r\n\r\n",
	"GET /x/..//bad HTTP/1.1\r\nHost: front.test\r\n\r\n",
])
	test(`a URL of a feed is found in ${JSON.stringify(request.split("\r\n", 1)[0])}`, async () => {
		assert.match(await ask(request), /^HTTP\/1\.1 403/);
		assert.equal(heard, "");
	});
