import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { KeyLog } from "#capture/key-log.ts";
import { TlsDecryption } from "#capture/tls-decryption.ts";
import { toClient, toServer } from "#signature/signature-engine.ts";
import { answerOf, keyLogOf, type RecordedSegment, recordTls, requestOf } from "../../test/support/tls-recording.ts";

const paths = ["/first", "/second"];
const body = "the answer".repeat(3_000);
const both = [paths.map(requestOf).join(""), paths.map(() => answerOf(body)).join("")];

/** What was decrypted of the client and of the server, and what was told. */
function decrypt(
	segments: readonly RecordedSegment[],
	keyLog: KeyLog,
	pieces = 65_536,
): { plaintext: string[]; reasons: string[] } {
	const plaintext = ["", ""];
	const reasons: string[] = [];
	const decryption = new TlsDecryption(keyLog, {
		plaintext: (direction, octets) => {
			plaintext[direction] += Buffer.from(octets).toString("latin1");
		},
		notDecrypted: (reason) => reasons.push(reason),
	});
	for (const { fromClient, payload } of segments)
		for (let at = 0; at < payload.length; at += pieces)
			decryption.octets(fromClient ? toServer : toClient, payload.subarray(at, at + pieces));
	return { plaintext, reasons };
}

const tls13 = (ciphers: string) => ({ minVersion: "TLSv1.3", ciphers }) as const;
const tls12 = (ciphers: string) => ({ maxVersion: "TLSv1.2", ciphers }) as const;
const suites = [
	tls13("TLS_AES_128_GCM_SHA256"),
	tls13("TLS_AES_256_GCM_SHA384"),
	tls13("TLS_CHACHA20_POLY1305_SHA256"),
	tls12("ECDHE-RSA-AES128-GCM-SHA256"),
	tls12("ECDHE-RSA-AES256-GCM-SHA384"),
	tls12("ECDHE-RSA-CHACHA20-POLY1305"),
	tls12("AES128-GCM-SHA256"),
	tls12("AES256-GCM-SHA384"),
];

for (const suite of suites)
	test(`${suite.ciphers} is decrypted in both directions, however the octets come`, async () => {
		const recording = await recordTls(suite, paths, body);
		const keyLog = keyLogOf(recording.keyLog);
		for (const pieces of [65_536, 7])
			assert.deepEqual(decrypt(recording.segments, keyLog, pieces), { plaintext: both, reasons: [] });
	});

test("a suite that is not opened is named, and so is a lack of secrets", async () => {
	const other = await recordTls(tls12("ECDHE-RSA-AES128-SHA256"), paths, body);
	assert.deepEqual(decrypt(other.segments, keyLogOf(other.keyLog)), {
		plaintext: ["", ""],
		reasons: ["cipher suite TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256"],
	});
	for (const options of [tls12("ECDHE-RSA-AES128-GCM-SHA256"), tls13("TLS_AES_128_GCM_SHA256")])
		assert.deepEqual(decrypt((await recordTls(options, paths, body)).segments, new KeyLog()), {
			plaintext: ["", ""],
			reasons: ["the key log has no secret for them"],
		});
});

test("a record that fails authentication ends its direction; the other one goes on", async () => {
	for (const options of [tls12("ECDHE-RSA-AES128-GCM-SHA256"), tls13("TLS_AES_128_GCM_SHA256")]) {
		const recording = await recordTls(options, paths, body);
		const segments = recording.segments;
		// Behind the first request: the handshake is over.
		const first = segments.findLastIndex(({ fromClient, payload }) => !fromClient && payload.length > 500);
		const changed = segments.map(({ fromClient, payload }, index) => {
			const octets = payload.slice();
			if (index === first) octets[octets.length - 1] = (octets.at(-1) as number) ^ 1;
			return { fromClient, payload: octets };
		});
		const { plaintext, reasons } = decrypt(changed, keyLogOf(recording.keyLog));
		assert.equal(plaintext[0], both[0]);
		assert.ok((plaintext[1] as string).length < (both[1] as string).length);
		assert.ok((both[1] as string).startsWith(plaintext[1] as string));
		assert.deepEqual(reasons, ["a segment is lost or a record was not sealed by these keys"]);
	}
});

test("whatever becomes of the octets, nothing but what was sent is told, and nothing fails", async () => {
	const recording = await recordTls(tls13("TLS_AES_128_GCM_SHA256"), ["/first"], "a short answer");
	const [request, answer] = [requestOf("/first"), answerOf("a short answer")];
	const segments = recording.segments;
	const keyLog = keyLogOf(recording.keyLog);
	const change = fc.record({
		segment: fc.nat(segments.length - 1),
		at: fc.nat(2_000),
		octet: fc.nat(255),
		cut: fc.boolean(),
	});
	fc.assert(
		fc.property(fc.array(change, { maxLength: 4 }), fc.integer({ min: 1, max: 400 }), (changes, pieces) => {
			const changed = segments.map(({ fromClient, payload }) => ({ fromClient, payload: payload.slice() }));
			for (const { segment, at, octet, cut } of changes) {
				const one = changed[segment];
				if (one === undefined) continue;
				if (cut) one.payload = one.payload.slice(0, at);
				else one.payload[at % one.payload.length] = octet;
			}
			const { plaintext } = decrypt(changed, keyLog, pieces);
			assert.ok(request.startsWith(plaintext[0] as string));
			assert.ok(answer.startsWith(plaintext[1] as string));
		}),
	);
});
