import assert from "node:assert/strict";
import { test } from "node:test";
import { findCommand, packageOf, systemPackages } from "../../scripts/system-packages.ts";
import { requirePeers } from "../support/peers.ts";

test("each package is named once, belongs to a group, brings something and says what it is for", () => {
	assert.equal(new Set(systemPackages.map((one) => one.name)).size, systemPackages.length);
	for (const one of systemPackages) {
		assert.ok(one.groups.length > 0 && one.brings.length > 0 && one.purpose.length > 10, one.name);
	}
});

test("a command leads to its package", () => {
	assert.equal(packageOf("nginx")?.name, "nginx-light");
	assert.equal(packageOf("no-such-command"), undefined);
});

test("a command that is there has a path, one that is not has none", () => {
	assert.match(findCommand("sh") ?? "", /^\/.*\/sh$/);
	assert.equal(findCommand("no-such-command"), undefined);
});

test("a test whose peer is missing is skipped aloud, and fails with CI=true", () => {
	const skips: (string | undefined)[] = [];
	const t = { skip: (message?: string) => void skips.push(message) };
	const before = process.env.CI;
	try {
		delete process.env.CI;
		assert.equal(requirePeers(t, ["sh"]), true);
		assert.deepEqual(skips, []);
		assert.equal(requirePeers(t, ["sh", "no-such-command"]), false);
		assert.match(skips[0] ?? "", /missing no-such-command/);
		process.env.CI = "true";
		assert.throws(() => requirePeers(t, ["no-such-command"]), /missing no-such-command/);
	} finally {
		if (before === undefined) delete process.env.CI;
		else process.env.CI = before;
	}
});
