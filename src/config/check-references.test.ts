import assert from "node:assert/strict";
import { test } from "node:test";
import { check } from "#config/check.ts";
import { formatFinding } from "#config/finding.ts";
import { sampleRoot, treeOf } from "../../test/support/config-sample.ts";

function errors(source: string): string[] {
	return check(sampleRoot, treeOf(source)).errors.map(formatFinding);
}

const policy = (source: string) =>
	`policies { from-zone a to-zone b { policy p { match { source-address ${source}; destination-address any; } then { deny; } } } }`;

test("a name must be an entry of the list it refers to, in any book", () => {
	const books = "address-book { b1 { address x 10.0.0.0/8; } b2 { address y 10.0.0.0/8; } }";
	assert.deepEqual(errors(`security { ${books} ${policy("y")} }`), []);
	assert.deepEqual(errors(`security { ${books} ${policy("zulu")} }`), [
		"[edit security policies from-zone a to-zone b policy p match]\n  'source-address'\n    'zulu' is not defined under [edit security address-book * address]; defined: x, y",
	]);
});

test("the nearest or the existing names are told", () => {
	assert.match(
		errors("security { ike { policy strong; gateway g { ike-policy strnog; } } }")[0] ?? "",
		/did you mean 'strong'\?$/,
	);
	assert.match(
		errors("security { ike { policy a; policy b; gateway g { ike-policy other; } } }")[0] ?? "",
		/; defined: a, b$/,
	);
});

test("an inactive entry is as good as none", () => {
	assert.equal(errors("security { ike { inactive: policy p; gateway g { ike-policy p; } } }").length, 1);
	assert.deepEqual(errors("security { ike { policy p; gateway g { ike-policy p; } } }"), []);
});

test("a reference that goes up stays in its own branch, for leaves and for keys", () => {
	const books = (member: string, extra: string) =>
		`security { address-book { one { address x 10.0.0.0/8; address-set s { address ${member}; extra ${extra}; } } two { address y 10.0.0.0/8; } } }`;
	assert.deepEqual(errors(books("x", "x")), []);
	assert.deepEqual(errors(books("y", "y")), [
		"[edit security address-book one address-set s]\n  'extra'\n    'y' is not defined under [edit address]; defined: x",
		"[edit security address-book one address-set s address y]\n  'y'\n    'y' is not defined under [edit address]; defined: x",
	]);
});

test("removing what is referred to is noticed although nothing else changed", () => {
	const before = treeOf("security { ike { policy p; gateway g { ike-policy p; } } }");
	assert.deepEqual(check(sampleRoot, before).errors, []);
	const security = before.children.get("security");
	assert.ok(security?.kind === "branch");
	const ike = security.children.get("ike");
	assert.ok(ike?.kind === "branch");
	const without = new Map(ike.children);
	without.delete("policy");
	const after = {
		...before,
		children: new Map([["security", { ...security, children: new Map([["ike", { ...ike, children: without }]]) }]]),
	};
	assert.equal(check(sampleRoot, after).errors.length, 1);
});
