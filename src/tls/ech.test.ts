import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Reader, Writer } from "#base/bytes.ts";
import {
	decodeEchConfigList,
	decodeEchOfHttpsRecord,
	type EchConfig,
	type EncryptedClientHello,
	judgeEch,
	readEchConfiguration,
	readEchExtension,
} from "#tls/ech.ts";
import { decodedCapture } from "../../test/support/tls-hello.ts";

/** A list that a large provider published, as it stands in its HTTPS records. */
const published = Buffer.from(
	"AEX+DQBBrwAgACCbK1mYDYFz/BAn6S5t+Q/v+Oej3eFNxtPWgz50fNnFPAAEAAEAAQASY2xvdWRmbGFyZS1lY2guY29tAAA=",
	"base64",
);

interface ConfigParts {
	readonly version?: number;
	readonly key?: Uint8Array;
	readonly suites?: readonly number[];
	readonly name?: string;
	readonly extensions?: Uint8Array;
	readonly behind?: Uint8Array;
}

function listOf(...configs: readonly ConfigParts[]): Uint8Array {
	return new Writer()
		.prefixed(2, (list) => {
			for (const config of configs) {
				list.u16(config.version ?? 0xfe0d).prefixed(2, (body) => {
					body.u8(7).u16(0x20);
					body.prefixed(2, (key) => key.bytes(config.key ?? new Uint8Array(32)));
					body.prefixed(2, (suites) => {
						for (const code of config.suites ?? [1, 1, 1, 3]) suites.u16(code);
					});
					body.u8(64).prefixed(1, (name) => name.bytes(Buffer.from(config.name ?? "public.test", "latin1")));
					body.prefixed(2, (extensions) => extensions.bytes(config.extensions ?? new Uint8Array(0)));
					body.bytes(config.behind ?? new Uint8Array(0));
				});
			}
		})
		.finish();
}

function configsOf(octets: Uint8Array): readonly EchConfig[] {
	const decoded = decodeEchConfigList(octets);
	assert.ok(decoded.kind === "done", JSON.stringify(decoded));
	assert.equal(decoded.octets, octets.length);
	return decoded.value;
}

const reasonOf = (octets: Uint8Array) => {
	const decoded = decodeEchConfigList(octets);
	return decoded.kind === "malformed" ? decoded.reason : decoded.kind;
};

test("a published list gives its key, suite and public name", () => {
	const [config, ...others] = configsOf(published);
	assert.equal(others.length, 0);
	assert.ok(config !== undefined);
	const { publicKey, ...rest } = config;
	assert.equal(publicKey.length, 32);
	assert.deepEqual(rest, {
		configId: 0xaf,
		kem: 0x20,
		suites: [{ kdf: 1, aead: 1 }],
		maximumNameLength: 0,
		publicName: "cloudflare-ech.com",
	});
});

test("every prefix of a list needs more, every wrong length in it is malformed", () => {
	for (let length = 0; length < published.length; length++) {
		assert.equal(decodeEchConfigList(published.subarray(0, length)).kind, "need-more");
	}
	assert.match(reasonOf(Uint8Array.of(0, 3, 1, 2, 3)), /3 octets; expected 4/);
	assert.match(reasonOf(Uint8Array.of(0, 4, 0xfe, 0x0d, 0, 1)), /reaches past its list/);
	assert.match(reasonOf(Uint8Array.of(0, 5, 0xfe, 0x0d, 0, 1, 7)), /ends before its extensions/);
	assert.match(reasonOf(listOf({ behind: Uint8Array.of(1) })), /1 octets behind/);
	assert.match(reasonOf(listOf({ key: new Uint8Array(0) })), /empty key/);
	assert.match(reasonOf(listOf({ name: "" })), /empty key or public name/);
	assert.match(reasonOf(listOf({ suites: [1, 1, 1] })), /suites of 6 octets/);
	assert.match(reasonOf(listOf({ suites: [] })), /suites of 0 octets/);
	assert.match(reasonOf(listOf({ extensions: Uint8Array.of(0, 1, 0, 9) })), /extension reaches past/);
});

test("configs that clients leave out are left out: other versions, strange names, mandatory extensions", () => {
	const list = listOf(
		{ version: 0xfe0a },
		{ name: "192.0.2.1" },
		{ name: "a b" },
		{ extensions: Uint8Array.of(0x80, 1, 0, 0) },
		{ name: "Kept.Test", extensions: Uint8Array.of(0, 1, 0, 1, 5) },
	);
	assert.deepEqual(
		configsOf(list).map((config) => config.publicName),
		["kept.test"],
	);
});

