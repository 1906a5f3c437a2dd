import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Writer } from "#base/bytes.ts";
import { extensionType } from "#tls/extension-types.ts";
import { noExtensions, readHelloExtension, type ServerName } from "#tls/hello-extensions.ts";
import { alpnExtension, decodedCapture, serverNameExtension, u16ListBody } from "../../test/support/tls-hello.ts";

const octets = (...values: number[]) => Uint8Array.from(values);

function reasonOf(type: number, body: Uint8Array): string | undefined {
	return readHelloExtension(type, body, noExtensions());
}

function fieldsOf(type: number, body: Uint8Array) {
	const fields = noExtensions();
	assert.equal(readHelloExtension(type, body, fields), undefined);
	return fields;
}

function serverNameOf(name: string): ServerName {
	return fieldsOf(...serverNameExtension([0, name])).serverName;
}

test("a host name is brought to normal form", () => {
	assert.deepEqual(serverNameOf("WWW.Example.ORG."), { kind: "host-name", name: "www.example.org" });
	assert.deepEqual(serverNameOf("_dmarc.a-b.example"), { kind: "host-name", name: "_dmarc.a-b.example" });
});

test("an address literal is told apart from a name", () => {
	assert.deepEqual(serverNameOf("192.0.2.7"), { kind: "address", address: "192.0.2.7" });
	assert.deepEqual(serverNameOf("2001:DB8:0::1"), { kind: "address", address: "2001:db8::1" });
});

test("what is neither name nor address is invalid, printable and short", () => {
	assert.deepEqual(serverNameOf("good.example\0.evil.example"), {
		kind: "invalid",
		text: "good.example?.evil.example",
	});
	assert.deepEqual(serverNameOf("a b\n"), { kind: "invalid", text: "a?b?" });
	assert.deepEqual(serverNameOf("b\xfccher.example"), { kind: "invalid", text: "b?cher.example" });
	assert.deepEqual(serverNameOf("[2001:db8::1]"), { kind: "invalid", text: "[2001:db8::1]" });
	assert.deepEqual(serverNameOf("*.example"), { kind: "invalid", text: "*.example" });
	assert.deepEqual(serverNameOf(`${"a".repeat(63)}.`.repeat(5)), {
		kind: "invalid",
		text: `${"a".repeat(63)}.`.repeat(5).slice(0, 255),
	});
	const long = serverNameOf("x".repeat(60_000));
	assert.deepEqual(long, { kind: "invalid", text: "x".repeat(255) });
});

test("a name that is valid only when cut is invalid", () => {
	const label = `${"a".repeat(63)}.`;
	const longest = `${label.repeat(3)}${"b".repeat(61)}`;
	assert.equal(longest.length, 253);
	assert.equal(serverNameOf(longest).kind, "host-name");
	assert.equal(serverNameOf(`${longest}.`).kind, "host-name");
	assert.equal(serverNameOf(`${longest}.${"c".repeat(40)}.example`).kind, "invalid");
});

test("names of unknown type are passed over, several of one type are refused", () => {
	const both = serverNameExtension([7, "what"], [0, "a.example"]);
	assert.deepEqual(fieldsOf(...both).serverName, { kind: "host-name", name: "a.example" });
	assert.deepEqual(fieldsOf(...serverNameExtension([7, "what"])).serverName, { kind: "absent" });
	assert.equal(reasonOf(...serverNameExtension([0, "a.example"], [0, "b.example"])), "more than one name of type 0");
	assert.equal(reasonOf(...serverNameExtension([0, "a.example"], [0, "a.example"])), "more than one name of type 0");
	assert.equal(reasonOf(...serverNameExtension()), "an empty list");
	assert.equal(reasonOf(...serverNameExtension([0, ""])), "an empty host name");
});

test("an inner length past the end, and octets behind the value, are malformed in every extension that is read", () => {
	const full = decodedCapture("openssl-early-data").extensions.concat(decodedCapture("chromium-1").extensions);
	const read = full.filter(({ type, body }) => {
		const known = (Object.values(extensionType) as number[]).includes(type);
		return known && type !== extensionType.sessionTicket && type !== extensionType.cookie && body.length > 0;
	});
	assert.ok(new Set(read.map(({ type }) => type)).size >= 11);
	for (const { type, body } of read) {
		assert.equal(reasonOf(type, body), undefined);
		assert.notEqual(reasonOf(type, Uint8Array.from([...body, 0])), undefined, `${type} with an octet behind it`);
		for (let end = 0; end < body.length; end++) {
			assert.notEqual(reasonOf(type, body.slice(0, end)), undefined, `${type} cut to ${end}`);
		}
	}
});

test("early_data and extended_master_secret are empty or malformed", () => {
	for (const type of [extensionType.earlyData, extensionType.extendedMasterSecret]) {
		assert.equal(reasonOf(type, octets()), undefined);
		assert.equal(reasonOf(type, octets(0)), "1 octets behind its value");
	}
});

