import assert from "node:assert/strict";
import { test } from "node:test";
import { type Address, parseAddress } from "#base/address.ts";
import { handedOnHeader, headerAtOnce, headerBehindTls } from "#proxy/handed-on.ts";
import { decodeProxiedTls } from "#proxy/proxied-tls.ts";
import { decodeProxyHeader, proxyTlv } from "#proxy/proxy-protocol.ts";
import { proxyTlvType } from "#proxy/proxy-tlv.ts";
import type { WayIn } from "#proxy/way-in.ts";

const client = { address: parseAddress("192.0.2.7") as Address, port: 40_001, reachedAt: "192.0.2.1:443" };
const leg = { version: "TLSv1.3", cipherSuite: "TLS_AES_128_GCM_SHA256", alpn: "http/1.1", isResumed: false };
const identity = { commonName: "alice", certificate: new Uint8Array([1, 2]), fingerprint: "aa" };

test("version 1 tells who connected and where", () => {
	assert.equal(
		Buffer.from(handedOnHeader(1, client, undefined)).toString(),
		"PROXY TCP4 192.0.2.7 192.0.2.1 40001 443\r\n",
	);
});

test("R28: version 2 tells name, protocol and what the client has proved", () => {
	const decoded = decodeProxyHeader(handedOnHeader(2, client, { leg, sni: "shop.example", identity }));
	assert.ok(decoded.kind === "done");
	const text = (type: number) => Buffer.from(proxyTlv(decoded.value, type) ?? []).toString();
	assert.deepEqual([text(proxyTlvType.alpn), text(proxyTlvType.authority)], ["http/1.1", "shop.example"]);
	const tls = decodeProxiedTls(proxyTlv(decoded.value, proxyTlvType.ssl) as Uint8Array);
	assert.ok(tls.kind === "done");
	const { isTls, hasCertificate, isVerified, commonName, version } = tls.value;
	assert.deepEqual([isTls, hasCertificate, isVerified, commonName, version], [true, true, true, "alice", "TLSv1.3"]);
});

test("a client that proved nothing is not called verified", () => {
	const decoded = decodeProxyHeader(handedOnHeader(2, client, { leg, sni: undefined, identity: undefined }));
	assert.ok(decoded.kind === "done");
	const tls = decodeProxiedTls(proxyTlv(decoded.value, proxyTlvType.ssl) as Uint8Array);
	assert.ok(tls.kind === "done");
	assert.deepEqual([tls.value.hasCertificate, tls.value.isVerified, tls.value.commonName], [false, false, undefined]);
});

test("a transparent client is told with what it addressed, and addresses that do not fit as unknown", () => {
	const destination = { host: "198.51.100.1", port: 993 };
	const header = Buffer.from(handedOnHeader(1, { ...client, destination }, undefined)).toString();
	assert.equal(header, "PROXY TCP4 192.0.2.7 198.51.100.1 40001 993\r\n");
	const unknown = handedOnHeader(1, { ...client, reachedAt: "[2001:db8::1]:443" }, undefined);
	assert.match(Buffer.from(unknown).toString(), /^PROXY UNKNOWN/);
});

test("a server hears it at once, one in clear behind its client's TLS unless it speaks first", () => {
	const way = (kind: "reverse" | "offload" | "encrypt", starttls: string) =>
		({ kind, server: { host: "a.test", port: 25 }, profile: { starttls }, sendsProxy: 2 }) as unknown as WayIn;
	const facts = { client, clientLeg: leg, sni: undefined, identity: undefined };
	for (const [one, atOnce, behind] of [
		[way("reverse", "drop"), true, false],
		[way("encrypt", "drop"), true, false],
		[way("offload", "drop"), false, true],
		[way("offload", "require"), true, false],
		[{ ...way("reverse", "drop"), sendsProxy: undefined } as WayIn, false, false],
	] as const) {
		assert.equal(headerAtOnce(one, client) !== undefined, atOnce);
		assert.equal(headerBehindTls(one, facts) !== undefined, behind);
	}
});
