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
	const staged = `${everyPolicy} security { inspection {
		bypass-rule let { match { source-address any-ipv6; } }
		traffic-management closed { match { application [ junos-https junos-dns-udp junos-icmp-all ]; } then { block; } }
		quarantine { hosts [ 10.66.0.0/16 2001:db8:66::/48 ]; } } }`;
	for (const [hour, text] of [
		[12, everyPolicy],
		[21, everyPolicy],
		[12, staged],
	] as const) {
		const now = new Date(2026, 0, 5, hour).getTime();
		const { ruleset, gaps } = compileNftRuleset(configOf(text), { now, resolved: everyPolicyHosts });
		assert.equal(JSON.stringify(ruleset).includes('"stages"'), text === staged);
		assert.deepEqual(gaps, []);
		// nft opens standard input by its name, which a socket does not allow.
		writeFileSync(file, JSON.stringify(ruleset));
		const done = spawnSync(peerPath("unshare"), ["-rn", peerPath("nft"), "-c", "-j", "-f", file], { encoding: "utf8" });
		assert.deepEqual([done.status, done.stderr], [0, ""]);
	}
});
