import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { textIdentity } from "#ike/auth/identity.ts";
import { ikeProposal, withAdditional } from "#ike/crypto/proposal.ts";
import { passwordHash } from "#ike/eap/ms-chap-v2.ts";
import type { Connection } from "#ike/v2/connection.ts";
import {
	addressB,
	addressOf,
	bringUp,
	childConfig,
	connection,
	makePair,
	type NetworkOptions,
} from "../../../test/support/ike-network.ts";
import { makeCertificate } from "../../../test/support/make-certificate.ts";

const made = makeCertificate({ names: ["gw.example"] });

/** A user at `a`, a gateway at `b` that knows ann. */
function userPair(
	name: string,
	password: string,
	options: NetworkOptions = {},
	more: Partial<Connection> = {},
	settings = {},
	ofB: Partial<Connection> = {},
) {
	const judge = () => ({ kind: "trusted", publicKey: made.publicKey, path: [] }) as const;
	const pair = makePair(options, {
		settings,
		a: {
			localIdentity: textIdentity("192.0.2.1"),
			localAuthentication: { kind: "eap", name, hash: passwordHash(password) },
			remoteAuthentication: { kind: "certificate", judge, authorities: new Uint8Array(0) } as never,
			remoteIdentity: { kind: "exactly", identity: textIdentity("gw.example") },
			...more,
		},
		b: {
			remote: undefined,
			remoteIdentity: { kind: "danger-any" },
			localIdentity: textIdentity("gw.example"),
			localAuthentication: { kind: "certificate", certificates: [made.der], publicKey: made.publicKey },
			remoteAuthentication: { kind: "eap", passwords: new Map([["ann", passwordHash("correct horse")]]) },
			...(more.proposals && { proposals: more.proposals }),
			...ofB,
		},
	});
	pair.b.signer = made.privateKey;
	return pair;
}

test("a user with the right password is let in behind the gateway's certificate, and is who the association is of", () => {
	const { network, a, b } = userPair("ann", "correct horse");
	bringUp(network, a);
	assert.deepEqual([a.installed.size, b.installed.size], [1, 1], `${a.reports} ${b.reports}`);
	assert.equal(b.endpoint.describe()[0]?.identity, "ann");
	assert.equal(a.endpoint.describe()[0]?.identity, "gw.example");
	network.give(a, { type: "rekey-wanted", connection: "peer" });
	network.run(2_000);
	assert.equal(b.endpoint.describe().find(({ phase }) => phase === "established")?.identity, "ann");
});

test("EAP goes behind further key exchanges, over a network that loses, repeats and reorders", () => {
	const proposals = [withAdditional(ikeProposal("aes-256-gcm", "sha-256", "group19"), ["ml-kem-768"])];
	for (let seed = 0; seed < 12; seed++) {
		const options = { seed: `eap ${seed}`, lost: 120, repeated: 200, delay: [1, 300] as const };
		const { network, a, b } = userPair("ann", "correct horse", options, { proposals });
		bringUp(network, a, 40_000);
		network.lost = 0;
		if (a.installed.size === 0 || b.installed.size === 0) bringUp(network, a, 60_000);
		assert.ok(a.installed.size === 1 && b.installed.size >= 1, `${seed} ${a.reports} ${b.reports}`);
	}
});

test("a wrong password is refused: nothing is installed, nothing secret is reported", () => {
	const { network, a, b } = userPair("ann", "wrong horse");
	bringUp(network, a);
	assert.equal(a.installed.size + b.installed.size, 0);
	assert.match(a.reports.join(), /the peer refuses the user/);
	assert.match(b.reports.join(), /user ann is not known or has another password/);
	assert.doesNotMatch(a.reports.join() + b.reports.join(), /horse/);
	assert.deepEqual([a.phases, b.phases], [["closed"], ["closed"]]);
});

test("guessing passwords: after five wrong ones an address is not asked any more, and is again after a minute", () => {
	const { network, a, b } = userPair("ann", "wrong");
	for (let count = 0; count < 7; count++) bringUp(network, a, 2_000);
	assert.equal(b.reports.filter((one) => one.includes("another password")).length, 5);
	assert.equal(b.reports.filter((one) => one.includes("too many wrong passwords")).length, 2);
	network.run(60_000);
	bringUp(network, a, 2_000);
	assert.equal(b.reports.filter((one) => one.includes("another password")).length, 6);
});

