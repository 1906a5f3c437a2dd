/** Two gateways as each other's peers: what strongSwan's release in Debian does not know, by the statements that a user writes. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually } from "../support/gateway.ts";
import { requireNamespaces } from "../support/namespaces.ts";
import { command, commit, makeVpnLab, pings, startVpnGateway, vpnLabPeers } from "../support/vpn-lab.ts";

const further = "additional-key-exchange methods";

/** Statements of one end; `own` and `peer` are outer addresses, `net` is the network behind the peer. */
const statements = (own: string, peer: string, unit: string, net: string) => [
	`set interfaces wan unit 0 family inet address ${own}/30`,
	`set interfaces st0 unit 0 family inet address ${unit}/30`,
	`set routing-options static route ${net} next-hop st0.0`,
	"set security ike proposal p authentication-algorithm sha-256 encryption-algorithm aes-256-gcm dh-group group19",
	`set security ike proposal p ${further} ml-kem-768`,
	"set security ike policy p proposals p",
	'set security ike policy p pre-shared-key ascii-text "a secret of both"',
	`set security ike gateway peer ike-policy p external-interface wan.0 address ${peer} version v2-only`,
	"set security ipsec proposal p encryption-algorithm aes-256-gcm lifetime-seconds 180",
	`set security ipsec policy p proposals p perfect-forward-secrecy keys group19`,
	`set security ipsec policy p perfect-forward-secrecy ${further} [ ml-kem-512 ml-kem-1024 ]`,
	"set security ipsec vpn peer bind-interface st0.0 ike gateway peer",
	"set security ipsec vpn peer ike ipsec-policy p",
];

test("two gateways agree on ML-KEM beside the group, traffic passes, and new keys go through further exchanges", async (t) => {
	if (!requireNamespaces(t, vpnLabPeers)) return;
	const lab = await makeVpnLab(t);
	const near = await startVpnGateway(t, lab.gateway);
	const far = await startVpnGateway(t, lab.peer);
	await commit(far, statements("2.2.2.2", "1.1.1.2", "10.11.11.2", "10.10.10.0/24"));
	await commit(near, [
		...statements("1.1.1.2", "2.2.2.2", "10.11.11.1", "192.168.168.0/24"),
		"set interfaces lan unit 0 family inet address 10.10.10.1/24",
		"set security ipsec vpn peer establish-tunnels immediately",
		"set security ike traceoptions file vpn",
		"set security ike traceoptions flag ike",
	]);
	await eventually(() => pings(lab.host, "192.168.168.10"), "an echo");
	for (const gateway of [near, far])
		assert.match(
			await command(gateway, "show security ike security-associations detail"),
			/Key exchanges +: group19, ml-kem-768\n/,
		);
	const spiOf = async () =>
		/<\d+ +\S+ +([0-9a-f]{8})/.exec(await command(near, "show security ipsec security-associations"))?.[1];
	// The first child lives on the keys of IKE; the one that traffic brings back has exchanges of its own.
	const before = await spiOf();
	await command(near, "clear security ipsec security-associations");
	await eventually(async () => {
		pings(lab.host, "192.168.168.10");
		const now = await spiOf();
		return now !== undefined && now !== before;
	}, "another child");
	await eventually(() => pings(lab.host, "192.168.168.10"), "an echo under new keys");
	assert.match(
		near
			.events("VPN_TUNNEL_UP")
			.map(({ fields }) => fields.detail)
			.join(),
		/child peer/,
	);
	const trace = await command(near, "show log vpn.log");
	assert.match(trace, /sent IKE_INTERMEDIATE request 1, [\s\S]*sent IKE_AUTH request 2, /);
	assert.match(trace, /sent IKE_FOLLOWUP_KE request \d+, /);
	assert.equal(near.events("IKE_NEGOTIATION_FAILED").length, 0);
});

test("a gateway whose external interface gets another address takes its association along (MOBIKE)", async (t) => {
	if (!requireNamespaces(t, vpnLabPeers)) return;
	const lab = await makeVpnLab(t);
	lab.internet.ip("address add 1.1.5.1/24 dev near");
	const near = await startVpnGateway(t, lab.gateway);
	const far = await startVpnGateway(t, lab.peer);
	const named = (own: string, peer: string) => [
		`set security ike gateway peer local-identity hostname ${own}`,
		...(peer === "" ? [] : [`set security ike gateway peer remote-identity hostname ${peer}`]),
		"set security ike gateway peer mobike",
	];
	await commit(far, [
		...statements("2.2.2.2", "1.1.1.2", "10.11.11.2", "10.10.10.0/24"),
		"delete security ike gateway peer address",
		"set security ike gateway peer dynamic hostname hq.example",
		...named("branch.example", ""),
	]);
	await commit(near, [
		...statements("1.1.1.2", "2.2.2.2", "10.11.11.1", "192.168.168.0/24"),
		"set interfaces lan unit 0 family inet address 10.10.10.1/24",
		...named("hq.example", "branch.example"),
	]);
	await eventually(() => pings(lab.host, "192.168.168.10"), "an echo");
	const spis = async () =>
		[...(await command(far, "show security ipsec security-associations")).matchAll(/[<>]\d+ +\S+ +([0-9a-f]{8})/g)]
			.map(([, spi]) => spi)
			.join(" ");
	const before = await spis();
	lab.gateway.ip("address add 1.1.5.2/24 dev wan", "route replace default via 1.1.5.1");
	await commit(near, [
		"delete interfaces wan unit 0 family inet address 1.1.1.2/30",
		"set interfaces wan unit 0 family inet address 1.1.5.2/24",
	]);
	await eventually(
		async () => /IKE peer 1\.1\.5\.2/.test(await command(far, "show security ike security-associations detail")),
		"the peer at its new address",
	);
	await eventually(() => pings(lab.host, "192.168.168.10"), "an echo from the new address");
	assert.equal(await spis(), before);
	assert.equal(far.events("IKE_ESTABLISHED").length, 1);
	lab.gateway.ip("address del 1.1.1.2/30 dev wan");
	await eventually(() => pings(lab.host, "192.168.168.10"), "an echo without the old address");
});
