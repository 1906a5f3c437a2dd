import assert from "node:assert/strict";
import { test } from "node:test";
import { type Address, type Prefix, parseAddress, parsePrefix } from "#base/address.ts";
import { QuarantineList, type QuarantineSettings } from "#inspect/quarantine-list.ts";
import { AddressSet } from "#policy/address-set.ts";

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
