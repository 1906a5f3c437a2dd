import assert from "node:assert/strict";
import { test } from "node:test";
import { type Address, parseAddress } from "#base/address.ts";
import { Secret } from "#base/secret.ts";
import { ProxyUsers } from "#proxy/proxy-users.ts";

/** `openssl passwd -6 -salt saltstring 'Hello world!'` */
const hash = "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1";
const right = new Secret("Hello world!");
const wrong = new Secret("hello world!");
const client = parseAddress("192.0.2.7") as Address;
const another = parseAddress("192.0.2.8") as Address;
const users = () =>
	new ProxyUsers(
		new Map([
			["alice", new Secret(hash)],
			["nobody", new Secret("*")],
		]),
		Buffer.alloc(32, 7),
	);

test("the right password is accepted, and known again; another, another user and a closed one are not", () => {
	const checked = users();
	for (const now of [0, 1, 2]) assert.equal(checked.check(client, "alice", right, now), "accepted");
	assert.equal(checked.check(client, "alice", wrong, 3), "refused");
	assert.equal(checked.check(client, "bob", right, 4), "refused");
	assert.equal(checked.check(client, "nobody", right, 5), "refused");
	assert.equal(checked.check(client, "alice", right, 6), "accepted");
});

test("after five wrong passwords a client is held, each time twice as long; others are not", () => {
	const checked = users();
	for (let now = 0; now < 5; now++) assert.equal(checked.check(client, "alice", wrong, now), "refused");
	assert.equal(checked.check(client, "alice", right, 1_000), "held");
	assert.equal(checked.check(another, "alice", right, 1_000), "accepted");
	assert.equal(checked.check(client, "alice", wrong, 6_000), "refused");
	assert.equal(checked.check(client, "alice", right, 15_000), "held");
	assert.equal(checked.check(client, "alice", right, 17_000), "accepted");
});

test("clients of one network of IPv6 are one client", () => {
	const checked = users();
	for (let index = 0; index < 5; index++)
		checked.check(parseAddress(`2001:db8::${index + 1}`) as Address, "alice", wrong, index);
	assert.equal(checked.check(parseAddress("2001:db8::ffff") as Address, "alice", right, 10), "held");
	assert.equal(checked.check(parseAddress("2001:db8:0:1::1") as Address, "alice", right, 10), "accepted");
});

test("a worker spends its time on so many passwords a second, and known ones cost nothing", () => {
	const checked = users();
	assert.equal(checked.check(another, "alice", right, 10_000), "accepted");
	const verdicts = Array.from({ length: 40 }, (_, index) =>
		checked.check(parseAddress(`198.51.100.${index + 1}`) as Address, "alice", wrong, 10_000),
	);
	assert.equal(verdicts.filter((verdict) => verdict === "refused").length, 19);
	assert.equal(verdicts.at(-1), "held");
	assert.equal(checked.check(another, "alice", right, 10_000), "accepted");
	assert.equal(checked.check(parseAddress("198.51.100.99") as Address, "alice", wrong, 11_000), "refused");
});
