import assert from "node:assert/strict";
import { test } from "node:test";
import { check } from "#config/check.ts";
import { parseText } from "#config/text.ts";
import { telemetrySchema, verifyTelemetry } from "#telemetry/schema.ts";

test("the slice stands by itself: an empty configuration of logs is sound", () => {
	const { snapshot, errors } = check(telemetrySchema, parseText(telemetrySchema, "").tree);
	assert.deepEqual(errors, []);
	assert.deepEqual(snapshot === undefined ? undefined : verifyTelemetry(snapshot), []);
});

test("logs that cannot be sent refuse the commit", () => {
	const { tree } = parseText(telemetrySchema, "security { log { transport { protocol tls; } } }");
	const { snapshot } = check(telemetrySchema, tree);
	assert.deepEqual(
		snapshot === undefined
			? undefined
			: verifyTelemetry(snapshot).map(({ severity, statement }) => [severity, statement]),
		[["error", "protocol"]],
	);
});
