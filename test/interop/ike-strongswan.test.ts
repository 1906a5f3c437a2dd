import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { EngineOptions } from "../support/ike-engine-child.ts";
import { startRun } from "../support/ike-interop.ts";
import { type KeyName, type Made, makeCertificate } from "../support/make-certificate.ts";
import { requirePeers } from "../support/peers.ts";
import { ownAddress, peerAddress, type SwanCredentials, strongswanCommands } from "../support/strongswan.ts";
import { vpnText } from "../support/vpn-text.ts";

/** The text of swanctl.conf for the peer. */
function swanctl(ike: string, esp: string, auth = "psk", more = ""): string {
	const certs = auth === "pubkey" ? "certs = peer.pem" : "";
	return `connections { t {
  version = 2
  local_addrs = ${peerAddress}
  remote_addrs = ${ownAddress}
  proposals = ${ike}
  rekey_time = 0s
  ${more}
  local { auth = ${auth}
    id = peer.example
    ${certs} }
  remote { auth = ${auth}
    id = own.example }
  children { c { local_ts = 10.2.0.0/24
    remote_ts = 10.1.0.0/24
    rekey_time = 0s
    esp_proposals = ${esp} } } } }
secrets { ike-1 { secret = "test-psk" } }
`;
}

const strong: EngineOptions = {
	swanctl: swanctl("aes256gcm16-prfsha256-ecp256", "aes256gcm16"),
	ike: [["aes-256-gcm", "sha-256", "group19"]],
	esp: [["aes-256-gcm", null, null]],
};

const isUp = ({ children }: { readonly children: readonly unknown[] }) => children.length === 1;
const wanted = { type: "tunnel-wanted", connection: "swan", child: "lan" } as const;

async function bringUp(t: TestContext, options: EngineOptions, role: "initiator" | "responder") {
	const run = await startRun(t, options);
	if (role === "initiator") await run.give(wanted);
	else await run.swanctl("--initiate", "--child", "c", "--timeout", "10");
	await run.until(`a tunnel as ${role}`, isUp);
	return run;
}

for (const role of ["initiator", "responder"] as const)
	test(`B11, B14: strongSwan as the other end, we as ${role}: a tunnel, new keys by either end, signs of life, the end`, async (t) => {
		if (!requirePeers(t, strongswanCommands)) return;
		const run = await bringUp(t, { ...strong, livenessInterval: 500 }, role);
		let [child] = (await run.state()).children;
		const replaced = async (what: string) => {
			const old = child?.inboundSpi;
			const state = await run.until(what, ({ children }) => children.length === 1 && children[0]?.inboundSpi !== old);
			[child] = state.children;
		};
		await run.give({ type: "child-worn-out", inboundSpi: child?.inboundSpi ?? 0 });
		await replaced("new keys for the child by us");
		await run.swanctl("--rekey", "--child", "c");
		await replaced("new keys for the child by strongSwan");
		const rekeyed =
			(count: number) => (state: { readonly reports: readonly string[]; readonly phases: readonly string[] }) =>
				state.reports.filter((one) => one.startsWith("ike-rekeyed")).length === count &&
				state.phases.filter((phase) => phase !== "closed").join() === "established";
		await run.give({ type: "rekey-wanted", connection: "swan" });
		await run.until("new keys for IKE by us", rekeyed(1));
		await run.swanctl("--rekey", "--ike", "t");
		await run.until("new keys for IKE by strongSwan", rekeyed(2));
		assert.ok(isUp(await run.state()));
		await run.give({ type: "child-worn-out", inboundSpi: child?.inboundSpi ?? 0 });
		await replaced("new keys for the child under new keys for IKE");
		const listed = await run.swanctl("--list-sas");
		assert.match(listed, /ESTABLISHED[\s\S]*INSTALLED/);
		if (role === "initiator") await run.give({ type: "close-wanted", connection: "swan" });
		else await run.swanctl("--terminate", "--ike", "t");
		await run.until(
			"the end",
			({ children, phases }) => children.length === 0 && phases.every((one) => one === "closed"),
		);
		assert.doesNotMatch(await run.swanctl("--list-sas"), /ESTABLISHED/);
	});