test("lists that must hold something do", () => {
	const { supportedGroups, supportedVersions, signatureAlgorithms, ecPointFormats, pskKeyExchangeModes } =
		extensionType;
	for (const type of [supportedGroups, signatureAlgorithms, extensionType.signatureAlgorithmsCert]) {
		assert.match(reasonOf(type, octets(0, 0)) ?? "", /^a list of 0 octets/);
		assert.match(reasonOf(type, octets(0, 3, 0, 29, 0)) ?? "", /^a list of 3 octets/);
	}
	assert.match(reasonOf(supportedVersions, octets(0)) ?? "", /^a list of 0 octets/);
	assert.equal(reasonOf(ecPointFormats, octets(0)), "an empty list");
	assert.equal(reasonOf(pskKeyExchangeModes, octets(0)), "an empty list");
	assert.equal(reasonOf(...alpnExtension()), "an empty list");
	assert.equal(reasonOf(...alpnExtension("h2", "")), "an empty protocol name");
	assert.deepEqual(fieldsOf(supportedGroups, u16ListBody(2, [29, 23])).supportedGroups, [29, 23]);
	assert.deepEqual(
		fieldsOf(extensionType.signatureAlgorithmsCert, u16ListBody(2, [0x0804])).signatureAlgorithmsCert,
		[0x0804],
	);
	assert.deepEqual(fieldsOf(...alpnExtension("h2", "\xff\x00")).alpn, ["h2", "\xff\x00"]);
});

test("key shares: none is allowed, an empty one and a second of one group are not", () => {
	const share = (...entries: [number, number][]) =>
		new Writer()
			.prefixed(2, (list) => {
				for (const [group, length] of entries) list.u16(group).prefixed(2, (key) => key.bytes(new Uint8Array(length)));
			})
			.finish();
	assert.deepEqual(fieldsOf(extensionType.keyShare, share()).keyShareGroups, []);
	assert.deepEqual(fieldsOf(extensionType.keyShare, share([29, 32], [23, 65])).keyShareGroups, [29, 23]);
	assert.equal(reasonOf(extensionType.keyShare, share([29, 0])), "an empty key share");
	assert.equal(reasonOf(extensionType.keyShare, share([29, 32], [29, 32])), "two key shares of group 0x001d");
});

test("pre_shared_key: as many binders as identities, at least one, none short", () => {
	const body = (identities: number, binders: number, binderOctets = 32) =>
		new Writer()
			.prefixed(2, (list) => {
				for (let i = 0; i < identities; i++) list.prefixed(2, (identity) => identity.u8(1)).u32(7);
			})
			.prefixed(2, (list) => {
				for (let i = 0; i < binders; i++) list.prefixed(1, (binder) => binder.bytes(new Uint8Array(binderOctets)));
			})
			.finish();
	assert.equal(fieldsOf(extensionType.preSharedKey, body(2, 2)).hasPreSharedKey, true);
	assert.equal(reasonOf(extensionType.preSharedKey, body(0, 0)), "0 identities and 0 binders");
	assert.equal(reasonOf(extensionType.preSharedKey, body(2, 1)), "2 identities and 1 binders");
	assert.equal(reasonOf(extensionType.preSharedKey, body(1, 1, 31)), "a binder of 31 octets");
});

test("encrypted_client_hello: outer with its clear fields, inner empty, no third form", () => {
	const outer = octets(0, 0, 1, 0, 3, 42, 0, 1, 9, 0, 2, 8, 8);
	const fields = fieldsOf(extensionType.encryptedClientHello, outer);
	assert.deepEqual(fields.encryptedClientHello, {
		...{ form: "outer", kdf: 1, aead: 3, configId: 42 },
		...{ encapsulatedKey: octets(9), payload: octets(8, 8) },
	});
	assert.deepEqual(fieldsOf(extensionType.encryptedClientHello, octets(1)).encryptedClientHello, { form: "inner" });
	assert.equal(reasonOf(extensionType.encryptedClientHello, octets(1, 0)), "1 octets behind its value");
	assert.equal(reasonOf(extensionType.encryptedClientHello, octets(2)), "form 2; expected outer (0) or inner (1)");
	assert.equal(reasonOf(extensionType.encryptedClientHello, octets(0, 0, 1, 0, 3, 42, 0, 0, 0, 0)), "an empty payload");
});

test("a renegotiation in the first hello is refused (R173)", () => {
	assert.equal(reasonOf(extensionType.renegotiationInfo, octets(0)), undefined);
	assert.match(reasonOf(extensionType.renegotiationInfo, octets(1, 5)) ?? "", /not empty in the first ClientHello/);
});

test("status_request of an unknown type is passed over, heartbeat is seen (R169)", () => {
	assert.equal(fieldsOf(extensionType.statusRequest, octets(9, 1, 2, 3)).hasStatusRequest, true);
	assert.equal(fieldsOf(extensionType.statusRequest, octets(1, 0, 0, 0, 0)).hasStatusRequest, true);
	assert.equal(fieldsOf(extensionType.heartbeat, octets(1)).hasHeartbeat, true);
});

test("an unknown extension is left alone", () => {
	assert.deepEqual(fieldsOf(0x1234, octets(1, 2, 3)), noExtensions());
});

test("random bodies never throw", () => {
	fc.assert(
		fc.property(fc.constantFrom(...Object.values(extensionType)), fc.uint8Array({ maxLength: 80 }), (type, body) => {
			const reason = reasonOf(type, body);
			assert.ok(reason === undefined || reason.length > 0);
		}),
		{ numRuns: 3000 },
	);
});
