import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { DerReader, derConstructed, derElement, derOid, derSequence, derUtf8String } from "#pki/der.ts";
import type { NameConstraints } from "#pki/extensions.ts";
import { type GeneralName, readGeneralName } from "#pki/general-name.ts";
import { checkNameConstraints, malformedConstraint, splitMailbox } from "#pki/name-constraints.ts";
import { makeCertificate, makeGeneralName } from "../../test/support/make-certificate.ts";

function name(text: string): GeneralName {
	const slash = /^ip:(.*)\/(.*)$/.exec(text);
	const der =
		slash === null
			? makeGeneralName(text)
			: derElement(0x87, makeGeneralName(`ip:${slash[1]}`).subarray(2), makeGeneralName(`ip:${slash[2]}`).subarray(2));
	return readGeneralName(new DerReader(der), "name", []);
}

function constraints(permitted: readonly string[], excluded: readonly string[] = []): NameConstraints {
	return { permitted: permitted.map(name), excluded: excluded.map(name) };
}

function failure(rules: NameConstraints, names: readonly string[], subject = ""): string | undefined {
	const { certificate } = makeCertificate({ subject, names });
	return checkNameConstraints(rules, certificate, { nameComparisons: 1000 })?.code;
}

function isPermitted(base: string, presented: string): boolean {
	return failure(constraints([base]), [presented]) === undefined;
}

function isExcluded(base: string, presented: string): boolean {
	return failure(constraints([], [base]), [presented]) === "name-constraint-violated";
}

/** Both lists must agree: what is within is permitted and excluded, what is not is neither. */
function within(base: string, presented: string): boolean {
	assert.equal(isPermitted(base, presented), isExcluded(base, presented), `${base} / ${presented}`);
	return isPermitted(base, presented);
}

