import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type CompleteOptions, type Completions, complete } from "#config/complete.ts";
import { levelBelow, topLevel } from "#config/level.ts";
import { itemOf, resolveWords } from "#config/resolve.ts";
import { sampleRoot, treeOf } from "../../test/support/config-sample.ts";

const tree = treeOf(`system { host-name gw; ports [ 10 11 20 ]; }
security { ike { policy strong; policy "spare"; gateway g { ike-policy strong; } }
address-book { global { address a1 10.0.0.0/8; address a2 10.0.0.0/8; } other { address b1 10.0.0.0/8; } }
policies { from-zone trust to-zone untrust { policy p; } from-zone trust to-zone dmz; } }
interfaces { ge-0/0/0 { unit 0; } ge-0/0/10; }`);

function at(line: string, mode: CompleteOptions["mode"] = "set", limit?: number): Completions {
	return complete(tree, topLevel(sampleRoot), line, { mode, ...(limit === undefined ? {} : { limit }) });
}

function rows(result: Completions): string[] {
	return result.rows.map(({ mark, text }) => `${mark} ${text}`);
}

test("statements are listed with their marks and help, by name", () => {
	const result = at("security ike ");
	assert.deepEqual(rows(result), ["> gateway", "> policy", "  respond-bad-spi", "> traceoptions"]);
	assert.equal(result.rows[0]?.help, "Peer");
	assert.deepEqual(rows(at("")), [
		"+ apply-groups",
		"+ apply-groups-except",
		"> groups",
		"> interfaces",
		"> routing-options",
		"> security",
		"> system",
	]);
	assert.deepEqual(rows(at("system ")), ["  host-name", "  location", "+ ports", "> root-authentication"]);
	assert.deepEqual(rows(at("security ike traceoptions ")), ["> file", "+ flag"]);
});

test("groups are applied at every level: offered at the top, and elsewhere once begun, with the groups there are", () => {
	assert.deepEqual(rows(at("system ap")), ["+ apply-groups", "+ apply-groups-except"]);
	assert.equal(at("apply-groups").keyword, "apply-groups");
	const applied = treeOf("groups { lab { system { host-name x; } } } system { apply-groups lab; }");
	const of = (line: string, mode: "set" | "existing") => rows(complete(applied, topLevel(sampleRoot), line, { mode }));
	assert.deepEqual(of("apply-groups ", "set"), ["  <group-name>", "  lab"]);
	assert.deepEqual(of("system ap", "existing"), ["+ apply-groups"]);
	assert.deepEqual(of("ap", "existing"), []);
});

test("a beginning is completed when it is the only one, and all that share it are listed when not", () => {
	assert.equal(at("sec").keyword, "security");
	assert.equal(at("s").keyword, undefined);
	assert.deepEqual(rows(at("s")), ["> security", "> system"]);
	assert.equal(at("s").extended, "s");
	assert.equal(at("security ike po").keyword, "policy");
	assert.equal(at("sec ike po").keyword, "policy", "earlier words may be abbreviated");
});

test("names of objects are offered beside the placeholder, and TAB extends them", () => {
	assert.deepEqual(rows(at("security ike policy ")), ["  <name>", "  spare", "  strong"]);
	assert.equal(at("security ike policy st").extended, "strong");
	assert.equal(at("security ike policy st").keyword, undefined, "SPACE leaves names of users alone");
	assert.deepEqual(rows(at("security ike gateway g ike-policy ")), ["  <name>", "  spare", "  strong"]);
	assert.deepEqual(rows(at("interfaces ge")), ["  <interface-name>", "  ge-0/0/0", "  ge-0/0/10"]);
});

test("references offer the entries of every list that they may mean, and fixed words", () => {
	const policy = "security policies from-zone trust to-zone untrust policy p match source-address ";
	assert.deepEqual(rows(at(policy)), ["  <name>", "  a1", "  a2", "  b1", "  any"]);
	assert.deepEqual(rows(at(`${policy}[ a1 `)), ["  <name>", "  a1", "  a2", "  b1", "  any"]);
	assert.deepEqual(rows(at("security address-book other address-set s extra ")), ["  <name>", "  b1"]);
});

