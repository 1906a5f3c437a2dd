import assert from "node:assert/strict";
import { test } from "node:test";
import { type Address, type Prefix, parseAddress, parsePrefix } from "#base/address.ts";
import { type IpActionFacts, QuarantineList, type QuarantineSettings } from "#inspect/quarantine-list.ts";
import { AddressSet } from "#policy/address-set.ts";
import { ZoneTable } from "#policy/zone-table.ts";

const address = (text: string) => parseAddress(text) as Address;
const settings: QuarantineSettings = {
	hosts: [parsePrefix("10.9.0.0/16") as Prefix],
	exceptions: new AddressSet(),
	durationMs: 1_000,
	maximumHosts: 3,
	redirect: undefined,
};

test("a host is shut off until its time is over, and those of the configuration always", () => {
	const list = new QuarantineList(settings);
	assert.equal(list.add(address("10.0.0.1"), "signature 1", 500), true);
	assert.equal(list.find(address("10.0.0.1"), 499)?.why, "signature 1");
	assert.equal(list.find(address("10.0.0.1"), 500), undefined);
	assert.deepEqual(list.entries(500), []);
	assert.equal(list.find(address("10.9.8.7"), 1e15)?.until, Number.POSITIVE_INFINITY);
	assert.equal(list.find(address("10.0.0.2"), 0), undefined);
});

test("exceptions are never shut off, by whatever", () => {
	const exceptions = new AddressSet();
	exceptions.addPrefix(parsePrefix("10.9.0.1/32") as Prefix, "server");
	const list = new QuarantineList({ ...settings, exceptions });
	assert.equal(list.add(address("10.9.0.1"), "x", 10), false);
	assert.equal(list.find(address("10.9.0.1"), 0), undefined);
	list.replace([{ address: "10.9.0.1", why: "x", until: 10 }]);
	assert.equal(list.find(address("10.9.0.1"), 0), undefined);
});

test("a server that is an exception is not shut off for all of a zone, either", () => {
	const exceptions = new AddressSet();
	exceptions.addPrefix(parsePrefix("192.0.2.1/32") as Prefix, "server");
	const list = new QuarantineList({ ...settings, exceptions });
	const server = address("192.0.2.1");
	for (const target of ["destination-address", "zone-service"] as const)
		assert.equal(list.add(address("10.0.0.1"), "x", 10, { ...ipAction, target }, server), false, target);
	assert.equal(list.add(address("10.0.0.1"), "x", 10, ipAction, server), true);
});

test("the oldest goes when there are too many; one that is shut off again counts as new", () => {
	const list = new QuarantineList(settings);
	for (const last of [1, 2, 3, 1, 4]) list.add(address(`10.0.0.${last}`), "x", 100);
	assert.deepEqual(
		list.entries(0).map((entry) => entry.address),
		["10.0.0.3", "10.0.0.1", "10.0.0.4"],
	);
	list.configure({ ...settings, maximumHosts: 1 });
	assert.equal(list.entries(0).length, 1);
});

test("one host is let go, or all", () => {
	const list = new QuarantineList(settings);
	for (const last of [1, 2]) list.add(address(`10.0.0.${last}`), "x", 100);
	assert.deepEqual([list.clear("10.0.0.1"), list.clear("10.0.0.1"), list.clear()], [1, 0, 1]);
});

const ipAction: IpActionFacts = {
	action: "close",
	target: "service",
	key: "client 10.0.0.1 server 192.0.2.1 port 443",
	timeoutMs: 100,
	isLogged: false,
	isRefreshed: false,
};
const place = { server: address("192.0.2.1"), port: 443 };
const client = address("10.0.0.1");