test("the list is found in an HTTPS record, among its other parameters", () => {
	const record = (...parameters: readonly (readonly [number, Uint8Array])[]) => {
		const writer = new Writer().u16(1).u8(1).bytes(Buffer.from("a")).u8(0);
		for (const [key, value] of parameters) writer.u16(key).prefixed(2, (body) => body.bytes(value));
		return writer.finish();
	};
	const alpn = [1, Buffer.from("\x02h2")] as const;
	const found = decodeEchOfHttpsRecord(record(alpn, [4, new Uint8Array(4)], [5, published]));
	assert.deepEqual(found.kind === "done" && Buffer.from(found.value ?? []), published);
	assert.deepEqual(decodeEchOfHttpsRecord(record(alpn)), { kind: "done", value: undefined, octets: 12 });
	assert.equal(decodeEchOfHttpsRecord(record([5, published], alpn)).kind, "malformed");
	assert.equal(decodeEchOfHttpsRecord(record([5, published], [5, published])).kind, "malformed");
	assert.equal(decodeEchOfHttpsRecord(Uint8Array.of(0, 1, 0xc0, 0x0c)).kind, "malformed");
	assert.equal(decodeEchOfHttpsRecord(record([5, published]).subarray(0, -1)).kind, "malformed");
	assert.equal(decodeEchOfHttpsRecord(new Uint8Array(0)).kind, "malformed");
});

test("a hello made for a known key is real; with all keys known any other is GREASE; else it cannot be told", () => {
	const configs = configsOf(listOf({}));
	const made: EncryptedClientHello & { form: "outer" } = {
		form: "outer",
		kdf: 1,
		aead: 3,
		configId: 7,
		encapsulatedKey: new Uint8Array(32),
		payload: new Uint8Array(200),
	};
	const judge = (
		extension: EncryptedClientHello | undefined,
		sni: string | undefined = "public.test",
		isComplete = true,
	) => judgeEch(extension, sni, { configs, isComplete }).kind;
	assert.equal(judge(undefined), "absent");
	assert.equal(judge({ form: "inner" }), "inner");
	assert.equal(judge(made), "real");
	assert.equal(judge({ ...made, encapsulatedKey: new Uint8Array(0) }), "real");
	for (const other of [
		{ ...made, configId: 8 },
		{ ...made, aead: 2 },
		{ ...made, kdf: 2 },
		{ ...made, encapsulatedKey: new Uint8Array(65) },
		{ ...made, payload: new Uint8Array(16) },
	]) {
		assert.equal(judge(other), "grease");
		assert.equal(judge(other, "public.test", false), "cannot-tell");
	}
	assert.equal(judge(made, "other.test"), "cannot-tell");
	assert.equal(judgeEch(made, undefined, { configs, isComplete: true }).kind, "cannot-tell");
});

test("what Chromium sends to a server without keys cannot be told apart from a hidden name", () => {
	const hello = decodedCapture("chromium-2");
	assert.equal(hello.encryptedClientHello?.form, "outer");
	assert.ok(hello.encryptedClientHello.payload.length > 100);
	assert.equal(hello.encryptedClientHello.encapsulatedKey.length, 32);
	const verdict = judgeEch(hello.encryptedClientHello, hello.sni, { configs: configsOf(published), isComplete: true });
	assert.deepEqual(verdict, {
		kind: "cannot-tell",
		reason: "no config with the public name www.example.org is known",
	});
	const own = configsOf(listOf({ name: "www.example.org", suites: [9, 9] }));
	assert.equal(judgeEch(hello.encryptedClientHello, hello.sni, { configs: own, isComplete: true }).kind, "grease");
});

test("random and mutated octets never throw", () => {
	const mutated = fc.array(fc.tuple(fc.nat(70), fc.nat(255)), { maxLength: 5 }).map((changes) => {
		const octets = Uint8Array.from(published);
		for (const [at, octet] of changes) octets[at] = octet;
		return octets;
	});
	fc.assert(
		fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 80 })), (octets) => {
			const decoded = decodeEchConfigList(octets);
			if (decoded.kind === "done") assert.ok(decoded.octets <= octets.length);
			decodeEchOfHttpsRecord(octets);
			readEchExtension(new Reader(octets));
		}),
		{ numRuns: 1000 },
	);
});

test("keys in base64 are read as they stand in zone files; anything else is none", () => {
	assert.deepEqual(
		readEchConfiguration(published.toString("base64"))?.map(({ publicName }) => publicName),
		["cloudflare-ech.com"],
	);
	for (const text of ["", "no base64!", "AAAA", `${published.toString("base64").slice(0, -8)}`])
		assert.equal(readEchConfiguration(text), undefined, text);
});
