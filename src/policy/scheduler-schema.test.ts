import assert from "node:assert/strict";
import { test } from "node:test";
import { findingsOf, printedForm } from "../../test/support/config-text.ts";

test("a schedule has periods and days", () => {
	const source = `schedulers {
    scheduler office {
        start-date 2026-01-01.00:00:00 stop-date 2026-12-31.23:59:59;
        daily {
            start-time 08:00 stop-time 12:00;
            start-time 13:00 stop-time 18:00;
        }
        sunday {
            exclude;
        }
        saturday {
            all-day;
        }
    }
}
`;
	assert.equal(printedForm(source), source);
	assert.deepEqual(findingsOf(source), []);
});

test("a period ends after it begins", () => {
	const says = (statements: string) => findingsOf(`schedulers { scheduler s { ${statements} } }`);
	assert.deepEqual(says("daily start-time 09:00 stop-time 09:00:01;"), []);
	assert.deepEqual(says("monday start-time 09:00 stop-time 09:00:00;"), [
		"error schedulers scheduler s monday 'start-time': 09:00:00 is not after 09:00",
	]);
	assert.deepEqual(says("start-date 2026-01-02 stop-date 2026-01-01;"), [
		"error schedulers scheduler s 'start-date': 2026-01-01.00:00:00 is not after 2026-01-02.00:00:00",
	]);
	assert.deepEqual(says("daily { all-day; start-time 09:00 stop-time 10:00; }"), [
		"error schedulers scheduler s daily 'all-day': 'all-day' and 'start-time' exclude each other",
	]);
});
