/** Peers that are gone and tunnels that carry nothing: found out, told, and made anew. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually } from "../support/gateway.ts";
import { requireNamespaces } from "../support/namespaces.ts";
import { peerPath } from "../support/peers.ts";
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

test("B52: a tunnel that carries nothing is found down, loses its routes, is made anew, and is up with the first answer", async (t) => {
	if (!requireNamespaces(t, vpnLabPeers)) return;
	const lab = await makeVpnLab(t);
	// The strictest that hosts have by default: answers are taken from where the host would send, too.
	lab.gateway.sysctl({ "ipv4/conf/all/rp_filter": 2 });
	await Charon.start(t, lab.peer, swan());
	const gateway = await startVpnGateway(t, lab.gateway);
	const show = (...more: readonly string[]) =>
		command(gateway, ["show security ipsec security-associations", ...more].join(" "));
	const routes = () => lab.gateway.run([peerPath("ip"), "route", "show", "192.168.168.0/24"]);
	assert.doesNotMatch(
		await commit(gateway, [
			...statements(),
			key,
			"set security ipsec vpn peer vpn-monitor source-interface st0.0 destination-ip 192.168.168.10",
			"set security ipsec vpn-monitor-options interval 2 threshold 2",
			"set security ipsec vpn peer establish-tunnels immediately",
		]),
		/monitor/,
	);
	await eventually(async () => /U {3}root/.test(await show()), "the tunnel");
	assert.match(await show("detail"), /VPN Monitoring: UP/);
	// Packets of tunnels are lost on the way, IKE is not.
	const heal = cutOff(lab.internet, "udp dport 4500 @th,64,32 != 0");
	await eventually(() => gateway.events("VPN_MONITOR_DOWN").length > 0, "the fall");
	assert.match(gateway.events("VPN_MONITOR_DOWN")[0]?.fields.detail ?? "", /192\.168\.168\.10 did not answer 2 echo/);
	await eventually(async () => /D {3}root/.test(await show()), "another tunnel, down as well");
	await eventually(() => !routes().includes("dev st0.0"), "the end of the routes");
	assert.match(routes(), /^unreachable/);
	assert.ok(gateway.events("VPN_TUNNEL_UP").length > 1);
	heal();
	await eventually(() => gateway.events("VPN_MONITOR_UP").length > 0, "the rise");
	await eventually(() => routes().includes("dev st0.0"), "the routes");
	assert.match(await show("detail"), /VPN Monitoring: UP/);
	await eventually(() => pings(lab.host, "192.168.168.10"), "an echo");
});
