import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { FaultError } from "#base/fault.ts";
import { type Linux, LinuxError } from "#base/linux.ts";
import { openLinux } from "#base/linux-shell.ts";
import { TransparentListener } from "#proxy/transparent-listener-shell.ts";
import { freePort } from "../../test/support/gateway.ts";
import { makeNamespaces, type Namespace, requireNamespaces } from "../../test/support/namespaces.ts";
import { peerPath } from "../../test/support/peers.ts";

for (const [mode, hook, ipv4, ipv6] of [
	[
		"tproxy",
		"filter hook prerouting priority -150",
		"tproxy ip to 127.0.0.1:15000 accept",
		"tproxy ip6 to [::1]:15000 accept",
	],
	["redirect", "nat hook output priority -100", "redirect to :15000", "redirect to :15000"],
] as const) {
	test(`R5: by ${mode} a connection comes with where it was going; whoever connects past it is reset`, async (t) => {
		if (!requireNamespaces(t, ["nft"])) return;
		const [host] = (await makeNamespaces(t, ["host"])) as [Namespace];
		host.ip("route add local 192.0.2.0/24 dev lo", "route add local 2001:db8::/32 dev lo");
		const rules = [`meta nfproto ipv4 tcp dport 443 ${ipv4};`, `meta nfproto ipv6 tcp dport 443 ${ipv6};`];
		host.run([peerPath("nft"), `table inet t { chain c { type ${hook}; ${rules.join(" ")} }; }`]);
		const seen = host.run([process.execPath, ...flags, join(support, "transparent-listener-child.ts"), mode]);
		assert.deepEqual(JSON.parse(seen), ["192.0.2.80:443", "[2001:db8::80]:443", "strayed", "strayed"]);
	});
}

test("a port that is taken, and a privilege that is missing, are told with the remedy", async (t) => {
	const linux = await openLinux();
	const port = await freePort();
	const stranger = createServer();
	await new Promise<void>((resolve) => stranger.listen(port, resolve));
	t.after(() => stranger.close());
	await assert.rejects(
		open(port, "redirect", linux),
		isFault("ADDRESS_IN_USE", /^port \d+ is already in use; .* 'services gateway transparent lan listen'$/),
	);
	const refusing: Linux = {
		...linux,
		listeningSocket: () => {
			throw new LinuxError("setsockopt IP_TRANSPARENT", "EPERM");
		},
	};
	await assert.rejects(
		open(port, "tproxy", refusing),
		isFault(
			"ADDRESS_UNUSABLE",
			/: setsockopt IP_TRANSPARENT failed: EPERM; run the gateway as root or with CAP_NET_ADMIN$/,
		),
	);
});

test("where there is no IPv6 the listener has IPv4 alone", async (t) => {
	if (!requireNamespaces(t)) return;
	const [host] = (await makeNamespaces(t, ["host"])) as [Namespace];
	host.sysctl({ "ipv6/conf/all/disable_ipv6": 1 });
	host.ip("route add local 192.0.2.0/24 dev lo");
	const [program, ...rest] = host.inside([
		process.execPath,
		...flags,
		join(support, "transparent-listener-child.ts"),
		"tproxy",
	]);
	const { stdout, stderr } = spawnSync(program, rest, { encoding: "utf8" });
	assert.deepEqual([JSON.parse(stdout), stderr], [["strayed"], ""]);
});

function open(port: number, mode: "tproxy" | "redirect", linux: Linux): Promise<void> {
	const plan = {
		name: "transparent lan",
		path: "services gateway transparent lan",
		mode,
		port,
		way: { kind: "transparent", preservesSource: false },
		fromZone: undefined,
	} as const;
	return new TransparentListener(plan, linux, {
		taken: (_, socket) => socket.destroy(),
		strayed: () => undefined,
	}).open(true);
}

function isFault(code: string, message: RegExp) {
	return (error: unknown) => {
		assert.ok(error instanceof FaultError);
		assert.equal(error.fault.code, code);
		assert.match(error.message, message);
		return true;
	};
}

const support = join(import.meta.dirname, "../../test/support");
const flags = ["--disable-warning=ExperimentalWarning"];
