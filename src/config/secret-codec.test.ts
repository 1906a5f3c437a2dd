import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeSecret, encodeSecret, isEncodedSecret } from "#config/secret-codec.ts";

const alphabet = "QzF3n6/9CAtpu0OB1IREhcSyrleKvMW8LXx7N-dVbwsY2g4oaJZGUDjiHkq.mPf5T";

/** Printed by devices; the third is computed for a longer key with the same salt. */
const vectors = [
	["395psksecr3t", "$9$9VMTp1RvWLdwYKMJDkmF3ylKM87Vb2oZjws5F"],
	["juniper", "$9$xFU-b2ZUH5Qn4aQn/CB17-V"],
	["1111111111111111", "$9$P5369Ap01R3nSreK8LZUDimfTz36CtmPO1REyrs2goUjHqm"],
	["1111111111111111", "$9$DRimfTz36CtmPO1REyrs2goUjHqmfQFUD/CtpB1xN-V24aZU"],
	["111111111111111111111111", "$9$DRimfTz36CtmPO1REyrs2goUjHqmfQFUD/CtpB1xN-V24aZUjk.2g5QF39CevM8Ndbs24JG"],
	["1111111111111111", "$9$jrHP5QFn/ApPfBIEhrlYg4aDik.P5z3Dj9Apu1I7-dbgoJGD"],
] as const;

test("strings printed by devices are decoded, and encoding with their salt gives the same string", () => {
	for (const [plain, text] of vectors) {
		assert.equal(decodeSecret(text), plain);
		const salt = [...text.slice(3, 7)].map((character) => alphabet.indexOf(character));
		assert.equal(
			encodeSecret(plain, () => Uint8Array.from(salt)),
			text,
		);
	}
});

test("any secret comes back, whatever the salt", () => {
	fc.assert(
		fc.property(
			fc.string({ unit: "grapheme", maxLength: 60 }),
			fc.uint8Array({ minLength: 4, maxLength: 4 }),
			(plain, salt) => {
				const text = encodeSecret(plain, () => salt);
				assert.ok(isEncodedSecret(text));
				assert.match(text, /^[$A-Za-z0-9/.-]+$/);
				assert.equal(decodeSecret(text), plain);
			},
		),
		{ numRuns: 1_000 },
	);
});

test("a damaged string is refused, never decoded to something else's length", () => {
	for (const text of [
		"",
		"$9$",
		"$8$abc",
		"$9$!abc",
		"$9$Q",
		"$9$Qab",
		"$9$xFU-b2ZUH5Qn4aQn/CB17-",
		"$9$xFU-b2ZUH5Qn4aQn/CB17 V",
		"$9$x%FFF",
	])
		assert.equal(decodeSecret(text), undefined, text);
	fc.assert(
		fc.property(fc.string({ unit: "binary" }), (body) => {
			const plain = decodeSecret(`$9$${body}`);
			assert.ok(plain === undefined || plain.length <= body.length);
		}),
	);
});
