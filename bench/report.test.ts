import assert from "node:assert/strict";
import { test } from "node:test";
import type { Sample } from "./measure.ts";
import { hasMissedBar, type Run, reportJson, reportMarkdown } from "./report.ts";

const sample = (values: Sample["values"]): Sample => ({ values, wallSeconds: {} });

const run: Run = {
	date: "2026-01-02 03:04",
	machine: {
		cpu: "Test CPU",
		cores: 2,
		memoryGibibytes: 4,
		kernel: "Linux 1",
		distribution: "Debian",
		node: "v26",
		nodeOpenssl: "3.5",
		openssl: "OpenSSL 3.0",
		loadAverage: 0.1,
	},
	isQuick: false,
	rounds: 3,
	versions: { direct: "nginx 1", sallyport: "Sallyport 0", squid: "Squid 5" },
	missing: { mitmproxy: "mitmdump is absent" },
	failures: [],
	samples: {
		direct: [sample({ "latency-new-p50": 1 }), sample({ "latency-new-p50": 2 }), sample({ "latency-new-p50": 3 })],
		sallyport: [
			sample({ connections: 1.2, "latency-new-p50": 4 }),
			sample({ connections: 1.1, "latency-new-p50": 4 }),
			sample({ connections: 1.6, "latency-new-p50": 4 }),
		],
		squid: [sample({ connections: 3 }), sample({ connections: 2.5 }), sample({ connections: 2 })],
	},
};

test("the table shows median and spread of each subject, and a dash where nothing was measured", () => {
	const text = reportMarkdown(run);
	assert.match(
		text,
		/\| CPU s per 1,000 new .*never resumes.* \| 1\.20 \(1\.10\.\.1\.60\) \| 2\.50 \(2\.00\.\.3\.00\) \|/,
	);
	assert.match(text, /p50 \| 2\.00 \(1\.00\.\.3\.00\) \| - \|/);
	assert.doesNotMatch(text, /\| CPU s per GiB downloaded, re-encrypted \| [0-9]/);
});

test("latency is the difference to the way without a proxy in the same round", () => {
	const { spreads } = JSON.parse(reportJson(run));
	assert.deepEqual(spreads["latency-new-p50"].sallyport, { median: 2, least: 1, most: 3 });
});

test("every bar has its line with what was allowed and reached", () => {
	const text = reportMarkdown(run);
	assert.match(text, /sallyport \| <= 0\.5 x squid \| 1\.25 \| 1\.20 \| met \|/);
	assert.match(text, /sallyport \| <= 0\.25 x mitmproxy \| - \| 1\.20 \| not measured \|/);
	assert.equal(hasMissedBar(run), false);
	const slow = { ...run, samples: { ...run.samples, sallyport: [sample({ connections: 1.3 })] } };
	assert.equal(hasMissedBar(slow), true);
	assert.match(reportMarkdown(slow), /1\.25 \| 1\.30 \| \*\*missed\*\* \|/);
});

test("a failure stands in the report and leaves no number", () => {
	const empty = [sample({}), sample({}), sample({})];
	const text = reportMarkdown({ ...run, failures: ["squid, round 1: it"], samples: { ...run.samples, squid: empty } });
	assert.match(text, /- \*\*failed\*\*: squid, round 1: it/);
	assert.match(text, /never resumes.* \| 1\.20 \(1\.10\.\.1\.60\) \| - \|/);
});

test("a subject left out is named with its reason", () => {
	assert.match(reportMarkdown(run), /- mitmproxy: left out; mitmdump is absent/);
});
