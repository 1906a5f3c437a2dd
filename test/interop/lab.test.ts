/** `npm run lab` does what it says, and leaves nothing. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { projectRoot } from "../../scripts/source-files.ts";
import { labPeers } from "../support/lab.ts";
import { requireNamespaces } from "../support/namespaces.ts";

test("R40 R41: the lab shows for each kind of listener what client and server saw", (t) => {
	if (!requireNamespaces(t, labPeers)) return;
	const words = ["--disable-warning=ExperimentalWarning", join(projectRoot, "scripts/lab.ts")];
	const { status, stdout, stderr } = spawnSync(process.execPath, words, { encoding: "utf8", cwd: projectRoot });
	assert.deepEqual([status, stderr], [0, ""], stdout);
	assert.match(
		stdout,
		/^the gateway's +redirect +192\.0\.2\.10:8443 +open\.lab\.test +Sallyport CA \S+ +192\.0\.2\.1 /m,
	);
	assert.match(
		stdout,
		/^the client's +tproxy +\[2001:db8:2::10\]:443 +exempt\.lab\.test +Lab Intermediate +2001:db8:1::2 /m,
	);
	assert.equal(stdout.match(/as it should$/gm)?.length, 20);
	assert.match(stdout, /^Nothing is left in the packet filter and the routing\.$/m);
});
