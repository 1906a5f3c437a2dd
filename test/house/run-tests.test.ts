import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { batchesOf, isWanted, type PhaseName, phaseOf, runBatch } from "../../scripts/run-tests.ts";
import { projectRoot } from "../../scripts/source-files.ts";
import { makeTree } from "../support/tree.ts";

/** Runs one test file of that text as a batch of the phase; answers the counts and all that was printed. */
async function run(t: TestContext, phase: PhaseName, text: string, limitSeconds = 20) {
	const root = makeTree(t, { "a.test.ts": `import { test } from "node:test";\n${text}\n` });
	let printed = "";
	const print = (more: string) => {
		printed += more;
	};
	const batch = { title: "a", files: [join(root, "a.test.ts")] };
	const { passed, failed, skipped } = await runBatch(phase, batch, { output: "compact", limitSeconds, print });
	return { counts: [passed, failed, skipped], printed };
}

test("tests of cores and of test/fuzz are unit tests; shells, the daemon and the rest of test/ are not", () => {
	assert.equal(phaseOf("src/tls/client-hello.test.ts"), "unit");
	assert.equal(phaseOf("test/fuzz/pki-files.test.ts"), "unit");
	assert.equal(phaseOf("src/tls/engine-shell.test.ts"), "integration");
	assert.equal(phaseOf("src/daemon/managed.test.ts"), "integration");
	assert.equal(phaseOf("test/house/run-tests.test.ts"), "integration");
	assert.equal(phaseOf("test/interop/curl.test.ts"), "interop");
});

test("unit tests run one process a folder, others one process a file", () => {
	const files = [
		"src/a/x.test.ts",
		"src/b/x.test.ts",
		"src/b/y.test.ts",
		"src/b/z-shell.test.ts",
		"test/house/x.test.ts",
	];
	assert.deepEqual(batchesOf("unit", files), [
		{ title: "src/b", files: ["src/b/x.test.ts", "src/b/y.test.ts"] },
		{ title: "src/a", files: ["src/a/x.test.ts"] },
	]);
	assert.deepEqual(
		batchesOf("integration", files).map((batch) => batch.title),
		["src/b/z-shell.test.ts", "test/house/x.test.ts"],
	);
});

test("a filter is a part of the path; no filter wants every file", () => {
	assert.ok(isWanted("src/http/head.test.ts", []));
	assert.ok(isWanted("src/http/head.test.ts", ["src/tls", "src/http"]));
	assert.ok(!isWanted("src/http/head.test.ts", ["src/tls"]));
});

test("passed, failed and skipped tests are counted, and what failed is printed", async (t) => {
	const { counts, printed } = await run(
		t,
		"unit",
		'test("one", () => {}); test("two", () => { throw new Error("broken"); }); test("three", { skip: "no reason" }, () => {});',
	);
	assert.deepEqual(counts, [1, 1, 1]);
	assert.match(printed, /two[\s\S]*broken/);
	assert.match(printed, /three.*no reason/);
	assert.doesNotMatch(printed, /one/);
});

const denied: readonly (readonly [string, string])[] = [
	[
		"the network",
		'import { connect } from "node:net"; test("x", (_, done) => { connect(9, "127.0.0.1").on("error", done); });',
	],
	["a child process", 'import { spawnSync } from "node:child_process"; test("x", () => { spawnSync("true"); });'],
	["writing", 'import { writeFileSync } from "node:fs"; test("x", () => writeFileSync(import.meta.filename, ""));'],
];

for (const [what, text] of denied) {
	test(`a unit test is denied ${what}`, async (t) => {
		const { counts, printed } = await run(t, "unit", text);
		assert.deepEqual(counts, [0, 1, 0]);
		assert.match(printed, /ERR_ACCESS_DENIED/);
	});
}

test("a test of a shell may use them", async (t) => {
	const text = 'import { spawnSync } from "node:child_process"; test("x", () => { spawnSync("true"); });';
	assert.deepEqual((await run(t, "integration", text)).counts, [1, 0, 0]);
});

test("a file that defines no test fails", async (t) => {
	const { counts, printed } = await run(t, "unit", "test;");
	assert.deepEqual(counts, [0, 1, 0]);
	assert.match(printed, /defines no test/);
});

test("a process that dies, and one that does not end in time, fail", async (t) => {
	const died = await run(t, "integration", 'test("x", () => { process.kill(process.pid, "SIGKILL"); });');
	assert.deepEqual(died.counts, [0, 1, 0]);
	assert.match(died.printed, /was ended by SIGKILL/);
	const late = await run(t, "integration", 'test("x", () => { for (;;); });', 2);
	assert.deepEqual(late.counts, [0, 1, 0]);
	assert.match(late.printed, /did not end within 2 s/);
});

test("processes that a test leaves behind are stopped and are a failure", async (t) => {
	const { counts, printed } = await run(
		t,
		"integration",
		'import { spawn } from "node:child_process"; test("x", () => { spawn("sleep", ["60"], { stdio: "inherit" }).unref(); });',
	);
	assert.deepEqual(counts, [1, 1, 0]);
	assert.match(printed, /left processes behind/);
});

test("continuous integration runs the checks and the tests, and stops at the first failure", () => {
	const script = readFileSync(join(projectRoot, ".ci/run"), "utf8");
	assert.match(script, /^set -euo pipefail$/m);
	assert.ok(script.indexOf("npm run --silent check") < script.indexOf("npm run --silent test"));
});
