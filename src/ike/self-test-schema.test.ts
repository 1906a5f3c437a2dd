import assert from "node:assert/strict";
import { test } from "node:test";
import { configOf, findingsOf } from "../../test/support/config-text.ts";

const periodic = (statements: string) => findingsOf(`system { fips { self-test { periodic { ${statements} } } } }`);

test("a schedule is weekly or monthly", () => {
	assert.deepEqual(periodic("start-time 09:00; day-of-week 3;"), []);
	assert.deepEqual(periodic("start-time 09:00; month 2; day-of-month 1;"), []);
	assert.deepEqual(periodic("start-time 09:00; day-of-week 3; day-of-month 1;"), [
		"error system fips self-test periodic 'day-of-week': cannot stand beside 'day-of-month': a schedule is weekly or monthly",
	]);
	assert.deepEqual(periodic("start-time 09:00; month 3;"), [
		"error system fips self-test periodic 'month': needs 'day-of-month' beside it",
	]);
	assert.match(periodic("day-of-week 3;").join(), /missing mandatory statement: 'start-time'/);
	assert.match(periodic("start-time 24:00;").join(), /expected hh:mm/);
});

test("without a schedule nothing is periodic", () => {
	assert.equal(configOf("").system.fips.selfTest.periodic, undefined);
});
