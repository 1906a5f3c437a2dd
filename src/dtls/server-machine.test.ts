import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { dtlsSuites } from "#dtls/suite.ts";
import { handshake, helloBody, inRecord } from "../../test/support/dtls-hello.ts";
import { DtlsPair, dtlsIdentity, type Fate } from "../../test/support/dtls-pair.ts";
import { TestCa } from "../../test/support/origins.ts";

const ca = new TestCa();
const ecdsa = dtlsIdentity(ca.identity(["app.test"]));
const p384 = dtlsIdentity(ca.identity(["app.test"], { key: "p384" }));
const rsa = dtlsIdentity(ca.identity(["app.test"], { key: "rsa2048" }));

for (const { code, name, authentication } of dtlsSuites) {
	for (const group of [0x001d, 0x0017, 0x0018]) {
		test(`R34: ${name} over group 0x${group.toString(16)}: both ends agree, and data passes both ways`, () => {
			// The curve of the certificate must be among the groups too (RFC 8422 §5.1).
			const client = { suites: [code], groups: [group, 0x0017] };
			const identities = [authentication === "RSA" ? rsa : ecdsa];
			const pair = new DtlsPair({ identities, client, server: { groups: [group] } }).run();
			assert.deepEqual(pair.atServer.outcome?.suite.name, name);
			assert.deepEqual(pair.atClient.outcome?.group, group);
			assert.equal(pair.atServer.outcome?.hasExtendedMasterSecret, true);
			assert.equal(pair.client.write(Buffer.from("up")), true);
			assert.equal(pair.server.write(Buffer.from("down")), true);
			pair.settle();
			assert.deepEqual([pair.atServer.data, pair.atClient.data], [["up"], ["down"]]);
		});
	}
}

test("the identity is chosen by the suites and curves that the client has", () => {
	const of = (client: object) => new DtlsPair({ identities: [p384, ecdsa, rsa], client }).run().atClient.outcome;
	assert.deepEqual(of({})?.peerCertificates[0], Uint8Array.from(p384.certificates[0] ?? []));
	assert.deepEqual(of({ groups: [0x001d, 0x0017] })?.peerCertificates[0], Uint8Array.from(ecdsa.certificates[0] ?? []));
	assert.deepEqual(of({ suites: [0xc030] })?.peerCertificates[0], Uint8Array.from(rsa.certificates[0] ?? []));
});

test("clients prove who they are where they are asked; one without a certificate says so", () => {
	const server = { asksForCertificate: true };
	for (const identity of [ecdsa, rsa]) {
		const pair = new DtlsPair({ identities: [ecdsa], server, client: { identity } }).run();
		assert.deepEqual(pair.atServer.outcome?.peerCertificates.length, 2);
	}
	const bare = new DtlsPair({ identities: [ecdsa], server }).run();
	assert.deepEqual(bare.atServer.outcome?.peerCertificates, []);
	const liar = { ...ecdsa, sign: (scheme: number, octets: Uint8Array) => ecdsa.sign(scheme, octets.subarray(1)) };
	const refused = new DtlsPair({ identities: [ecdsa], server, client: { identity: liar } }).run();
	assert.match(refused.atServer.end?.reason ?? "", /signature does not fit its certificate/);
});

test("no common suite, group or version ends with an alert that both ends know of", () => {
	for (const client of [{ suites: [0xc030] }, { groups: [0x0018] }, { schemes: [0x0804] }]) {
		const pair = new DtlsPair({ identities: [ecdsa], client, server: { groups: [0x001d] } }).run();
		assert.deepEqual([pair.atServer.end?.kind, pair.atClient.end?.kind], ["alert-sent", "alert-received"]);
	}
});

test("close_notify ends both ends", () => {
	const pair = new DtlsPair({ identities: [ecdsa] }).run();
	pair.client.close(pair.now);
	pair.settle();
	assert.deepEqual([pair.atClient.end?.kind, pair.atServer.end?.kind], ["closed", "closed-by-peer"]);
	assert.equal(pair.server.write(Buffer.from("late")), false);
});

