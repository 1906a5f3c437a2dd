import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { compilePattern } from "#config/pattern.ts";

function matches(source: string, text: string, ignoresCase = false): boolean {
	const compiled = compilePattern(source, { ignoresCase });
	assert.ok(compiled.ok, source);
	return compiled.pattern.matches(text);
}

test("an expression matches anywhere unless it is bound to the ends", () => {
	assert.ok(matches("b+", "abbc"));
	assert.ok(!matches("^b", "ab"));
	assert.ok(matches("c$", "abc"));
	assert.ok(!matches("^(security|system)$", "security ike"));
	assert.ok(matches("(security|system) ike", "the security ike"));
	assert.ok(matches("", ""));
});

test("sets, ranges, classes and counted repetitions", () => {
	assert.ok(matches("^[a-c0-9_]{2,3}$", "a9"));
	assert.ok(!matches("^[a-c0-9_]{2,3}$", "a9_b"));
	assert.ok(matches("^[^ ]+$", "one"));
	assert.ok(!matches("^[^ ]+$", "one two"));
	assert.ok(matches("^[]x]+$", "]x"));
	assert.ok(matches("[[:digit:]]-\\d", "3-4"));
	assert.ok(matches("^\\.x\\b", ".x y"));
	assert.ok(matches("^[a-c]+$", "ABC", true));
	assert.ok(matches("ErRor", "an ERROR", true));
});

test("what is not supported or broken is refused with the reason", () => {
	for (const [source, reason] of [
		["(a", "missing )"],
		["a)", "unmatched )"],
		["[a", "missing ]"],
		["*a", "nothing to repeat before *"],
		["(a)\\1", "back-references are not supported"],
		["(?=a)", "look-around and named groups are not supported"],
		["a\\", "a backslash at the end"],
		["[z-a]", "a range in [] whose end is before its start"],
		["((a{999}){999}){999}", "it repeats too much"],
		["(".repeat(200), "groups are nested too deeply"],
	] as const) {
		const compiled = compilePattern(source);
		assert.deepEqual(compiled, { ok: false, message: `invalid regular expression: ${reason}` }, source);
	}
	assert.ok(!compilePattern("a".repeat(1_025)).ok);
});

test("an expression that explodes elsewhere stays linear", () => {
	const started = process.cpuUsage().user;
	assert.ok(!matches("^(a+)+$", `${"a".repeat(50_000)}b`));
	assert.ok(matches(`${"(".repeat(20)}${"){9999}".repeat(20)}`, ""));
	assert.ok(!matches("(x+x+)+y", "x".repeat(50_000)));
	assert.ok(process.cpuUsage().user - started < 5_000_000);
});

test("agrees with the built-in engine on random expressions and texts", () => {
	const atom = fc.constantFrom("a", "b", ".", "[ab]", "[^a]", "\\d", "1", "^", "$", "\\b");
	const { expression } = fc.letrec<{ expression: string; part: string }>((tie) => ({
		expression: fc.array(tie("part"), { maxLength: 4 }).map((parts) => parts.join("")),
		part: fc.oneof(
			{ maxDepth: 3 },
			atom,
			fc
				.tuple(tie("expression"), fc.constantFrom("", "*", "+", "?", "{1,2}"))
				.map(([inner, sign]) => `(${inner})${sign}`),
			fc.tuple(tie("expression"), tie("expression")).map(([left, right]) => `(${left}|${right})`),
		),
	}));
	fc.assert(
		fc.property(expression, fc.string({ unit: fc.constantFrom("a", "b", "1", " "), maxLength: 12 }), (source, text) => {
			assert.equal(matches(source, text), new RegExp(source).test(text), `${source} on ${text}`);
		}),
		{ numRuns: 2_000 },
	);
});

test("any source is compiled or refused", () => {
	fc.assert(
		fc.property(
			fc.string({ unit: fc.constantFrom(..."ab()[]{}|*+?^$\\.-,:019".split("")) }),
			fc.string(),
			(source, text) => {
				const compiled = compilePattern(source);
				if (compiled.ok) compiled.pattern.matches(text);
			},
		),
		{ numRuns: 3_000 },
	);
});

test("matches are replaced from the left, each as long as it can be", () => {
	const replace = (source: string, text: string): string | undefined => {
		const compiled = compilePattern(source);
		assert.ok(compiled.ok);
		return compiled.pattern.replaceAll(text, "X");
	};
	assert.equal(replace("a+", "baaacab"), "bXcXb");
	assert.equal(replace("^a", "aa"), "Xa");
	assert.equal(replace("ge-0/0/1$", "ge-0/0/1"), "X");
	assert.equal(replace("z", "abc"), undefined);
	assert.equal(replace("z*", "abc"), undefined);
	fc.assert(
		fc.property(
			fc.constantFrom("a", "ab?", "[ab]+", "b{2}", "a.b"),
			fc.string({ unit: fc.constantFrom("a", "b", "c") }),
			(source, text) => {
				const wanted = text.replaceAll(new RegExp(source, "g"), "X");
				assert.equal(replace(source, text) ?? text, wanted);
			},
		),
	);
});