/** Proposals of both ends, in strongSwan's words and in ours. */
const suites: readonly (readonly [string, string, EngineOptions["ike"], EngineOptions["esp"]])[] = [
	[
		"aes128-sha1-modp1024",
		"3des-sha1-modp1024",
		[["aes-128-cbc", "sha1", "group2"]],
		[["3des-cbc", "hmac-sha1-96", "group2"]],
	],
	["3des-md5-modp1024", "3des-md5", [["3des-cbc", "md5", "group2"]], [["3des-cbc", "hmac-md5-96", null]]],
	[
		"aes128-sha256-modp1536",
		"aes128-sha256",
		[["aes-128-cbc", "sha-256", "group5"]],
		[["aes-128-cbc", "hmac-sha-256-128", null]],
	],
	[
		"aes192-sha384-modp2048",
		"aes192-sha384-modp2048",
		[["aes-192-cbc", "sha-384", "group14"]],
		[["aes-192-cbc", "hmac-sha-384", "group14"]],
	],
	[
		"aes256-sha512-modp3072",
		"aes256-sha512",
		[["aes-256-cbc", "sha-512", "group15"]],
		[["aes-256-cbc", "hmac-sha-512", null]],
	],
	["aes256-sha256-modp4096", "aes128gcm16", [["aes-256-cbc", "sha-256", "group16"]], [["aes-128-gcm", null, null]]],
	["aes128-sha256-ecp256", "aes128gcm16", [["aes-128-cbc", "sha-256", "group19"]], [["aes-128-gcm", null, null]]],
	[
		"aes256-sha384-ecp384",
		"aes256gcm16-ecp384",
		[["aes-256-cbc", "sha-384", "group20"]],
		[["aes-256-gcm", null, "group20"]],
	],
	[
		"aes256gcm16-prfsha512-ecp521",
		"aes192gcm16",
		[["aes-256-gcm", "sha-512", "group21"]],
		[["aes-192-gcm", null, null]],
	],
	[
		"aes128gcm16-prfsha256-modp2048s256",
		"aes256gcm16",
		[["aes-128-gcm", "sha-256", "group24"]],
		[["aes-256-gcm", null, null]],
	],
	[
		"chacha20poly1305-prfsha256-x25519",
		"chacha20poly1305-x25519",
		[["chacha20-poly1305", "sha-256", "group31"]],
		[["chacha20-poly1305", null, "group31"]],
	],
];

test("B17, B20, B37, B38: every group and cipher comes up with strongSwan, gets new keys, and packets go both ways", async (t) => {
	if (!requirePeers(t, strongswanCommands)) return;
	for (const [index, [ikeWords, espWords, ike, esp]] of suites.entries())
		await t.test(ikeWords, async (inner) => {
			const options = { swanctl: swanctl(ikeWords, espWords), ike, esp };
			const run = await bringUp(inner, options, index % 2 === 0 ? "initiator" : "responder");
			const [child] = (await run.state()).children;
			assert.equal(await run.echo(3_000), 3_000);
			await run.give({ type: "child-worn-out", inboundSpi: child?.inboundSpi ?? 0 });
			await run.until(
				"new keys",
				({ children }) => isUp({ children }) && children[0]?.inboundSpi !== child?.inboundSpi,
			);
			assert.equal(await run.echo(50_000), 50_000);
		});
});

test("B16: the first proposal with the wrong group leads to another attempt with the right one", async (t) => {
	if (!requirePeers(t, strongswanCommands)) return;
	const ike = [
		["aes-256-gcm", "sha-256", "group14"],
		["aes-256-gcm", "sha-256", "group19"],
	] as const;
	await bringUp(t, { ...strong, ike }, "initiator");
});

test("B32: traffic brings the tunnel up; while a connection goes on through it, both ends renew all keys again and again", async (t) => {
	if (!requirePeers(t, strongswanCommands)) return;
	const run = await startRun(t, strong);
	assert.equal(await run.echo(1_000), 1_000);
	assert.ok(isUp(await run.state()));
	let isOver = false;
	const traffic = run.echo(20_000_000).finally(() => {
		isOver = true;
	});
	let renewals = 0;
	for (; !isOver && renewals < 40; renewals++) {
		const [child] = (await run.state()).children;
		if (renewals % 4 === 0) await run.give({ type: "child-worn-out", inboundSpi: child?.inboundSpi ?? 0 });
		if (renewals % 4 === 1) await run.swanctl("--rekey", "--child", "c");
		if (renewals % 4 === 2) await run.give({ type: "rekey-wanted", connection: "swan" });
		if (renewals % 4 === 3) await run.swanctl("--rekey", "--ike", "t");
	}
	assert.equal(await traffic, 20_000_000);
	assert.ok(renewals >= 4, `${renewals}`);
	await run.until("one child", isUp);
});