describe("checkNameConstraints (V8)", () => {
	it("compares DNS names by whole labels, at any depth, without regard to case", () => {
		assert.ok(within("dns:example.com", "example.com"));
		assert.ok(within("dns:Example.COM", "a.b.eXample.com"));
		assert.ok(!within("dns:example.com", "notexample.com"));
		assert.ok(!within("dns:www.example.com", "example.com"));
		assert.ok(within("dns:", "anything.example"));
		assert.ok(within("dns:.example.com", "a.example.com"));
		assert.ok(!within("dns:.example.com", "example.com"));
	});

	it("takes a wildcard for all the names it stands for", () => {
		assert.ok(within("dns:example.com", "dns:*.example.com"));
		assert.ok(within("dns:.example.com", "dns:*.example.com"));
		assert.ok(!isPermitted("dns:bar.example.com", "dns:*.example.com"));
		assert.ok(isExcluded("dns:bar.example.com", "dns:*.example.com"));
		assert.ok(!isExcluded("dns:a.bar.example.com", "dns:*.example.com"));
		assert.ok(!isExcluded("dns:bar.example.org", "dns:*.example.com"));
	});

	it("compares mailboxes: one, those of a host, those below a domain, and the subject's emailAddress", () => {
		assert.ok(within("email:foo@example.com", "email:foo@EXAMPLE.com"));
		assert.ok(!within("email:foo@example.com", "email:Foo@example.com"));
		assert.ok(within("email:example.com", "email:any@example.com"));
		assert.ok(!within("email:example.com", "email:any@a.example.com"));
		assert.ok(within("email:.example.com", "email:any@a.example.com"));
		assert.ok(!within("email:.example.com", "email:any@example.com"));
		assert.ok(!within("email:*@example.com", "email:user@example.com"));
		const subject = "CN=a,emailAddress=me@evil.example";
		assert.equal(failure(constraints(["email:good.example"]), ["a.example"], subject), "name-constraint-violated");
		assert.equal(failure(constraints([], ["email:evil.example"]), ["a.example"], subject), "name-constraint-violated");
	});

	it("compares addresses under a mask, each family for itself", () => {
		assert.ok(within("ip:192.0.2.0/255.255.255.0", "192.0.2.77"));
		assert.ok(!within("ip:192.0.2.0/255.255.255.0", "192.0.3.1"));
		assert.ok(within("ip:2001:db8::/ffff:ffff::", "2001:db8:1::1"));
		assert.ok(!isExcluded("ip:0.0.0.0/0.0.0.0", "2001:db8::1"));
		assert.ok(!isPermitted("ip:192.0.2.0/255.255.255.0", "2001:db8::1"));
	});

	it("compares the hosts of URIs and refuses URIs without one", () => {
		assert.ok(within("uri:a.example", "uri:https://user@A.example:8443/path?x#y"));
		assert.ok(!within("uri:a.example", "uri:https://b.a.example/"));
		assert.ok(within("uri:.a.example", "uri:ldap://b.a.example"));
		for (const uri of [
			"uri:urn:x:y",
			"uri:https://192.0.2.1/",
			"uri:https://[::1]/",
			"uri:nothing",
			"uri:https:///path",
		]) {
			assert.ok(!isPermitted("uri:a.example", uri), uri);
			assert.ok(isExcluded("uri:a.example", uri), uri);
		}
	});

	it("compares directory names from the general end, in the subject and in subjectAltName", () => {
		const rules = constraints(["dn:C=NO,O=Good"]);
		assert.equal(failure(rules, ["a.example"], "C=NO,O=Good,CN=a"), undefined);
		assert.equal(failure(rules, ["a.example"], "C=no,O=good  ,OU=x,CN=a"), undefined);
		assert.equal(failure(rules, ["a.example"], "C=NO,O=Evil"), "name-constraint-violated");
		assert.equal(failure(rules, ["a.example"], "C=NO"), "name-constraint-violated");
		assert.equal(failure(rules, ["a.example"], ""), undefined);
		assert.equal(failure(rules, ["dn:O=Evil"], "C=NO,O=Good"), "name-constraint-violated");
		assert.equal(failure(constraints([], ["dn:O=Evil"]), ["dn:O=Evil,CN=x"]), "name-constraint-violated");
	});

	it("does not let constraints of one form bind names of another", () => {
		assert.equal(
			failure(constraints(["dns:example.com"], ["dns:example.org"]), ["192.0.2.1", "email:a@b.example"]),
			undefined,
		);
	});

	it("lets an exclusion win over a permission, and one name out of many decide", () => {
		assert.equal(
			failure(constraints(["dns:example.com"], ["dns:example.com"]), ["example.com"]),
			"name-constraint-violated",
		);
		assert.equal(failure(constraints(["dns:a.example"]), ["a.example", "b.example"]), "name-constraint-violated");
		assert.equal(failure(constraints(["dns:a.example", "dns:b.example"]), ["a.example", "b.example"]), undefined);
	});

	it("refuses a name of a constrained form that cannot be compared, and names that are malformed", () => {
		const other = derConstructed(0, derOid("1.2.3"), derConstructed(0, derUtf8String("x")));
		const read = readGeneralName(new DerReader(other), "name", []);
		const extensions = [{ oid: "2.5.29.17", value: derSequence(other) }];
		const { certificate } = makeCertificate({ names: [], extensions });
		assert.deepEqual(certificate.typed.subjectAltName?.[0]?.kind, "other");
		for (const rules of [
			{ permitted: [read], excluded: [] },
			{ permitted: [], excluded: [read] },
		])
			assert.equal(checkNameConstraints(rules, certificate, { nameComparisons: 9 })?.code, "name-constraint-violated");
		assert.ok(!isPermitted("dns:example.com", "dns:a..example.com"));
		assert.ok(isExcluded("dns:example.org", "dns:a..example.com"));
		assert.ok(!isPermitted("email:example.com", "email:a@b@example.com"));
	});

	it("V16: counts comparisons before it makes any", () => {
		const names = Array.from({ length: 100 }, (_, index) => `n${index}.example`);
		const { certificate } = makeCertificate({ subject: "", names });
		const rules = constraints(["dns:example"]);
		const budget = { nameComparisons: 150 };
		assert.equal(checkNameConstraints(rules, certificate, budget), undefined);
		assert.equal(checkNameConstraints(rules, certificate, budget)?.code, "too-much-work");
	});

	it("V16: counts a directory name by its parts, and compares no mailbox that is longer than one can be", () => {
		const long = `dn:${Array.from({ length: 99 }, (_, index) => `O=x${index}`).join(",")}`;
		const { certificate } = makeCertificate({ subject: "", names: Array.from({ length: 10 }, () => long) });
		const rules = constraints(["dn:O=x0"]);
		assert.equal(checkNameConstraints(rules, certificate, { nameComparisons: 1_001 }), undefined);
		assert.equal(checkNameConstraints(rules, certificate, { nameComparisons: 1_000 })?.code, "too-much-work");
		assert.ok(isPermitted("email:example.com", `email:${"a".repeat(64)}@example.com`));
		assert.ok(!isPermitted("email:example.com", `email:${"a".repeat(65)}@example.com`));
	});

	it("never throws, whatever the texts", () => {
		const kind = fc.constantFrom("dns:", "email:", "uri:");
		const text = fc.oneof(
			fc.stringMatching(/^[ -~]{0,12}$/),
			fc.constantFrom(".", "@", "a@", "@b", "*.", "https://", ".b.c"),
		);
		const { certificate } = makeCertificate({
			subject: "O=x,emailAddress=a@@b",
			names: ["dns:*.", "email:@", "uri:x:", "dn:O=a"],
		});
		fc.assert(
			fc.property(kind, text, (prefix, value) => {
				const base = name(prefix + value);
				for (const rules of [
					{ permitted: [base], excluded: [] },
					{ permitted: [], excluded: [base] },
				]) {
					checkNameConstraints(rules, certificate, { nameComparisons: 1000 });
					malformedConstraint(rules, false);
				}
			}),
		);
	});
});

