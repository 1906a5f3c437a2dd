/** VPNs of the gateway as its processes, against strongSwan: configured by statements, traffic through the tunnel. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually, type Gateway } from "../support/gateway.ts";
import { type Namespace, requireNamespaces } from "../support/namespaces.ts";
import { peerPath } from "../support/peers.ts";
import {
	Charon,
	chicago,
	command,
	commit,
	echoes,
	makeVpnLab,
	manualExample,
	pings,
	startVpnGateway,
	vpnLabPeers,
} from "../support/vpn-lab.ts";

const vpn = "security ipsec vpn ipsec-vpn-chicago";
const spisOf = (text: string) => [...text.matchAll(/[<>]\d+ +\S+ +([0-9a-f]{8})/g)].map(([, spi]) => spi);

/** What tests ask of a gateway again and again. */
function watch(gateway: Gateway) {
	const show = (what: string) => command(gateway, `show security ${what}`);
	return {
		show,
		spis: async () => spisOf(await show("ipsec security-associations")),
		commit: (...lines: readonly string[]) => commit(gateway, lines),
		isUp: async () => /active tunnels: 1/.test(await show("ipsec security-associations")),
	};
}

test("B28, B32, B59: the manual's route-based example: traffic brings the tunnel up, TCP passes, edits act as they should", async (t) => {
	if (!requireNamespaces(t, vpnLabPeers)) return;
	const lab = await makeVpnLab(t);
	const charon = await Charon.start(t, lab.peer, chicago());
	const gateway = await startVpnGateway(t, lab.gateway);
	const { show, spis, commit: change, isUp } = watch(gateway);
	assert.match(await change(...manualExample), /commit complete/);
	assert.equal(await show("ike security-associations"), "");

	await t.test(
		"B32, B74: an echo request between hosts behind the ends is lost and brings the tunnel up, the next one is answered",
		async () => {
			await eventually(() => pings(lab.host, "192.168.168.10"), "an echo");
			assert.ok(await isUp());
		},
	);
	await t.test("B55, B73: TCP goes through the tunnel in both directions, and is counted", async (inner) => {
		await command(gateway, "clear security ipsec statistics");
		assert.ok(await echoes(inner, lab, 3_000_000));
		const [, encrypted, decrypted] =
			/Encrypted bytes: +(\d+)\n +Decrypted bytes: +(\d+)/.exec(await show("ipsec statistics")) ?? [];
		assert.ok(Number(encrypted) > 3_000_000 && Number(decrypted) > 3_000_000, `${encrypted} ${decrypted}`);
	});
	await t.test("B42: in UDP, too, the outer header has the DS field of the packet within", () => {
		const onTheWay = counter(
			lab.internet,
			"forward",
			"ip saddr 1.1.1.2 udp dport 4500 ip dscp af31 ip frag-off & 0x4000 == 0",
		);
		assert.ok(pings(lab.host, "192.168.168.10", "-Q", "0x68"));
		assert.ok(pings(lab.host, "192.168.168.10"));
		assert.equal(onTheWay(), 1);
	});
	await t.test("B71, B72: what stands is shown as strongSwan sees it", async () => {
		const sas = await charon.control("--list-sas");
		const table = await show("ike security-associations");
		const [, , , initiator, responder] = table.split("\n")[1]?.split(/ +/) ?? [];
		assert.match(sas, new RegExp(`${table.split("\n")[1]?.split(/ +/)[2]}_i`));
		assert.match(sas, new RegExp(`${initiator}_r`));
		assert.equal(responder, "IKEv2");
		const [inbound, outbound] = await spis();
		assert.match(sas, new RegExp(`in +${outbound}[\\s\\S]*out +${inbound}`));
		const detail = await show("ipsec security-associations detail");
		assert.match(detail, /Local Gateway: 1\.1\.1\.2, Remote Gateway: 2\.2\.2\.2/);
		assert.match(detail, /Local Identity: ipv4_subnet\(any:0,\[0\.\.7\]=0\.0\.0\.0\/0\)/);
		assert.match(detail, /Authentication: hmac-sha1-96, Encryption: aes-128-cbc/);
	});
	await t.test(
		"B30: unrelated statements and algorithms of IKE leave the tunnel alone, those of ESP delete it",
		async () => {
			const before = await spis();
			await change(
				"set security flow tcp-mss ipsec-vpn mss 1300",
				"set security pki ca-profile other ca-identity other",
			);
			await change("set security ike proposal ike-phase1-proposal lifetime-seconds 3600");
			assert.deepEqual(await spis(), before);
			await change("set security ipsec proposal ipsec-phase2-proposal encryption-algorithm aes-256-cbc");
			assert.deepEqual(await spis(), []);
			assert.doesNotMatch(await charon.control("--list-sas"), /INSTALLED/);
			await change("set security ipsec proposal ipsec-phase2-proposal encryption-algorithm aes-128-cbc");
			await eventually(() => pings(lab.host, "192.168.168.10"), "an echo under new keys");
		},
	);
	await t.test("B13: clear ends what it names, at the peer too; traffic brings it up again", async () => {
		const before = await spis();
		await command(gateway, "clear security ipsec security-associations index 131073");
		await eventually(async () => !(await isUp()), "the end of the tunnel");
		await eventually(() => pings(lab.host, "192.168.168.10"), "an echo after the first clear");
		await command(gateway, "clear security ike security-associations 2.2.2.2");
		await eventually(async () => !/ESTABLISHED/.test(await charon.control("--list-sas")), "the end at the peer");
		await eventually(() => pings(lab.host, "192.168.168.10"), "an echo after the second clear");
		assert.notDeepEqual(await spis(), before);
	});
	await t.test("a trace tells the messages of IKE, and where to read it", async () => {
		await change(...["file vpn", "flag ike", "flag general"].map((words) => `set security ike traceoptions ${words}`));
		await command(gateway, "clear security ike security-associations");
		await eventually(() => pings(lab.host, "192.168.168.10"), "an echo");
		const trace = await command(gateway, "show log vpn.log");
		assert.match(trace, /ike: received IKE_AUTH response 1, \d+ octets, 2\.2\.2\.2:\d+ to 1\.1\.1\.2:\d+, SPIs /);
		assert.match(trace, /general: gw-chicago: ike-established: with 2\.2\.2\.2/);
	});
	await t.test("a VPN that is deleted is gone: the peer is told, device and routes are taken away", async () => {
		await change(
			`delete ${vpn}`,
			"delete interfaces st0",
			"delete routing-options static route 192.168.168.0/24",
			"delete security zones security-zone vpn-chicago",
			"delete security policies",
		);
		await eventually(async () => !/ESTABLISHED/.test(await charon.control("--list-sas")), "the end at the peer");
		assert.doesNotMatch(lab.gateway.run([peerPath("ip"), "address"]), /st0/);
		assert.doesNotMatch(lab.gateway.run([peerPath("ip"), "route"]), /192\.168\.168/);
	});
});

