/** Overload, servers that want a client's certificate, and names that are believed or not: with real peers at both ends. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { sessionOutcome } from "#telemetry/session-outcome.ts";
import {
	eventually,
	type Gateway,
	hostBook,
	hostPolicy,
	makeStateDirectory,
	runProgram,
	startGateway,
} from "../support/gateway.ts";
import { httpsOrigin, TestCa } from "../support/origins.ts";
import { fetchOnce, openTls, openTunnel, startTls } from "../support/proxy-client.ts";

const owner = { after };
const ca = new TestCa();
const names = ["app.test", "other.test", "bank.test", "drop.test", "present.test"];
const origin = await httpsOrigin(owner, ca.identity(["app.test", "other.test"]), (_, response) => response.end("ok"));
const clients = new TestCa("Clients");
const mutual = await httpsOrigin(
	owner,
	ca.identity(names),
	(request, response) => {
		const { authorized, getPeerCertificate } = request.socket as never as {
			authorized: boolean;
			getPeerCertificate(): { subject?: { CN?: string } };
		};
		response.end(`${authorized} ${getPeerCertificate.call(request.socket).subject?.CN}`);
	},
	{ requestCert: true, rejectUnauthorized: true, ca: clients.root.pem },
);
const open = (profile: string) =>
	`permit { application-services { ssl-proxy { profile-name ${profile}; } pattern-policy standard; } }`;

function start(globalConfig: string, gateway = "", more: Parameters<typeof startGateway>[1] = {}): Promise<Gateway> {
	return startGateway(owner, {
		trust: ca.root.pem,
		hosts: names,
		gateway: `workers 1; ${gateway}`,
		profiles: `global-config { ${globalConfig} }
			decryption-policy exempt { never-decrypt-domains bank.test; }`,
		profile: "decryption-policy exempt;",
		...more,
	});
}

/** One request whose client trusts both the gateway's CA and that of the origins. */
async function get(gateway: Gateway, host: string, port: number) {
	const target = `${host}:${port}`;
	const client = await openTls(gateway, target, { ca: gateway.caPem + ca.root.pem });
	const response = await client.request(`GET / HTTP/1.1\nHost: ${target}`);
	return { client, body: response.body.toString() };
}

describe("overload", () => {
	test("R186 R278 N4: beyond maximum-sessions sessions are relayed untouched, recorded and told, until others close", async () => {
		const gateway = await start("maximum-sessions 2;");
		const held = [await get(gateway, "app.test", origin.port), await get(gateway, "app.test", origin.port)];
		const beyond = await get(gateway, "app.test", origin.port);
		beyond.client.socket.end();
		const record = await gateway.record(beyond.client.localPort);
		assert.deepEqual([record.decision, record.cause, sessionOutcome(record)], ["bypass", "overload", "bypassed"]);
		const event = await eventually(() => gateway.events("INSPECTION_LIMIT_REACHED")[0], "the event");
		assert.match(gateway.log, /critical threshold of concurrent sessions: .*allow but bypass inspection/);
		assert.equal(event.fields.capacity, 2);
		for (const { client } of held) client.socket.end();
		await eventually(() => gateway.events("INSPECTION_LIMIT_LEFT").length > 0, "the end of the condition");
		const again = await get(gateway, "app.test", origin.port);
		again.client.socket.end();
		assert.equal((await gateway.record(again.client.localPort)).decision, "decrypt");
	});

	test("R186: overload-action block refuses them instead", async () => {
		const gateway = await start("maximum-sessions 1; overload-action block;");
		const held = await get(gateway, "app.test", origin.port);
		const tunnel = await openTunnel(gateway, `app.test:${origin.port}`);
		await assert.rejects(startTls(gateway, tunnel, "app.test"), /access denied|alert number 49/i);
		assert.equal((await gateway.record(tunnel.localPort)).decision, "block");
		held.client.socket.end();
	});

	test("above memory-high-water nothing more is decrypted, with an event", async () => {
		const gateway = await start("", "memory-high-water 64;");
		await eventually(() => gateway.events("MEMORY_HIGH").length > 0, "the event");
		const { client } = await get(gateway, "app.test", origin.port);
		client.socket.end();
		const record = await gateway.record(client.localPort);
		assert.deepEqual([record.cause, /more than 64 MiB of memory/.test(record.fact)], ["overload", true]);
	});

	test("one client beyond its sessions is refused with 503, and named", async () => {
		const gateway = await start("", "maximum-sessions-per-client 1;");
		const held = await get(gateway, "app.test", origin.port);
		await assert.rejects(fetchOnce(gateway, `app.test:${origin.port}`), /503/);
		await eventually(() => gateway.events("CLIENT_LIMIT_REACHED").length > 0, "the event");
		held.client.socket.end();
	});
});

