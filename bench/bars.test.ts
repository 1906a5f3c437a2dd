import assert from "node:assert/strict";
import { test } from "node:test";
import { bars, formatBar, ipsecBars, judge } from "./bars.ts";

function verdictOf(judgements: ReturnType<typeof judge>, bar: string, figure = "connections"): string | undefined {
	return judgements.find((each) => each.bar.figure === figure && formatBar(each.bar) === bar)?.verdict;
}

test("a bar beside a peer is met up to and including its factor", () => {
	const judgements = judge({ connections: { sallyport: 1, squid: 2, mitmproxy: 3.9 } });
	assert.equal(verdictOf(judgements, "<= 0.5 x squid"), "met");
	assert.equal(verdictOf(judgements, "<= 0.25 x mitmproxy"), "missed");
	assert.equal(judgements.find((each) => each.verdict === "missed")?.allowed, 0.975);
});

test("a bar with a limit needs no peer", () => {
	assert.equal(verdictOf(judge({ idle: { sallyport: 128 } }), "<= 128", "idle"), "met");
	assert.equal(verdictOf(judge({ idle: { sallyport: 128.1 } }), "<= 128", "idle"), "missed");
});

test("a bar without its measurements is not judged", () => {
	assert.deepEqual(
		judge({ download: { squid: 3 } }).map(({ verdict }) => verdict),
		bars.map(() => "not measured"),
	);
});

test("each bar of tunnels has one name, and bounds its figure on one side", () => {
	assert.equal(new Set(ipsecBars.map(({ key }) => key)).size, ipsecBars.length);
	for (const bar of ipsecBars) assert.ok("atLeast" in bar !== "atMost" in bar);
});
