import assert from "node:assert/strict";
import { test } from "node:test";
import { configOf, findingsOf, printedForm } from "../../test/support/config-text.ts";
import { vpnText } from "../../test/support/vpn-text.ts";

const signed = "authentication-method ecdsa-signatures-256; encryption-algorithm aes-256-gcm; dh-group group19;";
const text = (gateway: string, profile = "client ann { firewall-user { password secret; } }", certificate = "") =>
	vpnText({
		proposal: signed,
		policy: `proposals p; ${certificate}`,
		gateway,
		top: `access { profile office { ${profile} } }`,
	});
const users = "address 192.0.2.1; version v2-only; aaa { access-profile office; }";
const mine = "certificate { local-certificate mine; }";

test("a profile that lets nobody in, and one that is to ask others than its own users, are told", () => {
	const of = (profile: string) => findingsOf(text(users, profile, mine)).filter((one) => one.includes("aaa"));
	assert.deepEqual(of("client ann { firewall-user { password secret; } }"), []);
	assert.match(of("client ann;").join(), /nobody is let in/);
	assert.match(
		of("authentication-order [ radius password ]; client ann { firewall-user { password x; } }").join(),
		/radius is not asked/,
	);
});

test("users are of IKEv2; who is one itself needs no certificate, but a peer with an address", () => {
	const old = findingsOf(text("address 192.0.2.1; aaa { access-profile office; }", undefined, mine)).join();
	assert.match(old, /is of IKEv2; set version v2-only/);
	const client = "version v2-only; aaa { client { username ann; password secret; } }";
	assert.doesNotMatch(findingsOf(text(`address 192.0.2.1; ${client}`)).join(), /local-certificate/);
	assert.match(findingsOf(text(users)).join(), /'local-certificate' is missing/);
	assert.match(findingsOf(text(`dynamic { hostname a.example; } ${client}`)).join(), /who has to begin/);
});

test("passwords show only in their $9$ form", () => {
	const client = "address 192.0.2.1; version v2-only; aaa { client { username ann; password hunter2hunter2; } }";
	const printed = printedForm(text(client, "client bob { firewall-user { password hunter3hunter3; } }"));
	assert.doesNotMatch(printed, /hunter/);
	assert.equal(printed.match(/"\$9\$/g)?.length, 2);
	assert.doesNotMatch(JSON.stringify([...configOf(text(client)).security.ike.gateway]), /hunter/);
});

test("a gateway asks or is asked: neither and both are refused", () => {
	assert.match(findingsOf(text("address 192.0.2.1; version v2-only; aaa;", undefined, mine)).join(), /lets nobody in/);
	const both = "address 192.0.2.1; version v2-only; aaa { eap-tls; client { username a; password b; } }";
	assert.match(findingsOf(text(both, undefined, mine)).join(), /cannot stand beside/);
	const tls = "address 192.0.2.1; version v2-only; aaa { eap-tls; }";
	assert.doesNotMatch(findingsOf(text(tls, undefined, mine)).join(), /aaa/);
});
