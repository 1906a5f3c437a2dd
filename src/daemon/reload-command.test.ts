import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { runReload } from "#daemon/reload-command.ts";

async function reload(...args: string[]): Promise<{ status: number; stdout: string; stderr: string }> {
	const [stdout, stderr] = [new PassThrough(), new PassThrough()];
	const status = await runReload(args, { stdout, stderr, isTerminal: false, columns: 80, environment: {} });
	return { status, stdout: String(stdout.read() ?? ""), stderr: String(stderr.read() ?? "") };
}

test("--help tells what reloading does", async () => {
	const { status, stdout } = await reload("--help");
	assert.equal(status, 0);
	assert.match(stdout, /New sessions follow it/);
});

test("the process id of another program in the lock file is not signalled", async (t) => {
	const state = mkdtempSync(join(tmpdir(), "reload-"));
	t.after(() => rmSync(state, { recursive: true }));
	for (const holder of ["1", "999999999", "", "-1", "x"]) {
		writeFileSync(join(state, "managed.pid"), holder);
		const { status, stderr } = await reload("--state", state);
		assert.equal(status, 1);
		assert.match(stderr, /no gateway runs on state directory/);
	}
});