test("B11, B33: tunnels come up at once and again after a death; strongSwan may begin; nothing is left at the end", async (t) => {
	if (!requireNamespaces(t, vpnLabPeers)) return;
	const lab = await makeVpnLab(t);
	const charon = await Charon.start(t, lab.peer, chicago());
	const first = await startVpnGateway(t, lab.gateway);
	const { commit: change, isUp, spis } = watch(first);
	await change(...manualExample, `set ${vpn} establish-tunnels immediately`);
	await eventually(isUp, "a tunnel without traffic");
	const ip = (...words: readonly string[]) => lab.gateway.run([peerPath("ip"), ...words]);

	await t.test("new keys by strongSwan, and by this end before its lifetime is over: no echo is lost", async () => {
		const before = await spis();
		await charon.control("--rekey", "--child", "c");
		await eventually(async () => (await spis()).length === 2 && String(await spis()) !== String(before), "new keys");
		assert.ok(pings(lab.host, "192.168.168.10"));
		await charon.control("--rekey", "--ike", "t");
		assert.ok(pings(lab.host, "192.168.168.10"));
	});
	await t.test("the process of VPNs is killed: it is started again, and the tunnel comes up", async () => {
		const [before] = first.events("IKED_STARTED");
		process.kill(before?.fields.processId ?? 0, "SIGKILL");
		await eventually(() => first.events("IKED_STARTED").length === 2, "another process");
		assert.equal(first.events("IKED_DIED").length, 1);
		await eventually(isUp, "the tunnel");
		await eventually(() => pings(lab.host, "192.168.168.10"), "an echo");
	});
	await t.test(
		"the gateway is killed: traffic of the tunnel is refused, not sent in clear, until the next start",
		async () => {
			const process_ = first.program.child.pid ?? 0;
			process.kill(process_, "SIGKILL");
			await eventually(() => !ip("link").includes("st0.0"), "the end of the device");
			assert.match(ip("route", "show", "192.168.168.0/24"), /^unreachable 192\.168\.168\.0\/24/);
		},
	);
	await t.test("the next start clears what was left and brings the tunnel up; strongSwan begins, too", async () => {
		const next = await startVpnGateway(t, lab.gateway, { state: first.state });
		assert.equal(next.events("TUNNEL_ROUTES_CLEARED").length, 1);
		const again = watch(next);
		await eventually(again.isUp, "the tunnel");
		await again.commit(`set ${vpn} establish-tunnels on-traffic`);
		await command(next, "clear security ike security-associations");
		await eventually(async () => !(await again.isUp()), "the end");
		assert.match(await charon.control("--initiate", "--child", "c", "--timeout", "10"), /completed successfully/);
		assert.match(await again.show("ike security-associations detail"), /Role: Responder, State: UP/);
		await eventually(() => pings(lab.host, "192.168.168.10"), "an echo");
		// Told to stop, it says goodbye and takes everything with it.
		await next.stop();
		assert.doesNotMatch(await charon.control("--list-sas"), /ESTABLISHED/);
		assert.doesNotMatch(ip("route"), /192\.168\.168|st0/);
		assert.doesNotMatch(ip("link"), /st0/);
	});
});

