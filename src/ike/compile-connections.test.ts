import assert from "node:assert/strict";
import { test } from "node:test";
import { formatAddress, parseAddress } from "#base/address.ts";
import { Secret } from "#base/secret.ts";
import { identityText } from "#ike/auth/identity.ts";
import { type ConnectionFacts, compileConnections } from "#ike/compile-connections.ts";
import { describeProposal } from "#ike/crypto/proposal.ts";
import type { Connection } from "#ike/v2/connection.ts";
import { selectorText } from "#ike/v2/narrow-selectors.ts";
import { configOf } from "../../test/support/config-text.ts";
import { vpnText } from "../../test/support/vpn-text.ts";

const own = { kind: "certificate", certificates: [], publicKey: undefined as never } as const;
const facts: ConnectionFacts = {
	addressOf: (name) => (name === "eth0.0" ? parseAddress("198.51.100.1") : undefined),
	resolve: (host) => [parseAddress(host)].flatMap((address) => address ?? []),
	ownCertificate: (name) => (name === "mine" ? { local: own, subject: Uint8Array.of(0x30, 0) } : undefined),
	usersOf: (name) => new Map(name === "office" ? [["ann", new Secret("correct horse")]] : []),
	trustOf: () => ({
		kind: "certificate",
		judge: () => ({ kind: "untrusted", reason: "" }),
		authorities: new Uint8Array(0),
	}),
};

function compile(parts: Parameters<typeof vpnText>[0], more: Partial<ConnectionFacts> = {}) {
	const { security } = configOf(vpnText(parts));
	return compileConnections(security.ike, security.ipsec, { ...facts, ...more });
}

function only(parts: Parameters<typeof vpnText>[0]): Connection {
	const { connections, gaps } = compile(parts);
	assert.deepEqual(gaps, []);
	const [connection, another] = connections;
	assert.ok(connection !== undefined && another === undefined);
	return connection;
}

const v2 = "address 192.0.2.1; version v2-only;";

test("B28, B33: a gateway of IKEv2 becomes a connection, its VPN a child for everything", () => {
	const connection = only({ gateway: v2 });
	assert.equal(connection.name, "g");
	assert.deepEqual([connection.local, ...(connection.remote ?? [])].map(formatAddress), ["198.51.100.1", "192.0.2.1"]);
	assert.deepEqual(connection.proposals.map(describeProposal), ["aes-256-cbc/hmac-sha-256-128/hmac-sha256/group14"]);
	const [child] = connection.children;
	assert.equal(child?.name, "v");
	assert.deepEqual(child?.localSelectors.map(selectorText), ["0.0.0.0-255.255.255.255"]);
	assert.deepEqual(child?.proposals.map(describeProposal), ["aes-256-cbc/hmac-sha-256-128"]);
	assert.deepEqual(
		[connection.lifetime, child?.lifetime, connection.startsImmediately],
		[28_800_000, 3_600_000, false],
	);
	assert.deepEqual(
		[connection.hasNatTraversal, connection.natKeepalive, connection.liveness],
		[true, 5_000, undefined],
	);
});

test("B10: a gateway of IKEv1 is a gap, as is one whose interface or peer has no address", () => {
	const reasons = (parts: Parameters<typeof vpnText>[0], more?: Partial<ConnectionFacts>) =>
		compile(parts, more).gaps.map(({ vpn, reason }) => `${vpn}: ${reason}`);
	assert.deepEqual(reasons({}), ['v: gateway "g" is of IKEv1, which has no engine yet']);
	assert.deepEqual(reasons({ gateway: v2 }, { addressOf: () => undefined }), ["v: interface eth0.0 has no address"]);
	assert.deepEqual(reasons({ gateway: v2 }, { resolve: () => [] }), ['v: gateway "g" has no address that is known']);
});

test("B18, B19: a set is expanded, and the policy's group goes before the set's", () => {
	const connection = only({
		gateway: v2,
		policy: "proposal-set standard; pre-shared-key ascii-text secret;",
		ipsecPolicy: "proposal-set standard; perfect-forward-secrecy keys group14;",
	});
	assert.deepEqual(connection.proposals.map(describeProposal), [
		"aes-128-cbc/hmac-sha1-96/hmac-sha1/group2",
		"3des-cbc/hmac-sha1-96/hmac-sha1/group2",
	]);
	assert.deepEqual(connection.children[0]?.proposals.map(describeProposal), [
		"3des-cbc/hmac-sha1-96/group14",
		"aes-128-cbc/hmac-sha1-96/group14",
	]);
});

