import assert from "node:assert/strict";
import { test } from "node:test";
import { runAlone } from "../../test/support/run-alone.ts";

/** Two engines on loopback, at 127.0.0.1 and 127.0.0.2; without translation ESP goes as protocol 50. */
const prelude = `
	const { createSecretKey } = await import("node:crypto");
	const { parseAddress, parsePrefix } = await import("#base/address.ts");
	const { openLinux } = await import("#base/linux-shell.ts");
	const { UserSpacePlane } = await import("#esp/user-space-plane-shell.ts");
	const { VpnEngine } = await import("#daemon/vpn-engine.ts");
	const { textIdentity } = await import("#ike/auth/identity.ts");
	const { espProposal, ikeProposal } = await import("#ike/crypto/proposal.ts");
	const { packConnection } = await import("#ike/packed-connection.ts");
	const { prefixSelector } = await import("#ike/v2/narrow-selectors.ts");
	const all = [prefixSelector(parsePrefix("0.0.0.0/0"))];
	const key = { kind: "shared-key", key: createSecretKey(Buffer.from("a secret of both")) };
	const planOf = (own, peer, unit, more = {}) => ({
		connections: [packConnection({
			name: "gw", local: parseAddress(own), remote: [parseAddress(peer)],
			localIdentity: textIdentity(own), remoteIdentity: { kind: "exactly", identity: textIdentity(peer) },
			localAuthentication: key, remoteAuthentication: key,
			proposals: [ikeProposal("aes-128-gcm", "sha-256", "group19")], lifetime: 3_600_000,
			children: [{ name: "v", localSelectors: all, remoteSelectors: all, proposals: [espProposal("aes-128-gcm")], lifetime: 600_000 }],
			startsImmediately: false, hasNatTraversal: true, natKeepalive: 5_000, ...more,
		})],
		tunnels: [{ unit, addresses: [], mtu: 1400, routes: [], vpns: [{ name: "v", replayWindow: 32, dfBit: "clear" }] }],
		mss: 0, dataPlane: "auto", monitors: [], danger_logsKeys: false, trace: topics,
	});
	const linux = await openLinux();
	const [reports, traced, notes] = [[], [], []];
	let topics = [];
	const engine = () => new VpnEngine(linux, (events) => new UserSpacePlane(linux, events), { sign: async () => undefined, checkPeer: async () => undefined, monitored() {}, danger_logKeys() {}, tls: async () => undefined, report: (what) => reports.push(what), told: (note) => notes.push(note.what), trace: (text) => traced.push(text) });
	const [a, b] = [engine(), engine()];
	const isUp = async (one) => (await one.state()).vpns[0]?.children.length === 1;
`;

test("B33, B72: a plan brings a tunnel up between two engines; what stands is told, cleared and taken away", (t) => {
	const output = runAlone(
		t,
		`${prelude}
		await b.configure(planOf("127.0.0.2", "127.0.0.1", "st0.2"));
		console.log(JSON.stringify(await a.configure(planOf("127.0.0.1", "127.0.0.2", "st0.1", { startsImmediately: true }))));
		await until("the tunnel", async () => (await isUp(a)) && (await isUp(b)));
		const [vpn] = (await a.state()).vpns;
		const [child] = vpn.children;
		console.log(vpn.index, vpn.name, vpn.connection, vpn.unit, vpn.replayWindow, child.cipher, child.integrity, child.isEncapsulated, child.path.remote.port);
		b.clear({ what: "ipsec", inboundSpis: (await b.state()).vpns[0].children.map((one) => one.inboundSpi) });
		await until("the clear", async () => !(await isUp(b)));
		a.clear({ what: "ike", associations: (await a.state()).associations.map((one) => one.id) });
		await until("the end", async () => (await b.state()).associations.every((one) => one.phase === "closed"));
		await a.stop(true);
		await b.stop(true);
		await until("no device", () => !ip("link show").includes("st0"));
		console.log(reports.includes("child-established"));
		process.exit();`,
	);
	if (output === undefined) return;
	assert.deepEqual(output.trimEnd().split("\n"), [
		"[]",
		"131073 v gw st0.1 32 aes-128-gcm undefined false 500",
		"true",
	]);
});