/** As many users as are wanted, who guess from one address at once. */
function crowdOf(
	count: number,
	settings = {},
	password = "wrong",
	ofB: Partial<Connection> = {},
	users: readonly string[] = [],
) {
	const pair = userPair("ann", password, {}, {}, settings, ofB);
	const judge = () => ({ kind: "trusted", publicKey: made.publicKey, path: [] }) as const;
	const connections = Array.from({ length: count }, (_, index) =>
		connection("192.0.2.1", addressB, {
			name: `peer${index}`,
			localIdentity: textIdentity("192.0.2.1"),
			localAuthentication: { kind: "eap", name: users[index] ?? "ann", hash: passwordHash(password) },
			remoteAuthentication: { kind: "certificate", judge, authorities: new Uint8Array(0) } as never,
			remoteIdentity: { kind: "exactly", identity: textIdentity("gw.example") },
			children: [childConfig("10.1.0.0/16", "10.2.0.0/16")],
		}),
	);
	pair.network.give(pair.a, { type: "connections-changed", connections });
	const begin = (milliseconds = 0) => {
		for (const { name } of connections) {
			pair.network.give(pair.a, { type: "tunnel-wanted", connection: name, child: "lan" });
			if (milliseconds > 0) pair.network.run(milliseconds);
		}
	};
	return { ...pair, begin };
}

test("guessing passwords: many negotiations at once try no more than one behind the other", () => {
	const { network, b, begin } = crowdOf(12);
	begin();
	network.run(3_000);
	assert.equal(b.reports.filter((one) => one.includes("another password")).length, 5);
	assert.equal(b.reports.filter((one) => one.includes("too many wrong passwords")).length, 7);
});

test("guessing passwords: a guess with a forged source counts against who began, not against whom it names", () => {
	const { network, a, b } = userPair("ann", "wrong");
	for (let count = 0; count < 7; count++) {
		network.meddler = (datagram, from) => {
			const isBehindAuth = from === a && (datagram[23] as number) >= 2;
			if (isBehindAuth)
				network.translated.set("192.0.2.1", { address: addressOf(`203.0.113.${count + 1}`), portShift: 0 });
			return datagram;
		};
		bringUp(network, a, 2_000);
		network.translated.clear();
	}
	assert.equal(b.reports.filter((one) => one.includes("another password")).length, 5);
	assert.equal(b.reports.filter((one) => one.includes("too many wrong passwords")).length, 2);
});

test("no more users at once than the gateway may have, however many begin before the first is let in", () => {
	const users = Array.from({ length: 5 }, (_, index) => `ann${index}`);
	const passwords = new Map(users.map((user) => [user, passwordHash("correct horse")]));
	const remoteAuthentication = { kind: "eap", passwords } as const;
	const { network, b, begin } = crowdOf(5, {}, "correct horse", { maxAssociations: 2, remoteAuthentication }, users);
	begin(8);
	network.run(3_000);
	assert.equal(b.phases.filter((phase) => phase === "established").length, 2);
	assert.match(b.reports.join(), /there are 2 associations already/);
});

test("strangers whom nobody has let in take no place of a gateway's limit", () => {
	const { network, a, b } = userPair("ann", "correct horse", {}, {}, {}, { maxAssociations: 1 });
	b.signingTime = 2_000;
	const stranger = network.add("s", "192.0.2.9", [
		connection("192.0.2.9", addressB, {
			localIdentity: textIdentity("192.0.2.9"),
			localAuthentication: { kind: "eap", name: "ann", hash: passwordHash("wrong") },
			remoteIdentity: { kind: "exactly", identity: textIdentity("gw.example") },
			children: [childConfig("10.1.0.0/16", "10.2.0.0/16")],
		}),
	]);
	bringUp(network, stranger, 500);
	bringUp(network, a, 10_000);
	assert.equal(b.phases.filter((phase) => phase === "established").length, 1, b.reports.join());
});

test("who goes on with forged sources begins no more negotiations at once than others", () => {
	const { network, a, b, begin } = crowdOf(12, { maxHalfOpenFromOne: 2 });
	network.meddler = (datagram, from) => {
		network.translated.clear();
		const isLater = (datagram[23] as number) >= 1;
		if (isLater && from === a) network.translated.set("192.0.2.1", { address: addressOf("203.0.113.1"), portShift: 0 });
		return isLater && from === b ? undefined : datagram;
	};
	begin();
	network.run(1_000);
	const others = b.endpoint.describe().length;
	begin();
	network.run(1_000);
	assert.ok(others <= 4 && b.endpoint.describe().length <= 4, `${others} ${b.endpoint.describe().length}`);
});