test("fixed words come with the help of each", () => {
	const result = at("security ike policy p mode ");
	assert.deepEqual(
		result.rows.map(({ text, help }) => `${text}: ${help}`),
		["main: Six messages", "aggressive: Three messages"],
	);
	assert.equal(at("security ike policy p mode m").keyword, "main");
});

test("the second key of a list knows the first", () => {
	assert.deepEqual(rows(at("security policies from-zone trust to-zone ")), ["  <name>", "  untrust", "  dmz"]);
	assert.deepEqual(rows(at("security policies from-zone trust ", "existing")), ["  to-zone"]);
});

test("for what is there, only what is there is offered", () => {
	assert.deepEqual(rows(at("system ", "existing")), ["  host-name", "+ ports"]);
	assert.deepEqual(rows(at("system ports ", "existing")), ["  10", "  11", "  20"]);
	assert.deepEqual(rows(at("system ports 1", "existing")), ["  10", "  11"]);
	assert.deepEqual(rows(at("security ike policy ", "existing")), ["  spare", "  strong"]);
	assert.deepEqual(rows(at("system host-name ", "existing")), ["  gw"]);
});

test("a command that is whole may end", () => {
	assert.equal(at("system host-name").mayEnd, false);
	assert.equal(at("system host-name").mayEnd || at("system host-name ", "existing").mayEnd, true);
	assert.equal(at("system host-name gw").mayEnd, true);
	assert.equal(at("security ike respond-bad-spi ").mayEnd, true);
	assert.equal(at("system ports [ 1 ").mayEnd, false);
	assert.equal(at("").mayEnd, false);
});

test("after a leaf its siblings follow, a bare leaf still takes its value", () => {
	assert.deepEqual(rows(at("system host-name gw ")), ["  location", "+ ports", "> root-authentication"]);
	assert.deepEqual(rows(at("security ike respond-bad-spi "))[0], "  <number>");
});

test("words that mean nothing are told with their column, ambiguous ones with what they could be", () => {
	assert.deepEqual(at("system nowhere ").problem, { column: 8, message: "syntax error: nowhere", rows: [] });
	assert.deepEqual(at("s host-name ").problem, {
		column: 1,
		message: "'s' is ambiguous.",
		rows: ["system", "security"],
	});
	assert.deepEqual(rows(at('system location "two ')), []);
});

test("completion works below a level, and the number of names is bounded", () => {
	const resolved = resolveWords(sampleRoot, ["security", "ike"].map(itemOf), {
		salt: (count) => new Uint8Array(count),
	});
	assert.ok(resolved.ok);
	const below = complete(tree, levelBelow(topLevel(sampleRoot), resolved), "pol", { mode: "set" });
	assert.equal(below.keyword, "policy");
	const bounded = at("security ike policy ", "existing", 1);
	assert.equal(bounded.rows.length, 1);
	assert.ok(bounded.isTruncated);
});

test("a secret that is there is not offered", () => {
	const secret = treeOf("system { root-authentication secret abc; }");
	assert.deepEqual(
		complete(secret, topLevel(sampleRoot), "system root-authentication secret ", { mode: "existing" }).rows,
		[],
	);
});

test("any line is answered", () => {
	const words = fc.constantFrom(
		"system",
		"sec",
		"ike",
		"policy",
		"p",
		"[",
		"]",
		'"',
		"ports",
		"from-zone",
		"a",
		"to-zone",
		"groups",
		"<*>",
		"interfaces",
		"{",
		"#",
		"re",
	);
	fc.assert(
		fc.property(
			fc.array(words, { maxLength: 9 }),
			fc.string({ maxLength: 3 }),
			fc.constantFrom("set" as const, "existing" as const),
			(all, tail, mode) => {
				const result = at(`${all.join(" ")}${tail}`, mode);
				for (const row of result.rows) if (row.kind === "statement") assert.ok(row.text.startsWith(result.partial));
			},
		),
		{ numRuns: 2_000 },
	);
});
