import assert from "node:assert/strict";
import { test } from "node:test";
import { describeEditors } from "#config/editor.ts";
import { topLevel } from "#config/level.ts";
import { superUser } from "../../test/support/config-editors.ts";
import { sampleRoot } from "../../test/support/config-sample.ts";

test("editors are listed with terminal, idle time, lock and level", () => {
	const since = Date.UTC(2026, 9, 30, 19, 47, 58);
	const editor = {
		id: "1",
		user: "root",
		terminal: "p3",
		pid: 1088,
		access: superUser,
		mode: "exclusive" as const,
		level: topLevel(sampleRoot),
		since,
		lastActive: since,
		own: undefined,
	};
	assert.deepEqual(describeEditors([editor], since + 3_644_000), [
		"  root terminal p3 (pid 1088) on since 2026-10-30 19:47:58 UTC, idle 01:00:44",
		"      exclusive [edit]",
	]);
});
