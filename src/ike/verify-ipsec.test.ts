import assert from "node:assert/strict";
import { test } from "node:test";
import { findingsOf } from "../../test/support/config-text.ts";
import { vpnText } from "../../test/support/vpn-text.ts";

const transform = (ipsecProposal: string) => findingsOf(vpnText({ ipsecProposal }));

test("B5: AH authenticates and does not encrypt; ESP does at least one of the two", () => {
	const path = "security ipsec proposal p";
	assert.deepEqual(transform("protocol ah; authentication-algorithm hmac-sha1-96;"), []);
	assert.deepEqual(transform("protocol ah; encryption-algorithm aes-128-cbc;"), [
		`error ${path} 'encryption-algorithm': protocol ah does not encrypt`,
		`error ${path} 'protocol': ah needs 'authentication-algorithm'`,
	]);
	assert.deepEqual(transform(""), [
		`error ${path} 'protocol': esp needs 'encryption-algorithm', 'authentication-algorithm', or both`,
	]);
	assert.deepEqual(transform("authentication-algorithm hmac-sha1-96;"), [
		`warning ${path} 'protocol': danger: nothing is encrypted, traffic can be read on the way`,
	]);
	assert.deepEqual(transform("encryption-algorithm aes-128-cbc;"), [
		`warning ${path} 'protocol': danger: nothing is authenticated, packets can be changed on the way`,
	]);
	assert.deepEqual(transform("encryption-algorithm aes-128-gcm;"), []);
	assert.deepEqual(transform("encryption-algorithm aes-128-gcm; authentication-algorithm hmac-sha1-96;"), [
		`error ${path} 'authentication-algorithm': aes-128-gcm authenticates by itself; delete it`,
	]);
});

test("proposals of both protocols in one policy are worth a word", () => {
	const security = "ipsec { proposal q { protocol ah; authentication-algorithm hmac-sha1-96; } }";
	assert.deepEqual(findingsOf(vpnText({ ipsecPolicy: "proposals [ p q ];", security })), [
		"warning security ipsec policy p 'proposals': some proposals are of protocol ah and others of esp; a peer takes only one",
	]);
});

test("B53: a VPN is monitored by ping or by dead peer detection, not by both", () => {
	const vpn = "bind-interface st0.0; vpn-monitor; ike { gateway g; ipsec-policy p; }";
	assert.deepEqual(findingsOf(vpnText({ vpn })), []);
	assert.deepEqual(findingsOf(vpnText({ vpn, gateway: "address 192.0.2.1; dead-peer-detection;" })), [
		`error security ipsec vpn v 'vpn-monitor': cannot stand beside 'dead-peer-detection' of gateway "g"`,
	]);
});

test("a tunnel interface is one; IKEv2 needs it; a peer without an address cannot be called", () => {
	assert.deepEqual(findingsOf(vpnText({ vpn: "bind-interface eth0.0; ike { gateway g; ipsec-policy p; }" })), [
		"error security ipsec vpn v 'bind-interface': 'eth0.0' is no tunnel interface; expected st0.N",
	]);
	assert.deepEqual(
		findingsOf(vpnText({ vpn: "ike { gateway g; ipsec-policy p; }", gateway: "address 192.0.2.1; version v2-only;" })),
		[`error security ipsec vpn v 'ike': IKEv2 of gateway "g" needs a route-based VPN; set bind-interface st0.N`],
	);
	assert.deepEqual(
		findingsOf(
			vpnText({
				gateway: "dynamic inet 192.0.2.1;",
				vpn: "bind-interface st0.0; establish-tunnels immediately; ike { gateway g; ipsec-policy p; }",
			}),
		),
		[
			"warning security ipsec vpn v 'establish-tunnels': a peer without a fixed address cannot be called; it must begin",
		],
	);
});

test("both sides of a proxy identity are of one family; looking away from replays is said to be a danger", () => {
	const ike = (more: string) =>
		findingsOf(vpnText({ vpn: `bind-interface st0.0; ike { gateway g; ipsec-policy p; ${more} }` }));
	assert.deepEqual(ike("proxy-identity { local 10.0.0.0/8; remote 10.1.0.0/16; }"), []);
	assert.deepEqual(ike("proxy-identity { local 10.0.0.0/8; remote 2001:db8::/32; }"), [
		"error security ipsec vpn v ike proxy-identity 'remote': is not of the family of 'local'",
	]);
	assert.deepEqual(ike("no-anti-replay;"), [
		"warning security ipsec vpn v ike 'no-anti-replay': danger: recorded packets can be sent again and are accepted",
	]);
});

const manual = (statements: string) =>
	findingsOf(
		vpnText({
			vpn: `bind-interface st0.0; manual { gateway 192.0.2.1; external-interface eth0.0; spi 256; protocol esp; ${statements} }`,
		}),
	);

test("keys entered by hand have the length of their algorithm, as text and in hexadecimal", () => {
	for (const [statement, algorithm, octets] of [
		["authentication", "hmac-md5-96", 16],
		["authentication", "hmac-sha1-96", 20],
		["authentication", "hmac-sha-256-128", 32],
		["encryption", "des-cbc", 8],
		["encryption", "3des-cbc", 24],
		["encryption", "aes-128-cbc", 16],
		["encryption", "aes-192-cbc", 24],
		["encryption", "aes-256-cbc", 32],
	] as const) {
		const keyed = (kind: string, key: string) =>
			manual(`${statement} { algorithm ${algorithm}; key ${kind} ${key}; }`).filter((line) =>
				line.includes("the key has"),
			);
		const text = "0123456789abcdefghijklmnopqrstuvwxyz".slice(0, octets);
		assert.deepEqual(keyed("ascii-text", text), [], algorithm);
		assert.deepEqual(keyed("hexadecimal", Buffer.from(text).toString("hex")), [], algorithm);
		const path = `error security ipsec vpn v manual ${statement} key`;
		assert.deepEqual(keyed("ascii-text", `${text}x`), [
			`${path} 'ascii-text': the key has ${octets + 1} characters; expected ${octets}`,
		]);
		assert.deepEqual(keyed("hexadecimal", "00"), [`${path} 'hexadecimal': the key has 1 octets; expected ${octets}`]);
	}
});

test("a Triple DES key that is no better than DES gets a warning, not an error", () => {
	const authentication = "authentication { algorithm hmac-md5-96; key ascii-text 1111111111111111; }";
	const key = (text: string) => manual(`${authentication} encryption { algorithm 3des-cbc; key ascii-text ${text}; }`);
	assert.deepEqual(key("1".repeat(24)), [
		"warning security ipsec vpn v manual encryption 'key': danger: its first and second 8 octets are the same, so that Triple DES is no stronger than DES",
	]);
	assert.deepEqual(key("111111112222222222222222"), []);
});

test("AES-GCM is not for keys that never change", () => {
	assert.deepEqual(manual("encryption { algorithm aes-128-gcm; key ascii-text 0123456789abcdefghij; }"), [
		"error security ipsec vpn v manual encryption 'algorithm': aes-128-gcm must not be used with a key that never changes",
	]);
});