test("B28, B33: the statements of a route-based VPN bring the tunnel up at once, and connections go through it", async (t) => {
	if (!requirePeers(t, strongswanCommands)) return;
	const configuration = vpnText({
		policy: "proposals p; pre-shared-key ascii-text test-psk;",
		gateway: `address ${peerAddress}; version v2-only; local-identity hostname own.example; remote-identity hostname peer.example;`,
		ipsecPolicy: "proposals p; perfect-forward-secrecy keys group14;",
		vpn: `bind-interface st0.0; establish-tunnels immediately; ike { gateway swan; ipsec-policy p;
			proxy-identity { local 10.1.0.0/24; remote 10.2.0.0/24; } }`,
	})
		.replace("gateway g {", "gateway swan {")
		.replace("vpn v {", "vpn lan {");
	const text = swanctl("aes256-sha256-modp2048", "aes256-sha256-modp2048");
	const run = await startRun(t, { ...strong, swanctl: text, configuration });
	const { children } = await run.until("a tunnel", isUp);
	assert.equal(await run.echo(10_000), 10_000);
	await run.give({ type: "child-worn-out", inboundSpi: children[0]?.inboundSpi ?? 0 });
	await run.until("new keys", (state) => isUp(state) && state.children[0]?.inboundSpi !== children[0]?.inboundSpi);
	assert.equal(await run.echo(10_000), 10_000);
});

const root = makeCertificate({ subject: "CN=IKE test root", isCa: true });

function credentials(name: string, key: KeyName, issuer: Made = root): SwanCredentials {
	const made = makeCertificate({ subject: `CN=${name}`, names: [name], issuer, key, extendedKeyUsage: [] });
	return { certificate: made.pem, key: made.keyPem, authority: root.pem };
}

test("certificates with RSA, ECDSA and Ed25519 keys authenticate both ends, in both roles", async (t) => {
	if (!requirePeers(t, strongswanCommands)) return;
	for (const [ownKey, peerKey, role] of [
		["rsa2048", "rsa2048", "initiator"],
		["rsa3072", "p256", "responder"],
		["p256", "p384", "initiator"],
		["p521", "p521", "responder"],
		["ed25519", "rsa2048", "initiator"],
	] as const)
		await t.test(`${ownKey} and ${peerKey} as ${role}`, async (inner) => {
			const certificates = { own: credentials("own.example", ownKey), peer: credentials("peer.example", peerKey) };
			const options = {
				...strong,
				swanctl: swanctl("aes256gcm16-prfsha256-ecp256", "aes256gcm16", "pubkey"),
				certificates,
			};
			await bringUp(inner, options, role);
		});
});

test("a peer whose certificate is of another authority, and one with another key, do not come up", async (t) => {
	if (!requirePeers(t, strongswanCommands)) return;
	const stranger = makeCertificate({ subject: "CN=another root", isCa: true });
	const certificates = {
		own: credentials("own.example", "p256"),
		peer: { ...credentials("peer.example", "p256", stranger) },
	};
	const options = {
		...strong,
		swanctl: swanctl("aes256gcm16-prfsha256-ecp256", "aes256gcm16", "pubkey"),
		certificates,
	};
	const run = await startRun(t, options);
	await run.give(wanted);
	const state = await run.until("a refusal", ({ reports }) => reports.some((one) => one.startsWith("ike-failed")));
	assert.match(state.reports.join(), /the peer is not trusted/);
	assert.equal(state.children.length, 0);
	const other = await startRun(t, { ...strong, swanctl: strong.swanctl.replace("test-psk", "other-psk") });
	await other.give(wanted);
	const refused = await other.until("a refusal", ({ reports }) => reports.some((one) => one.startsWith("ike-failed")));
	assert.match(refused.reports.join(), /AUTHENTICATION_FAILED/);
});

test("further key exchanges that are optional do not keep a peer away that knows nothing of them, in either role", async (t) => {
	if (!requirePeers(t, strongswanCommands)) return;
	const configuration = vpnText({
		proposal:
			"encryption-algorithm aes-256-gcm; authentication-algorithm sha-256; dh-group group19; additional-key-exchange { methods ml-kem-768; optional; }",
		policy: "proposals p; pre-shared-key ascii-text test-psk;",
		gateway: `address ${peerAddress}; version v2-only; local-identity hostname own.example; remote-identity hostname peer.example;`,
		ipsecProposal: "encryption-algorithm aes-256-gcm;",
		ipsecPolicy:
			"proposals p; perfect-forward-secrecy { keys group19; additional-key-exchange { methods ml-kem-512; optional; } }",
		vpn: `bind-interface st0.0; ike { gateway swan; ipsec-policy p;
			proxy-identity { local 10.1.0.0/24; remote 10.2.0.0/24; } }`,
	})
		.replace("gateway g {", "gateway swan {")
		.replace("vpn v {", "vpn lan {");
	for (const role of ["initiator", "responder"] as const)
		await t.test(`we as ${role}`, async (inner) => {
			const text = swanctl("aes256gcm16-prfsha256-ecp256", "aes256gcm16-ecp256");
			const run = await bringUp(inner, { ...strong, swanctl: text, configuration }, role);
			const [before] = (await run.state()).children;
			await run.give({ type: "child-worn-out", inboundSpi: before?.inboundSpi ?? 0 });
			await run.until("new keys", (s) => isUp(s) && s.children[0]?.inboundSpi !== before?.inboundSpi);
			assert.equal(await run.echo(20_000), 20_000);
		});
});
