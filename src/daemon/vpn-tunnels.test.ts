import assert from "node:assert/strict";
import { test } from "node:test";
import { runAlone } from "../../test/support/run-alone.ts";

const prelude = `
	const { createSocket } = await import("node:dgram");
	const { openLinux } = await import("#base/linux-shell.ts");
	const { VpnTunnels } = await import("#daemon/vpn-tunnels.ts");
	const { parsePrefix } = await import("#base/address.ts");
	const { prefixSelector } = await import("#ike/v2/narrow-selectors.ts");
	const selectors = (text) => [prefixSelector(parsePrefix(text))];
	const child = (name, remote) => ({ name, localSelectors: selectors("0.0.0.0/0"), remoteSelectors: selectors(remote), proposals: [], lifetime: 1 });
	const wanted = [];
	const { UserSpacePlane } = await import("#esp/user-space-plane-shell.ts");
	const plane = new UserSpacePlane(await openLinux(), { wanted: (vpn) => wanted.push(vpn), wornOut() {}, spent() {}, noted() {}, told() {} });
	const tunnels = new VpnTunnels(plane, () => {});
	const plan = (unit, number, vpns) => ({
		unit, addresses: ["10.9." + number + ".1/24"], mtu: 1400,
		routes: [{ prefix: "10.20" + number + ".0.0/16", gateway: undefined, metric: 5 }],
		vpns: vpns.map((name) => ({ name, replayWindow: 64, dfBit: "clear" })),
	});
	const send = (to) => new Promise((done) => { const socket = createSocket("udp4"); socket.send("x", 9, to, () => socket.close(done)); });
`;

test("B32, B59: a unit is a device with its addresses and routes; traffic without an association asks for its VPN", (t) => {
	const output = runAlone(
		t,
		`${prelude}
		console.log((await tunnels.configure([plan("st0.0", 0, ["v"])], new Map([["v", child("v", "10.200.0.0/24")]]), 1350)).length);
		console.log(ip("-brief address show dev st0.0").trim().replace(/ +/g, " "));
		console.log(ip("route show 10.200.0.0/16").trim().split("\\n").map((line) => line.trim()).join(" | "));
		await send("10.200.0.9");
		await until("the wish", () => wanted.length > 0);
		// Outside what the VPN is for, and to a group: no wish.
		await send("10.200.9.9");
		ip("route add 224.0.0.0/4 dev st0.0");
		await send("239.1.1.1");
		await send("10.200.0.9");
		await until("another wish", () => wanted.length > 1);
		console.log(wanted.join(), tunnels.vpn("v").index, (await plane.report()).vpns.get("v").unprotected);
		await tunnels.close();
		await until("no device", () => !ip("link show").includes("st0"));
		console.log(JSON.stringify(ip("route show")));
		process.exit();`,
	);
	if (output === undefined) return;
	assert.deepEqual(output.trimEnd().split("\n"), [
		"0",
		"st0.0 UNKNOWN 10.9.0.1/24",
		"10.200.0.0/16 dev st0.0 proto 157 scope link metric 5 | unreachable 10.200.0.0/16 proto 157 metric 4000000000",
		"v,v 131073 4",
		'""',
	]);
});

test("B52: routes of a unit that carries nothing go, but for that to the address that is pinged, also over a commit, and come back", (t) => {
	const output = runAlone(
		t,
		`${prelude}
		const routes = () => ip("route show").trim().split("\\n").filter((line) => !/^10.9/.test(line)).map((line) => line.trim().replace(/ +/g, " ")).sort().join(" | ");
		const configure = (...plans) => tunnels.configure(plans, new Map(), 0);
		await configure(plan("st0.0", 0, ["v"]));
		await tunnels.withdrawRoutes("st0.0", "10.200.0.9");
		await tunnels.withdrawRoutes("st0.0", "10.200.0.9");
		console.log(routes());
		const { routes: [route], ...rest } = plan("st0.0", 0, ["v"]);
		console.log((await configure({ ...rest, routes: [{ ...route, prefix: "10.201.0.0/16" }] })).length);
		console.log(routes());
		await tunnels.restoreRoutes("st0.0");
		await tunnels.restoreRoutes("st0.0");
		console.log(routes());
		await tunnels.close();
		process.exit();`,
	);
	if (output === undefined) return;
	const pinged = "10.200.0.9 dev st0.0 proto 157 scope link metric 1";
	assert.deepEqual(output.trimEnd().split("\n"), [
		`${pinged} | unreachable 10.200.0.0/16 proto 157 metric 4000000000`,
		"0",
		`${pinged} | unreachable 10.201.0.0/16 proto 157 metric 4000000000`,
		"10.201.0.0/16 dev st0.0 proto 157 scope link metric 5 | unreachable 10.201.0.0/16 proto 157 metric 4000000000",
	]);
});

test("B28: several VPNs of a unit are told apart by their proxy identities; a name keeps its number", (t) => {
	const output = runAlone(
		t,
		`${prelude}
		const children = new Map([["a", child("a", "10.200.1.0/24")], ["b", child("b", "10.200.2.0/24")]]);
		await tunnels.configure([plan("st0.0", 0, ["a", "b"])], children, 0);
		await send("10.200.2.1");
		await until("the wish", () => wanted.length > 0);
		await tunnels.configure([plan("st0.0", 0, ["b"]), plan("st0.1", 1, ["c"])], children, 0);
		console.log(wanted.join(), [...tunnels.vpns()].map((vpn) => vpn.name + " " + vpn.unit + " " + vpn.index).join(", "));
		process.exit();`,
	);
	if (output !== undefined) assert.equal(output, "b b st0.0 131074, c st0.1 131075\n");
});

test("a device that cannot be made is told, and its traffic is refused rather than sent elsewhere", (t) => {
	const output = runAlone(
		t,
		`${prelude}
		ip("link add st0.0 type veth peer name other");
		const [problem] = await tunnels.configure([plan("st0.0", 0, ["v"])], new Map(), 0);
		console.log(problem.vpn, problem.reason, "|", ip("route show").trim());
		process.exit();`,
	);
	if (output !== undefined)
		assert.match(
			output,
			/^v the device st0\.0 cannot be made: ioctl TUNSETIFF st0\.0 failed: E[A-Z]+ \| unreachable 10\.200\.0\.0\/16/,
		);
});