test("nothing is kept of, and nothing but a cookie is sent to, a client that does not return it", () => {
	const pair = new DtlsPair({ identities: [ecdsa], fate: (index) => (index % 2 === 0 ? [1] : []) }).run();
	assert.equal(pair.server.hello, undefined);
	const asked = pair.atClient.sent.reduce((sum, { length }) => sum + length, 0);
	const answered = pair.atServer.sent.reduce((sum, { length }) => sum + length, 0);
	assert.ok(answered < asked && pair.atServer.sent.every(({ length }) => length < 70));
	assert.equal(pair.atClient.end?.kind, "timed-out");
});

test("many hellos in one datagram get one answer", () => {
	const pair = new DtlsPair({ identities: [ecdsa] });
	const hellos = [0, 1, 2, 3, 0, 1, 2, 3].map((sequence) => handshake(1, helloBody("a.test"), { sequence }));
	pair.server.receive(inRecord(Buffer.concat(hellos)), 0);
	pair.server.receive(Buffer.concat(hellos.map((hello) => inRecord(hello))), 0);
	assert.equal(pair.atServer.sent.length, 2);
});

/** Loses at most so many datagrams, doubles and delays any. */
const network = fc.array(
	fc.oneof(
		{ weight: 2, arbitrary: fc.constant<Fate>([]) },
		{ weight: 3, arbitrary: fc.array(fc.integer({ min: 1, max: 3_000 }), { minLength: 1, maxLength: 3 }) },
	),
	{ maxLength: 14 },
);

test("over a network that loses, doubles and reorders, every handshake comes to its end, and data passes", () => {
	fc.assert(
		fc.property(network, fc.constantFrom(300, 600, 1_200), fc.boolean(), (fates, maxDatagram, asks) => {
			const pair = new DtlsPair({
				identities: [rsa],
				client: { maxDatagram, identity: ecdsa },
				server: { maxDatagram, asksForCertificate: asks },
				fate: (index) => fates[index] ?? [1],
			}).run();
			assert.equal(pair.atClient.end ?? pair.atServer.end, undefined);
			assert.ok(pair.client.isEstablished && pair.server.isEstablished);
			pair.client.write(Buffer.from("up"));
			pair.server.write(Buffer.from("down"));
			pair.settle();
			assert.deepEqual([pair.atServer.data, pair.atClient.data], [["up"], ["down"]]);
			assert.ok([...pair.atClient.sent, ...pair.atServer.sent].every(({ length }) => length <= maxDatagram));
		}),
		{ numRuns: 150 },
	);
});

test("a record that comes twice is taken once", () => {
	const pair = new DtlsPair({ identities: [ecdsa] }).run();
	pair.client.write(Buffer.from("once"));
	const copy = pair.atClient.sent.at(-1) as Uint8Array;
	pair.settle();
	pair.inject("server", copy);
	assert.deepEqual(pair.atServer.data, ["once"]);
});

test("whatever is sent to either end at any moment, changed or made up: no exception, and no data that was not sent", () => {
	const event = fc.record({
		to: fc.constantFrom("client" as const, "server" as const),
		pick: fc.nat(20),
		at: fc.nat(300),
		octet: fc.nat(255),
		made: fc.option(fc.uint8Array({ maxLength: 100 })),
		steps: fc.nat(4_000),
	});
	fc.assert(
		fc.property(fc.array(event, { maxLength: 25 }), fc.boolean(), (events, asks) => {
			const pair = new DtlsPair({ identities: [ecdsa], server: { asksForCertificate: asks } });
			pair.client.start(0);
			for (const { to, pick, at, octet, made, steps } of events) {
				const all = [...pair.atClient.sent, ...pair.atServer.sent];
				const changed = Uint8Array.from(made ?? all[pick % all.length] ?? []);
				if (made === null && at < changed.length) changed[at] = octet;
				pair.inject(to, changed);
				pair.settle(pair.now + steps);
			}
			pair.client.write(Buffer.from("up"));
			pair.settle();
			assert.ok(pair.atServer.data.every((text) => text === "up") && pair.atClient.data.length === 0);
		}),
		{ numRuns: 200 },
	);
});
