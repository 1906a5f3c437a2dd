/** Origins that do not do as they should: the client gets an answer that it understands, the record says whose fault it was. */
import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { after, describe, test } from "node:test";
import { concat, Writer } from "#base/bytes.ts";
import { contentType, encodeRecord } from "#tls/record.ts";
import { eventually, startGateway } from "../support/gateway.ts";
import { type Origin, TestCa, tcpOrigin, tlsOrigin } from "../support/origins.ts";
import { openTls, openTunnel, startTls } from "../support/proxy-client.ts";

const owner = { after };
const ca = new TestCa();
const identity = ca.identity(["app.test"]);
const mutual = { requestCert: true, rejectUnauthorized: true };
const origins: Readonly<Record<string, Origin>> = {
	mutual13: await tlsOrigin(owner, identity, () => undefined, { ...mutual, minVersion: "TLSv1.3" }),
	mutual12: await tlsOrigin(owner, identity, () => undefined, { ...mutual, maxVersion: "TLSv1.2" }),
	plain: await tcpOrigin(owner, (socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\nplain HTTP here")),
	silent: await tcpOrigin(owner, (socket) => socket.resume()),
	closing: await tcpOrigin(owner, (socket) => socket.end()),
	resetting: await tcpOrigin(owner, (socket) => socket.once("data", () => socket.resetAndDestroy())),
	alerting: await tcpOrigin(owner, (socket) => socket.end(Buffer.from("15030300020228", "hex"))),
	garbage: await tcpOrigin(owner, (socket) => socket.end(Buffer.alloc(500, 0x16))),
	endless: await tcpOrigin(owner, (socket) => flood(socket)),
	otherKey: await tcpOrigin(owner, (socket) =>
		socket.once("data", () => {
			socket.write(helloForRsaKeys(identity.made.certificate.der));
			socket.on("data", (octets: Buffer) => (answerToOtherKey = octets));
		}),
	),
};
let answerToOtherKey = Buffer.alloc(0) as Buffer;

/** What a server of TLS 1.2 says that chose a suite for RSA keys (ECDHE_RSA_WITH_AES_128_GCM_SHA256), with that certificate. */
function helloForRsaKeys(certificate: Uint8Array): Uint8Array {
	const hello = new Writer().u8(2).prefixed(3, (body) => {
		body.u16(0x0303).bytes(Buffer.alloc(32, 1)).u8(0).u16(0xc02f).u8(0);
		// Renegotiation as RFC 5746 has it, without which nothing is read any further.
		body.prefixed(2, (extensions) => extensions.u16(0xff01).u16(1).u8(0));
	});
	const list = new Writer().u8(11).prefixed(3, (body) => {
		body.prefixed(3, (chain) => chain.prefixed(3, (one) => one.bytes(certificate)));
	});
	return encodeRecord(contentType.handshake, 0x0303, concat([hello.finish(), list.finish()]));
}

/** One handshake record after another that never completes a message. */
function flood(socket: Socket): void {
	const record = Buffer.concat([
		Buffer.from("1603034000", "hex"),
		Buffer.from("02ffffff", "hex"),
		Buffer.alloc(16_380),
	]);
	const write = () => {
		while (!socket.destroyed && socket.write(record));
	};
	socket.on("drain", write);
	write();
}

const gateway = await startGateway(owner, {
	trust: ca.root.pem,
	hosts: ["app.test"],
	mappings: { "two.test": "inet [ 127.0.0.78 127.0.0.1 ];" },
	gateway: "timeouts { connect 2; handshake 1; idle 2; }",
});

describe("a failed handshake with the origin is an alert for the client", { concurrency: 8 }, () => {
	for (const [name, expected, code] of [
		["plain", /number 40|handshake failure/i, "SERVER_HANDSHAKE_FAILED"],
		["silent", /number 40|handshake failure/i, "SERVER_HANDSHAKE_FAILED"],
		["closing", /number 40|handshake failure/i, "SERVER_HANDSHAKE_FAILED"],
		["resetting", /number (40|80)|handshake failure|internal error/i, /^SERVER_(HANDSHAKE_FAILED|UNREACHABLE)$/],
		["alerting", /number 40|handshake failure/i, "SERVER_HANDSHAKE_FAILED"],
		["garbage", /number 40|handshake failure/i, "SERVER_HANDSHAKE_FAILED"],
		["endless", /number 40|handshake failure/i, "SERVER_HANDSHAKE_FAILED"],
	] as const) {
		test(`${name}: ${code}`, async () => {
			const target = `app.test:${origins[name]?.port}`;
			const tunnel = await openTunnel(gateway, target);
			await assert.rejects(startTls(gateway, tunnel, target), expected);
			const record = await gateway.record(tunnel.localPort);
			assert.match(record.faultCode ?? "", typeof code === "string" ? new RegExp(`^${code}$`) : code);
			assert.equal(record.clientLeg, undefined);
		});
	}

	test("V17: an origin whose certificate has a key of another kind than the suite it chose is refused", async () => {
		const target = `app.test:${origins.otherKey?.port}`;
		const tunnel = await openTunnel(gateway, target);
		await assert.rejects(startTls(gateway, tunnel, target), /number 40|handshake failure/i);
		assert.equal((await gateway.record(tunnel.localPort)).faultCode, "SERVER_HANDSHAKE_FAILED");
		// A fatal alert, illegal_parameter: the suite does not go with the certificate.
		await eventually(() => answerToOtherKey.length > 0, "the gateway's answer to the origin");
		assert.equal(answerToOtherKey.toString("hex"), "1503030002022f");
	});

	for (const version of ["mutual12", "mutual13"]) {
		test(`M18 R243: an origin "${version}" that demands a client certificate is let be, and named as that`, async () => {
			const target = `app.test:${origins[version]?.port}`;
			const tunnel = await openTunnel(gateway, target);
			const client = await startTls(gateway, tunnel, target, { ca: ca.root.pem }).catch(() => undefined);
			await client?.over();
			const { cause, fact } = await gateway.record(tunnel.localPort);
			assert.deepEqual([cause, fact], ["client-certificate", `server ${target} asks for a client certificate`]);
		});
	}
});

test("the next address of a name is tried when the first does not answer", async () => {
	const open = await tlsOrigin(owner, ca.identity(["two.test"]), (socket) => socket.end("hello"));
	const client = await openTls(gateway, `two.test:${open.port}`);
	await client.receives("hello");
	client.socket.end();
	const record = await gateway.record(client.localPort);
	assert.equal(record.server.address, "127.0.0.1");
});

test("a connection on which nobody says anything ends after the idle time", async () => {
	const quiet = await tlsOrigin(owner, identity, () => undefined);
	const client = await openTls(gateway, `app.test:${quiet.port}`);
	await client.over();
	const record = await gateway.record(client.localPort);
	assert.deepEqual(
		[record.faultCode, record.endedBecause],
		["SESSION_IDLE_TIMEOUT", "neither side sent anything for 2 seconds"],
	);
});
