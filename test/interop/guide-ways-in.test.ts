/** The pages about the ways in, and about what goes before signatures, are true: each is replayed on a fresh gateway, with servers behind it. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { freePort } from "../support/gateway.ts";
import { type GuideSurroundings, replayGuide, startGuideGateway } from "../support/guide.ts";
import { requirePeers } from "../support/peers.ts";
import { anyPorts, startWalk, walkPorts } from "../support/walk.ts";

for (const [page, least] of [
	["explicit", 6],
	["reverse", 15],
	["offload", 10],
	["encrypt", 20],
	["pass-through", 12],
	["datagram", 12],
	["before-signatures", 20],
] as const) {
	test(`docs/guide/${page}.md shows what happens`, async (t) => {
		if (!requirePeers(t, ["script", "curl", "openssl", "python3"])) return;
		const surroundings = await walkHere(t);
		const count = await replayGuide(t, await startGuideGateway(t), `docs/guide/${page}.md`, {}, surroundings);
		assert.ok(count >= least, `${count} examples were replayed`);
	});
}

test("R238 R242 R245 R246 R247: docs/guide/troubleshooting.md: where to look, with the commands that show it", async (t) => {
	if (!requirePeers(t, ["script", "curl"])) return;
	const surroundings = await walkHere(t);
	const count = await replayGuide(t, await startGuideGateway(t), "docs/guide/troubleshooting.md", {}, surroundings);
	assert.ok(count >= 10, `${count} examples were replayed`);
});

/** The servers and files of the pages, and free ports for their listeners. */
async function walkHere(t: TestContext): Promise<GuideSurroundings> {
	const { files, ports } = await startWalk(t, anyPorts);
	const replaced: Record<string, string> = {};
	for (const server of ["https", "clear", "datagrams"] as const)
		replaced[`:${walkPorts[server]}`] = `:${ports[server]}`;
	for (const port of [18081, 18443, 18444, 18445, 18446, 18447, 18684, 18685, 18686])
		replaced[`:${port}`] = `:${await freePort()}`;
	return { files, replaced };
}
