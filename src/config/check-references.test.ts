import assert from "node:assert/strict";
import { test } from "node:test";
import { check } from "#config/check.ts";
import { formatFinding } from "#config/finding.ts";
import { topLevel } from "#config/level.ts";
import { applyLines } from "#config/set-lines.ts";
import { fixedSalt } from "#config/text.ts";
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

test("statements that did not change miss a name as soon as it goes, is renamed or becomes inactive", () => {
	const used = "security { address-book { b { address x 10.0.0.0/8; address y 10.0.0.0/8; } }";
	const said = (...lines: string[]) => {
		const before = treeOf(`${used} ${policy("y")} }`);
		assert.deepEqual(check(sampleRoot, before).errors, []);
		const { tree, errors } = applyLines(before, topLevel(sampleRoot), lines.join("\n"), { salt: fixedSalt });
		assert.deepEqual(errors, []);
		return check(sampleRoot, tree).errors.length;
	};
	const address = "security address-book b address";
	assert.equal(said(`set ${address} y 10.1.0.0/16`), 0);
	assert.equal(said(`delete ${address} x`), 0);
	assert.equal(said(`delete ${address} y`), 1);
	assert.equal(said(`rename ${address} y to address z`), 1);
	assert.equal(said(`deactivate ${address} y`), 1);
	assert.equal(said("deactivate security address-book b"), 1);
	assert.equal(said("delete security address-book"), 1);
	assert.equal(said(`deactivate ${address} y`, `activate ${address} y`), 0);
	const whole = treeOf(`${used} ${policy("y")} }`);
	assert.equal(check(sampleRoot, whole).errors.length, 0);
	const lost = applyLines(whole, topLevel(sampleRoot), `delete ${address} y`, { salt: fixedSalt }).tree;
	assert.equal(check(sampleRoot, lost).errors.length, 1);
	const found = applyLines(lost, topLevel(sampleRoot), `set ${address} y 10.2.0.0/16`, { salt: fixedSalt }).tree;
	assert.equal(check(sampleRoot, found).errors.length, 0);
});
