/** Two processes never take one port. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { test } from "node:test";
import { projectRoot } from "../../scripts/source-files.ts";
import { claimPort } from "../support/port-claims.ts";

/** No port of loopback: nothing else claims it. */
const port = 70_001;

test("a port that another process has claimed is its own until that is dead", async (t) => {
	const module = JSON.stringify(join(projectRoot, "test/support/port-claims.ts"));
	const script = `const { claimPort } = await import(${module}); process.stdout.write(String(claimPort(${port}))); setInterval(() => 0, 1000);`;
	const other = spawn(process.execPath, ["--input-type=module", "--eval", script], {
		stdio: ["ignore", "pipe", "inherit"],
	});
	t.after(() => other.kill("SIGKILL"));
	const [said] = await once(other.stdout, "data");
	assert.equal(String(said), "true");
	assert.equal(claimPort(port), false);
	const ended = once(other, "exit");
	other.kill("SIGKILL");
	await ended;
	assert.equal(claimPort(port), false, "what was left of it is taken away first");
	assert.equal(claimPort(port), true);
	assert.equal(claimPort(port), false, "each once");
});
