/** The stages before signatures where nothing is opened: TLS and DTLS that pass through (R206), over real sockets. */
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect as connectTcp } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { connect } from "node:tls";
import { helloDatagram } from "../support/dtls-hello.ts";
import { eventually, freePort, startGateway } from "../support/gateway.ts";
import { TestCa, tlsOrigin } from "../support/origins.ts";

const owner = { after };
const ca = new TestCa();
const folder = mkdtempSync(join(tmpdir(), "sallyport-ways-"));
after(() => rmSync(folder, { recursive: true, force: true }));
writeFileSync(join(folder, "names"), "evil.test 9\n");
const origin = await tlsOrigin(owner, ca.identity(["app.test", "evil.test"]), (socket) => socket.end("fine"));
const heard: number[] = [];
const far = createSocket("udp4", (datagram) => heard.push(datagram.length));
await new Promise<void>((resolve) => far.bind(0, "127.0.0.1", resolve));
after(() => far.close());
const [tls, udp] = [await freePort(), await freePort()];
const gateway = await startGateway(owner, {
	gateway: `
		pass-through web { listen 127.0.0.1:${tls}; server 127.0.0.1:${origin.port}; }
		datagram iot { listen 127.0.0.1:${udp}; server 127.0.0.1:${far.address().port}; pass-through; }`,
	policies: `policy all { match { source-address any; destination-address any; application any; } then { permit {
		application-services { security-intelligence-policy feeds; } } } }`,
	top: "applications { application over-udp { protocol udp; } application over-tcp { protocol tcp; } }",
	security: `
	address-book global { address five 127.0.0.5/32; address six 127.0.0.6/32; address seven 127.0.0.7/32; }
	inspection {
		bypass-rule let { match { source-address seven; } }
		traffic-management no-udp { match { source-address five; application over-udp; } then { block; } }
		traffic-management no-tcp { match { source-address six; application over-tcp; } then { block; } }
		quarantine { hosts 127.0.0.66/32; }
	}
	intelligence {
		feed names { category command-and-control; file ${join(folder, "names")}; }
		profile c2 { category command-and-control; default-rule { then { action { block { close; } } log; } } }
		policy feeds { profile c2; }
	}`,
});

/** What became of a connection from this address: the record's decision and stage. */
async function overTls(localAddress: string, servername = "app.test"): Promise<string> {
	const raw = connectTcp({ host: "127.0.0.1", port: tls, localAddress });
	const socket = connect({ socket: raw, servername, ca: ca.root.pem });
	socket.on("error", () => undefined);
	raw.on("error", () => undefined);
	await new Promise((resolve) => socket.on("close", resolve).resume());
	return recorded("pass-through web", localAddress, servername);
}

async function overDtls(address: string, name = "app.test"): Promise<string> {
	const socket = createSocket("udp4");
	await new Promise<void>((resolve) => socket.bind(0, address, resolve));
	const before = heard.length;
	const told = new Promise<string>((resolve) => socket.on("message", (datagram) => resolve(`alert ${datagram[14]}`)));
	socket.send(helloDatagram(name), udp, "127.0.0.1");
	const passed = eventually(() => heard.length > before && "passed", "the datagram");
	const answer = await Promise.race([told, passed]);
	passed.catch(() => undefined);
	socket.close();
	return answer === "passed" ? answer : `${answer}; ${await recorded("datagram iot", address, name)}`;
}

async function recorded(listener: string, address: string, sni: string): Promise<string> {
	const record = await eventually(
		() =>
			gateway.records().find((one) => one.listener === listener && one.client.address === address && one.sni === sni),
		`the record of ${address}`,
	);
	return `${record.decision} ${record.stage}`;
}

test("R206: TLS that passes through meets every stage but signatures, each rule by its own protocol", async () => {
	assert.equal(await overTls("127.0.0.5"), "bypass undefined");
	assert.equal(await overTls("127.0.0.66"), "block quarantine");
	assert.equal(await overTls("127.0.0.5", "evil.test"), "block reputation");
	assert.equal(await overTls("127.0.0.7", "evil.test"), "bypass inspection-bypass");
	const refused = connectTcp({ host: "127.0.0.1", port: tls, localAddress: "127.0.0.6" });
	refused.on("error", () => undefined);
	await new Promise((resolve) => refused.on("close", resolve).resume());
	await eventually(
		() =>
			gateway.records().find(({ client, stage }) => client.address === "127.0.0.6" && stage === "traffic-management"),
		"the block before a hello",
	);
});

test("R206: and so does DTLS that passes through; who is refused reaches no server", async () => {
	assert.equal(await overDtls("127.0.0.6"), "passed");
	assert.equal(heard.length, 1);
	assert.equal(await overDtls("127.0.0.5"), "alert 49; block traffic-management");
	assert.equal(await overDtls("127.0.0.66"), "alert 49; block quarantine");
	assert.equal(await overDtls("127.0.0.6", "evil.test"), "alert 49; block reputation");
	assert.equal(heard.length, 1);
	assert.equal(await overDtls("127.0.0.7", "evil.test"), "passed");
});
