/** Another configuration is put in force while the gateway runs. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { projectRoot } from "../../scripts/source-files.ts";
import { eventually, freePort, gatewayConfiguration, hostBook, hostPolicy, startGateway } from "../support/gateway.ts";
import { TestCa, tlsOrigin } from "../support/origins.ts";
import { dial, openTls } from "../support/proxy-client.ts";

const ca = new TestCa();
const origin = await tlsOrigin({ after }, ca.identity(["shop.test"]), (socket) =>
	socket.on("data", (octets) => socket.write(octets)),
);
const parts = { trust: ca.root.pem, hosts: ["shop.test"] };
const gateway = await startGateway({ after }, parts);
const file = join(gateway.state, "sallyport.conf");
const target = `shop.test:${origin.port}`;

/** Writes the configuration where the gateway reads it and where the command checks it, and reloads. */
function reload(text: string): { status: number | null; stderr: string } {
	writeFileSync(file, text);
	copyFileSync(file, join(gateway.state, "test.conf"));
	const flags = ["--disallow-code-generation-from-strings", "--disable-warning=ExperimentalWarning"];
	const cli = join(projectRoot, "src/daemon/cli.ts");
	return spawnSync(process.execPath, [...flags, cli, "reload", "--state", gateway.state], { encoding: "utf8" });
}

/** How often the gateway said that a configuration is in force, the one of its start included. */
const timesLoaded = () => gateway.events("CONFIGURATION_LOADED").length;

async function connectStatus(port: number): Promise<number> {
	const client = await dial({ ...gateway, proxy: () => ({ host: "127.0.0.1", port }) } as typeof gateway);
	client.send(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n\r\n`);
	// The answer to a CONNECT that is granted has no end of its own.
	await client.receives("\r\n\r\n");
	client.socket.destroy();
	return Number(client.text.split(" ")[1]);
}

test("a policy that blocks meets the next connection and leaves the running one as it is", async () => {
	const running = await openTls(gateway, target);
	running.send("before\n");
	await running.receives("before\n");
	const blocking = { ...parts, policies: hostPolicy("shop", "reject;"), security: hostBook({ shop: "shop.test" }) };
	assert.equal(reload(gatewayConfiguration(gateway.ports, blocking)).status, 0);
	await eventually(() => timesLoaded() === 2 || undefined, "the second configuration");
	assert.equal(await connectStatus(gateway.ports.ipv4), 403);
	running.send("after");
	await running.receives("after");
	running.socket.destroy();
	assert.equal(reload(gatewayConfiguration(gateway.ports, parts)).status, 0);
	await eventually(() => timesLoaded() === 3 || undefined, "the third configuration");
	assert.equal(await connectStatus(gateway.ports.ipv4), 200);
});

test("a listener that is new accepts clients, one that is gone accepts nobody", async () => {
	const ports = { ...gateway.ports, ipv4: await freePort() };
	assert.equal(reload(gatewayConfiguration(ports, parts)).status, 0);
	await eventually(() => timesLoaded() === 4 || undefined, "the fourth configuration");
	assert.equal(await connectStatus(ports.ipv4), 200);
	await assert.rejects(connectStatus(gateway.ports.ipv4), { code: "ECONNREFUSED" });
	assert.equal(reload(gatewayConfiguration(gateway.ports, parts)).status, 0);
	await eventually(() => timesLoaded() === 5 || undefined, "the fifth configuration");
});

test("a broken file is told with its place by the command, and nothing changes", async () => {
	const { status, stderr } = reload("services { gatway { } }\n");
	assert.equal(status, 1);
	assert.match(stderr, /sallyport\.conf:1:\(12\)/);
	assert.equal(await connectStatus(gateway.ports.ipv4), 200);
	assert.equal(timesLoaded(), 5);
});

test("an address that is taken leaves every worker with the configuration before", async () => {
	const taken = { ...gateway.ports, ipv6: gateway.ports.ipv6 };
	const text = gatewayConfiguration(taken, parts).replace(`127.0.0.1:${taken.ipv4}`, `127.0.0.1:${origin.port}`);
	assert.equal(reload(text).status, 0);
	await eventually(() => gateway.events("CONFIGURATION_REFUSED").length === 1 || undefined, "the refusal");
	assert.equal(await connectStatus(gateway.ports.ipv4), 200);
	assert.match(readFileSync(join(gateway.state, "sallyport.log"), "utf8"), /is already in use/);
});

test("without a gateway the command says so", () => {
	const cli = join(projectRoot, "src/daemon/cli.ts");
	const { status, stderr } = spawnSync(process.execPath, [cli, "reload", "--state", "/nowhere"], { encoding: "utf8" });
	assert.equal(status, 1);
	assert.match(stderr, /no gateway runs on state directory \/nowhere/);
});