test("B24: identities are those that are configured, else the addresses; general-ikeid takes any", () => {
	const plain = only({ gateway: v2 });
	assert.equal(identityText(plain.localIdentity), "198.51.100.1");
	assert.ok(plain.remoteIdentity.kind === "exactly");
	assert.equal(identityText(plain.remoteIdentity.identity), "192.0.2.1");
	const named = only({
		gateway: `${v2} local-identity hostname hub.example; remote-identity user-at-hostname a@b.example;`,
	});
	assert.equal(identityText(named.localIdentity), "hub.example");
	assert.ok(named.remoteIdentity.kind === "exactly");
	assert.equal(identityText(named.remoteIdentity.identity), "a@b.example");
	assert.equal(only({ gateway: `${v2} general-ikeid;` }).remoteIdentity.kind, "danger-any");
	const subject = { container: ["2.5.4.10=example"], wildcard: ["2.5.4.11=branches"] };
	for (const gateway of [
		`${v2} remote-identity distinguished-name { container "O=Example"; wildcard "OU=Branches"; }`,
		'version v2-only; dynamic { distinguished-name { container "O=Example"; wildcard "OU=Branches"; } }',
	])
		assert.deepEqual(only({ gateway }).remoteIdentity, { kind: "subject", pattern: subject });
});

test("a peer without a fixed address is waited for, under its identity; so many may come at a time", () => {
	const connection = only({ gateway: "dynamic hostname branch.example; version v2-only;" });
	assert.equal(connection.maxAssociations, undefined);
	const limited = only({ gateway: "dynamic { hostname branch.example; connections-limit 3; } version v2-only;" });
	assert.equal(limited.maxAssociations, 3);
	assert.equal(connection.remote, undefined);
	assert.ok(connection.remoteIdentity.kind === "exactly");
	assert.equal(identityText(connection.remoteIdentity.identity), "branch.example");
});

test("pre-shared keys are taken as text or in hexadecimal, and show themselves nowhere", () => {
	const keyOf = (policy: string) => {
		const { localAuthentication } = only({ gateway: v2, policy });
		assert.ok(localAuthentication.kind === "shared-key");
		assert.ok(!JSON.stringify(localAuthentication).includes("ecret"));
		return localAuthentication.key.export().toString("hex");
	};
	assert.equal(keyOf("proposals p; pre-shared-key ascii-text secret;"), "736563726574");
	assert.equal(keyOf("proposals p; pre-shared-key hexadecimal 0x00ff10;"), "00ff10");
});

test("B20: signatures use the policy's certificate; its subject can be the identity", () => {
	const proposal =
		"authentication-method rsa-signatures; authentication-algorithm sha-256; encryption-algorithm aes-256-cbc; dh-group group14;";
	const gateway = `${v2} local-identity distinguished-name;`;
	const policy = "proposals p; certificate { local-certificate mine; trusted-ca use-all; }";
	const connection = compile({ proposal, gateway, policy });
	assert.deepEqual(connection.gaps, []);
	assert.deepEqual(connection.connections[0]?.localIdentity, { idType: 9, data: Uint8Array.of(0x30, 0) });
	assert.equal(connection.connections[0]?.remoteAuthentication.kind, "certificate");
	const missing = compile({ proposal, gateway, policy: policy.replace("mine", "other") });
	assert.match(missing.gaps[0]?.reason ?? "", /local certificate is not there/);
});

test("B18: a set of Suite B authenticates by certificates", () => {
	const policy = "proposal-set suiteb-gcm-128; certificate local-certificate mine;";
	const connection = only({ gateway: v2, policy, ipsecPolicy: "proposal-set suiteb-gcm-128;" });
	assert.deepEqual(connection.proposals.map(describeProposal), ["aes-128-cbc/hmac-sha-256-128/hmac-sha256/group19"]);
	assert.deepEqual(connection.children[0]?.proposals.map(describeProposal), ["aes-128-gcm"]);
	assert.equal(connection.localAuthentication.kind, "certificate");
});

test("B28, B45, B49, B51: proxy identities, NAT traversal and dead-peer-detection are as configured", () => {
	const connection = only({
		gateway: `${v2} no-nat-traversal; nat-keepalive 20; dead-peer-detection { always-send; interval 0; }`,
		vpn: "bind-interface st0.0; establish-tunnels immediately; ike { gateway g; ipsec-policy p; proxy-identity { local 10.1.0.0/16; remote 10.2.0.0/16; } }",
	});
	const [child] = connection.children;
	assert.deepEqual(child?.localSelectors.map(selectorText), ["10.1.0.0-10.1.255.255"]);
	assert.deepEqual(child?.remoteSelectors.map(selectorText), ["10.2.0.0-10.2.255.255"]);
	assert.deepEqual(connection.liveness, { interval: 10_000, mode: "always", threshold: 5 });
	const livenessOf = (statements: string) => only({ gateway: `${v2} ${statements}` }).liveness;
	assert.deepEqual(livenessOf("dead-peer-detection;"), { interval: 10_000, mode: "optimized", threshold: 5 });
	assert.deepEqual(livenessOf("dead-peer-detection { optimized; interval 2; threshold 2; }"), {
		interval: 2_000,
		mode: "optimized",
		threshold: 5,
	});
	assert.equal(livenessOf("dead-peer-detection probe-idle-tunnel;")?.mode, "probe-idle");
	assert.deepEqual(
		[connection.hasNatTraversal, connection.natKeepalive, connection.startsImmediately],
		[false, 20_000, true],
	);
});

