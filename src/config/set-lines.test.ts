import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { topLevel } from "#config/level.ts";
import { printSetLines } from "#config/print-set.ts";
import { printText } from "#config/print-text.ts";
import { applyLines } from "#config/set-lines.ts";
import { formatTextError, maxTextErrors } from "#config/text.ts";
import { type Branch, emptyTree, equalSlots } from "#config/tree.ts";
import { arbitraryConfig } from "../../test/support/config-arbitraries.ts";
import { sampleRoot, treeOf } from "../../test/support/config-sample.ts";

const options = { salt: (count: number) => new Uint8Array(count) };
const top = topLevel(sampleRoot);

function run(lines: string, tree: Branch = emptyTree): { text: string; errors: string[] } {
	const result = applyLines(tree, top, lines, options);
	return {
		text: printText(sampleRoot, result.tree),
		errors: result.errors.map((error) => formatTextError("terminal", error)),
	};
}

test("lines build a configuration; edit, up, top and exit move between them", () => {
	const { text, errors } = run(`# a comment
set system host-name gw
edit security ike policy p
set mode main
up 2
set ike gateway g ike-policy p
exit
top
set system ports [ 1 2 ]
annotate security ike gateway g "first\\nsecond"
deactivate system ports
`);
	assert.deepEqual(errors, []);
	assert.equal(
		text,
		`system {
    host-name gw;
    inactive: ports [ 1 2 ];
}
security {
    ike {
        policy p {
            mode main;
        }
        /* first
         * second */
        gateway g {
            ike-policy p;
        }
    }
}
`,
	);
});

test("each bad line is told with line, column and path, and the others are done", () => {
	const { text, errors } = run(`set system host-name gw
set system host-nam gw
bogus
set interfaces ge-0/0/0 mtu 9999
set system ports [ 1
set system;
delete system location
edit security ike nowhere
set system host-name
rename system host-name to x
`);
	assert.deepEqual(errors, [
		"terminal:2:(12) syntax error: host-nam\n  [edit]\n    did you mean 'host-name'?",
		"terminal:3:(1) unknown command.\n  [edit]",
		"terminal:4:(29) Value 9999 is not within range (256..9192)\n  [edit]\n    expected <octets>",
		"terminal:5:(21) missing ']'\n  [edit]",
		"terminal:6:(11) syntax error.\n  [edit]",
		"terminal:7:(1) warning: statement not found\n  [edit]",
		"terminal:8:(6) syntax error: nowhere\n  [edit]",
		"terminal:9:(21) missing argument.\n  [edit]\n    expected <name>",
		"terminal:10:(1) syntax error: only an entry of a list has a name to change\n  [edit]",
	]);
	assert.equal(text, "system {\n    host-name gw;\n}\n");
});

test("insert, rename and copy keep what the entry holds", () => {
	const policies = treeOf(
		"security { policies { from-zone a to-zone b { policy one { then deny; } policy two; policy three; } } }",
	);
	const pair = "security policies from-zone a to-zone b";
	const { text, errors } = run(
		`insert ${pair} policy three before policy one
rename ${pair} policy one to policy uno
copy ${pair} policy uno to policy last
rename ${pair} to from-zone c to-zone d`,
		policies,
	);
	assert.deepEqual(errors, []);
	assert.deepEqual(
		[...text.matchAll(/policy (\w+)/g)].map((match) => match[1]),
		["three", "uno", "two", "last"],
	);
	assert.equal([...text.matchAll(/deny/g)].length, 2);
	assert.match(text, /from-zone c to-zone d/);
	assert.match(
		run(`insert ${pair} policy three before policy nowhere`, policies).errors[0] ?? "",
		/statement not found/,
	);
	assert.match(run(`rename ${pair} policy one to policy two`, policies).errors[0] ?? "", /already exists/);
	assert.match(run("insert system ports 2 before ports 1", treeOf("system { ports [ 1 2 ]; }")).text, /\[ 2 1 \]/);
	assert.match(
		run("insert security ike policy a before policy b", treeOf("security { ike { policy a; policy b; } }")).errors[0] ??
			"",
		/not kept in the order of entry/,
	);
});

test("protected statements cannot be changed, deleted, renamed or displaced, but unprotected", () => {
	const tree = treeOf(`system { protect: host-name gw; ports 1; }
security { ike { policy p { protect: mode main; } } policies { from-zone a to-zone b { policy p { then { protect: deny; } } } } }`);
	for (const line of [
		"set system host-name other",
		"delete system host-name",
		"delete system",
		"deactivate system host-name",
		"delete security ike policy p",
		"rename security ike policy p to policy q",
		"set security policies from-zone a to-zone b policy p then permit",
	]) {
		const { text, errors } = run(line, tree);
		assert.match(errors[0] ?? "", /statement is protected, '.+' cannot be (?:changed|deleted)/, line);
		assert.equal(text, printText(sampleRoot, tree), line);
	}
	assert.deepEqual(run("unprotect system host-name\nset system host-name x\nset system ports 2", tree).errors, []);
});

test("delete takes a branch, a leaf, one value of a list, or everything at the level", () => {
	const tree = treeOf("system { host-name gw; ports [ 1 2 3 ]; } security { ike { policy p; } }");
	assert.equal(run("delete system ports 2", tree).text.includes("[ 1 3 ]"), true);
	assert.equal(run("delete security ike policy p", tree).text.includes("security"), false);
	assert.equal(run("delete system host-name other", tree).errors.length, 1);
	assert.equal(run("edit system\ndelete", tree).text, "security {\n    ike {\n        policy p;\n    }\n}\n");
	assert.equal(run("delete", tree).text, "");
});

test("errors are bounded in number", () => {
	assert.equal(run("bogus\n".repeat(10_000)).errors.length, maxTextErrors);
});

test("any tree of any schema comes back exactly from its set lines", () => {
	fc.assert(
		fc.property(arbitraryConfig, ({ schema, tree }) => {
			const printed = printSetLines(schema, tree);
			const { tree: again, errors } = applyLines(emptyTree, topLevel(schema), printed, options);
			assert.deepEqual(errors, [], printed);
			assert.ok(equalSlots(again, tree), `${printed}\n${printText(schema, tree)}\n${printText(schema, again)}`);
		}),
		{ numRuns: 200 },
	);
});

test("any lines are answered, and what is left is a configuration", () => {
	const words = fc.constantFrom(
		"set",
		"delete",
		"edit",
		"up",
		"top",
		"insert",
		"rename",
		"copy",
		"to",
		"before",
		"annotate",
		"protect",
		"deactivate",
		"system",
		"host-name",
		"gw",
		"security",
		"ike",
		"policy",
		"p",
		"q",
		"ports",
		"1",
		"[",
		"]",
		'"',
		"interfaces",
		"ge-0/0/0",
		"unit",
		"0",
		"family",
		"inet",
		"groups",
		"<*>",
		"\n",
		"\n",
	);
	fc.assert(
		fc.property(
			fc.oneof(
				fc.array(words, { maxLength: 60 }).map((all) => all.join(" ")),
				fc.string({ unit: "binary" }),
			),
			(lines) => {
				const { tree } = applyLines(emptyTree, top, lines, options);
				assert.equal(printText(sampleRoot, treeOf(printText(sampleRoot, tree))), printText(sampleRoot, tree));
			},
		),
		{ numRuns: 2_000 },
	);
});
