import assert from "node:assert/strict";
import { test } from "node:test";
import { parseCommand } from "#cli/grammar.ts";
import { operationalCommands } from "#cli/operational-commands.ts";
import { splitLine } from "#cli/parse-line.ts";

function run(line: string) {
	const split = splitLine(line);
	assert.ok(split.ok);
	const parsed = parseCommand(operationalCommands, split.parts[0].words, () => true, line.length);
	return parsed.ok ? [parsed.handler, parsed.values] : parsed.message;
}

test("commands of Junos are found under their names, and ip-actions also under idp", () => {
	assert.deepEqual(run("show security idp attack detail 2024897"), ["show-idp-attack", { attack: "2024897" }]);
	assert.deepEqual(run("show security idp attack table"), ["show-idp-attacks", {}]);
	for (const place of ["flow", "idp"]) {
		assert.deepEqual(run(`show security ${place} ip-action summary`), ["show-ip-actions", { summary: "" }]);
		assert.deepEqual(run(`clear security ${place} ip-action source-address 10.0.0.1`), [
			"clear-ip-actions",
			{ "source-address": "10.0.0.1" },
		]);
	}
	assert.deepEqual(run("request security idp security-package download"), ["download-idp-rules", {}]);
	assert.deepEqual(run("clear security idp counters"), ["clear-idp-counters", {}]);
	assert.match(String(run("clear security idp ip-action source-address nobody")), /address/);
});
