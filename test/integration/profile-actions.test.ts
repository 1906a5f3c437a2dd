/** The special cases of a profile: tunnels without TLS, which sessions are recorded, renegotiation. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { eventually, hostBook, hostPolicy, startGateway } from "../support/gateway.ts";
import { httpsOrigin, selfSigned, TestCa, tcpOrigin, tlsOrigin } from "../support/origins.ts";
import { fetchOnce, openTunnel, startTls } from "../support/proxy-client.ts";

const owner = { after };
const ca = new TestCa();
const logged = ["allowed", "dropped", "exempted", "errors", "silent"];
const names = [...logged.map((name) => `${name}.test`), "pass.test"];
const identity = ca.identity(names);
const origin = await httpsOrigin(owner, identity, (request, response) => {
	response.end(request.url === "/bad" ? "the-forbidden-word" : "ok");
});
const untrusted = await httpsOrigin(owner, selfSigned(names), (_, response) => response.end("no"));
const echo = await tcpOrigin(owner, (socket) => socket.pipe(socket));
const classes: Readonly<Record<string, string>> = {
	allowed: "sessions-allowed;",
	dropped: "sessions-dropped;",
	exempted: "sessions-whitelisted;",
	errors: "errors;",
	silent: "",
};
const cas = "root-ca sallyport-ca; untrusted-root-ca sallyport-untrusted-ca; trusted-ca test;";
const gateway = await startGateway(owner, {
	trust: ca.root.pem,
	hosts: names,
	patternPolicy: "words",
	profiles: [
		`profile pass { ${cas} actions { non-tls-traffic pass; log { all; } } }`,
		...logged.map(
			(name) =>
				`profile ${name} { ${cas} never-decrypt-source 127.0.0.9/32; actions { block-invalid-certificates; log { ${classes[name]} } } }`,
		),
	].join("\n"),
	security: `${hostBook(Object.fromEntries(["pass", ...logged].map((name) => [name, `${name}.test`])))}
		inspection { pattern word { text "the-forbidden-word"; } pattern-policy words { patterns word; } }`,
	policies: ["pass", ...logged]
		.map((name) =>
			hostPolicy(name, `permit { application-services { ssl-proxy { profile-name ${name}; } pattern-policy words; } }`),
		)
		.join("\n"),
});

test("with non-tls-traffic pass a tunnel without TLS is relayed, and the record says what it looked like", async () => {
	const client = await openTunnel(gateway, `pass.test:${echo.port}`);
	client.send("SSH-2.0-test\r\n");
	await client.receives("SSH-2.0-test");
	client.socket.end();
	const record = await gateway.record(client.localPort);
	assert.deepEqual([record.decision, record.inspection, record.faultCode], ["bypass", "not decrypted", undefined]);
	assert.match(record.fact, /; it is not TLS \(ssh\)$/);
});

test("R160: SSLv2 is refused even where other protocols pass", async () => {
	const client = await openTunnel(gateway, `pass.test:${echo.port}`);
	client.send(Buffer.from("802e0100020015000000100100800700c0030080", "hex"));
	await client.over();
	assert.equal((await gateway.record(client.localPort)).faultCode, "CLIENT_NOT_TLS");
});

for (const [name, expected] of [
	["allowed", ["allowed"]],
	["dropped", ["dropped", "failed"]],
	["exempted", ["exempted"]],
	["errors", ["failed"]],
	["silent", []],
] as const) {
	test(`R210 R211 R212 R213 R121 R131 R139 R214 R217: log class ${name} records ${expected[0] ?? "nothing"} and no other session`, async () => {
		const target = `${name}.test:${origin.port}`;
		const allowed = await fetchOnce(gateway, target);
		const dropped = await fetchOnce(gateway, target, { path: "/bad" });
		assert.equal(dropped.status, 403);
		const exempt = await fetchOnce(gateway, target, { localAddress: "127.0.0.9", ca: ca.root.pem });
		const failed = await openTunnel(gateway, `${name}.test:${untrusted.port}`);
		await assert.rejects(startTls(gateway, failed, `${name}.test`));
		// A last session that is recorded always: when it is there, the others have been decided on.
		const last = await fetchOnce(gateway, `pass.test:${origin.port}`);
		const ports = { allowed: allowed.localPort, dropped: dropped.localPort, exempted: exempt.localPort };
		await gateway.record(last.localPort);
		await eventually(() => quiet(), "the store to come to rest");
		const kept = gateway.records().map(({ client }) => client.port);
		const found = Object.entries({ ...ports, failed: failed.localPort }).flatMap(([what, port]) =>
			kept.includes(port) ? [what] : [],
		);
		assert.deepEqual(found, expected);
	});
}

test("F2 R173: a client that renegotiates is refused and its connection ends", async () => {
	const quietOrigin = await tlsOrigin(owner, identity, () => undefined);
	const tunnel = await openTunnel(gateway, `pass.test:${quietOrigin.port}`);
	const client = await startTls(gateway, tunnel, "pass.test", { maxVersion: "TLSv1.2" });
	const outcome = await new Promise<string>((resolve) => {
		client.socket.on("error", (error) => resolve(error.message));
		client.socket.on("close", () => resolve("closed"));
		client.socket.renegotiate({}, (error) => resolve(error === null ? "renegotiated" : error.message));
	});
	assert.notEqual(outcome, "renegotiated");
	await client.over();
});

/** True when the store has not grown for a while. */
let stored = -1;
let since = 0;
function quiet(): boolean {
	const now = gateway.records().length;
	if (now !== stored) since = performance.now();
	stored = now;
	return performance.now() - since > 500;
}
