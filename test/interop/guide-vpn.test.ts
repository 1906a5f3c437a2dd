/** The page about VPNs is true: its examples are replayed, strongSwan with the file of the page as the peer. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { projectRoot, readText } from "../../scripts/source-files.ts";
import { replayGuide } from "../support/guide.ts";
import { requireNamespaces } from "../support/namespaces.ts";
import { Charon, makeVpnLab, startVpnGateway, vpnLabPeers } from "../support/vpn-lab.ts";

const page = "docs/guide/vpn.md";

test("B28, B33, B59: docs/guide/vpn.md shows a route-based VPN against strongSwan from the first statement to its end", async (t) => {
	if (!requireNamespaces(t, [...vpnLabPeers, "script"])) return;
	const lab = await makeVpnLab(t);
	const [, connections = ""] = /```conf\n([\s\S]*?)```/.exec(readText(projectRoot, page)) ?? [];
	const charon = await Charon.start(t, lab.peer, connections);
	const gateway = await startVpnGateway(t, lab.gateway);
	const count = await replayGuide(t, gateway, page, { client: (words) => lab.host.inside(words) });
	assert.ok(count > 30, `${count} examples were replayed`);
	assert.doesNotMatch(await charon.control("--list-sas"), /INSTALLED/);
});
