import assert from "node:assert/strict";
import { verify } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { concat } from "#base/bytes.ts";
import { signForIke } from "#daemon/ike-signing-desk.ts";
import { exchangeType } from "#ike/wire/header.ts";
import { encodeMessage } from "#ike/wire/message.ts";
import { KeyStore } from "#pki/key-store-shell.ts";
import { makeCertificate } from "../../test/support/make-certificate.ts";

const own = makeCertificate({ subject: "CN=gw", names: ["gw.example"] });
const signers = new Map([["hq", "gw"]]);

function storeWithKey(t: TestContext): KeyStore {
	const path = mkdtempSync(join(tmpdir(), "sallyport-ike-keys-"));
	t.after(() => rmSync(path, { recursive: true, force: true }));
	const store = new KeyStore(path, { isPersistent: true, passphraseFile: undefined }, 7);
	store.change({ put: [{ id: "gw", created: 7, isExportable: false, certificates: [own.der], key: own.privateKey }] });
	return store;
}

function octetsOf(exchange: number): Uint8Array {
	const head = {
		initiatorSpi: new Uint8Array(8).fill(1),
		responderSpi: new Uint8Array(8),
		exchange,
		isInitiator: true,
		isResponse: false,
		messageId: 0,
	};
	return concat([encodeMessage(head, [{ type: "nonce", data: new Uint8Array(32) }]), new Uint8Array(64)]);
}

test("a connection's certificate signs what begins with a first message of IKE", (t) => {
	const octets = octetsOf(exchangeType.ikeSaInit);
	const signature = signForIke({ connection: "hq", scheme: "ecdsa-sha256", octets }, signers, storeWithKey(t));
	assert.ok(signature !== undefined && verify("sha256", octets, own.publicKey, signature));
});

test("nothing else is signed: other connections, other schemes, certificates, handshakes of TLS, other messages", (t) => {
	const store = storeWithKey(t);
	const good = { connection: "hq", scheme: "ecdsa-sha256", octets: octetsOf(exchangeType.ikeSaInit) };
	for (const change of [
		{ connection: "branch" },
		{ scheme: "md5" },
		{ octets: own.certificate.tbs },
		{ octets: new Uint8Array(130).fill(0x20) },
		{ octets: octetsOf(exchangeType.ikeAuth) },
		{ octets: good.octets.subarray(0, good.octets.length - 64) },
		{ octets: new Uint8Array(0) },
		{ octets: new Uint8Array(70_000) },
	])
		assert.equal(signForIke({ ...good, ...change }, signers, store), undefined);
	assert.equal(signForIke(good, new Map([["hq", "gone"]]), store), undefined);
});
