import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { FaultError } from "#base/fault.ts";
import { hostDevices, hostFamilies, mayChangePacketFilter, PacketFilter } from "#firewall/apply-shell.ts";
import { compilePacketFilter, type PacketFilterPlan } from "#firewall/packet-filter.ts";
import { configOf } from "../../test/support/config-text.ts";
import { makeNamespaces, type Namespace, requireNamespaces } from "../../test/support/namespaces.ts";
import { peerPath } from "../../test/support/peers.ts";

const lan = "services { gateway { transparent lan { listen 15443; interfaces eth1.0; } } }";
const other = lan.replace("15443", "15444");
const families = ["ipv4", "ipv6"] as const;

function planOf(text: string): PacketFilterPlan {
	const facts = { now: 0, resolved: new Map(), devices: new Set<string>(), families, ownMark: 7 };
	return compilePacketFilter(configOf(text), facts);
}

interface World {
	readonly host: Namespace;
	readonly directory: string;
	readonly filter: PacketFilter;
}

async function makeWorld(t: TestContext): Promise<World> {
	const [host] = (await makeNamespaces(t, ["host"])) as [Namespace];
	const directory = mkdtempSync(join(tmpdir(), "filter-"));
	t.after(() => rmSync(directory, { recursive: true, force: true }));
	return { host, directory, filter: new PacketFilter(directory, (words) => host.inside(words)) };
}

/** Everything that the kernel holds: rules of nft, rules and routes of both families. */
function kernel({ host }: Pick<World, "host">): string {
	const ip = peerPath("ip");
	const rules = families.map((family) => host.run([ip, family === "ipv4" ? "-4" : "-6", "rule", "show"])).join("");
	const routes = families.map((family) =>
		host.run([ip, family === "ipv4" ? "-4" : "-6", "route", "show", "table", "all"]),
	);
	return host.run([peerPath("nft"), "list", "ruleset"]) + rules + routes.join("");
}

test("rules and routing come in one step and go without a trace", async (t) => {
	if (!requireNamespaces(t, ["nft"])) return;
	const world = await makeWorld(t);
	const empty = kernel(world);
	await world.filter.check(planOf(lan));
	assert.equal(kernel(world), empty, "a check changes nothing");
	await world.filter.apply(planOf(lan));
	assert.match(kernel(world), /tproxy ip to 127\.0\.0\.1:15443/);
	assert.match(kernel(world), /23057:\s+from all fwmark 0x5a110001 lookup 23057/);
	assert.match(kernel(world), /local default dev lo table 23057/);
	await world.filter.apply(planOf(""));
	assert.equal(kernel(world), empty);
	assert.deepEqual(readdirSync(world.directory), []);
});

test("a change can be undone, and one that the kernel refuses has changed nothing", async (t) => {
	if (!requireNamespaces(t, ["nft"])) return;
	const world = await makeWorld(t);
	const empty = kernel(world);
	const broken = {
		...planOf(lan),
		ruleset: { nftables: [{ add: { rule: { family: "inet", table: "none", chain: "c", expr: [] } } }] },
	};
	await assert.rejects(
		world.filter.apply(broken),
		isFault("PACKET_FILTER_REFUSED", /^the packet filter was not changed: nft says: /),
	);
	assert.equal(kernel(world), empty);
	await world.filter.apply(planOf(lan));
	const first = kernel(world);
	const undo = await world.filter.apply(planOf(other));
	assert.match(kernel(world), /15444/);
	await assert.rejects(world.filter.apply(broken));
	assert.match(kernel(world), /15444/);
	await undo();
	assert.equal(kernel(world), first);
});

test("what a gateway left that was killed is found and taken away; what others made stays", async (t) => {
	if (!requireNamespaces(t, ["nft"])) return;
	const world = await makeWorld(t);
	world.host.run([peerPath("nft"), "add table inet theirs"]);
	world.host.ip("rule add pref 100 fwmark 1 lookup 100");
	const empty = kernel(world);
	assert.deepEqual(await world.filter.clean(families), []);
	await world.filter.apply(planOf(lan));
	const next = new PacketFilter(world.directory, (words) => world.host.inside(words));
	assert.deepEqual(await next.clean(families), [
		"table inet sallyport of nft",
		"rule and route of ip for marked packets of IPv4",
		"rule and route of ip for marked packets of IPv6",
	]);
	assert.equal(kernel(world), empty);
});

test("packets are counted, and a table that somebody took away is missed", async (t) => {
	if (!requireNamespaces(t, ["nft"])) return;
	const world = await makeWorld(t);
	assert.deepEqual(await world.filter.counters(), new Map());
	await world.filter.apply(planOf(lan));
	assert.deepEqual(await world.filter.counters(), new Map([["quic", 0]]));
	world.host.run([peerPath("nft"), "flush ruleset"]);
	assert.equal(await world.filter.counters(), undefined);
});

test("a program that is not there is told with its package", async (t) => {
	if (!requireNamespaces(t, ["nft"])) return;
	const { directory } = await makeWorld(t);
	const before = process.env.PATH;
	t.after(() => {
		process.env.PATH = before;
	});
	const programs = mkdtempSync(join(tmpdir(), "programs-"));
	t.after(() => rmSync(programs, { recursive: true, force: true }));
	process.env.PATH = programs;
	const filter = new PacketFilter(directory);
	await assert.rejects(
		filter.check(planOf(lan)),
		isFault("PACKET_FILTER_UNAVAILABLE", /^the program nft is not there; .*; install the package nftables$/),
	);
	assert.deepEqual(await filter.clean(families), []);
	symlinkSync("/bin/true", join(programs, "nft"));
	await assert.rejects(
		filter.apply(planOf(lan)),
		isFault("PACKET_FILTER_UNAVAILABLE", /install the package iproute2$/),
	);
});

test("without the privilege the remedy is told", async (t) => {
	if (!requireNamespaces(t, ["nft", "setpriv"])) return;
	const { host, directory } = await makeWorld(t);
	const drop = [peerPath("setpriv"), "--inh-caps=-all", "--bounding-set=-all"];
	const filter = new PacketFilter(directory, (words) => host.inside([...drop, ...words]));
	await assert.rejects(
		filter.check(planOf(lan)),
		isFault("PACKET_FILTER_UNAVAILABLE", /run the gateway as root or with CAP_NET_ADMIN$/),
	);
});

test("the host tells its devices, its families and whether it may be changed", () => {
	assert.ok(hostDevices().has("lo"));
	assert.ok(hostFamilies().includes("ipv4"));
	assert.equal(typeof mayChangePacketFilter(), "boolean");
});

function isFault(code: string, message: RegExp) {
	return (error: unknown) => {
		assert.ok(error instanceof FaultError);
		assert.equal(error.fault.code, code);
		assert.match(error.message, message);
		return true;
	};
}
