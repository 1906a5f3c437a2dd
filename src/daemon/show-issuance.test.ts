import assert from "node:assert/strict";
import { test } from "node:test";
import { showIssuance } from "#daemon/show-issuance.ts";
import { type GatewayEvent, gatewayEvent } from "#telemetry/event-table.ts";
import { commandWorld, storeEvents, storeSessions } from "../../test/support/command-world.ts";
import { recordedAt } from "../../test/support/session-records.ts";

const origin = "b".repeat(64);
const issued = (names: readonly string[], serial: string): GatewayEvent =>
	gatewayEvent("CERTIFICATE_ISSUED", recordedAt, {
		names,
		serial,
		leafSha256: "a".repeat(64),
		originSha256: origin,
		ca: "sallyport-ca",
		caSha256: "c".repeat(64),
		notAfter: recordedAt + 86_400_000,
		worker: 2,
		session: "5e55101234567890",
	});
const request = (values: Readonly<Record<string, string>> = {}, isJson = false) =>
	({ values, isJson }) as unknown as Parameters<typeof showIssuance>[1];

test("R297 K8: the log says when, for which names, by which CA, after which server certificate, for whom", async (t) => {
	const world = await commandWorld(t);
	storeEvents(world, issued(["shop.example", "*.shop.example"], "0A"), issued(["pay.example"], "0B"));
	assert.deepEqual([...showIssuance(world, request({ name: "Shop.example" }))].join("").split("\n"), [
		"2026-11-21 10:00:00 UTC  shop.example, *.shop.example",
		"  Certificate serial number: 0A, valid until 2026-11-22 10:00:00 UTC",
		"  Signed by: sallyport-ca; asked by worker 2 for session 5e55101234567890",
		`  Fingerprint: ${"a".repeat(64)} (sha256)`,
		`  Server certificate: ${origin} (sha256)`,
		"",
	]);
	const colons = origin.toUpperCase().replace(/(..)(?=.)/g, "$1:");
	for (const typed of [origin, colons]) assert.equal([...showIssuance(world, request({ origin: typed }))].length, 2);
	assert.match([...showIssuance(world, request({ last: "1" }))].join(""), /pay.example/);
	assert.deepEqual([...showIssuance(world, request({ serial: "0c" }))], ["No certificate matches\n"]);
});

test("K8: as JSON each issuance is a line with every field", async (t) => {
	const world = await commandWorld(t);
	storeEvents(world, issued(["shop.example"], "0A"));
	const [line = ""] = showIssuance(world, request({}, true));
	const { issuedAt, originSha256, worker, session } = JSON.parse(line);
	assert.deepEqual(
		[issuedAt, originSha256, worker, session],
		["2026-11-21 10:00:00 UTC", origin, 2, "5e55101234567890"],
	);
	assert.deepEqual([...showIssuance(world, request({ serial: "0c" }, true))], []);
});

test("a name of a server cannot move the cursor", async (t) => {
	const world = await commandWorld(t);
	storeSessions(world);
	storeEvents(world, issued(["\u001b[2Jshop.example\nforged line"], "0A"));
	const text = [...showIssuance(world, request())].join("");
	assert.ok(text.includes(String.raw`\x1b[2Jshop.example\nforged line`), text);
});
