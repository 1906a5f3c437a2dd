/** Clients that hide the name of their server behind another one (Encrypted ClientHello), and those that only seem to. */
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { contentType } from "#tls/record.ts";
import { echConfigList, echExtension } from "../support/ech.ts";
import { eventually, type Gateway, startGateway, startProgram } from "../support/gateway.ts";
import { httpsOrigin, TestCa } from "../support/origins.ts";
import { openTunnel } from "../support/proxy-client.ts";
import { buildHello, capturedHello, inRecords, serverNameExtension } from "../support/tls-hello.ts";

const owner = { after };
const ca = new TestCa();
const names = ["public.test", "bank.test", "plain.test"];
const origin = await httpsOrigin(owner, ca.identity(names), (_, response) => response.end("ok"));
const known = Buffer.from(echConfigList("public.test", 7)).toString("base64");

function start(action: string, exempt: readonly string[] = []): Promise<Gateway> {
	const domains = exempt.length === 0 ? "" : `decryption-policy d { never-decrypt-domains [ ${exempt.join(" ")} ]; }`;
	return startGateway(owner, {
		trust: ca.root.pem,
		hosts: names,
		gateway: "workers 1;",
		profiles: `global-config { ech-configuration ${known}; } ${domains}`,
		profile: exempt.length === 0 ? "" : "decryption-policy d;",
		actions: action,
	});
}

/** A hello of TLS 1.2, whose server answers in clear, with an ECH extension for the key of this ID. */
const helloTo = (name: string, configId: number) =>
	inRecords(
		buildHello({
			cipherSuites: [0xc02b, 0xc02f],
			extensions: [
				serverNameExtension([0, name]),
				[10, Uint8Array.of(0, 2, 0, 23)],
				[11, Uint8Array.of(1, 0)],
				[13, Uint8Array.of(0, 4, 4, 3, 8, 4)],
				[23, new Uint8Array(0)],
				echExtension(configId),
			],
		}),
	);

/** What the client hears first behind its hello: the type of the record and its first two octets. */
async function says(gateway: Gateway, name: string, configId: number) {
	const tunnel = await openTunnel(gateway, `${name}:${origin.port}`);
	tunnel.send(helloTo(name, configId));
	await tunnel.receives((received) => received.length >= 7);
	return { tunnel, answer: [...tunnel.received.subarray(0, 1), ...tunnel.received.subarray(5, 7)] };
}

const accessDenied = [contentType.alert, 2, 49];
const isHandshake = (answer: readonly number[]) => answer[0] === contentType.handshake;

describe("a name that hides another one", () => {
	test("refuse: it is answered with access_denied, and the record and its explanation say why", async () => {
		const gateway = await start("encrypted-client-hello refuse;", ["public.test"]);
		const { tunnel, answer } = await says(gateway, "public.test", 7);
		assert.deepEqual(answer, accessDenied);
		const record = await gateway.record(tunnel.localPort);
		assert.deepEqual([record.decision, record.ech, record.sni], ["block", "real", "public.test"]);
		assert.match(record.fact, /^the server's name is hidden behind public\.test .*profile inspect refuses/);
		const explained = startProgram(owner, ["explain", record.id, "--state", gateway.state]);
		await explained.ended;
		assert.match(explained.output, /The true name is hidden behind that one: it was encrypted for a key that is known/);
		assert.equal(gateway.events("ENCRYPTED_CLIENT_HELLO")[0]?.fields.action, "refused");
	});

	test("R156: by default nothing is exempt by it; the client hears the name in clear and comes back without ECH", async () => {
		const gateway = await start("", ["public.test"]);
		const { tunnel, answer } = await says(gateway, "public.test", 7);
		assert.ok(isHandshake(answer), `${answer}`);
		// What a client says that has verified the certificate of the name in clear (RFC 9849 §6.1.6).
		tunnel.send(Uint8Array.of(contentType.alert, 3, 3, 0, 2, 2, 121));
		tunnel.socket.end();
		const record = await gateway.record(tunnel.localPort);
		assert.deepEqual([record.decision, record.ech, record.serverTrust], ["decrypt", "real", "trusted"]);
		assert.equal(record.faultCode, "CLIENT_ECH_NOT_ACCEPTED");
		assert.match(record.fact, /nothing is exempt by the name in clear/);
		const [event] = await eventually(() => {
			const events = gateway.events("ENCRYPTED_CLIENT_HELLO");
			return events.length > 0 && events;
		}, "the event");
		assert.equal(event?.fields.name, "public.test");
	});

	test("pass: the name in clear exempts it", async () => {
		const gateway = await start("encrypted-client-hello pass;", ["public.test"]);
		const { tunnel } = await says(gateway, "public.test", 7);
		tunnel.socket.destroy();
		const record = await gateway.record(tunnel.localPort);
		assert.deepEqual([record.decision, record.cause], ["bypass", "exempt"]);
	});
});

test("GREASE is never blocked, and exempt as ever: made for no key of its name, or of a name without keys", async () => {
	const gateway = await start("encrypted-client-hello refuse;", ["public.test", "bank.test"]);
	for (const [name, configId, verdict, decision] of [
		["public.test", 8, "grease", "bypass"],
		["bank.test", 7, "cannot-tell", "bypass"],
		["plain.test", 7, "cannot-tell", "decrypt"],
	] as const) {
		const { tunnel, answer } = await says(gateway, name, configId);
		assert.ok(isHandshake(answer), `${name}: ${answer}`);
		tunnel.socket.destroy();
		const record = await gateway.record(tunnel.localPort);
		assert.deepEqual([name, record.ech, record.decision], [name, verdict, decision]);
	}
	// A browser's.
	const tunnel = await openTunnel(gateway, `plain.test:${origin.port}`);
	const browser = capturedHello("chromium-1").octets;
	tunnel.send(browser);
	await tunnel.receives((received) => received.length >= 7);
	assert.notEqual(tunnel.received[6], 49);
	tunnel.socket.destroy();
	assert.deepEqual([(await gateway.record(tunnel.localPort)).decision], ["decrypt"]);
	assert.deepEqual(gateway.events("ENCRYPTED_CLIENT_HELLO"), []);
});

test("a commit refuses keys that are none", async () => {
	await assert.rejects(
		startGateway(owner, { profiles: "global-config { ech-configuration AAAA; }" }),
		/'AAAA' is no ECHConfigList in base64/,
	);
});
