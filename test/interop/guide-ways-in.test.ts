/** The pages about the ways in are true: each is replayed on a fresh gateway, with servers behind it. */
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { type TestContext, test } from "node:test";
import { udpSocket } from "../support/dtls-peers.ts";
import { freePort } from "../support/gateway.ts";
import { replayGuide, startGuideGateway } from "../support/guide.ts";
import { httpsOrigin, TestCa } from "../support/origins.ts";
import { requirePeers } from "../support/peers.ts";

const lab = new TestCa("Lab");
const shownBy = new TestCa("Public");
const shop = shownBy.identity(["shop.test"]);
const files = {
	"shop.pem": shop.cert,
	"shop.key": shop.key,
	"lab-root.pem": lab.root.pem,
	"public-root.pem": shownBy.root.pem,
};

for (const [page, least] of [
	["explicit", 6],
	["reverse", 15],
	["offload", 10],
	["encrypt", 20],
	["pass-through", 12],
	["datagram", 12],
] as const) {
	test(`docs/guide/${page}.md shows what happens`, async (t) => {
		if (!requirePeers(t, ["script", "curl", "openssl", "python3"])) return;
		const surroundings = { files, replaced: await portsHere(t) };
		const count = await replayGuide(t, await startGuideGateway(t), `docs/guide/${page}.md`, {}, surroundings);
		assert.ok(count >= least, `${count} examples were replayed`);
	});
}

/** The servers of the pages, and free ports for their listeners. */
async function portsHere(t: TestContext): Promise<Record<string, string>> {
	const behind = await httpsOrigin(t, lab.identity(["shop.test"]), (_, response) => response.end("behind\n"));
	const clear = createServer((_, response) => response.end("behind in clear\n"));
	const clearPort = await freePort();
	await new Promise<void>((resolve) => clear.listen(clearPort, "127.0.0.1", resolve));
	t.after(() => clear.close());
	const ports: Record<string, string> = { ":19443": `:${behind.port}`, ":19080": `:${clearPort}` };
	const echo = await udpSocket(t, (datagram, port, socket) => socket.send(`heard ${datagram}`, port, "127.0.0.1"));
	ports[":19684"] = `:${echo.port}`;
	for (const port of [18081, 18443, 18444, 18445, 18446, 18447, 18684, 18685, 18686])
		ports[`:${port}`] = `:${await freePort()}`;
	return ports;
}
