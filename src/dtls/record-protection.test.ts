import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { DtlsRecord } from "#dtls/record.ts";
import { protectionOctets, RecordProtection } from "#dtls/record-protection.ts";
import { dtlsSuites } from "#dtls/suite.ts";

for (const suite of dtlsSuites) {
	const keys = { key: new Uint8Array(suite.keyOctets).fill(7), iv: new Uint8Array(suite.ivOctets).fill(9) };
	const sealed = (plaintext: Uint8Array, sequence = 5): DtlsRecord => {
		const fragment = new RecordProtection(suite, keys).seal(23, 1, sequence, plaintext);
		return { type: 23, version: 0xfefd, epoch: 1, sequence, fragment };
	};

	test(`${suite.name}: what is sealed is opened, and one changed octet is not`, () => {
		const opening = new RecordProtection(suite, keys);
		fc.assert(
			fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(2 ** 47), fc.nat(200), (plaintext, sequence, at) => {
				const record = sealed(plaintext, sequence);
				assert.deepEqual(Uint8Array.from(opening.open(record) ?? [1]), plaintext);
				assert.ok(record.fragment.length <= plaintext.length + protectionOctets);
				const changed = Uint8Array.from(record.fragment);
				const index = at % changed.length;
				changed[index] = (changed[index] ?? 0) ^ 1;
				assert.equal(opening.open({ ...record, fragment: changed }), undefined);
				assert.equal(opening.open({ ...record, sequence: sequence + 1 }), undefined);
				assert.equal(opening.open({ ...record, type: 22 }), undefined);
			}),
			{ numRuns: 100 },
		);
	});
}

test("any fragment is refused without an exception, the short ones too", () => {
	fc.assert(
		fc.property(fc.uint8Array({ maxLength: 60 }), fc.constantFrom(...dtlsSuites), (fragment, suite) => {
			const keys = { key: new Uint8Array(suite.keyOctets), iv: new Uint8Array(suite.ivOctets) };
			const record = { type: 23, version: 0xfefd, epoch: 1, sequence: 0, fragment };
			assert.equal(new RecordProtection(suite, keys).open(record), undefined);
		}),
		{ numRuns: 300 },
	);
});
