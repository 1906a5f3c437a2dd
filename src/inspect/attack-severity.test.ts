import assert from "node:assert/strict";
import { test } from "node:test";
import { severityOfSignature } from "#inspect/attack-severity.ts";

test("the severity that a signature states goes before its priority; what is no severity is passed over", () => {
	const of = (priority: number, ...metadata: string[]) => severityOfSignature({ priority, metadata });
	assert.deepEqual(
		[1, 2, 3, 4, 255, 0].map((priority) => of(priority)),
		["major", "minor", "warning", "info", "info", "info"],
	);
	assert.equal(of(3, "created_at 2020_01_01", "signature_severity Critical"), "critical");
	assert.equal(of(1, "signature_severity Informational"), "info");
	assert.equal(of(2, "signature_severity constructor", "signature_severity"), "minor");
});
