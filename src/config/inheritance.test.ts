import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { check } from "#config/check.ts";
import { formatFinding } from "#config/finding.ts";
import { checkGroups, inherit, originOf } from "#config/inheritance.ts";
import { printText } from "#config/print-text.ts";
import { changeBranch, leafOf, withSlot } from "#config/tree.ts";
import { arbitraryConfig } from "../../test/support/config-arbitraries.ts";
import { sampleRoot, treeOf } from "../../test/support/config-sample.ts";

function inherited(source: string): string {
	return printText(sampleRoot, inherit(sampleRoot, treeOf(source)));
}

test("R254: statements of a group come in where the configuration has none, own ones go before", () => {
	assert.equal(
		inherited(`groups { g { system { host-name theirs; location there; ports [ 1 2 ]; } } }
apply-groups g; system { host-name own; ports [ 2 3 ]; }`),
		"apply-groups g;\nsystem {\n    host-name own;\n    location there;\n    ports [ 2 3 1 ];\n}\n",
	);
});

test("a wildcard applies to the entries that are there and makes none", () => {
	assert.equal(
		inherited(`groups { g { interfaces { <ge-*> { mtu 1500; unit <*> { family inet6; } } lo0; } } }
apply-groups g; interfaces { ge-0/0/0 { unit 0; } xe-0/0/0; }`),
		`apply-groups g;
interfaces {
    ge-0/0/0 {
        mtu 1500;
        unit 0 {
            family inet6;
        }
    }
    lo0;
    xe-0/0/0;
}
`,
	);
});

test("the group named first goes before the next, one named deeper before one named above", () => {
	const groups =
		"groups { a { system { host-name a; } } b { system { host-name b; location b; } } c { system { host-name c; } } }";
	assert.match(inherited(`${groups} apply-groups [ a b ];`), /host-name a;\n\s+location b;/);
	assert.match(inherited(`${groups} apply-groups [ a b ]; system { apply-groups c; ports 1; }`), /host-name c;/);
	assert.match(inherited(`${groups} apply-groups [ a b ]; system { apply-groups-except a; ports 1; }`), /host-name b;/);
});

test("an alternative is not inherited beside one that is there", () => {
	const group =
		"groups { g { security { policies { from-zone <*> to-zone <*> { policy <*> { then { deny; } } } } } } } apply-groups g;";
	const policies = (then: string) =>
		`security { policies { from-zone a to-zone b { policy p { description x; ${then} } } } }`;
	assert.match(inherited(`${group} ${policies("then permit;")}`), /then \{\n\s+permit;\n\s+\}/);
	assert.match(inherited(`${group} ${policies("")}`), /then \{\n\s+deny;\n\s+\}/);
});

test("inactive groups, statements and names bring nothing; an inactive own statement gives way", () => {
	assert.equal(inherited("groups { inactive: g { system { location x; } } } apply-groups g;"), "apply-groups g;\n");
	assert.equal(
		inherited("groups { g { system { inactive: location x; } } } inactive: apply-groups g;"),
		"inactive: apply-groups g;\n",
	);
	assert.match(
		inherited("groups { g { system { location x; } } } apply-groups g; system { inactive: location y; }"),
		/location x;/,
	);
});

test("inherited statements know their group, for display inheritance", () => {
	const tree = inherit(
		sampleRoot,
		treeOf(
			"groups { g { system { location x; root-authentication secret abc; } } } apply-groups g; system { host-name y; }",
		),
	);
	const printed = printText(sampleRoot, tree, {
		remarkOf: (statement, name) => {
			const group = originOf(statement);
			return group === undefined ? undefined : `'${name}' was inherited from group '${group}'`;
		},
	});
	assert.match(printed, / {4}##\n {4}## 'location' was inherited from group 'g'\n {4}##\n {4}location x;\n/);
	assert.match(printed, /## 'secret' was inherited from group 'g'\n {4}##\n {4}root-authentication secret/);
	assert.ok(!printed.includes("'host-name'"));
});

test("names that are no groups are errors; so are groups applied in groups", () => {
	assert.deepEqual(
		check(sampleRoot, treeOf("system { apply-groups nowhere; host-name x; }")).errors.map(formatFinding),
		["[edit system]\n  'apply-groups'\n    apply-group 'nowhere' is undefined"],
	);
	assert.match(checkGroups(sampleRoot, treeOf("groups { g { apply-groups g; } }"))[0]?.message ?? "", /inside groups/);
});

test("the snapshot has what was inherited", () => {
	const { snapshot } = check(sampleRoot, treeOf("groups { g { system { location x; } } } apply-groups g;"));
	assert.equal(snapshot?.system.location, "x");
});

test("without groups the tree is the same object, and after an edit what no group reaches is as well", () => {
	const plain = treeOf("system { host-name x; }");
	assert.equal(inherit(sampleRoot, plain), plain);
	const tree = treeOf(
		"groups { g { interfaces { <*> { mtu 1500; } } } } apply-groups g; interfaces { ge-0/0/0; ge-0/0/1; } system { host-name x; }",
	);
	const edited = changeBranch(tree, [{ name: "system", keys: [], holds: "container" }], (branch) =>
		withSlot(branch, "host-name", leafOf("y")),
	);
	const [one, two] = [inherit(sampleRoot, tree), inherit(sampleRoot, edited)];
	assert.equal(one.children.get("interfaces"), two.children.get("interfaces"));
});

test("own statements always survive, and applying again changes nothing", () => {
	fc.assert(
		fc.property(arbitraryConfig, ({ schema, tree }) => {
			const once = inherit(schema, tree);
			assert.ok(!once.children.has("groups"));
			for (const name of tree.children.keys()) if (name !== "groups") assert.ok(once.children.has(name));
			assert.equal(printText(schema, inherit(schema, once)), printText(schema, once));
			check(schema, tree);
		}),
		{ numRuns: 200 },
	);
});
