import assert from "node:assert/strict";
import { createSecretKey } from "node:crypto";
import { test } from "node:test";
import { textIdentity } from "#ike/auth/identity.ts";
import { addressA, addressB, bringUp, childConfig, connection, Network } from "../../../test/support/ike-network.ts";

const branch = (name: string, secret: string) => {
	const key = createSecretKey(Buffer.from(secret));
	return {
		localAuthentication: { kind: "shared-key", key },
		remoteAuthentication: { kind: "shared-key", key },
		name,
	} as const;
};

test("B24: of several connections from anywhere the peer's identity chooses, each with its own key", () => {
	const network = new Network();
	const hub = ["one", "two"].map((name) =>
		connection(addressB, undefined, {
			...branch(name, `secret of ${name}`),
			localIdentity: textIdentity("hub.example"),
			remoteIdentity: { kind: "exactly", identity: textIdentity(`${name}.example`) },
			children: [childConfig("10.2.0.0/16", "10.1.0.0/16")],
		}),
	);
	const spoke = connection(addressA, addressB, {
		...branch("peer", "secret of two"),
		localIdentity: textIdentity("two.example"),
		remoteIdentity: { kind: "exactly", identity: textIdentity("hub.example") },
		children: [childConfig("10.1.0.0/16", "10.2.0.0/16")],
	});
	const a = network.add("a", addressA, [spoke]);
	const b = network.add("b", addressB, hub);
	bringUp(network, a);
	assert.deepEqual(
		[...b.installed.values()].map((child) => child.connection),
		["two"],
	);
});

test("B24: an identity that nobody expects is refused without a word why; the report says it", () => {
	const network = new Network();
	const ofB = connection(addressB, addressA, {
		remoteIdentity: { kind: "exactly", identity: textIdentity("a.example") },
	});
	const ofA = connection(addressA, addressB, {
		localIdentity: textIdentity("x.example"),
		children: [childConfig("10.1.0.0/16", "10.2.0.0/16")],
	});
	const a = network.add("a", addressA, [ofA]);
	const b = network.add("b", addressB, [ofB]);
	bringUp(network, a);
	assert.match(b.reports.join(), /says it is x\.example, whom no connection expects/);
	assert.match(a.reports.join(), /AUTHENTICATION_FAILED/);
	assert.deepEqual([a.phases, b.phases], [["closed"], ["closed"]]);
});

test("a peer that begins and does not go on is forgotten after 30 s", () => {
	const network = new Network();
	const a = network.add("a", addressA, [
		connection(addressA, addressB, { children: [childConfig("10.1.0.0/16", "10.2.0.0/16")] }),
	]);
	const b = network.add("b", addressB, [connection(addressB, addressA)]);
	network.meddler = (datagram, from) => (from === b ? undefined : datagram);
	bringUp(network, a);
	assert.deepEqual(b.phases, ["expect-auth-request"]);
	network.run(300_000);
	assert.deepEqual(b.phases, []);
});

test("INITIAL_CONTACT of one peer leaves the others of the same connection alone", () => {
	const network = new Network();
	const ofHub = {
		remoteIdentity: { kind: "danger-any" },
		children: [childConfig("10.2.0.0/16", "10.0.0.0/8")],
	} as const;
	const hub = network.add("hub", addressB, [connection(addressB, undefined, ofHub)]);
	for (const [index, name] of ["one", "two"].entries()) {
		const address = `203.0.113.${index + 1}`;
		const spoke = connection(address, addressB, {
			localIdentity: textIdentity(`${name}.example`),
			children: [childConfig(`10.${index + 10}.0.0/16`, "10.2.0.0/16")],
		});
		bringUp(network, network.add(name, address, [spoke]));
	}
	assert.equal(hub.installed.size, 2);
});

test("no more peers of a gateway than its limit are let in; one that comes anew takes its own place", () => {
	const network = new Network();
	const ofHub = {
		remoteIdentity: { kind: "danger-any" },
		children: [childConfig("10.2.0.0/16", "10.0.0.0/8")],
		maxAssociations: 2,
	} as const;
	const hub = network.add("hub", addressB, [connection(addressB, undefined, ofHub)]);
	const join = (name: string, address: string) => {
		const spoke = connection(address, addressB, {
			localIdentity: textIdentity(`${name}.example`),
			children: [childConfig("10.9.0.0/16", "10.2.0.0/16")],
		});
		bringUp(network, network.add(name, address, [spoke]));
		return hub.installed.size;
	};
	assert.deepEqual([join("one", "203.0.113.1"), join("two", "203.0.113.2")], [1, 2]);
	assert.equal(join("three", "203.0.113.3"), 2);
	assert.match(hub.reports.join(), /there are 2 associations already, as many as its gateway may have/);
	assert.equal(join("two", "203.0.113.4"), 2);
	assert.equal(hub.count("ike-established"), 3);
});

test("INITIAL_CONTACT: what was left over from before goes", () => {
	const network = new Network();
	const children = [childConfig("10.1.0.0/16", "10.2.0.0/16")];
	const a = network.add("a", addressA, [connection(addressA, addressB, { children })]);
	const b = network.add("b", addressB, [
		connection(addressB, addressA, { children: [childConfig("10.2.0.0/16", "10.1.0.0/16")] }),
	]);
	bringUp(network, a);
	network.nodes.splice(network.nodes.indexOf(a), 1);
	const again = network.add("a again", addressA, [connection(addressA, addressB, { children })]);
	bringUp(network, again);
	assert.equal(b.installed.size, 1);
	assert.equal(b.phases.filter((phase) => phase === "established").length, 1);
	assert.match(b.reports.join(), /begun anew/);
});
