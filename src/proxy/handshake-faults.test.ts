import assert from "node:assert/strict";
import { test } from "node:test";
import { clientHandshakeFault, isLeafRefusal, relayFault, serverHandshakeFault } from "#proxy/handshake-faults.ts";
import { peerClosedHandshake } from "#tls/alert.ts";

const alertError = (number: number, name: string) =>
	Object.assign(new Error(`error:0A000${number}:SSL routines::${name}:SSL alert number ${number}`), {
		code: "ERR_SSL_X",
	});

test("a client that refuses the leaf is told apart from one that fails otherwise", () => {
	const refused = clientHandshakeFault("10.0.0.1", "a.example", alertError(48, "tlsv1 alert unknown ca"));
	assert.equal(refused.code, "CLIENT_DOES_NOT_TRUST_CA");
	assert.match(refused.message, /10\.0\.0\.1 refused the certificate minted for a\.example with alert unknown_ca/);
	assert.equal(
		clientHandshakeFault("10.0.0.1", "a.example", new Error("socket hang up")).code,
		"CLIENT_HANDSHAKE_FAILED",
	);
});

test("a client that refuses a certificate of one's own is told without a word of minted ones", () => {
	const told = clientHandshakeFault("10.0.0.1", "a.example", alertError(48, "unknown ca"), undefined, "shop");
	assert.equal(told.code, "CLIENT_REFUSED_OWN_CERTIFICATE");
	assert.match(
		told.message,
		/^client 10\.0\.0\.1 refused certificate "shop" for a\.example with alert unknown_ca; expected /,
	);
	const closed = clientHandshakeFault("10.0.0.1", "a.example", new Error("socket hang up"), undefined, "shop");
	assert.match(closed.message, /often does not trust certificate "shop"$/);
});

test("three alerts and a close are a refusal of the leaf, other failures are none", () => {
	for (const number of [42, 46, 48]) assert.equal(isLeafRefusal(alertError(number, "x")), true);
	for (const number of [40, 45, 70, 80]) assert.equal(isLeafRefusal(alertError(number, "x")), false);
	assert.equal(isLeafRefusal(new Error(peerClosedHandshake)), true);
	assert.equal(isLeafRefusal(Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" })), true);
	assert.equal(isLeafRefusal(new Error("no shared cipher")), false);
	// A client that hides the name of its server closes, too, and its alert is not told.
	assert.equal(isLeafRefusal(new Error(peerClosedHandshake), true), false);
	assert.equal(isLeafRefusal(alertError(48, "x"), true), true);
});

test("R172 R243: a server that wants a client certificate is named as such, in the handshake and behind it", () => {
	const wanted = alertError(116, "tlsv13 alert certificate required");
	assert.equal(serverHandshakeFault("a.example", wanted).code, "SERVER_WANTS_CLIENT_CERTIFICATE");
	assert.equal(relayFault("server", "a.example", wanted)?.code, "SERVER_WANTS_CLIENT_CERTIFICATE");
	assert.equal(serverHandshakeFault("a.example", new Error("x")).code, "SERVER_HANDSHAKE_FAILED");
});

test("a plain reset while octets flow is no fault of the handshake", () => {
	const reset = Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" });
	assert.equal(relayFault("server", "a.example", reset), undefined);
	assert.equal(relayFault("client", "10.0.0.1", reset), undefined);
});

test("a client that does not go on to an untrusted server is no client that lacks the CA", () => {
	const refused = alertError(48, "tlsv1 alert unknown ca");
	const told = clientHandshakeFault("10.0.0.1", "a.example", refused, "the certificate is self-signed");
	assert.equal(told.code, "CLIENT_REFUSED_UNTRUSTED_SERVER");
	assert.match(told.message, /the server is not trusted: the certificate is self-signed/);
});

test("a client whose Encrypted ClientHello was not accepted is told so, and teaches nothing about its trust", () => {
	const ended = alertError(121, "reason(1121)");
	assert.equal(isLeafRefusal(ended), false);
	const told = clientHandshakeFault("10.0.0.1", "public.example", ended);
	assert.equal(told.code, "CLIENT_ECH_NOT_ACCEPTED");
	assert.match(told.message, /hidden behind public\.example .*come back with the true name$/);
	assert.equal(relayFault("client", "10.0.0.1", ended)?.code, "CLIENT_ECH_NOT_ACCEPTED");
});