test("B70: a negotiation that fails says why, with both offers where both are known; secrets show nowhere", async (t) => {
	if (!requireNamespaces(t, vpnLabPeers)) return;
	const lab = await makeVpnLab(t);
	const charon = await Charon.start(t, lab.peer, chicago("", "", "another-secret"));
	const gateway = await startVpnGateway(t, lab.gateway);
	const { commit: change } = watch(gateway);
	await change(...manualExample, `set ${vpn} establish-tunnels immediately`);
	const reasons = () => gateway.events("IKE_NEGOTIATION_FAILED").map(({ fields }) => fields.reason);
	await eventually(() => reasons().some((one) => one.includes("AUTHENTICATION_FAILED")), "the refusal of the secret");
	await charon.load(chicago().replace("aes128-sha1-modp1024", "aes256-sha256-modp2048"));
	await charon.control("--initiate", "--child", "c", "--timeout", "5");
	await eventually(
		() =>
			reasons().some((one) =>
				/we accept aes-128-cbc\/hmac-sha1-96\/hmac-sha1\/group2, the peer offers aes-256-cbc\/hmac-sha-256-128\/hmac-sha256\/group14/.test(
					one,
				),
			),
		"both offers",
	);
	const said = gateway.log + gateway.program.output + (await command(gateway, "show log messages"));
	assert.doesNotMatch(said, /395psksecr3t/);
});

test("B28, B38, B45: two of ours: without translation ESP goes as protocol 50, in both directions", async (t) => {
	if (!requireNamespaces(t, vpnLabPeers)) return;
	const lab = await makeVpnLab(t);
	const one = await startVpnGateway(t, lab.gateway);
	const other = await startVpnGateway(t, lab.peer);
	const here = watch(one);
	await commit(other, [
		...mirrored(manualExample),
		`set ${vpn} establish-tunnels immediately`,
		// The addresses behind the peer are its own: they are in no zone.
		"delete security zones security-zone trust",
		"delete security policies",
	]);
	await here.commit(...manualExample);
	await eventually(here.isUp, "the tunnel");
	// The words of the manual's verification: ports without translation, the version, the identities of a route-based VPN.
	assert.match(await here.show("ipsec security-associations"), /ESP:aes-128\/sha1 [0-9a-f]{8} .* root 500 +2\.2\.2\.2/);
	const ike = await here.show("ike security-associations detail");
	for (const words of [
		/Role: Responder, State: UP/,
		/Exchange type: IKEv2, Authentication method: Pre-shared-keys/,
		/Local: 1\.1\.1\.2:500, Remote: 2\.2\.2\.2:500/,
		/Encryption +: aes-128-cbc/,
		/Pseudo random function: hmac-sha1/,
		/IPSec security associations: 1 created, 0 deleted/,
	])
		assert.match(ike, words);
	const ipsec = await here.show("ipsec security-associations detail");
	assert.match(
		ipsec,
		/Remote Identity: ipv4_subnet\(any:0,\[0\.\.7\]=0\.0\.0\.0\/0\)\n +Version: IKEv2\n +DF-bit: clear/,
	);
	assert.match(ipsec, /counter-based enabled, Replay window size: 64/);
	await eventually(() => pings(lab.host, "192.168.168.10"), "an echo");
	assert.ok(pings(lab.peer, "10.10.10.10", "-I", "192.168.168.10"));
	assert.ok(await echoes(t, lab, 500_000));
});

