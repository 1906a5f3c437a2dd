import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { isDnsPattern, verifyName } from "#pki/verify-name.ts";
import { makeCertificate } from "../../test/support/make-certificate.ts";

function isMatch(names: string[], host: string, isPublicSuffix?: (name: string) => boolean): boolean {
	const made = makeCertificate({ names });
	return verifyName(made.certificate.typed.subjectAltName, host, isPublicSuffix).kind === "match";
}

describe("verifyName", () => {
	it("V5: matches a dNSName without regard to case and to the host's final dot", () => {
		assert.ok(isMatch(["shop.example"], "shop.example"));
		assert.ok(isMatch(["Shop.EXAMPLE"], "sHOP.example."));
		assert.ok(!isMatch(["shop.example"], "pay.example"));
		assert.ok(!isMatch(["shop.example"], "www.shop.example"));
		assert.ok(!isMatch(["www.shop.example"], "shop.example"));
		assert.ok(!isMatch(["shop.example."], "shop.example"));
	});

	it("V5: never looks at the common name, even when there is no subjectAltName", () => {
		const made = makeCertificate({ subject: "CN=shop.example", names: [] });
		assert.equal(made.certificate.typed.subjectAltName, undefined);
		assert.deepEqual(verifyName(undefined, "shop.example"), { kind: "mismatch", presented: [] });
	});

	it("V5: lets a wildcard stand for exactly one whole left-most label", () => {
		assert.ok(isMatch(["*.shop.example"], "www.shop.example"));
		assert.ok(isMatch(["*.SHOP.example"], "xn--bcher-kva.shop.example"));
		assert.ok(!isMatch(["*.shop.example"], "shop.example"));
		assert.ok(!isMatch(["*.shop.example"], "a.b.shop.example"));
		for (const name of ["w*.shop.example", "*w.shop.example", "a.*.example", "*.*.example", "**.shop.example", "*"])
			assert.ok(!isMatch([name], "www.shop.example"), name);
		assert.ok(!isMatch(["xn--*.shop.example"], "xn--bcher.shop.example"));
		assert.ok(!isMatch(["*.shop.example"], "*.shop.example"));
	});

	it("V5: refuses a wildcard over one label or over a public suffix", () => {
		assert.ok(!isMatch(["*.com"], "shop.com"));
		assert.ok(!isMatch(["*"], "com"));
		const isPublicSuffix = (name: string) => name === "co.uk";
		assert.ok(!isMatch(["*.co.uk"], "shop.co.uk", isPublicSuffix));
		assert.ok(isMatch(["*.shop.co.uk"], "www.shop.co.uk", isPublicSuffix));
		assert.ok(isMatch(["shop.co.uk"], "shop.co.uk", isPublicSuffix));
		assert.ok(!isMatch(["*.com"], "shop.com", () => false), "two labels are needed whatever the suffix list says");
	});

	it("V5: matches an address by its octets and never by a dNSName", () => {
		assert.ok(isMatch(["192.0.2.1"], "192.0.2.1"));
		assert.ok(isMatch(["2001:db8::1"], "2001:DB8:0:0::1"));
		assert.ok(isMatch(["192.0.2.1"], "::ffff:192.0.2.1"));
		assert.ok(!isMatch(["192.0.2.1"], "192.0.2.2"));
		assert.ok(!isMatch(["dns:192.0.2.1"], "192.0.2.1"));
		assert.ok(!isMatch(["dns:*.0.2.1"], "192.0.2.1"));
		assert.ok(!isMatch(["192.0.2.1"], "192.000.2.1"));
	});

	it("matches nothing for a host that is no host name", () => {
		for (const host of [
			"",
			".",
			"*.shop.example",
			"a..b",
			"shop.example..",
			"a b.example",
			`${"a".repeat(64)}.example`,
		])
			assert.ok(!isMatch([`dns:${host}`, "dns:"], host), JSON.stringify(host));
	});

	it("tells the first names that the certificate has when none matches", () => {
		const names = Array.from({ length: 20 }, (_, index) => `n${index}.example`);
		const verdict = verifyName(makeCertificate({ names }).certificate.typed.subjectAltName, "other.example");
		assert.equal(verdict.kind === "mismatch" && verdict.presented.length, 8);
	});

	it("never matches a name of another length or parent, whatever the labels", () => {
		const label = fc.stringMatching(/^[a-z0-9*-]{1,8}$/);
		const name = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join("."));
		fc.assert(
			fc.property(name, name, (presented, host) => {
				const verdict = verifyName([{ kind: "dns", text: presented, raw: new Uint8Array() }], host);
				const expected =
					presented === host ||
					(presented.startsWith("*.") && presented.slice(1) === host.slice(host.indexOf(".")) && host.includes("."));
				if (!expected) assert.equal(verdict.kind, "mismatch");
				if (verdict.kind === "match") assert.ok(!host.includes("*"));
			}),
		);
	});
});

describe("isDnsPattern", () => {
	it("accepts LDH names, a leading wildcard, and the underscore where asked", () => {
		for (const name of ["a", "a.example", "*.a.example", "xn--bcher-kva.example", "1.example"])
			assert.ok(isDnsPattern(name, false), name);
		for (const name of [
			"",
			".",
			"a.",
			".a",
			"a..b",
			"-a.example",
			"a-.example",
			"a.*.b",
			"*",
			"1.2.3.4",
			"a.0x1",
			"a b",
		])
			assert.ok(!isDnsPattern(name, false), name);
		assert.ok(!isDnsPattern("a_b.example", false));
		assert.ok(isDnsPattern("a_b.example", true));
	});
});
