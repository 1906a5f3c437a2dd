import assert from "node:assert/strict";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { openDaemonLog } from "#daemon/daemon-log.ts";

test("a full disk does not end the process: it is told once, and the log goes on when there is room", (t) => {
	const file = join(makeDirectory(t), "sallyport.log");
	const troubles: string[] = [];
	const log = openDaemonLog(file, (reason) => troubles.push(reason));
	log.info("before");
	const full = t.mock.method(fs, "writeSync", () => {
		throw Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
	});
	log.info("during");
	for (let index = 0; index < 3_000; index++) log.info({ filler: "x".repeat(1_000) }, "too much to keep");
	full.mock.restore();
	log.info("after");
	log.info("later");
	const text = fs.readFileSync(file, "utf8");
	const lines = text.trimEnd().split("\n");
	assert.deepEqual(troubles, ["ENOSPC: no space left on device, write"]);
	assert.match(lines[0] ?? "", /"msg":"before"/);
	assert.match(lines[1] ?? "", /"msg":"during"/);
	assert.match(lines.at(-1) ?? "", /"msg":"later"/);
	assert.ok(text.length < 1_200_000, `${text.length} octets were kept`);
});

test("the log's file can be read by its owner alone", (t) => {
	const file = join(makeDirectory(t), "sallyport.log");
	fs.writeFileSync(file, "", { mode: 0o644 });
	openDaemonLog(file, () => undefined).info("a line");
	assert.equal(fs.statSync(file).mode & 0o777, 0o600);
});

function makeDirectory(t: TestContext): string {
	const directory = fs.mkdtempSync(join(tmpdir(), "sallyport-log-"));
	t.after(() => fs.rmSync(directory, { recursive: true, force: true }));
	return directory;
}
