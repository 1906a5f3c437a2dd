import assert from "node:assert/strict";
import { test } from "node:test";
import { findingsOf } from "../../test/support/config-text.ts";
import { vpnText } from "../../test/support/vpn-text.ts";

test("a sound VPN has no findings", () => {
	assert.deepEqual(findingsOf(vpnText()), []);
});

test("a proposal has a hash unless its cipher authenticates", () => {
	assert.deepEqual(findingsOf(vpnText({ proposal: "encryption-algorithm aes-256-cbc; dh-group group14;" })), [
		"error security ike proposal p: missing mandatory statement: 'authentication-algorithm'",
	]);
	assert.deepEqual(findingsOf(vpnText({ proposal: "encryption-algorithm aes-256-gcm; dh-group group14;" })), []);
});

test("what authenticates must be there: the key, or the certificate", () => {
	const key = "error security ike policy p 'pre-shared-key': is missing: a proposal authenticates by it";
	assert.deepEqual(findingsOf(vpnText({ policy: "proposals p;" })), [key]);
	assert.deepEqual(findingsOf(vpnText({ policy: "proposal-set standard;" })), [key]);
	const signed = "authentication-method rsa-signatures; encryption-algorithm aes-256-gcm; dh-group group14;";
	assert.deepEqual(findingsOf(vpnText({ proposal: signed, policy: "proposals p;" })), [
		"error security ike policy p 'certificate': 'local-certificate' is missing: a proposal authenticates by signatures",
	]);
	assert.deepEqual(
		findingsOf(vpnText({ proposal: signed, policy: "proposals p; certificate local-certificate gw;" })),
		[],
	);
});

test("B18: the sets of Suite B authenticate by certificates, the others by a key", () => {
	assert.deepEqual(findingsOf(vpnText({ policy: "proposal-set suiteb-gcm-128;" })), [
		"error security ike policy p 'certificate': 'local-certificate' is missing: a proposal authenticates by signatures",
	]);
	const signed = "proposal-set suiteb-gcm-256; certificate local-certificate gw;";
	assert.deepEqual(findingsOf(vpnText({ policy: signed })), []);
});

test("proposals of different groups, and aggressive mode with a key, are worth a word", () => {
	const more = "ike { proposal q { encryption-algorithm aes-256-gcm; dh-group group2; } }";
	assert.deepEqual(findingsOf(vpnText({ policy: "proposals [ p q ]; pre-shared-key ascii-text x;", security: more })), [
		"warning security ike policy p 'proposals': the proposals have different groups (group14, group2); use one, the same as the peer",
	]);
	assert.match(
		findingsOf(vpnText({ policy: "mode aggressive; proposals p; pre-shared-key ascii-text x;" })).join(),
		/danger: aggressive with pre-shared keys/,
	);
});

test("what belongs to one version of IKE is refused or told for the other", () => {
	const top = "access { profile a; }";
	assert.deepEqual(
		findingsOf(vpnText({ gateway: "address 192.0.2.1; version v2-only; dead-peer-detection threshold 3;" })),
		["warning security ike gateway g dead-peer-detection 'threshold': is not used: it is always 5 for IKEv2"],
	);
	assert.deepEqual(
		findingsOf(vpnText({ gateway: "address 192.0.2.1; version v2-only; xauth access-profile a;", top })),
		["error security ike gateway g 'xauth': is of IKEv1; set version v1-only"],
	);
});

test("a peer known by name alone needs aggressive mode with a key, as its identity comes too late in main mode", () => {
	assert.deepEqual(findingsOf(vpnText({ gateway: "dynamic hostname a.example;" })), [
		"error security ike gateway g 'dynamic': its identity is not known in time in mode main; set security ike policy p mode aggressive",
	]);
	assert.deepEqual(findingsOf(vpnText({ gateway: "dynamic inet 192.0.2.9;" })), []);
	assert.deepEqual(findingsOf(vpnText({ gateway: "dynamic hostname a.example; version v2-only;" })), []);
});

test("general-ikeid takes the effect of a remote identity", () => {
	assert.deepEqual(
		findingsOf(
			vpnText({ gateway: "address 192.0.2.1; general-ikeid; remote-identity distinguished-name wildcard O=x;" }),
		),
		["warning security ike gateway g 'general-ikeid': makes 'remote-identity' without effect"],
	);
});

test("the trace file has a name, a size and a number together", () => {
	assert.deepEqual(findingsOf(vpnText({ security: "ike { traceoptions { file t size 1m; } }" })), [
		"error security ike traceoptions file 'size': needs 'files' beside it",
	]);
});

test("an additional key exchange that is the group itself is refused", () => {
	const proposal = (more: string) =>
		findingsOf(vpnText({ proposal: `encryption-algorithm aes-256-gcm; dh-group group19; ${more}` })).join();
	assert.match(proposal("additional-key-exchange { methods [ ml-kem-768 group19 ]; }"), /group19 stands there twice/);
	assert.doesNotMatch(proposal("additional-key-exchange { methods [ ml-kem-768 group20 ]; }"), /twice/);
	assert.match(proposal("additional-key-exchange { optional; }"), /missing mandatory statement: 'methods'/);
	const secrecy = "proposals p; perfect-forward-secrecy { keys group20; additional-key-exchange { methods group20; } }";
	assert.match(findingsOf(vpnText({ ipsecPolicy: secrecy })).join(), /group20 stands there twice/);
});

test("moving to another address is of IKEv2", () => {
	assert.match(findingsOf(vpnText({ gateway: "address 192.0.2.1; mobike;" })).join(), /'mobike': is of IKEv2/);
	assert.deepEqual(
		findingsOf(vpnText({ gateway: "address 192.0.2.1; version v2-only; mobike;" })).filter((one) =>
			one.includes("mobike"),
		),
		[],
	);
});

test("fields of a distinguished name must be some that can be read; without any, every holder of a certificate is let in", () => {
	const findings = (fields: string) =>
		findingsOf(vpnText({ gateway: `address 192.0.2.1; remote-identity distinguished-name ${fields}` }));
	assert.deepEqual(findings('{ container "O=Example, OU=Branches"; wildcard C=NO; }'), []);
	assert.match(findings("wildcard Example;").join(), /distinguished-name 'wildcard': expected an attribute such as/);
	assert.match(findings(";").join(), /danger: every holder of one of the authority's certificates is let in/);
	assert.match(
		findingsOf(vpnText({ gateway: "version v2-only; dynamic distinguished-name container Example;" })).join(),
		/dynamic distinguished-name 'container': expected an attribute/,
	);
});
