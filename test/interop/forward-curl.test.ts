/** curl as the client of plain HTTP forwarding: a small proxy drives the machine over real sockets. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer as createHttpServer, type Server } from "node:http";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { after, type TestContext, test } from "node:test";
import type { Authority } from "#base/authority.ts";
import { ForwardMachine } from "#http/forward-machine.ts";
import { requirePeers } from "../support/peers.ts";
import { run } from "../support/tls-legs.ts";

const origins = await Promise.all(["first", "second"].map(startOrigin));
const [first, second] = origins.map((origin) => (origin.address() as AddressInfo).port) as [number, number];

test("curl gets pages of two servers over one connection to the proxy, and its password for the proxy stays there", async (t) => {
	if (!requirePeers(t, ["curl"])) return;
	const proxy = await startProxy(t);
	const urls = [`http://a.test:${first}/x?y`, `http://b.test:${second}/`, `http://a.test:${first}`];
	const { output } = await curl(t, proxy.at, ["--proxy-user", "tim:secret", ...urls]);
	assert.deepEqual(output.trim().split("\n"), [
		`first GET /x?y a.test:${first} accept,host,user-agent`,
		`second GET / b.test:${second} accept,host,user-agent`,
		`first GET / a.test:${first} accept,host,user-agent`,
	]);
	assert.equal(proxy.clients(), 1);
});

test("curl sends bodies with a length and in chunks", async (t) => {
	if (!requirePeers(t, ["curl"])) return;
	const proxy = await startProxy(t);
	const url = `http://a.test:${first}/`;
	const body = "x".repeat(100_000);
	for (const args of [
		["-d", "@-"],
		["-d", "@-", "-H", "Transfer-Encoding: chunked"],
		["-T", "-"],
	]) {
		const { output } = await curl(t, proxy.at, [...args, url], body);
		assert.match(output, /^first P(?:OS|U)T \/ .* 100000$/m, args.join(" "));
	}
});

function curl(t: TestContext, proxy: string, args: readonly string[], input = "") {
	return run(t, "curl", ["-s", "--noproxy", "", "--max-time", "10", "-x", `http://${proxy}`, ...args], input);
}

async function startOrigin(name: string): Promise<Server> {
	const server = createHttpServer((request, response) => {
		let length = 0;
		request.on("data", (chunk: Buffer) => {
			length += chunk.length;
		});
		request.on("end", () => {
			const names = Object.keys(request.headers).sort().join(",");
			response.end(`${name} ${request.method} ${request.url} ${request.headers.host} ${length > 0 ? length : names}\n`);
		});
	});
	server.listen(0, "127.0.0.1");
	await once(server, "listening");
	after(() => {
		server.closeAllConnections();
		server.close();
	});
	return server;
}

/** A proxy for one request at a time, as curl sends them. */
async function startProxy(t: TestContext) {
	const sockets = new Set<Socket>();
	let clients = 0;
	const server = createServer((client) => {
		clients++;
		sockets.add(client);
		client.on("error", () => {});
		const machine = new ForwardMachine();
		let upstream: Socket | undefined;
		let at: Authority | undefined;
		client.on("data", (chunk) => {
			machine.push(chunk as Buffer);
			for (let step = machine.next(); step.kind !== "need-more"; step = machine.next()) {
				if (step.kind === "body") upstream?.write(step.octets);
				if (step.kind === "refuse") client.destroy();
				if (step.kind !== "request" || step.plan.kind !== "forward") continue;
				if (at?.host !== step.plan.target.host || at.port !== step.plan.target.port) {
					upstream?.destroy();
					at = step.plan.target;
					upstream = connect(at.port, "127.0.0.1");
					upstream.on("error", () => {});
					sockets.add(upstream);
					upstream.pipe(client, { end: false });
				}
				upstream?.write(step.plan.head);
			}
		});
	});
	server.listen(0, "127.0.0.1");
	await once(server, "listening");
	t.after(() => {
		for (const socket of sockets) socket.destroy();
		server.close();
	});
	return { at: `127.0.0.1:${(server.address() as AddressInfo).port}`, clients: () => clients };
}