describe("malformedConstraint", () => {
	it("refuses constraints that no name can be compared with", () => {
		const malformed = [
			"dns:*.example.com",
			"dns:a..b",
			"email:a@b@c.example",
			"email:",
			"uri:",
			"uri:https://a.example/",
			"ip:127.0.0.1",
			"ip:192.0.2.0/255.0.255.0",
		];
		for (const base of malformed) {
			assert.equal(malformedConstraint(constraints([base]), true)?.code, "name-constraint-malformed", base);
			assert.equal(malformedConstraint(constraints([], [base]), true)?.code, "name-constraint-malformed", base);
		}
		const good = [
			"dns:",
			"dns:example.com",
			"dns:a_b.example",
			"email:a@b.example",
			"email:.b.example",
			"uri:.b.example",
			"ip:::1/ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
			"ip:10.0.0.0/255.128.0.0",
			"dn:O=a",
		];
		assert.equal(malformedConstraint(constraints(good), false), undefined);
	});

	it("tells a leading period in a DNS constraint apart", () => {
		assert.equal(malformedConstraint(constraints(["dns:.a.example"]), false)?.code, "name-constraint-leading-period");
		assert.equal(malformedConstraint(constraints(["dns:.a.example"]), true), undefined);
	});
});

describe("splitMailbox", () => {
	it("splits at the only at-sign and refuses what is no mailbox", () => {
		assert.deepEqual(splitMailbox("a.b+c@Example.COM"), { local: "a.b+c", host: "example.com" });
		for (const text of ["", "a", "@b", "a@", "a@b@c", "a b@c", ".a@b", "a@*.b", "a@b_c", '"a b"@c.example'])
			assert.equal(splitMailbox(text), undefined, text);
	});
});
