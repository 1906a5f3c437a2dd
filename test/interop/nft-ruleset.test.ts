import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { compileNftRuleset } from "#firewall/nft-ruleset.ts";
import { configOf } from "../support/config-text.ts";
import { peerPath, requirePeers } from "../support/peers.ts";
import { everyPolicy, everyPolicyHosts } from "../support/ruleset.ts";

test("nft takes the ruleset of the security policies (checked, not applied)", (t) => {
	if (!requirePeers(t, ["nft", "unshare"])) return;
	const folder = mkdtempSync(join(tmpdir(), "ruleset-"));
	t.after(() => rmSync(folder, { recursive: true }));
	const file = join(folder, "ruleset.json");
	for (const hour of [12, 21]) {
		const now = new Date(2026, 0, 5, hour).getTime();
		const { ruleset, gaps } = compileNftRuleset(configOf(everyPolicy), { now, resolved: everyPolicyHosts });
		assert.deepEqual(gaps, []);
		// nft opens standard input by its name, which a socket does not allow.
		writeFileSync(file, JSON.stringify(ruleset));
		const done = spawnSync(peerPath("unshare"), ["-rn", peerPath("nft"), "-c", "-j", "-f", file], { encoding: "utf8" });
		assert.deepEqual([done.status, done.stderr], [0, ""]);
	}
});
