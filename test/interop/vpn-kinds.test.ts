/** Kinds of VPN against strongSwan, each by the statements that a user writes: certificates, IPv6, narrower traffic. */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { eventually, makeStateDirectory } from "../support/gateway.ts";
import { type KeyName, makeCertificate } from "../support/make-certificate.ts";
import { requireNamespaces } from "../support/namespaces.ts";
import {
	Charon,
	command,
	commit,
	echoes,
	makeVpnLab,
	pings,
	startVpnGateway,
	vpnLabPeers,
} from "../support/vpn-lab.ts";
import { statements, swan } from "../support/vpn-statements.ts";

const root = makeCertificate({ subject: "CN=VPN test root", isCa: true });
const certified = (name: string, key: KeyName) =>
	makeCertificate({ subject: `CN=${name}`, names: [name], issuer: root, key, extendedKeyUsage: [] });

test("B20, B24: certificates authenticate both ends; the key of this one signs in the process that holds it", async (t) => {
	if (!requireNamespaces(t, vpnLabPeers)) return;
	const lab = await makeVpnLab(t);
	for (const [method, key, shown] of [
		["ecdsa-signatures-256", "p256", "ECDSA-signatures"],
		["rsa-signatures", "rsa2048", "RSA-signatures"],
	] as const) {
		const [own, peer] = [certified("hq.example", key), certified("branch.example", "p384")];
		const charon = await Charon.start(
			t,
			lab.peer,
			swan({ auth: "pubkey", own: "branch.example", peer: "hq.example" }),
			{
				certificate: peer.pem,
				key: peer.keyPem,
				authority: root.pem,
			},
		);
		const state = makeStateDirectory(t);
		mkdirSync(join(state, "trust"));
		writeFileSync(join(state, "trust/partners.pem"), root.pem);
		const certificates = { gw: { cert: own.pem, key: own.keyPem, made: own } };
		const gateway = await startVpnGateway(t, lab.gateway, { state, certificates });
		await commit(gateway, [
			...statements(method),
			"set security pki ca-profile partners ca-identity partners",
			"set security ike policy p certificate local-certificate gw",
			"set security ike gateway peer local-identity hostname hq.example",
			"set security ike gateway peer remote-identity hostname branch.example",
		]);
		await eventually(() => pings(lab.host, "192.168.168.10"), `an echo with ${method}`);
		assert.match(
			await command(gateway, "show security ike security-associations detail"),
			new RegExp(`Authentication method: ${shown}[\\s\\S]*Peer ike-id: branch\\.example`),
		);
		// An authority that is not trusted any more ends it.
		await commit(gateway, ["delete security pki ca-profile partners"]);
		await eventually(() => gateway.events("VPN_NOT_RUN").length > 0, "the VPN without an authority");
		assert.match(gateway.events("VPN_NOT_RUN")[0]?.fields.reason ?? "", /trusts no authority/);
		await eventually(async () => !/ESTABLISHED/.test(await charon.control("--list-sas")), "the end");
		await gateway.stop();
		await charon.kill();
	}
});

test("B41: IPv6 in IPv6, and both families through one tunnel interface", async (t) => {
	if (!requireNamespaces(t, vpnLabPeers)) return;
	const lab = await makeVpnLab(t);
	lab.host.ip("address add fd00:10::10/64 dev lan nodad", "route add default via fd00:10::1");
	lab.gateway.ip("address add fd00:10::1/64 dev lan nodad");
	lab.peer.ip("address add fd00:168::10/128 dev lo nodad");
	const [own, peer] = ["2001:db8:2::2", "2001:db8:1::2"];
	await Charon.start(t, lab.peer, swan({ own, peer, local: "::/0", remote: "::/0", addresses: [own, peer] }));
	lab.peer.ip("route replace fd00:10::/64 dev ipsec0 src fd00:168::10");
	const gateway = await startVpnGateway(t, lab.gateway);
	await commit(gateway, [
		...statements().filter((line) => !line.includes("192.168.168.0")),
		'set security ike policy p pre-shared-key ascii-text "a secret of both"',
		"set interfaces wan unit 0 family inet6 address 2001:db8:1::2/64",
		"set interfaces st0 unit 0 family inet6 address fd00:11::10/64",
		"set routing-options rib inet6.0 static route fd00:168::/64 next-hop st0.0",
		"delete security ike gateway peer address 2.2.2.2",
		`set security ike gateway peer address ${own}`,
		"set security ipsec vpn peer establish-tunnels immediately",
	]);
	await eventually(() => pings(lab.host, "fd00:168::10"), "an echo over IPv6");
	const shown = await command(gateway, "show security ipsec security-associations family inet6");
	assert.match(shown, /active tunnels: 1\n[\s\S]*4500 +2001:db8:2::2/);
	assert.match(
		await command(gateway, "show security ipsec security-associations detail"),
		/Local Identity: ipv6_subnet\(any:0,\[0\.\.31\]=::\/0\)/,
	);
});

