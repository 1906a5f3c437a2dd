import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { fuzzFiles } from "../../scripts/fuzz.ts";
import { projectRoot } from "../../scripts/source-files.ts";
import { makeTree } from "../support/tree.ts";

test("the fuzz files are the tests of cores that use fast-check, and those of test/fuzz", (t) => {
	const property = 'import fc from "fast-check";\n';
	const root = makeTree(t, {
		"src/a/x.test.ts": property,
		"src/a/x.ts": property,
		"src/a/y.test.ts": 'import { test } from "node:test";\n',
		"src/a/z-shell.test.ts": property,
		"src/b/x.test.ts": property,
		"test/fuzz/x.test.ts": property,
		"test/house/x.test.ts": property,
	});
	assert.deepEqual(fuzzFiles(root, []), ["src/a/x.test.ts", "src/b/x.test.ts", "test/fuzz/x.test.ts"]);
	assert.deepEqual(fuzzFiles(root, ["src/b"]), ["src/b/x.test.ts"]);
});

test("FUZZ_RUNS replaces the number of runs that a property names, in every way of importing fast-check", () => {
	const script = `
		import fc, { assert } from "fast-check";
		import * as all from "fast-check";
		let runs = 0;
		const count = fc.property(fc.nat(), () => { runs++; });
		fc.assert(count, { numRuns: 3 });
		assert(count);
		all.assert(count, { numRuns: 5 });
		fc.check(count);
		await fc.assert(fc.asyncProperty(fc.nat(), async () => { runs++; }), { numRuns: 2 });
		console.log(runs);
	`;
	const done = spawnSync(
		process.execPath,
		["--import", join(projectRoot, "test/support/fuzz-runs.ts"), "--input-type=module", "--eval", script],
		{ cwd: projectRoot, encoding: "utf8", env: { ...process.env, FUZZ_RUNS: "1234" } },
	);
	assert.equal(done.stdout.trim(), String(5 * 1234), done.stderr);
});
