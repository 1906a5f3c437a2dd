/** Peers that are gone and tunnels that carry nothing: found out, told, and made anew. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually } from "../support/gateway.ts";
import { requireNamespaces } from "../support/namespaces.ts";
import {
	Charon,
	command,
	commit,
	cutOff,
	makeVpnLab,
	pings,
	startVpnGateway,
	vpnLabPeers,
} from "../support/vpn-lab.ts";
import { statements, swan } from "../support/vpn-statements.ts";

const key = 'set security ike policy p pre-shared-key ascii-text "a secret of both"';

test("B51: a peer that is cut off is found dead, its tunnel falls, and it comes up again when the way is free", async (t) => {
	if (!requireNamespaces(t, vpnLabPeers)) return;
	const lab = await makeVpnLab(t);
	await Charon.start(t, lab.peer, swan());
	const gateway = await startVpnGateway(t, lab.gateway);
	const show = () => command(gateway, "show security ipsec security-associations");
	assert.doesNotMatch(
		await commit(gateway, [
			...statements(),
			key,
			"set security ike gateway peer dead-peer-detection always-send interval 1",
			"set security ipsec vpn peer establish-tunnels immediately",
		]),
		/dead-peer-detection/,
	);
	await eventually(async () => /active tunnels: 1/.test(await show()), "the tunnel");
	const heal = cutOff(lab.internet);
	await eventually(() => gateway.events("IKE_PEER_DEAD").length > 0, "the death of the peer");
	assert.match(
		gateway.events("IKE_PEER_DEAD")[0]?.fields.detail ?? "",
		/the peer did not answer a request that was sent 5 times/,
	);
	assert.match(await show(), /active tunnels: 0/);
	heal();
	await eventually(async () => /active tunnels: 1/.test(await show()), "the tunnel again");
	await eventually(() => pings(lab.host, "192.168.168.10"), "an echo");
});
