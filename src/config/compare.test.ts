import assert from "node:assert/strict";
import { test } from "node:test";
import { compareTrees } from "#config/compare.ts";
import { Entries } from "#config/entries.ts";
import { type Branch, branchOf, changeBranch, withChildBranch } from "#config/tree.ts";
import { sampleRoot, treeOf } from "../../test/support/config-sample.ts";

function compared(before: string, after: string): string {
	return compareTrees(sampleRoot, treeOf(before), treeOf(after));
}

test("leaves, values and branches that went or came stand under the path of their branch", () => {
	assert.equal(
		compared(
			"system { host-name a; ports [ 1 2 ]; } security { ike { policy p { mode main; } policy q; } }",
			"system { host-name b; ports [ 1 3 ]; location here; } security { ike { policy p; policy r { mode main; } } }",
		),
		`[edit system]
-  host-name a;
+  host-name b;
+  location here;
-  ports [ 1 2 ];
+  ports [ 1 3 ];
[edit security ike]
-   policy q;
+   policy r {
+       mode main;
+   }
[edit security ike policy p]
-  mode main;
`,
	);
	assert.equal(compared("system { host-name a; }", "system { host-name a; }"), "");
});

const pair = (...policies: string[]) =>
	`security { policies { from-zone a to-zone b { ${policies.map((name) => `policy ${name};`).join(" ")} } } }`;

test("in a list that keeps its order the entry before, or after, says where a new or moved one stands", () => {
	const header = "[edit security policies from-zone a to-zone b]\n";
	assert.equal(compared(pair("p", "q"), pair("p", "x", "q")), `${header}    policy p { ... }\n+   policy x;\n`);
	assert.equal(compared(pair("p", "q"), pair("x", "p", "q")), `${header}+   policy x;\n    policy p { ... }\n`);
	assert.equal(
		compared(pair("p", "q", "r"), pair("r", "p", "q")),
		`${header}!   policy r { ... }\n    policy p { ... }\n`,
	);
	assert.equal(
		compared(pair("p", "q", "r"), pair("q", "p")),
		`${header}-   policy r;\n!   policy q { ... }\n    policy p { ... }\n`,
	);
});

test("activation, protection and annotation are told without what is below", () => {
	assert.equal(
		compared(
			"security { ike { inactive: policy p; policy q; protect: policy r; } }",
			"security { ike { policy p;\n/* new */ inactive: policy q; policy r; } }",
		),
		"[edit security ike]\n!   active: policy p { ... }\n!   /* new */\n!   inactive: policy q { ... }\n!   unprotect: active: policy r { ... }\n",
	);
	assert.equal(
		compared("system { host-name a; }", "system { inactive: host-name a; }"),
		"[edit system]\n-  host-name a;\n+  inactive: host-name a;\n",
	);
});

test("a container of layout prefix is told under the branch that holds it", () => {
	assert.equal(
		compared(
			"interfaces { ge-0/0/0 { unit 0 { family inet; } } }",
			"interfaces { ge-0/0/0 { unit 0 { family inet { address 10.0.0.1/24; } family inet6; } } }",
		),
		"[edit interfaces ge-0/0/0 unit 0]\n+   family inet6;\n[edit interfaces ge-0/0/0 unit 0 family inet]\n+   address 10.0.0.1/24;\n",
	);
});

test("secrets are hidden from those who may not see them", () => {
	const before = treeOf("system { root-authentication secret one; }");
	const after = treeOf("system { root-authentication secret two; }");
	assert.ok(!compareTrees(sampleRoot, before, after, { hidesSecrets: true }).includes("$9$"));
	assert.ok(compareTrees(sampleRoot, before, after).includes("$9$"));
});

test("a difference may have any number of lines", () => {
	const count = 150_000;
	const empty = treeOf("");
	let policies = Entries.empty<Branch>("sorted");
	const policy = branchOf({ name: "policy", keys: [], holds: "sorted" });
	for (let number = 0; number < count; number++) policies = policies.set({ ...policy, keys: [`p${number}`] });
	const ike = { ...branchOf({ name: "ike", keys: [], holds: "container" }), children: new Map([["policy", policies]]) };
	const step = { name: "security", keys: [], holds: "container" } as const;
	const before = changeBranch(empty, [step], () => ({
		...branchOf(step),
		children: new Map([["ike", policyIn("q")]]),
	}));
	const after = changeBranch(empty, [step], () => ({ ...branchOf(step), children: new Map([["ike", ike]]) }));
	const lines = compareTrees(sampleRoot, before, after).split("\n");
	assert.equal(lines[0], "[edit security ike]");
	assert.equal(lines.length, count + 3);
});

function policyIn(name: string): Branch {
	const ike = branchOf({ name: "ike", keys: [], holds: "container" });
	return withChildBranch(
		ike,
		{ name: "policy", keys: [name], holds: "sorted" },
		branchOf({ name: "policy", keys: [name], holds: "sorted" }),
	);
}
