import assert from "node:assert/strict";
import { test } from "node:test";
import { type Address, parseAddress } from "#base/address.ts";
import { ipActionKey, ipActionTargets, kindOf } from "#inspect/ip-action.ts";

const place = {
	client: parseAddress("10.0.0.1") as Address,
	server: parseAddress("2001:db8::1") as Address,
	port: 443,
	zone: "trust",
};

test("a target names what connections have in common", () => {
	const keys = (Object.keys(ipActionTargets) as (keyof typeof ipActionTargets)[]).map((target) => [
		target,
		ipActionKey(target, place),
	]);
	assert.deepEqual(Object.fromEntries(keys), {
		"source-address": "10.0.0.1",
		"destination-address": "server 2001:db8::1",
		"source-zone": "zone trust",
		"source-zone-address": "zone trust client 10.0.0.1",
		"zone-service": "zone trust server 2001:db8::1 port 443",
		service: "client 10.0.0.1 server 2001:db8::1 port 443",
	});
});

test("what is not known of a connection has nothing in common with any", () => {
	const { client } = place;
	assert.equal(ipActionKey("source-zone", { client }), undefined);
	assert.equal(ipActionKey("service", { client, port: 443 }), undefined);
	assert.equal(ipActionKey("zone-service", { ...place, zone: undefined }), undefined);
	assert.equal(ipActionKey("source-address", { client }), "10.0.0.1");
});

test("what only notifies has a key of its own", () => {
	assert.equal(ipActionKey(kindOf({ action: "notify", target: "source-zone" }), place), "notify zone trust");
	assert.equal(ipActionKey(kindOf({ action: "close", target: "source-zone" }), place), "zone trust");
	assert.equal(ipActionKey("notify source-zone", { client: place.client }), undefined);
});
