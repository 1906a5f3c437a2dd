import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { runStart } from "#daemon/start-command.ts";
import { Collector } from "../../test/support/collector.ts";

function directory(t: TestContext): string {
	const path = mkdtempSync(join(tmpdir(), "start-"));
	t.after(() => rmSync(path, { recursive: true, force: true }));
	return path;
}

async function start(...args: string[]): Promise<{ status: number; stdout: string; stderr: string }> {
	const [stdout, stderr] = [new Collector(), new Collector()];
	const io = { stdout, stderr, isTerminal: false, columns: 80, environment: {} };
	const status = await runStart(args, io);
	return { status, stdout: stdout.text, stderr: stderr.text };
}

test("--help tells the options and starts nothing", async () => {
	const { status, stdout } = await start("--help");
	assert.equal(status, 0);
	assert.match(stdout, /--state DIR/);
});

test("a state directory that cannot be made is one line and status 1", async (t) => {
	const path = join(directory(t), "file");
	writeFileSync(path, "");
	const { status, stderr } = await start("--state", join(path, "state"));
	assert.equal(status, 1);
	assert.equal(stderr.trim().split("\n").length, 1);
	assert.match(stderr, /^sallyport: state directory .*file\/state cannot be used/);
});

test("a broken configuration is told with its place and status 1, and the directory can be used again", async (t) => {
	const path = directory(t);
	const configuration = join(path, "broken.conf");
	writeFileSync(configuration, "services { gatway { } }\n");
	for (let count = 0; count < 2; count++) {
		const { status, stderr } = await start("--state", join(path, "state"), "--config", configuration);
		assert.equal(status, 1);
		assert.match(stderr, /broken\.conf:1:\(12\)/);
	}
});