test("what the engine cannot do is a gap with its reason, never something else in its place", () => {
	const reasonOf = (parts: Parameters<typeof vpnText>[0]) => {
		const { connections, gaps } = compile({ gateway: v2, ...parts });
		assert.deepEqual(connections, []);
		return gaps[0]?.reason;
	};
	assert.match(reasonOf({ ipsecProposal: "protocol ah; authentication-algorithm hmac-sha-256-128;" }) ?? "", /AH/);
});

test("B8, B9: the amount that keys are used for and the time that a tunnel may be idle are those of the statements", () => {
	const { children } = only({
		gateway: v2,
		ipsecProposal: "encryption-algorithm aes-256-gcm; lifetime-kilobytes 1000;",
		vpn: "bind-interface st0.0; ike { gateway g; ipsec-policy p; idle-time 60; }",
	});
	assert.deepEqual([children[0]?.maxOctets, children[0]?.idleTime], [1_024_000, 60_000]);
	const [plain] = only({ gateway: v2 }).children;
	assert.deepEqual([plain?.maxOctets, plain?.idleTime], [undefined, undefined]);
});

test("additional key exchanges stand behind the group, in their order; optional ones are offered before the proposal without", () => {
	const connection = only({
		gateway: v2,
		proposal:
			"encryption-algorithm aes-256-gcm; dh-group group19; additional-key-exchange { methods [ ml-kem-768 group20 ]; optional; }",
		ipsecPolicy:
			"proposals p; perfect-forward-secrecy { keys group14; additional-key-exchange { methods ml-kem-1024; } }",
	});
	assert.deepEqual(connection.proposals.map(describeProposal), [
		"aes-256-gcm/hmac-sha256/group19/ml-kem-768/group20",
		"aes-256-gcm/hmac-sha256/group19",
	]);
	assert.deepEqual(connection.children[0]?.proposals.map(describeProposal), [
		"aes-256-cbc/hmac-sha-256-128/group14/ml-kem-1024",
	]);
});

const signed = "authentication-method ecdsa-signatures-256; encryption-algorithm aes-256-gcm; dh-group group19;";

test("extended sequence numbers are asked for where a proposal says so", () => {
	const esp = (more: string) =>
		only({ gateway: v2, ipsecProposal: `encryption-algorithm aes-256-gcm; ${more}` }).children[0]?.proposals;
	assert.deepEqual(
		esp("")?.map((one) => one.hasExtendedSequenceNumbers),
		[false],
	);
	assert.deepEqual(
		esp("extended-sequence-number;")?.map((one) => one.hasExtendedSequenceNumbers),
		[true],
	);
});

test("users of an access profile, or this end as a user: hashes of passwords beside the certificate of the other end", () => {
	const policy = "proposals p; certificate { local-certificate mine; }";
	const asked = only({ proposal: signed, policy, gateway: `${v2} aaa { access-profile office; }`, top: office });
	assert.equal(asked.localAuthentication.kind, "certificate");
	assert.ok(asked.remoteAuthentication.kind === "eap");
	assert.equal(Buffer.from(asked.remoteAuthentication.passwords.get("ann") ?? []).length, 16);
	const user = only({
		proposal: signed,
		policy: "proposals p;",
		gateway: `${v2} aaa { client { username ann; password secret; } }`,
	});
	assert.ok(user.localAuthentication.kind === "eap" && user.remoteAuthentication.kind === "certificate");
	assert.equal(user.localAuthentication.name, "ann");
	const weak = compile({ gateway: `${v2} aaa { access-profile office; }`, top: office });
	assert.match(weak.gaps.map(({ reason }) => reason).join(), /authenticates by a pre-shared key; use certificates/);
});

const office = "access { profile office { client ann { firewall-user { password secret; } } } }";

test("a gateway of IKEv2 may let its peer move, when its statements say so", () => {
	assert.equal(only({ gateway: `${v2} mobike;` }).isMobile, true);
	assert.equal(only({ gateway: v2 }).isMobile, undefined);
});