test("a peer that authenticates itself by a key or by nothing, where a user is expected, is refused", () => {
	const key = connection("192.0.2.1", addressB).localAuthentication;
	const { network, a, b } = userPair("ann", "correct horse", {}, { localAuthentication: key });
	bringUp(network, a);
	assert.match(b.reports.join(), /authenticates itself; expected a user by EAP/);
	// The other way round: a gateway without users is asked for EAP.
	const plain = makePair({}, { a: { localAuthentication: { kind: "eap", name: "ann", hash: passwordHash("x") } } });
	bringUp(plain.network, plain.a);
	assert.match(plain.b.reports.join(), /sent no authentication/);
	assert.equal(plain.a.installed.size + plain.b.installed.size, 0);
});

test("INITIAL_CONTACT of one user throws no other out, whatever both say that they are", () => {
	const { network, a, b } = userPair("ann", "correct horse");
	bringUp(network, a);
	assert.equal(b.phases.filter((phase) => phase === "established").length, 1);
	const passwords = new Map(["ann", "bob"].map((name) => [name, passwordHash("correct horse")]));
	const [of] = [b.endpoint.describe()[0]];
	assert.equal(of?.identity, "ann");
	const next = connection(addressB, undefined, {
		localIdentity: textIdentity("gw.example"),
		localAuthentication: { kind: "certificate", certificates: [made.der], publicKey: made.publicKey },
		remoteAuthentication: { kind: "eap", passwords },
		children: [childConfig("10.2.0.0/16", "10.1.0.0/16")],
	});
	network.give(b, { type: "connections-changed", connections: [next] });
	network.run(1_000);
	assert.deepEqual(b.phases, ["established"]);
	const judge = () => ({ kind: "trusted", publicKey: made.publicKey, path: [] }) as const;
	const bob = network.add("bob", "192.0.2.3", [
		connection("192.0.2.3", addressB, {
			// The same identity as the other user's.
			localIdentity: textIdentity("192.0.2.1"),
			localAuthentication: { kind: "eap", name: "bob", hash: passwordHash("correct horse") },
			remoteAuthentication: { kind: "certificate", judge, authorities: new Uint8Array(0) } as never,
			remoteIdentity: { kind: "exactly", identity: textIdentity("gw.example") },
			children: [childConfig("10.1.0.0/16", "10.2.0.0/16")],
		}),
	]);
	bringUp(network, bob);
	assert.deepEqual(
		b.endpoint.describe().map(({ identity, phase }) => `${identity} ${phase}`),
		["ann established", "bob established"],
	);
});

test("a user that is taken away, or has another password now, is thrown out; the others stay", () => {
	const { network, a, b } = userPair("ann", "correct horse");
	bringUp(network, a);
	const changed = (entries: readonly (readonly [string, string])[]) =>
		connection(addressB, undefined, {
			localIdentity: textIdentity("gw.example"),
			localAuthentication: { kind: "certificate", certificates: [made.der], publicKey: made.publicKey },
			remoteAuthentication: {
				kind: "eap",
				passwords: new Map(entries.map(([name, word]) => [name, passwordHash(word)])),
			},
			children: [childConfig("10.2.0.0/16", "10.1.0.0/16")],
		});
	network.give(b, {
		type: "connections-changed",
		connections: [
			changed([
				["ann", "correct horse"],
				["bob", "x"],
			]),
		],
	});
	network.run(1_000);
	assert.deepEqual(b.phases, ["established"]);
	network.give(b, { type: "connections-changed", connections: [changed([["ann", "another horse"]])] });
	network.run(1_000);
	assert.deepEqual([a.installed.size, b.installed.size], [0, 0]);
});

test("datagrams of a run with octets changed, lost and put in another order let nobody in with a wrong password", () => {
	const change = fc.record({ at: fc.nat(900), to: fc.nat(255), drop: fc.boolean() });
	fc.assert(
		fc.property(fc.array(change, { minLength: 1, maxLength: 8 }), (changes) => {
			const { network, a, b } = userPair("ann", "wrong horse", { delay: [1, 60], repeated: 200 });
			let count = 0;
			network.meddler = (datagram) => {
				const one = changes[count++ % changes.length];
				if (one === undefined || count % 2 === 0) return datagram;
				if (one.drop) return undefined;
				const changed = Uint8Array.from(datagram);
				changed[one.at % changed.length] = one.to;
				return changed;
			};
			bringUp(network, a, 40_000);
			assert.equal(b.installed.size + a.installed.size, 0);
			assert.equal(b.count("ike-established"), 0);
		}),
		{ numRuns: 30 },
	);
});
