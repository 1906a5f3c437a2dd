import assert from "node:assert/strict";
import { test } from "node:test";
import type { DtlsEnd } from "#dtls/association.ts";
import { DtlsClient } from "#dtls/client-machine.ts";
import { handshakeType } from "#dtls/handshake.ts";
import { encodeServerHello } from "#dtls/messages.ts";
import { peerKeyOf } from "#dtls/signature.ts";
import { handshake, helloVerify, inRecord } from "../../test/support/dtls-hello.ts";
import { DtlsPair, dtlsIdentity } from "../../test/support/dtls-pair.ts";
import { TestCa } from "../../test/support/origins.ts";
import { seededRandom } from "../../test/support/seeded-random.ts";

const ca = new TestCa();
const ecdsa = dtlsIdentity(ca.identity(["app.test"]));
const other = dtlsIdentity(ca.identity(["other.test"]));

/** A client that has begun, and what it came to. */
function started() {
	const sent: Uint8Array[] = [];
	let end: DtlsEnd | undefined;
	const client = new DtlsClient(
		{
			suites: [0xc02b],
			groups: [0x001d],
			schemes: [0x0403],
			alpn: [],
			serverName: undefined,
			identity: undefined,
			maxDatagram: 1_200,
			random: seededRandom("a"),
			peerKey: peerKeyOf,
		},
		{
			send: (datagram) => void sent.push(datagram),
			certificates: () => undefined,
			established: () => undefined,
			data: () => undefined,
			ended: (how) => {
				end = how;
			},
		},
	);
	client.start(0);
	return { client, sent, ended: () => end };
}

const hello = {
	version: 0xfefd,
	random: new Uint8Array(32),
	suite: 0xc02b,
	hasExtendedMasterSecret: true,
	hasRenegotiationInfo: true,
	hasPointFormats: true,
	alpn: undefined,
};
const answer = (parts: Partial<typeof hello>) =>
	inRecord(handshake(handshakeType.serverHello, encodeServerHello({ ...hello, ...parts })));

test("a server that is not trusted gets an alert, and never the client's key", () => {
	const pair = new DtlsPair({ identities: [ecdsa], isTrusted: false }).run();
	assert.deepEqual([pair.atClient.end?.alert, pair.atServer.end?.alert], [48, 48]);
	assert.equal(pair.atServer.outcome, undefined);
});

test("V18: a server whose signature is not of its certificate's key is refused", () => {
	const liar = { ...ecdsa, sign: other.sign };
	const pair = new DtlsPair({ identities: [liar] }).run();
	assert.match(pair.atClient.end?.reason ?? "", /signature does not fit its certificate/);
	assert.equal(pair.atClient.chain, undefined);
});

for (const [what, parts, reason] of [
	["another version", { version: 0xfeff }, /version 0xfeff; expected DTLS 1\.2/],
	["a suite that was not offered", { suite: 0xc02c }, /suite 0xc02c, which was not offered/],
	["no secure renegotiation", { hasRenegotiationInfo: false }, /secure renegotiation/],
	["a protocol that was not offered", { alpn: "coap" as never }, /protocol that was not offered/],
] as const) {
	test(`F1 F2: a server that chooses ${what} is refused`, () => {
		const { client, ended } = started();
		client.receive(answer(parts), 1);
		assert.match(ended()?.reason ?? "", reason);
	});
}

test("a message out of turn, one that belongs under keys, and cookies without end are refused", () => {
	const early = started();
	early.client.receive(inRecord(handshake(handshakeType.serverHelloDone, new Uint8Array(0))), 1);
	assert.match(early.ended()?.reason ?? "", /message 14 in state expect-hello/);
	const clear = started();
	clear.client.receive(inRecord(handshake(handshakeType.finished, new Uint8Array(12))), 1);
	assert.match(clear.ended()?.reason ?? "", /message 20/);
	const asked = started();
	for (let sequence = 0; sequence < 5; sequence++) {
		const verify = helloVerify(Uint8Array.of(sequence));
		verify[18] = sequence;
		asked.client.receive(verify, 1);
	}
	assert.match(asked.ended()?.reason ?? "", /cookie 4 times/);
});

test("a hello that nobody answers is sent again, each time later, and given up in the end", () => {
	const { client, sent, ended } = started();
	const waits: number[] = [];
	let before = 0;
	while (client.deadline < Number.POSITIVE_INFINITY) {
		waits.push(client.deadline - before);
		before = client.deadline;
		client.tick(client.deadline);
	}
	assert.deepEqual(waits, [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000]);
	assert.deepEqual([sent.length, ended()?.kind], [7, "timed-out"]);
});