test("what an ip-action means is shut off and nothing else, in silence or not", () => {
	const list = new QuarantineList(settings);
	list.add(client, "signature 1", 100, ipAction);
	assert.deepEqual(list.find(client, 0, place), {
		until: 100,
		why: "signature 1",
		isSilent: false,
		what: ipAction.key,
	});
	for (const other of [undefined, { ...place, port: 80 }, { ...place, server: client }])
		assert.equal(list.find(client, 0, other), undefined);
	assert.equal(list.find(address("10.0.0.2"), 0, place), undefined);
	list.add(client, "signature 2", 100, { ...ipAction, action: "block", target: "source-address", key: "10.0.0.1" });
	assert.deepEqual(list.find(client, 0), { until: 100, why: "signature 2", isSilent: true });
});

test("one that only notifies refuses nobody, is counted, and takes no place of one that refuses", () => {
	const list = new QuarantineList(settings);
	const hosts = { ...ipAction, target: "source-address", key: "10.0.0.1" } as const;
	list.add(client, "refused", 100, hosts);
	list.add(client, "noted", 100, { ...hosts, action: "notify", key: "notify 10.0.0.1" });
	assert.equal(list.find(client, 0)?.why, "refused");
	list.meet(client, 0);
	list.meet(client, 0);
	assert.deepEqual(list.takeUses(), [
		{ key: "10.0.0.1", count: 2, until: 100 },
		{ key: "notify 10.0.0.1", count: 2, until: 100 },
	]);
	assert.deepEqual(list.takeUses(), []);
	list.clear("10.0.0.1", ({ why }) => why === "refused");
	assert.equal(list.find(client, 0), undefined);
});

test("with refresh-timeout the time begins again at each connection, and elsewhere when it is told", () => {
	const [here, there] = [new QuarantineList(settings), new QuarantineList(settings)];
	for (const list of [here, there]) list.add(client, "x", 100, { ...ipAction, isRefreshed: true });
	here.meet(client, 90, place);
	const [use] = here.takeUses();
	assert.deepEqual(use, { key: ipAction.key, count: 1, until: 190 });
	assert.equal(here.find(client, 150, place)?.until, 190);
	assert.ok(use !== undefined);
	assert.equal(there.used(use, 95)?.until, 190);
	// Nobody makes it last longer than from now on.
	assert.equal(there.used({ ...use, until: 1e12 }, 95)?.until, 195);
	assert.equal(there.used({ ...use, key: "another" }, 95), undefined);
	assert.equal(there.used(use, 1_000), undefined);
});

test("the zone of a client is that of its address where nothing else tells it", () => {
	const zones = new ZoneTable([{ prefix: parsePrefix("10.0.0.0/24") as Prefix, zone: "trust" }]);
	const list = new QuarantineList({ ...settings, zones });
	list.add(client, "x", 100, { ...ipAction, target: "source-zone", key: "zone trust" });
	assert.equal(list.find(address("10.0.0.200"), 0)?.what, "zone trust");
	assert.equal(list.find(address("10.0.1.1"), 0), undefined);
	assert.equal(list.find(address("10.0.1.1"), 0, { zone: "trust" })?.what, "zone trust");
});

test("a server that is an exception is not shut off for others", () => {
	const exceptions = new AddressSet();
	exceptions.addPrefix(parsePrefix("192.0.2.1/32") as Prefix, "server");
	const list = new QuarantineList({ ...settings, exceptions });
	const target = { ...ipAction, target: "destination-address", key: "server 192.0.2.1" } as const;
	assert.equal(list.add(client, "x", 100, target, place.server), false);
	assert.equal(list.add(client, "x", 100, { ...target, key: "server 192.0.2.2" }, address("192.0.2.2")), true);
});

test("however many kinds there are, the oldest goes first", () => {
	const list = new QuarantineList(settings);
	for (let port = 1; port <= 5; port++)
		list.add(client, "x", 100, { ...ipAction, key: `client 10.0.0.1 server 192.0.2.1 port ${port}` });
	assert.equal(list.entries(0).length, settings.maximumHosts);
	assert.equal(list.find(client, 0, { ...place, port: 1 }), undefined);
	assert.equal(list.find(client, 0, { ...place, port: 5 })?.why, "x");
});
