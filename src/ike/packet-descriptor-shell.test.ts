import assert from "node:assert/strict";
import { closeSync, openSync } from "node:fs";
import { test } from "node:test";
import { readPackets } from "#ike/packet-descriptor-shell.ts";

test("a descriptor that is closed by now is an error that names what it was for", async () => {
	const descriptor = openSync("/dev/null", "r");
	closeSync(descriptor);
	await assert.rejects(
		readPackets(descriptor, "the device st0.0", () => {}),
		/^Error: the device st0\.0 cannot be waited for: error -9$/,
	);
});
