import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { matchesName, nameText, parseNamePart } from "#ike/auth/name-pattern.ts";
import { parseDistinguishedName } from "#pki/distinguished-name.ts";

function derOf(text: string): Uint8Array {
	const parsed = parseDistinguishedName(text);
	assert.ok(parsed.kind === "name", text);
	return parsed.der;
}

function part(text: string): readonly string[] {
	const parsed = text === "" ? [] : parseNamePart(text);
	assert.ok(!("problem" in parsed), text);
	return parsed;
}

const matches = (container: string, wildcard: string, name: string) =>
	matchesName({ container: part(container), wildcard: part(wildcard) }, derOf(name));

const branch = "CN=branch 7,OU=North,OU=Branches,O=Example AS,C=NO";

test("B24: a wildcard's attributes must all be there, in any order and among others; case does not count", () => {
	assert.ok(matches("", "O=example as", branch));
	assert.ok(matches("", "OU=Branches, C=no, OU=north", branch));
	assert.ok(matches("", "", branch));
	for (const wildcard of ["O=Example", "OU=South", "O=Example AS,OU=South", "CN=Branches", "L=Oslo"])
		assert.ok(!matches("", wildcard, branch), wildcard);
});

test("B24: a container's attributes must all be there in its order, read from either end", () => {
	for (const container of [
		"C=NO,O=Example AS,OU=Branches",
		"OU=North,OU=Branches,O=Example AS",
		"OU=Branches,CN=branch 7",
	])
		assert.ok(matches(container, "", branch), container);
	for (const container of ["O=Example AS,C=NO,OU=North", "OU=Branches,OU=South", "OU=North,OU=North"])
		assert.ok(!matches(container, "", branch), container);
	assert.ok(!matches("C=NO", "C=SE", branch), "both must hold");
});

test("attributes that share a relative name count each; what is no name matches nothing", () => {
	assert.ok(matches("", "OU=Branches", "CN=x+OU=Branches,O=Example"));
	const all = { container: [], wildcard: [] };
	for (const octets of [Uint8Array.of(), Uint8Array.of(0x30, 5), Uint8Array.of(...derOf(branch), 0)])
		assert.ok(!matchesName(all, octets));
	assert.equal(nameText(derOf(branch)), branch);
	assert.equal(nameText(Uint8Array.of(1)), undefined);
	fc.assert(fc.property(fc.uint8Array({ maxLength: 80 }), (octets) => void matchesName(all, octets)));
});

test("a text that is no distinguished name says why", () => {
	for (const text of ["Example", "O=", "X=1"]) assert.ok("problem" in parseNamePart(text), text);
});
