import assert from "node:assert/strict";
import { test } from "node:test";
import { acceptsIdentity, addressIdentity, identityText, textIdentity } from "#ike/auth/identity.ts";
import { parseDistinguishedName } from "#pki/distinguished-name.ts";

test("B24: a text is an address, an e-mail address or a host name", () => {
	assert.deepEqual([textIdentity("192.0.2.1").idType, textIdentity("2001:db8::1").idType], [1, 5]);
	assert.deepEqual([textIdentity("a@b.example").idType, textIdentity("b.example").idType], [3, 2]);
	for (const text of ["192.0.2.1", "2001:db8::1", "a@b.example", "b.example"])
		assert.equal(identityText(textIdentity(text)), text);
});

test("B24: the remote identity must be exactly the expected one, of the same type; case of names does not count", () => {
	const expectation = { kind: "exactly", identity: textIdentity("branch.example") } as const;
	assert.ok(acceptsIdentity(expectation, textIdentity("Branch.Example")));
	for (const other of ["branch.example.org", "a@branch.example", "192.0.2.1", "branch.exampl"])
		assert.ok(!acceptsIdentity(expectation, textIdentity(other)), other);
	assert.ok(!acceptsIdentity(expectation, { ...textIdentity("branch.example"), idType: 11 }));
	const address = { kind: "exactly", identity: addressIdentity(Uint8Array.of(192, 0, 2, 1)) } as const;
	assert.ok(acceptsIdentity(address, textIdentity("192.0.2.1")));
	assert.ok(!acceptsIdentity(address, textIdentity("192.0.2.2")));
});

test("B24: general-ikeid accepts every identity", () => {
	assert.ok(acceptsIdentity({ kind: "danger-any" }, textIdentity("anybody.example")));
});

test("B24: a subject is accepted by its fields, and shown as a name", () => {
	const parsed = parseDistinguishedName("CN=branch,OU=Branches,O=Example");
	assert.ok(parsed.kind === "name");
	const identity = { idType: 9, data: parsed.der };
	const accepts = (wildcard: readonly string[]) =>
		acceptsIdentity({ kind: "subject", pattern: { container: [], wildcard } }, identity);
	assert.deepEqual([accepts(["2.5.4.10=example"]), accepts(["2.5.4.10=other"])], [true, false]);
	assert.ok(!acceptsIdentity({ kind: "subject", pattern: { container: [], wildcard: [] } }, textIdentity("a.example")));
	assert.equal(identityText(identity), "CN=branch,OU=Branches,O=Example");
});

test("control characters of an identity are shown, not obeyed", () => {
	assert.ok(!identityText({ idType: 2, data: Uint8Array.of(27, 91, 50, 74) }).includes("\u001b"));
	assert.equal(identityText({ idType: 11, data: Uint8Array.of(1, 255) }), "identity of type 11: 01ff");
});
