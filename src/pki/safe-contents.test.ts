import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
	derConstructed,
	derElement,
	derNull,
	derOctetString,
	derOid,
	derSequence,
	derTag,
	derUtf8String,
} from "#pki/der.ts";
import { decodeSafeContents, encodeSafeContents, type SafeBag } from "#pki/safe-contents.ts";

function decode(der: Uint8Array): readonly SafeBag[] {
	const decoded = decodeSafeContents(der);
	assert.equal(decoded.kind, "done", JSON.stringify(decoded));
	return (decoded as { value: readonly SafeBag[] }).value;
}

const certificate = derSequence(derOctetString(Uint8Array.of(1)));
const bag = (arc: number, value: Uint8Array, ...more: Uint8Array[]) =>
	derSequence(derOid(`1.2.840.113549.1.12.10.1.${arc}`), derConstructed(0, value), ...more);
const attribute = (oid: string, ...values: Uint8Array[]) => derSequence(derOid(oid), derElement(derTag.set, ...values));

describe("SafeContents", () => {
	it("gives back the bags that were written, names outside ASCII too", () => {
		const bags: SafeBag[] = [
			{ kind: "certificate", der: certificate, friendlyName: "blåbær 🫐", localKeyId: Uint8Array.of(1, 2) },
			{ kind: "certificate", der: certificate },
			{ kind: "key", der: certificate, friendlyName: "" },
			{ kind: "encrypted-key", der: certificate, localKeyId: Uint8Array.of(3) },
		];
		assert.deepEqual(decode(encodeSafeContents(bags)), bags);
		assert.deepEqual(decode(encodeSafeContents([])), []);
	});

	it("finds bags inside bags, and passes over CRLs, secrets and other kinds of certificate", () => {
		const inner = encodeSafeContents([{ kind: "key", der: certificate }]);
		const sdsi = derSequence(derOid("1.2.840.113549.1.9.22.2"), derConstructed(0, derUtf8String("x")));
		const bags = decode(
			derSequence(bag(6, derSequence(bag(6, inner))), bag(4, certificate), bag(5, derNull()), bag(3, sdsi)),
		);
		assert.deepEqual(bags, [{ kind: "key", der: certificate }]);
	});

	it("takes a name without its control characters, and passes over other attributes and empty ones", () => {
		const name = derElement(derTag.bmpString, Uint8Array.of(0, 0x61, 0, 0));
		const set = derElement(
			derTag.set,
			attribute("1.2.840.113549.1.9.20", name),
			attribute("1.2.840.113549.1.9.21"),
			attribute("1.3.6.1.4.1.311.17.1", derUtf8String("Microsoft")),
		);
		assert.deepEqual(decode(derSequence(bag(1, certificate, set))), [
			{ kind: "key", der: certificate, friendlyName: "a" },
		]);
	});

	it("refuses bags without value and nesting without end", () => {
		assert.equal(decodeSafeContents(derSequence(derSequence(derOid("1.2.3")))).kind, "malformed");
		let nested = derSequence();
		for (let depth = 0; depth < 40; depth++) nested = derSequence(bag(6, nested));
		assert.deepEqual(decodeSafeContents(nested), { kind: "malformed", reason: "nested deeper than 32" });
	});

	it("never throws", () => {
		const seed = encodeSafeContents([
			{ kind: "certificate", der: certificate, friendlyName: "a", localKeyId: certificate },
		]);
		const edit = fc.tuple(fc.nat({ max: seed.length - 1 }), fc.nat({ max: 255 }));
		fc.assert(
			fc.property(fc.array(edit, { maxLength: 4 }), (edits) => {
				const mutated = Uint8Array.from(seed);
				for (const [at, octet] of edits) mutated[at] = octet;
				assert.match(decodeSafeContents(mutated).kind, /^(done|malformed)$/);
			}),
		);
	});
});
