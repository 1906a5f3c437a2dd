/** Sessions are resumed on both legs, and never shared between clients. */
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { eventually, hostBook, hostPolicy, startGateway } from "../support/gateway.ts";
import { httpsOrigin, TestCa } from "../support/origins.ts";
import { type ClientOptions, openTls } from "../support/proxy-client.ts";

const owner = { after };
const ca = new TestCa();
const identity = ca.identity(["app.test", "other.test", "full.test"]);
const origins = {
	"TLSv1.3": await httpsOrigin(owner, identity, (_, response) => response.end("ok")),
	"TLSv1.2": await httpsOrigin(owner, identity, (_, response) => response.end("ok"), { maxVersion: "TLSv1.2" }),
};
// One worker: sessions of the server's leg are its own.
const gateway = await startGateway(owner, {
	trust: ca.root.pem,
	hosts: ["app.test", "other.test", "full.test"],
	gateway: "workers 1;",
	profiles:
		"profile full { root-ca sallyport-ca; untrusted-root-ca sallyport-untrusted-ca; trusted-ca test; actions { disable-session-resumption; log { all; } } }",
	security: hostBook({ full: "full.test" }),
	policies: hostPolicy(
		"full",
		"permit { application-services { ssl-proxy { profile-name full; } pattern-policy standard; } }",
	),
});

/** One request; the session that the client may resume, and whether each leg was resumed. */
async function visit(target: string, version: "TLSv1.2" | "TLSv1.3", session?: Buffer, options: ClientOptions = {}) {
	let ticket: Buffer | undefined;
	const tls = { maxVersion: version, ...(session === undefined ? {} : { session }), ...options };
	const client = await openTls(gateway, target, tls);
	client.socket.on("session", (given: Buffer) => {
		ticket = given;
	});
	assert.equal((await client.request(`GET / HTTP/1.1\nHost: ${target}`)).status, 200);
	ticket ??= client.socket.getSession();
	const isReused = client.socket.isSessionReused();
	client.socket.end();
	const record = await gateway.record(client.localPort);
	assert.equal(record.clientLeg?.isResumed, isReused);
	assert.equal(record.serverTrust, "trusted");
	return { ticket, client: isReused, server: record.serverLeg?.isResumed, record };
}

/** A client of its own for each test. */
const addressOf = (version: string, number: number) => `127.0.${version === "TLSv1.3" ? 3 : 2}.${number}`;

describe("each version", { concurrency: 8 }, () => {
	for (const version of ["TLSv1.3", "TLSv1.2"] as const) {
		const target = `app.test:${origins[version].port}`;

		test(`the second connection of a client resumes both legs in ${version}`, async () => {
			const options = { localAddress: addressOf(version, 2) };
			const first = await visit(target, version, undefined, options);
			assert.deepEqual([first.client, first.server], [false, false]);
			const second = await visit(target, version, first.ticket, options);
			assert.deepEqual([second.client, second.server], [true, true]);
			assert.equal(second.record.serverLeg?.certificateSha256, identity.made.certificate.fingerprint);
			const third = await visit(target, version, second.ticket, options);
			assert.deepEqual([third.client, third.server], [true, true]);
		});

		test(`M16: the session of one client's server leg is not used for another client in ${version}`, async () => {
			const first = await visit(target, version, undefined, { localAddress: addressOf(version, 3) });
			const again = await visit(target, version, undefined, { localAddress: addressOf(version, 3) });
			assert.deepEqual([first.server, again.server], [false, true]);
			const other = await visit(target, version, undefined, { localAddress: addressOf(version, 4) });
			assert.equal(other.server, false);
		});

		test(`a session of one server name is not used for another in ${version}`, async () => {
			const options = { localAddress: addressOf(version, 5) };
			const first = await visit(target, version, undefined, options);
			const other = await visit(target.replace("app", "other"), version, first.ticket, options);
			assert.equal(other.server, false);
		});

		test(`with disable-session-resumption every handshake of the server leg is full in ${version}`, async () => {
			const full = target.replace("app", "full");
			const options = { localAddress: addressOf(version, 6) };
			const first = await visit(full, version, undefined, options);
			const second = await visit(full, version, first.ticket, options);
			assert.deepEqual([second.client, second.server], [false, false]);
		});
	}
});

test("a ticket of one worker is good at every other, since they share the keys", async () => {
	const many = await startGateway(owner, { trust: ca.root.pem, hosts: ["app.test"], gateway: "workers 2;" });
	const target = `app.test:${origins["TLSv1.3"].port}`;
	const first = await openTls(many, target);
	let ticket: Buffer | undefined;
	first.socket.on("session", (given: Buffer) => {
		ticket = given;
	});
	await first.request(`GET / HTTP/1.1\nHost: ${target}`);
	await eventually(() => ticket, "a ticket");
	const reused: boolean[] = [];
	for (let count = 0; count < 12; count++) {
		const next = await openTls(many, target, { session: ticket });
		reused.push(next.socket.isSessionReused());
		next.socket.destroy();
	}
	first.socket.destroy();
	assert.deepEqual(reused, new Array(12).fill(true));
});
