import assert from "node:assert/strict";
import { test } from "node:test";
import { forwardStages } from "#firewall/forward-stages.ts";
import { configOf } from "../../test/support/config-text.ts";

const stagesOf = (inspection: string) =>
	forwardStages(
		configOf(`applications { application web { protocol tcp; destination-port 80; } }
		security {
			address-book global { address office 10.1.0.0/16; address printers 10.1.9.0/24; }
			inspection { ${inspection} }
		}`),
	);

test("R204 R206: rules stand in the order of the stages; what the kernel cannot know is left out", () => {
	const stages = stagesOf(`
		quarantine { hosts 10.1.4.0/24; exceptions printers; }
		traffic-management closed { match { destination-address office; application web; } then { block; } }
		traffic-management slow { then { rate-limit 800; } }
		traffic-management seen { match { source-address office; } then { trust; } }
		bypass-rule backup { match { source-address printers; } }`);
	assert.deepEqual(
		stages.map(({ comment, verdict }) => [comment, Object.keys(verdict)[0]]),
		[
			["bypass-rule backup", "return"],
			["traffic-management closed", "goto"],
			["traffic-management seen", "return"],
			["quarantine exceptions", "return"],
			["quarantine hosts", "goto"],
		],
	);
	const closed = stages[1]?.match;
	assert.deepEqual(
		[closed?.sources[0]?.kind, closed?.destinations[0]?.entry, closed?.terms?.length],
		["any", "office", 1],
	);
	assert.deepEqual(stages[4]?.match.sources[0]?.kind, "prefix");
});

test("where nothing is refused there is nothing to go round", () => {
	assert.deepEqual(stagesOf("bypass-rule all; traffic-management seen { then { trust; } }"), []);
	assert.deepEqual(stagesOf(""), []);
	const [only, ...more] = stagesOf(
		"traffic-management all { then { block; } } traffic-management seen { then { trust; } }",
	);
	assert.deepEqual([only?.comment, more.length], ["traffic-management all", 0]);
});
