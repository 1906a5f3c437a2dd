import assert from "node:assert/strict";
import { test } from "node:test";
import { historyLines, minutesText } from "#config/commit.ts";

test("commits are listed with the newest first, what waits above, the rescue below", () => {
	const time = Date.UTC(2026, 10, 20, 10, 3, 12);
	assert.deepEqual(
		historyLines(
			[
				{ serial: 2, time, user: "root", via: "cli", comment: "why", confirm: { by: time + 600_000, fallback: 1 } },
				{ serial: 1, time: time - 60_000, user: "admin", via: "rest" },
			],
			{ at: time + 3_600_000, user: "ops", via: "cli" },
			true,
		),
		[
			"commit requested by ops via cli at 2026-11-20 11:03:12 UTC",
			"0   2026-11-20 10:03:12 UTC by root via cli commit confirmed, rollback at 2026-11-20 10:13:12 UTC",
			"    why",
			"1   2026-11-20 10:02:12 UTC by admin via rest",
			"rescue",
		],
	);
	assert.deepEqual([minutesText(1), minutesText(10)], ["1 minute", "10 minutes"]);
});