test("B28: a proxy identity is what the tunnel is for; the peer may narrow it, and one that does not fit is refused with both named", async (t) => {
	if (!requireNamespaces(t, vpnLabPeers)) return;
	const lab = await makeVpnLab(t);
	await Charon.start(t, lab.peer, swan({ local: "192.168.168.0/28", remote: "10.10.10.0/24" }));
	const gateway = await startVpnGateway(t, lab.gateway);
	const identity = (local: string, remote: string) => [
		`set security ipsec vpn peer ike proxy-identity local ${local}`,
		`set security ipsec vpn peer ike proxy-identity remote ${remote}`,
	];
	await commit(gateway, [
		...statements(),
		...identity("10.10.10.0/24", "192.168.168.0/24"),
		'set security ike policy p pre-shared-key ascii-text "a secret of both"',
	]);
	await eventually(() => pings(lab.host, "192.168.168.10"), "an echo");
	assert.match(
		await command(gateway, "show security ipsec security-associations detail"),
		/Remote Identity: ipv4_subnet\(any:0,\[0\.\.7\]=192\.168\.168\.0\/28\)/,
	);
	await commit(gateway, identity("10.10.99.0/24", "192.168.168.0/24"));
	await commit(gateway, ["set security ipsec vpn peer establish-tunnels immediately"]);
	await eventually(
		() =>
			gateway
				.events("IKE_NEGOTIATION_FAILED")
				.some(({ fields }) => /we ask for 10\.10\.99\.0-10\.10\.99\.255 to/.test(fields.reason)),
		"the refusal",
	);
});

test("B7, B8: keys that are used for some kilobytes are renewed under traffic, which goes on", async (t) => {
	if (!requireNamespaces(t, vpnLabPeers)) return;
	const lab = await makeVpnLab(t);
	await Charon.start(t, lab.peer, swan());
	const gateway = await startVpnGateway(t, lab.gateway);
	await commit(gateway, [
		...statements(),
		'set security ike policy p pre-shared-key ascii-text "a secret of both"',
		"set security ipsec proposal p lifetime-kilobytes 2048",
	]);
	await eventually(() => pings(lab.host, "192.168.168.10"), "an echo");
	assert.ok(await echoes(t, lab, 8_000_000));
	await eventually(() => gateway.events("VPN_REKEYED").length >= 3, "three renewals");
	assert.match(
		await command(gateway, "show security ipsec security-associations detail"),
		/Lifesize Remaining: {2}Expires in \d+ kilobytes/,
	);
});

test("B28: a gateway that is there for VPNs alone needs no listener", async (t) => {
	if (!requireNamespaces(t, vpnLabPeers)) return;
	const lab = await makeVpnLab(t);
	await Charon.start(t, lab.peer, swan());
	const gateway = await startVpnGateway(t, lab.gateway, {
		configuration: () => `
			services { gateway { workers 1; } }
			interfaces { st0 { unit 0 { family inet { address 10.11.11.10/24; } } } }
			routing-options { static { route 192.168.168.0/24 next-hop st0.0; } }
			security {
				ike {
					proposal p { authentication-algorithm sha-256; encryption-algorithm aes-256-gcm; dh-group group19; }
					policy p { proposals p; pre-shared-key ascii-text "a secret of both"; }
					gateway peer { ike-policy p; address 2.2.2.2; external-interface wan.0; version v2-only; }
				}
				ipsec {
					proposal p { encryption-algorithm aes-256-gcm; }
					policy p { proposals p; }
					vpn branch { bind-interface st0.0; ike { gateway peer; ipsec-policy p; } }
				}
			}`,
	});
	assert.match(gateway.program.output, /VPNs +branch/);
	// The address of the external interface is not in the configuration: it is the device's.
	await eventually(() => pings(lab.host, "192.168.168.10"), "an echo");
});
