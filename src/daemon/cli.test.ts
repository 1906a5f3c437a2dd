import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { productVersion } from "#daemon/version.ts";

function run(...args: string[]): { status: number | null; stdout: string; stderr: string } {
	const flags = ["--disallow-code-generation-from-strings", "--disable-warning=ExperimentalWarning"];
	return spawnSync(process.execPath, [...flags, join(import.meta.dirname, "cli.ts"), ...args], { encoding: "utf8" });
}

test("without a word, and with --help, the commands are told", () => {
	for (const args of [[], ["--help"], ["help"]]) {
		const { status, stdout } = run(...args);
		assert.equal(status, 0);
		for (const word of ["start", "sessions", "explain"]) assert.match(stdout, new RegExp(`^ {2}${word} `, "m"));
	}
});

test("the version names the product, the runtime and its TLS library", () => {
	const { status, stdout } = run("--version");
	assert.equal(status, 0);
	assert.ok(stdout.includes(productVersion) && stdout.includes("openssl 3."));
});

test("a command that does not exist is refused in one line that tells those that do", () => {
	const { status, stderr } = run("strat");
	assert.equal(status, 2);
	assert.match(stderr, /^sallyport: no command "strat"; expected .*start/);
	assert.equal(stderr.trim().split("\n").length, 1);
});

test("an option that does not exist is refused in one line", () => {
	const { status, stderr } = run("start", "--stat", "x");
	assert.equal(status, 2);
	assert.equal(stderr.trim().split("\n").length, 1);
});
