import assert from "node:assert/strict";
import { test } from "node:test";
import { TlsReader } from "#capture/tls-reader.ts";
import { toClient, toServer } from "#signature/signature-engine.ts";
import { engineOf, testFacts } from "../../test/support/signature-traffic.ts";
import { keyLogOf, recordTls, type TlsRecording } from "../../test/support/tls-recording.ts";

const rules = [
	'alert http any any -> any any (msg:"uri"; http.uri; content:"/evil"; sid:1;)',
	'alert http any any -> any any (msg:"body"; flow:to_client; file.data; content:"malware"; sid:2;)',
	'alert tls any any -> any any (msg:"hello"; ssl_state:client_hello; sid:3;)',
	'alert tcp any any -> any any (msg:"word"; flow:to_client; content:"some malware"; sid:4;)',
];

/** The alerts, what was told of decryption; `lostAt`: the segment that is missing. */
function read({ segments, keyLog }: TlsRecording, hasKeyLog: boolean, lostAt = -1): string[] {
	const found: string[] = [];
	const decrypting = {
		keyLog: keyLogOf(keyLog),
		decrypted: () => found.push("decrypted"),
		notDecrypted: (reason: string) => found.push(reason),
	};
	const reader = new TlsReader(
		engineOf(rules),
		testFacts,
		({ signature }, protocol, _, sni) => found.push(`${signature.sid} ${protocol} ${sni}`),
		hasKeyLog ? decrypting : undefined,
	);
	for (const [index, { fromClient, payload }] of segments.entries()) {
		const direction = fromClient ? toServer : toClient;
		if (index === lostAt) assert.equal(reader.lost(direction), hasKeyLog);
		else reader.octets(direction, payload);
	}
	reader.end();
	return found;
}

for (const options of [{ maxVersion: "TLSv1.2" }, { minVersion: "TLSv1.3" }] as const)
	test(`rules see what is inside of TLS with the key log, and only with it: ${JSON.stringify(options)}`, async () => {
		const recording = await recordTls(options, ["/evil"], "some malware");
		assert.deepEqual(read(recording, false), ["3 tls test.example"]);
		assert.deepEqual(read(recording, true), [
			"3 tls test.example",
			"decrypted",
			"1 http test.example",
			"4 http test.example",
			"2 http test.example",
		]);
	});

test("after a segment was lost the plaintext of the other direction goes on as a stream", async () => {
	const recording = await recordTls({ minVersion: "TLSv1.3" }, ["/evil", "/evil"], "some malware");
	const { segments } = recording;
	const lastAnswer = segments.findLastIndex(({ fromClient, payload }) => !fromClient && payload.length > 60);
	const request = segments.findLastIndex(({ fromClient }, index) => fromClient && index < lastAnswer);
	assert.deepEqual(read(recording, true, request), [
		"3 tls test.example",
		"decrypted",
		"1 http test.example",
		"4 http test.example",
		"2 http test.example",
		"a segment is lost or a record was not sealed by these keys",
		"4 tcp test.example",
	]);
});