describe("R172 M18: a server that demands a client's certificate", () => {
	test("is let be by default, is dropped, or gets the certificate of its name", async () => {
		const made = clients.identity(["gateway"], { subject: "CN=gateway", extendedKeyUsage: ["1.3.6.1.5.5.7.3.2"] });
		const state = makeStateDirectory(owner);
		writeFileSync(join(state, "client.pem"), made.cert + made.key);
		const profiles = ["drop", "present"]
			.map(
				(action) => `profile ${action} { root-ca sallyport-ca; trusted-ca test; client-certificate { *.test gw; }
					actions { client-certificate-request ${action}; log { all; } } }`,
			)
			.join("\n");
		const configuration = (withPresent: boolean) => ({
			state,
			profile: "",
			profiles: withPresent ? profiles : "",
			security: hostBook({ drop: "drop.test", present: "present.test" }),
			policies: withPresent ? hostPolicy("drop", open("drop")) + hostPolicy("present", open("present")) : "",
		});
		// The certificate must be there before a configuration names it.
		const first = await start("", "", configuration(false));
		const say = `request security pki local-certificate load certificate-id gw filename ${join(state, "client.pem")} key ${join(state, "client.pem")}`;
		const loaded = await runProgram(owner, ["cli", "--state", state, "-c", say]);
		assert.equal(loaded.status, 0, loaded.output);
		await first.stop();
		const gateway = await start("", "", configuration(true));
		const letBe = await openTunnel(gateway, `app.test:${mutual.port}`);
		const own = clients.identity(["user"], { subject: "CN=user", extendedKeyUsage: ["1.3.6.1.5.5.7.3.2"] });
		const user = await startTls(gateway, letBe, "app.test", { ca: ca.root.pem, key: own.key, cert: own.cert });
		const answer = await user.request("GET / HTTP/1.1\nHost: app.test");
		assert.equal(answer.body.toString(), "true user");
		user.socket.end();
		const untouched = await gateway.record(letBe.localPort);
		assert.deepEqual([untouched.cause, sessionOutcome(untouched)], ["client-certificate", "bypassed"]);
		const dropped = await openTunnel(gateway, `drop.test:${mutual.port}`);
		await assert.rejects(startTls(gateway, dropped, "drop.test"));
		assert.equal((await gateway.record(dropped.localPort)).faultCode, "SERVER_WANTS_CLIENT_CERTIFICATE");
		const presented = await get(gateway, "present.test", mutual.port);
		assert.equal(presented.body, "true gateway");
		presented.client.socket.end();
		assert.equal((await gateway.record(presented.client.localPort)).decision, "decrypt");
	});
});

describe("R156: an exempt name that the server does not bear", () => {
	test("is believed by default, with an event", async () => {
		const gateway = await start("");
		const tunnel = await openTunnel(gateway, `bank.test:${origin.port}`);
		const client = await startTls(gateway, tunnel, "bank.test", { rejectUnauthorized: false });
		client.socket.end();
		assert.equal((await gateway.record(tunnel.localPort)).cause, "exempt");
		const [event] = await eventually(() => {
			const found = gateway.events("EXEMPT_NAME_MISMATCH");
			return found.length > 0 && found;
		}, "the event");
		assert.deepEqual([event?.fields.name, event?.fields.presented], ["bank.test", ["app.test", "other.test"]]);
	});

	test("N5: is not enough with verify-certificate: the session is opened; a server that bears it is let be", async () => {
		const gateway = await start("sni-trust verify-certificate;");
		const wrong = await openTunnel(gateway, `bank.test:${origin.port}`);
		const client = await startTls(gateway, wrong, "bank.test", { rejectUnauthorized: false });
		client.socket.end();
		const record = await gateway.record(wrong.localPort);
		assert.deepEqual([record.decision, record.serverTrust === "trusted"], ["decrypt", false]);
		assert.match(record.fact, /certificate does not bear bank\.test/);
		const bank = await httpsOrigin(owner, ca.identity(["bank.test"]), (_, response) => response.end("bank"));
		const right = await get(gateway, "bank.test", bank.port);
		right.client.socket.end();
		assert.equal(right.body, "bank");
		assert.equal((await gateway.record(right.client.localPort)).cause, "exempt");
		assert.equal(bank.sockets.length, 2);
	});
});
