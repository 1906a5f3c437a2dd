import assert from "node:assert/strict";
import { createSecretKey } from "node:crypto";
import { test } from "node:test";
import { deserialize, serialize } from "node:v8";
import { connectionChange } from "#ike/connection-change.ts";
import { packConnection, unpackConnection } from "#ike/packed-connection.ts";
import type { Connection } from "#ike/v2/connection.ts";
import { childConfig, connection } from "../../test/support/ike-network.ts";
import { makeCertificate } from "../../test/support/make-certificate.ts";

const across = (one: Connection): Connection => unpackConnection(deserialize(serialize(packConnection(one))));
const children = [childConfig("10.1.0.0/16", "10.2.0.0/16")];

test("a connection with a pre-shared key crosses to another process whole", () => {
	const one = connection("192.0.2.1", "192.0.2.2", { children });
	assert.equal(connectionChange(one, across(one)), "none");
	const key = createSecretKey(Buffer.from("another"));
	const other = { ...one, remoteAuthentication: { kind: "shared-key", key } as const };
	assert.equal(connectionChange(one, across(other)), "anew");
});

test("of certificates the public parts cross, and peers are judged there", () => {
	const root = makeCertificate({ subject: "CN=root", isCa: true });
	const peer = makeCertificate({ subject: "CN=peer", issuer: root, names: ["peer.example"], extendedKeyUsage: [] });
	const one = connection("192.0.2.1", "192.0.2.2", {
		localAuthentication: { kind: "certificate", certificates: [peer.der], publicKey: peer.publicKey },
		remoteAuthentication: {
			kind: "certificate",
			judge: () => ({ kind: "untrusted", reason: "not asked" }),
			authorities: new Uint8Array(20),
			anchors: [root.der, Uint8Array.of(1)],
		},
	});
	const octets = serialize(packConnection(one));
	const { d = "" } = peer.privateKey.export({ format: "jwk" });
	assert.ok(d.length > 20 && !octets.includes(Buffer.from(d, "base64url")));
	const { remoteAuthentication: remote, localAuthentication: local } = across(one);
	assert.ok(remote.kind === "certificate" && local.kind === "certificate");
	assert.ok(local.publicKey.equals(peer.publicKey));
	const claim = {
		identity: { idType: 2, data: Buffer.from("peer.example") },
		certificates: [peer.der],
		now: Date.now(),
	};
	assert.equal(remote.judge(claim).kind, "trusted");
});