test("B41, B42: the outer header: DS field and ECN are copied and come out again, df-bit acts, senders learn what fits", async (t) => {
	if (!requireNamespaces(t, vpnLabPeers)) return;
	const lab = await makeVpnLab(t);
	const one = await startVpnGateway(t, lab.gateway);
	const other = await startVpnGateway(t, lab.peer);
	await commit(other, [
		...mirrored(manualExample),
		"delete security zones security-zone trust",
		"delete security policies",
	]);
	await commit(one, [...manualExample, `set ${vpn} establish-tunnels immediately`]);
	await eventually(() => pings(lab.host, "192.168.168.10"), "an echo");
	const ping = (octets: number) =>
		lab.host.try([peerPath("ping"), "-c", "1", "-W", "1", "-M", "do", "-s", String(octets - 28), "192.168.168.10"]);

	await t.test("a router on the path sees the DS field, and what it marks arrives within", () => {
		const onTheWay = counter(
			lab.internet,
			"forward",
			`ip saddr 1.1.1.2 ip protocol esp ip dscp ef ip ecn ect0 ip frag-off & 0x4000 == 0`,
			"ip ecn set ce",
		);
		const arrived = counter(lab.peer, "prerouting", `iifname "st0.0" ip dscp ef ip ecn ce ip ttl 63`);
		assert.ok(pings(lab.host, "192.168.168.10", "-Q", "0xba"));
		assert.deepEqual([onTheWay(), arrived()], [1, 1]);
	});
	await t.test("what is larger than the tunnel's MTU is told to its sender", () => {
		assert.match(ping(1_401).output, /mtu ?= ?1400/);
		assert.equal(ping(1_400).status, 0);
	});
	lab.internet.ip("link set far mtu 1000");
	lab.peer.ip("link set wan mtu 1000");
	await t.test("B56: df-bit clear: the outer packet is fragmented on its way", () =>
		assert.equal(ping(1_400).status, 0),
	);
	await t.test("B56: df-bit copy: the sender is told what fits, and that fits", async () => {
		await commit(one, [`set ${vpn} df-bit copy`]);
		await commit(other, [`set ${vpn} df-bit clear`]);
		const told = await eventually(() => /mtu ?= ?(\d+)/.exec(ping(1_390).output)?.[1], "the word of the gateway");
		assert.ok(Number(told) > 900 && Number(told) < 1_000, told);
		assert.equal(ping(Number(told)).status, 0);
		assert.notEqual(ping(Number(told) + 1).status, 0);
		assert.match(await command(one, "show security ipsec security-associations detail"), /DF-bit: copy/);
	});
	await t.test("B56: df-bit set: a packet that may be fragmented is, within", async () => {
		await commit(one, [`set ${vpn} df-bit set`]);
		await eventually(() => pings(lab.host, "192.168.168.10", "-M", "dont", "-s", "1300"), "an echo in fragments");
	});
});

/** Counts the packets that pass a hook and match, and does `then` with them; answers how many there were. */
function counter(at: Namespace, hook: string, match: string, then = ""): () => number {
	const nft = (words: readonly string[], input = "") => at.run([peerPath("nft"), ...words], input);
	const chain = `type filter hook ${hook} priority -400`;
	nft(["-f", "-"], `table ip probe {\n chain c {\n ${chain}\n ${match} counter ${then}\n }\n }\n`);
	return () => Number(/packets (\d+)/.exec(nft(["list", "table", "ip", "probe"]))?.[1]);
}

/** The same tunnel seen from the other end. */
function mirrored(lines: readonly string[]): readonly string[] {
	const swap = (text: string, one: string, two: string) =>
		text
			.split(one)
			.map((part) => part.replaceAll(two, one))
			.join(two);
	return lines
		.filter((line) => !line.includes("ge-0/0/0") && !line.includes("0.0.0.0/0"))
		.map((line) => swap(swap(line, "1.1.1.2/30", "2.2.2.2/30"), "10.10.10.0/24", "192.168.168.0/24"))
		.map((line) =>
			line
				.replace("gw-chicago address 2.2.2.2", "gw-chicago address 1.1.1.2")
				.replace("10.11.11.10/24", "10.11.11.11/24"),
		);
}
