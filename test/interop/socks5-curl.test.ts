/** curl as the client of the SOCKS5 machine: a small proxy drives it over real sockets. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { after, type TestContext, test } from "node:test";
import { fault } from "#base/fault.ts";
import {
	encodeSocks5Reply,
	type Socks5Answer,
	Socks5Machine,
	type Socks5Options,
	socks5Reply,
	socks5ReplyOf,
} from "#proxy/socks5-machine.ts";
import { requirePeers } from "../support/peers.ts";
import { run } from "../support/tls-legs.ts";

const origin = createHttpServer((_request, response) => response.end("behind socks"));
origin.listen(0, "127.0.0.1");
await once(origin, "listening");
after(() => origin.close());
const originPort = (origin.address() as AddressInfo).port;

test("curl gets a page by a name that the proxy resolves, and by an IPv4 address", async (t) => {
	if (!requirePeers(t, ["curl"])) return;
	const proxy = await startProxy(t);
	for (const host of ["origin.test", "127.0.0.1"]) {
		const { status, output } = await curl(t, ["--socks5-hostname", proxy.at, `http://${host}:${originPort}/`]);
		assert.deepEqual([status, output], [0, "behind socks"]);
	}
	assert.deepEqual(proxy.asked, [`origin.test:${originPort}`, `127.0.0.1:${originPort}`]);
});

test("curl logs in with user and password, and is refused with a wrong one and with none", async (t) => {
	if (!requirePeers(t, ["curl"])) return;
	const proxy = await startProxy(t, { mustAuthenticate: true });
	const url = `http://origin.test:${originPort}/`;
	const good = await curl(t, ["--socks5-hostname", proxy.at, "--proxy-user", "tim:secret", url]);
	assert.deepEqual([good.status, good.output], [0, "behind socks"]);
	// 97: curl's code for a failed SOCKS handshake.
	assert.equal((await curl(t, ["--socks5-hostname", proxy.at, "--proxy-user", "tim:other", url])).status, 97);
	assert.equal((await curl(t, ["--socks5-hostname", proxy.at, url])).status, 97);
});

test("curl tells why it was refused: a server that is down, SOCKS4", async (t) => {
	if (!requirePeers(t, ["curl"])) return;
	const proxy = await startProxy(t);
	const down = await curl(t, ["-Sv", "--socks5-hostname", proxy.at, "http://origin.test:1/"]);
	assert.equal(down.status, 97);
	assert.match(down.output, /\(5\)/);
	assert.equal((await curl(t, ["--socks4a", proxy.at, `http://origin.test:${originPort}/`])).status, 97);
});

function curl(t: TestContext, args: readonly string[]) {
	return run(t, "curl", ["-s", "--noproxy", "", "--max-time", "10", ...args]);
}

async function startProxy(t: TestContext, options?: Socks5Options) {
	const asked: string[] = [];
	const sockets = new Set<Socket>();
	const server = createServer((client) => {
		sockets.add(client);
		client.on("error", () => {});
		const machine = new Socks5Machine(options);
		const act = (answer: Socks5Answer): void => {
			client.write(answer.send);
			if (answer.kind === "authenticate") {
				return act(machine.authenticated(answer.user === "tim" && answer.password.danger_reveal() === "secret"));
			}
			if (answer.kind === "refuse") client.end();
			if (answer.kind !== "request") return;
			client.off("data", read);
			client.pause();
			asked.push(`${answer.request.host}:${answer.request.port}`);
			const upstream = connect(answer.request.port, "127.0.0.1", () => {
				client.write(encodeSocks5Reply(socks5Reply.succeeded));
				upstream.write(answer.request.rest);
				client.pipe(upstream).pipe(client);
			});
			sockets.add(upstream);
			upstream.on("error", (error: NodeJS.ErrnoException) => {
				client.end(encodeSocks5Reply(socks5ReplyOf(fault("SERVER_UNREACHABLE", "down"), error.code)));
			});
		};
		const read = (chunk: Buffer) => act(machine.push(chunk));
		client.on("data", read);
	});
	server.listen(0, "127.0.0.1");
	await once(server, "listening");
	t.after(() => {
		for (const socket of sockets) socket.destroy();
		server.close();
	});
	return { at: `127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}
