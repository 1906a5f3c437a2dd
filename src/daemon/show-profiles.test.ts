import assert from "node:assert/strict";
import { test } from "node:test";
import { showProfiles } from "#daemon/show-profiles.ts";
import { commandWorld } from "../../test/support/command-world.ts";

test("profiles are told with what they sign with and who uses them", async (t) => {
	const world = await commandWorld(t);
	const shown = showProfiles(world, false);
	assert.match(shown, /^Profile: inspect, policies that use it: 1\n {2}Signs with: sallyport-ca; /);
	assert.doesNotMatch(shown, /Suites|Inspection/);
});

test("R251: in detail the versions, suites and groups of each leg are told, the switches, and where keys are kept", async (t) => {
	const shown = showProfiles(await commandWorld(t), true);
	for (const part of [
		/^Inspection: of clients enable, of servers enable\nPrivate keys: kept at rest, encrypted\n/,
		/^ {2}Towards clients: TLS 1\.2, TLS 1\.3\n {4}Suites: TLS_\S+, .*TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256/m,
		/^ {2}Towards servers: TLS 1\.2, TLS 1\.3\n/m,
		/^ {4}Groups: X25519MLKEM768/m,
	])
		assert.match(shown, part);
});
