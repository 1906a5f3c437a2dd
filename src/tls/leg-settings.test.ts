import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { configuredName } from "#tls/cipher-suite-name.ts";
import { cipherSuiteRows } from "#tls/cipher-suite-table.ts";
import { cipherSuiteOf, type Grade } from "#tls/cipher-suites.ts";
import { gradeLegs, groupNames, isUsable, legSettings, unusableVersions, whyNeverOffered } from "#tls/leg-settings.ts";

const grades: readonly Grade[] = ["strict", "compatible", "legacy"];
const ranges = [
	"all",
	"tls1",
	"tls11",
	"tls12",
	"tls13",
	"tls12-and-lower",
	"tls11-and-higher",
	"tls12-and-higher",
] as const;
const names = cipherSuiteRows.flatMap(([code]) => {
	const suite = cipherSuiteOf(code);
	return suite === undefined ? [] : [configuredName(suite)];
});

test("R136: without statements a leg is its grade, and both legs are alike", () => {
	for (const grade of grades) {
		const { client, server } = gradeLegs(grade);
		assert.equal(client.key, server.key);
		assert.equal(client.name, `grade ${grade}`);
		assert.deepEqual(legSettings({ grade, custom: [], groups: [] }), client);
	}
});

test("R158 R162: a range of versions goes before the grade's, as far as there are suites for it", () => {
	const versions = (statements: Parameters<typeof legSettings>[0]) => legSettings(statements).versions;
	assert.deepEqual(versions({ grade: "strict", versions: "tls13" }), [0x0304]);
	assert.deepEqual(versions({ grade: "legacy", versions: "tls12-and-higher" }), [0x0303, 0x0304]);
	assert.deepEqual(versions({ grade: "strict", versions: "all", preferred: "weak" }), [0x0301, 0x0302, 0x0303, 0x0304]);
	assert.deepEqual(versions({ grade: "strict", versions: "all" }), [0x0303, 0x0304]);
	assert.deepEqual(unusableVersions({ grade: "strict", versions: "all" }), [0x0301, 0x0302]);
	assert.deepEqual(versions({ grade: "strict", versions: "tls1" }), []);
});

test("R177 R125: preferred-ciphers says the suites, and a list alone means custom", () => {
	const suites = (statements: Parameters<typeof legSettings>[0]) =>
		legSettings(statements).suites.map(({ name }) => name);
	assert.ok(suites({ grade: "legacy", preferred: "strong" }).every((name) => /GCM|CHACHA20/.test(name)));
	assert.ok(suites({ grade: "strict", preferred: "medium" }).includes("TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"));
	assert.ok(!suites({ grade: "strict", preferred: "medium" }).includes("TLS_RSA_WITH_AES_128_CBC_SHA"));
	assert.ok(suites({ grade: "strict", preferred: "weak" }).includes("TLS_RSA_WITH_AES_128_CBC_SHA"));
	assert.deepEqual(suites({ grade: "strict", custom: ["rsa-with-aes-256-gcm-sha384", "rsa-with-null-sha"] }), [
		"TLS_RSA_WITH_AES_256_GCM_SHA384",
	]);
});

test("old versions bring the hashes and the security level that their handshakes need, and nothing else does", () => {
	const old = legSettings({ grade: "strict", versions: "tls11", preferred: "weak" });
	assert.equal(old.securityLevel, 0);
	assert.ok(old.schemes.includes(0x0201));
	const modern = legSettings({ grade: "strict", versions: "tls12", preferred: "weak" });
	assert.equal(modern.securityLevel, 2);
	assert.ok(!modern.schemes.includes(0x0201));
});

test("groups are named as IANA does, in the order of the statement", () => {
	assert.deepEqual(groupNames.slice(0, 3), ["x25519mlkem768", "x25519", "secp256r1"]);
	assert.deepEqual(legSettings({ grade: "strict", groups: ["secp384r1", "x25519"] }).groups, [0x0018, 0x001d]);
});

test("F5 F7: what encrypts or authenticates nothing, or no longer exists, is never offered", () => {
	assert.equal(whyNeverOffered(cipherSuiteOf(0x003b)), "it encrypts nothing");
	assert.equal(whyNeverOffered(cipherSuiteOf(0x0034)), "it authenticates nobody");
	assert.equal(whyNeverOffered(cipherSuiteOf(0x000a)), "OpenSSL no longer has it");
	assert.match(whyNeverOffered(cipherSuiteOf(0x0032)) ?? "", /^it needs keys/);
	assert.equal(whyNeverOffered(cipherSuiteOf(0x002f)), undefined);
});

test("R162: whatever is stated, the versions have no hole, each a suite, and equal keys are equal settings", () => {
	const byKey = new Map<string, unknown>();
	const statements = fc.record({
		grade: fc.constantFrom(...grades),
		versions: fc.option(fc.constantFrom(...ranges), { nil: undefined }),
		preferred: fc.option(fc.constantFrom("strong", "medium", "weak", "custom"), { nil: undefined }),
		custom: fc.uniqueArray(fc.constantFrom(...names), { maxLength: 6 }),
		groups: fc.uniqueArray(fc.constantFrom(...groupNames), { maxLength: 3 }),
		isOwnOffer: fc.boolean(),
	});
	fc.assert(
		fc.property(statements, (stated) => {
			const settings = legSettings(stated);
			const { versions, suites, key } = settings;
			for (const [at, version] of versions.entries()) {
				if (at > 0) assert.equal(version, (versions[at - 1] ?? 0) + 1);
				assert.ok(suites.some((suite) => isUsable(suite, version)));
			}
			for (const suite of suites) assert.equal(whyNeverOffered(suite), undefined);
			const { name: _, ...known } = settings;
			if (byKey.has(key)) assert.deepEqual(known, byKey.get(key));
			byKey.set(key, known);
		}),
		{ numRuns: 3_000 },
	);
});