test("B30: a VPN that is bound to another unit by now is made anew there; a plan without it tells the peer", (t) => {
	const output = runAlone(
		t,
		`${prelude}
		await b.configure(planOf("127.0.0.2", "127.0.0.1", "st0.2"));
		await a.configure(planOf("127.0.0.1", "127.0.0.2", "st0.1", { startsImmediately: true }));
		await until("the tunnel", async () => (await isUp(a)) && (await isUp(b)));
		const before = (await a.state()).vpns[0].children[0].inboundSpi;
		await a.configure(planOf("127.0.0.1", "127.0.0.2", "st0.5", { startsImmediately: true }));
		await until("another", async () => (await isUp(a)) && (await a.state()).vpns[0].children[0].inboundSpi !== before);
		console.log((await a.state()).vpns[0].unit);
		await a.configure({ connections: [], tunnels: [], mss: 0, dataPlane: "auto", monitors: [], danger_logsKeys: false, trace: [] });
		await until("the end at the peer", async () => (await b.state()).associations.every((one) => one.phase === "closed"));
		console.log((await a.state()).vpns.length);
		process.exit();`,
	);
	if (output !== undefined) assert.equal(output, "st0.5\n0\n");
});

test("an address that this host does not have, and ports that are taken, are told with what to do; others are run", (t) => {
	const output = runAlone(
		t,
		`${prelude}
		const one = planOf("127.0.0.1", "127.0.0.2", "st0.1");
		const other = planOf("192.0.2.1", "127.0.0.2", "st0.1").connections.map((each) => ({ ...each, name: "far", children: each.children.map((child) => ({ ...child, name: "w" })) }));
		console.log(JSON.stringify(await a.configure({ ...one, connections: [...one.connections, ...other] })));
		console.log(JSON.stringify(await b.configure(planOf("127.0.0.1", "127.0.0.2", "st0.2"))));
		process.exit();`,
	);
	if (output === undefined) return;
	const [far, taken] = output.trimEnd().split("\n");
	assert.match(far ?? "", /^\[\{"vpn":"w","reason":"this host has no address 192\.0\.2\.1; give it to/);
	assert.match(
		taken ?? "",
		/^\[\{"vpn":"v","reason":"UDP port 500 or 4500 of 127\.0\.0\.1 is taken by another program/,
	);
});

test("what the flags choose is traced: messages, associations, commands for the host, dropped packets; no key is", (t) => {
	const output = runAlone(
		t,
		`${prelude}
		topics = ["ike", "general", "config", "database", "routing-socket", "security-associations", "packet-drops"];
		await b.configure({ ...planOf("127.0.0.2", "127.0.0.1", "st0.2"), trace: [] });
		await a.configure(planOf("127.0.0.1", "127.0.0.2", "st0.1", { startsImmediately: true }));
		await until("the tunnel", async () => (await isUp(a)) && (await isUp(b)));
		await until("a look at packets", () => traced.some((line) => line.startsWith("packet-drops")));
		console.log(traced.map((line) => line.replace(/[0-9a-f]{8,}/g, "#").replace(/[0-9]+ octets/, "n octets")).join("\\n"));
		process.exit();`,
	);
	if (output === undefined) return;
	for (const line of [
		"config: gateways gw; units st0.1",
		"routing-socket: ip link set dev st0.1 mtu 1400",
		"ike: sent IKE_SA_INIT request 0, n octets, 127.0.0.1:500 to 127.0.0.2:500, SPIs # #",
		"database: v: installed # in and # out, aes-128-gcm",
		"security-associations: v: installed # in and # out, aes-128-gcm",
		"general: gw: child-established: child v (#/#): 0.0.0.0-255.255.255.255 to 0.0.0.0-255.255.255.255",
		"packet-drops: v: dropped so far: 0 without an association, 0 replayed, 0 not authentic, 0 outside what was agreed, 0 malformed, 0 too large, 0 congested",
	])
		assert.ok(output.split("\n").includes(line), `${line}\n${output}`);
	assert.ok(!output.includes("a secret of both"));
});
