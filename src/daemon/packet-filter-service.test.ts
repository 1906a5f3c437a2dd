import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { FaultError } from "#base/fault.ts";
import { PacketFilterService } from "#daemon/packet-filter-service.ts";
import { PacketFilter } from "#firewall/apply-shell.ts";
import type { GatewayEvent } from "#telemetry/event-table.ts";
import { configOf } from "../../test/support/config-text.ts";
import { makeNamespaces, type Namespace, requireNamespaces } from "../../test/support/namespaces.ts";
import { peerPath, requireRoot } from "../../test/support/peers.ts";

const listener = "services { gateway { transparent lan { listen 15443; interfaces eth1.0; } } }";
/** Loopback is a device that every host has. */
const zones = `interfaces { lo0 { unit 0; } } security { zones { security-zone here { interfaces { lo0.0; } } }
	policies { global { policy night { match { source-address any; destination-address any; application any; } then { deny; } scheduler-name night; } } } }
	schedulers { scheduler night { daily { start-time 20:00 stop-time 23:00; } } }`;
const noon = new Date(2026, 0, 5, 12).getTime();

interface World {
	readonly host: Namespace;
	readonly service: PacketFilterService;
	readonly events: GatewayEvent[];
	now: number;
}

/** A service whose rules are those of a namespace of its own, or of `beside`. */
async function makeWorld(t: TestContext, beside?: World): Promise<World> {
	let service: PacketFilterService | undefined;
	// Before the namespace is gone.
	t.after(() => service?.stop());
	const host = beside?.host ?? ((await makeNamespaces(t, ["host"]))[0] as Namespace);
	const directory = mkdtempSync(join(tmpdir(), "filter-"));
	t.after(() => rmSync(directory, { recursive: true, force: true }));
	const events: GatewayEvent[] = [];
	const filter = new PacketFilter(directory, (words) => host.inside(words));
	const world = { host, events, now: noon };
	service = new PacketFilterService({
		filter,
		event: (event) => events.push(event),
		now: () => world.now,
		holderName: `test ${process.pid} ${host.processId}`,
	});
	return Object.assign(world, { service });
}

const rulesOf = ({ host }: World) => host.run([peerPath("nft"), "list", "ruleset"]);
const ids = ({ events }: World) => events.map(({ id }) => id);

test("a configuration comes into force, can be taken back, and nothing is left at the end", async (t) => {
	if (!isRootHere(t)) return;
	const world = await makeWorld(t);
	await world.service.start();
	await world.service.check(configOf(listener));
	assert.equal(rulesOf(world), "");
	await world.service.apply(configOf(listener));
	const first = rulesOf(world);
	assert.match(first, /tproxy/);
	const undo = await world.service.apply(configOf(listener.replace("15443", "15444")));
	assert.match(rulesOf(world), /15444/);
	await undo();
	assert.equal(rulesOf(world), first);
	await world.service.stop();
	assert.equal(rulesOf(world), "");
	assert.deepEqual(ids(world), ["PACKET_FILTER_CHANGED", "PACKET_FILTER_CHANGED"]);
});

test("what a killed gateway left is taken away at the next start and told", async (t) => {
	if (!isRootHere(t)) return;
	const first = await makeWorld(t);
	await first.service.start();
	await first.service.apply(configOf(listener));
	// Its hold on the packet filter ends with its process; here it is let go by hand, and the rules stay.
	first.service.release();
	const next = await makeWorld(t, first);
	await next.service.start();
	assert.equal(rulesOf(next), "");
	assert.deepEqual(ids(next), ["PACKET_FILTER_CLEANED"]);
});

test("a second gateway of the host leaves the packet filter alone and says so", async (t) => {
	if (!isRootHere(t)) return;
	const first = await makeWorld(t);
	await first.service.start();
	await first.service.apply(configOf(listener));
	const second = await makeWorld(t, first);
	await second.service.start();
	assert.match(rulesOf(first), /tproxy/);
	await second.service.check(configOf(""));
	await assert.rejects(second.service.check(configOf(listener)), (error) => {
		assert.ok(error instanceof FaultError);
		assert.equal(error.fault.code, "PACKET_FILTER_UNAVAILABLE");
		assert.match(error.message, /another gateway of this host holds it; stop that one$/);
		return true;
	});
	await second.service.apply(configOf(zones));
	assert.deepEqual(ids(second), ["FORWARDED_NOT_FILTERED"]);
});

test("a table that another program took away is put back and told", async (t) => {
	if (!isRootHere(t)) return;
	const world = await makeWorld(t);
	await world.service.start();
	await world.service.apply(configOf(listener));
	world.host.run([peerPath("nft"), "flush ruleset"]);
	await world.service.look();
	assert.match(rulesOf(world), /tproxy/);
	assert.deepEqual(ids(world), ["PACKET_FILTER_CHANGED", "PACKET_FILTER_LOST"]);
});

test("schedulers are followed without a commit, and policies in force are counted", async (t) => {
	if (!isRootHere(t)) return;
	const world = await makeWorld(t);
	await world.service.start();
	await world.service.apply(configOf(zones));
	assert.doesNotMatch(rulesOf(world), /comment "night"/);
	await world.service.look();
	world.now = new Date(2026, 0, 5, 21).getTime();
	await world.service.look();
	assert.match(rulesOf(world), /comment "night"/);
	assert.deepEqual(await world.service.hits(), new Map([["night", 0]]));
});

test("a policy that the kernel cannot be told is named once, and the others stay out", async (t) => {
	if (!isRootHere(t)) return;
	const world = await makeWorld(t);
	await world.service.start();
	const named = zones
		.replace("destination-address any", "destination-address site")
		.replace("security {", "security { address-book { global { address site dns-name www.example; } }")
		.replace(" scheduler-name night;", "");
	await world.service.apply(configOf(named));
	await world.service.apply(configOf(named));
	assert.equal(rulesOf(world), "");
	assert.deepEqual(
		world.events.map(({ fields }) => fields),
		[{ reason: "policy night: the addresses of www.example are not known" }],
	);
	await world.service.apply(configOf(`${named} system { static-host-mapping www.example inet 192.0.2.1; }`));
	assert.match(rulesOf(world), /192\.0\.2\.1/);
});

/** The hold is of the namespace of this process, and asks for a privilege in it. */
function isRootHere(t: TestContext): boolean {
	return requireNamespaces(t, ["nft"]) && requireRoot(t, "the packet filter's holder must be root");
}
