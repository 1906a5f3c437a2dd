import assert from "node:assert/strict";
import { test } from "node:test";
import { compileTransparent } from "#proxy/compile-transparent.ts";
import { configOf } from "../../test/support/config-text.ts";

const plansOf = (text: string) => compileTransparent(configOf(text));
const zones =
	"security { zones { security-zone lan { interfaces { eth1.0; eth2.0; } } security-zone wifi { interfaces { wlan0.0; } } } }";

test("R40: a listener knows how its clients come, and whose address servers see", () => {
	const text = `services { gateway {
		transparent a { listen 15443; interfaces eth1.0; preserve-source-address; }
		transparent b { listen 15444; mode redirect; interfaces eth1.0; ports 25; }
	} }`;
	const common = (name: string, preservesSource: boolean) => ({
		name: `transparent ${name}`,
		path: `services gateway transparent ${name}`,
		way: { kind: "transparent", preservesSource },
		fromZone: undefined,
	});
	assert.deepEqual(plansOf(text), [
		{ ...common("a", true), mode: "tproxy", port: 15_443 },
		{ ...common("b", false), mode: "redirect", port: 15_444 },
	]);
});

test("clients are of the zone of the interfaces, when all of them are in one", () => {
	const zoneOf = (interfaces: string) =>
		plansOf(`${zones} services { gateway { transparent a { listen 1; interfaces [ ${interfaces} ]; } } }`)[0]?.fromZone;
	assert.deepEqual(
		[zoneOf("eth1.0 eth2.0"), zoneOf("eth1.0 wlan0.0"), zoneOf("eth1.0 eth9.0"), zoneOf("eth9.0")],
		["lan", undefined, undefined, undefined],
	);
});
