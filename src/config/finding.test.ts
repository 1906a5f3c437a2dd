import assert from "node:assert/strict";
import { test } from "node:test";
import { banner, error, formatFinding, warning } from "#config/finding.ts";

test("a finding is printed with the path first, the statement, and what is wrong", () => {
	assert.equal(
		formatFinding(
			error(["services", "ssl", "proxy", "profile", "p 1"], "root-ca", "certificate 'corp' has no private key"),
		),
		"[edit services ssl proxy profile \"p 1\"]\n  'root-ca'\n    certificate 'corp' has no private key",
	);
	assert.equal(formatFinding(warning([], undefined, "nothing to do")), "[edit]\n  warning: nothing to do");
	assert.equal(banner([]), "[edit]");
});
