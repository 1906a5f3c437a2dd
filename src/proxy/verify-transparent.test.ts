import assert from "node:assert/strict";
import { test } from "node:test";
import { verifyTransparent } from "#proxy/verify-transparent.ts";
import { configOf, oneLine } from "../../test/support/config-text.ts";

const findings = (gateway: string) =>
	verifyTransparent(configOf(`services { gateway { ${gateway} } }`).services.gateway).map(oneLine);

test("R120: two that take one connection are refused: same interface, ports that meet", () => {
	const two = (ports: string, device = "eth1.0") =>
		findings(`transparent a { listen 1; interfaces [ eth1.0 eth2.0 ]; ports [ 443 8000-8999 ]; }
			transparent b { listen 2; interfaces ${device}; ports ${ports}; }`);
	const refusal = [
		"error services gateway transparent b 'ports': takes connections of transparent a; change 'ports' or 'interfaces'",
	];
	for (const ports of ["any", "443", "[ 25 8500 ]", "1-65535"]) assert.deepEqual(two(ports), refusal, ports);
	assert.deepEqual(two("[ 25 9000 ]"), []);
	assert.deepEqual(two("any", "eth3.0"), []);
});

test("a port that another listener has is refused, whatever its address", () => {
	assert.deepEqual(
		findings(`explicit-proxy p { listen 192.0.2.1:8080; } transparent a { listen 8080; interfaces eth1.0; }
			transparent b { listen 8081; interfaces eth2.0; } transparent c { listen 8081; interfaces eth3.0; }`),
		[
			"error services gateway transparent a 'listen': the same port as explicit-proxy p",
			"error services gateway transparent c 'listen': the same port as transparent b",
		],
	);
});
