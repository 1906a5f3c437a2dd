import assert from "node:assert/strict";
import { test } from "node:test";
import { formatFinding } from "#config/finding.ts";
import { servicesWarnings } from "#policy/services-warnings.ts";

const paths = (count: number) => Array.from({ length: count }, (_, at) => ["policy", `p${at}`]);

test("a few policies are told each at its place, many in one warning that names the first", () => {
	assert.deepEqual(servicesWarnings([], "ssl-proxy", "nothing").map(formatFinding), []);
	assert.equal(servicesWarnings(paths(3), "ssl-proxy", "nothing").length, 3);
	const [one, ...more] = servicesWarnings(paths(10_000), "ssl-proxy", "nothing").map(formatFinding);
	assert.match(one ?? "", /10000 policies \("p0", "p1", "p2" and 9997 more\): nothing/);
	assert.deepEqual(more, []);
});
