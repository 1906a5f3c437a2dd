import assert from "node:assert/strict";
import { test } from "node:test";
import { compilePacketLog } from "#inspect/packet-log-settings.ts";
import { configOf } from "../../test/support/config-text.ts";

test("a tenth of sessions and memory, unless it is stated otherwise", () => {
	const of = (text: string) => compilePacketLog(configOf(`security { idp { ${text} } }`).security.idp);
	assert.deepEqual(of(""), { sessionsPercent: 10, memoryPercent: 10 });
	assert.deepEqual(of("sensor-configuration { packet-log { max-sessions 3; total-memory 1; } }"), {
		sessionsPercent: 3,
		memoryPercent: 1,
	});
});
