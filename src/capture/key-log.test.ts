import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import fc from "fast-check";
import { decodeKeyLog, type KeyLog, maxKeyLogOctets } from "#capture/key-log.ts";

const random = "0a".repeat(32);
const decode = (text: string) => decodeKeyLog(Buffer.from(text, "latin1"));

function read(text: string): KeyLog {
	const decoded = decode(text);
	return decoded.kind === "done" ? decoded.value : assert.fail(JSON.stringify(decoded));
}

test("secrets are found by label and client random, in capitals or not, with either end of line", () => {
	const text = `# NSS\n\nCLIENT_RANDOM ${random.toUpperCase()} ${"BC".repeat(48)}\r\nSERVER_TRAFFIC_SECRET_0 ${random} ${"de".repeat(32)}`;
	const keyLog = read(text);
	const clientRandom = Buffer.from(random, "hex");
	assert.deepEqual(keyLog.secret("CLIENT_RANDOM", clientRandom), new Uint8Array(48).fill(0xbc));
	assert.deepEqual(keyLog.secret("SERVER_TRAFFIC_SECRET_0", clientRandom), new Uint8Array(32).fill(0xde));
	assert.equal(keyLog.secret("CLIENT_TRAFFIC_SECRET_0", clientRandom), undefined);
	assert.equal(keyLog.secret("CLIENT_RANDOM", new Uint8Array(32)), undefined);
});

test("labels that are of no use and a last line that is cut are passed over", () => {
	const keyLog = read(`EXPORTER_SECRET ${random} ab\nRSA 0a0b ${"ab".repeat(48)}\nCLIENT_RANDOM ${random} abc`);
	assert.equal(keyLog.size, 0);
});

test("a line of another form is told by its number and holds nothing of the file", () => {
	const secret = "5ec7e7".repeat(16);
	for (const line of [
		`CLIENT_RANDOM ${random} ${secret}0`,
		`CLIENT_RANDOM ${random}0a ${secret}`,
		`client_random ${random} ${secret}`,
		`CLIENT_RANDOM ${random} ${secret} more`,
		`CLIENT_RANDOM ${secret.repeat(50)}`,
	]) {
		const decoded = decode(`# first\n${line}\n`);
		assert.equal(decoded.kind, "malformed");
		if (decoded.kind !== "malformed") continue;
		assert.match(decoded.reason, /^line 2 is none of a key log/);
		assert.ok(!decoded.reason.includes("5ec7e7"));
	}
});

test("a file that is too long is not read", () => {
	assert.equal(decodeKeyLog({ length: maxKeyLogOctets + 1 } as Uint8Array).kind, "malformed");
});

test("a key log that is printed shows no secret", () => {
	const keyLog = read(`CLIENT_RANDOM ${random} ${"bc".repeat(48)}\n`);
	for (const text of [inspect(keyLog, { depth: 9, showHidden: true }), JSON.stringify(keyLog), String(keyLog)])
		assert.ok(!/bcbc|188/.test(text), text);
});

test("no octets make it fail", () => {
	const word = fc.constantFrom("CLIENT_RANDOM", "RSA", " ", "\n", random, "bc".repeat(48), "#", "\r", "0");
	const octets = fc.oneof(
		fc.uint8Array({ maxLength: 300 }),
		fc.array(word, { maxLength: 12 }).map((words) => Uint8Array.from(Buffer.from(words.join("")))),
	);
	fc.assert(
		fc.property(octets, (input) => {
			const decoded = decodeKeyLog(input);
			assert.ok(decoded.kind === "done" ? decoded.octets === input.length : decoded.kind === "malformed");
		}),
	);
});
