import assert from "node:assert/strict";
import { createSecretKey } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { ikeProposal } from "#ike/crypto/proposal.ts";
import { danger_decryptionLine } from "#ike/decryption-table.ts";
import { Endpoint } from "#ike/endpoint.ts";
import { defaultSettings } from "#ike/v2/settings.ts";
import { encodeMessage } from "#ike/wire/message.ts";
import { notifyType } from "#ike/wire/notify-type.ts";
import { heads, payloads } from "../../test/support/ike-arbitraries.ts";
import {
	addressA,
	addressB,
	addressOf,
	bringUp,
	childConfig,
	connection,
	makePair,
	Network,
} from "../../test/support/ike-network.ts";
import { seededRandom } from "../../test/support/seeded-random.ts";

const pathFrom = (address: string, port = 500) => ({
	local: { address: addressOf(addressB), port: 500 },
	remote: { address: addressOf(address), port },
});

/** First messages of many initiators that never go on. */
function firstMessages(count: number): readonly Uint8Array[] {
	const datagrams: Uint8Array[] = [];
	for (let index = 0; index < count; index++) {
		const network = new Network({ seed: `stranger ${index}` });
		const children = [childConfig("10.1.0.0/16", "10.2.0.0/16")];
		const node = network.add("x", addressA, [connection(addressA, addressB, { children })]);
		network.meddler = (datagram) => {
			datagrams.push(datagram);
			return undefined;
		};
		network.give(node, { type: "tunnel-wanted", connection: "peer", child: "lan" });
	}
	return datagrams;
}

test("B11: under load nothing is kept for a stranger before it brings a cookie, and the answer is shorter than the question", () => {
	const endpoint = new Endpoint(
		[connection(addressB, undefined)],
		{ ...defaultSettings, cookieThreshold: 4 },
		seededRandom("b"),
	);
	const sizes: [number, number][] = [];
	for (const datagram of firstMessages(40)) {
		const effects = endpoint.step({ type: "datagram-received", path: pathFrom("203.0.113.7"), datagram }, 1_000);
		for (const effect of effects)
			if (effect.type === "send-datagram") sizes.push([datagram.length, effect.datagram.length]);
	}
	assert.equal(endpoint.describe().length, 4);
	assert.equal(endpoint.counters.cookieChallenges, 36);
	for (const [question, answer] of sizes.slice(4)) assert.ok(answer < question);
});

test("B11: a peer that brings the cookie comes up all the same", () => {
	const { network, a, b } = makePair({}, { settings: { cookieThreshold: 0 } });
	bringUp(network, a);
	assert.equal(network.sent, 6);
	assert.deepEqual([a.installed.size, b.installed.size], [1, 1]);
});

test("beyond its capacity strangers are not answered at all, and what stands goes on", () => {
	const { network, a, b } = makePair({}, { settings: { maxHalfOpen: 3, cookieThreshold: 1_000 } });
	bringUp(network, a);
	for (const datagram of firstMessages(10))
		network.give(b, { type: "datagram-received", path: pathFrom(addressA, 777), datagram });
	assert.equal(b.endpoint.describe().length, 4);
	assert.equal(b.endpoint.counters.overloaded, 7);
	network.give(a, { type: "child-worn-out", inboundSpi: [...a.installed.keys()][0] ?? 0 });
	network.run(1_000);
	assert.equal(b.count("child-rekeyed"), 1);
});

test("a first message that comes again finds its answer, the same octets, and no second association", () => {
	const endpoint = new Endpoint([connection(addressB, undefined)], defaultSettings, seededRandom("b"));
	const [datagram] = firstMessages(1);
	assert.ok(datagram !== undefined);
	const event = { type: "datagram-received", path: pathFrom(addressA), datagram } as const;
	const [first] = endpoint.step(event, 0);
	const [second] = endpoint.step(event, 10);
	assert.deepEqual(first, second);
	assert.equal(endpoint.describe().length, 1);
});

test("strangers that are refused are counted, and told of once a second", () => {
	const proposals = [ikeProposal("aes-128-cbc", "sha1", "group2")];
	const endpoint = new Endpoint([connection(addressB, undefined, { proposals })], defaultSettings, seededRandom("b"));
	let reports = 0;
	for (const datagram of firstMessages(20))
		for (const effect of endpoint.step({ type: "datagram-received", path: pathFrom(addressA), datagram }, 5_000))
			if (effect.type === "report") reports++;
	assert.deepEqual([reports, endpoint.counters.refused], [1, 20]);
});

test("a stranger at an address that no connection is for is not answered", () => {
	const endpoint = new Endpoint([connection(addressB, addressA)], defaultSettings, seededRandom("b"));
	const [datagram] = firstMessages(1);
	assert.ok(datagram !== undefined);
	assert.deepEqual(endpoint.step({ type: "datagram-received", path: pathFrom("203.0.113.7"), datagram }, 0), []);
	assert.equal(endpoint.counters.refused, 1);
});

test("B10: a peer that starts IKEv1 is not answered; a later version is told which one we speak", () => {
	const endpoint = new Endpoint([connection(addressB, undefined)], defaultSettings, seededRandom("b"));
	const [datagram] = firstMessages(1);
	assert.ok(datagram !== undefined);
	const withVersion = (version: number) => {
		const changed = Uint8Array.from(datagram);
		changed[17] = version;
		return endpoint.step({ type: "datagram-received", path: pathFrom(addressA), datagram: changed }, 0);
	};
	assert.deepEqual(withVersion(0x10), []);
	const [answer] = withVersion(0x30);
	assert.ok(answer?.type === "send-datagram");
	assert.equal((answer.datagram[34] ?? 0) * 256 + (answer.datagram[35] ?? 0), notifyType.INVALID_MAJOR_VERSION);
	assert.equal(endpoint.counters.otherVersion, 2);
	// A minor version is not looked at (RFC 7296 §2.5).
	assert.equal(withVersion(0x2f).length, 1);
});

test("B33: a connection that starts immediately comes up by itself, and again after the peer was gone", () => {
	const { network, a, b } = makePair(
		{},
		{ a: { startsImmediately: true, liveness: { interval: 10_000, mode: "always", threshold: 5 } } },
	);
	network.run(1_000);
	assert.deepEqual([a.installed.size, b.installed.size], [1, 1]);
	network.lost = 1_000;
	network.run(200_000);
	assert.equal(a.installed.size, 0);
	network.lost = 0;
	network.run(120_000);
	assert.equal(a.installed.size, 1);
});

test("B32: traffic without an association begins one; while it begins, more traffic begins nothing", () => {
	const { network, a, b } = makePair();
	for (let index = 0; index < 5; index++) network.give(a, { type: "tunnel-wanted", connection: "peer", child: "lan" });
	network.run(1_000);
	network.give(a, { type: "tunnel-wanted", connection: "peer", child: "lan" });
	network.run(1_000);
	assert.deepEqual([network.sent, a.installed.size, b.installed.size], [4, 1, 1]);
});

test("the addresses of a peer are tried one after the other", () => {
	const network = new Network();
	const remote = ["192.0.2.99", addressB].map(addressOf);
	const children = [childConfig("10.1.0.0/16", "10.2.0.0/16")];
	const a = network.add("a", addressA, [connection(addressA, addressB, { remote, children, startsImmediately: true })]);
	const other = [childConfig("10.2.0.0/16", "10.1.0.0/16")];
	network.add("b", addressB, [connection(addressB, addressA, { children: other })]);
	network.run(200_000);
	assert.equal(a.installed.size, 1);
});

test("both ends begin at once: there are two associations, and traffic has a way", () => {
	const { network, a, b } = makePair();
	for (const node of [a, b]) network.give(node, { type: "tunnel-wanted", connection: "peer", child: "lan" });
	network.run(10_000);
	assert.ok(a.installed.size >= 1 && a.installed.size === b.installed.size);
	const spisOf = (node: typeof a, key: "inboundSpi" | "outboundSpi") =>
		[...node.installed.values()].map((child) => child[key]).sort();
	assert.deepEqual(spisOf(a, "inboundSpi"), spisOf(b, "outboundSpi"));
});

test("keys are told only while that is switched on: those of each association, the same at both ends", () => {
	const { network, a, b } = makePair();
	bringUp(network, a);
	assert.deepEqual([a.loggedKeys, b.loggedKeys], [[], []]);
	for (const node of [a, b]) network.give(node, { type: "key-log-switched", isOn: true });
	network.give(a, { type: "rekey-wanted", connection: "peer" });
	network.run(1_000);
	assert.deepEqual([a.loggedKeys.length, b.loggedKeys.length], [1, 1]);
	assert.deepEqual(a.loggedKeys.map(danger_decryptionLine), b.loggedKeys.map(danger_decryptionLine));
	network.give(a, { type: "key-log-switched", isOn: false });
	network.give(a, { type: "rekey-wanted", connection: "peer" });
	network.run(1_000);
	assert.deepEqual([a.loggedKeys.length, b.loggedKeys.length], [1, 2]);
});

test("a run that was written down gives the same effects when it is played again", () => {
	const options = { seed: "replay", lost: 150, repeated: 100, delay: [1, 800] as const };
	const { network, a, b } = makePair(options, { a: { liveness: { interval: 5_000, mode: "always", threshold: 5 } } });
	bringUp(network, a, 20_000);
	for (const node of [a, b]) network.give(node, { type: "rekey-wanted", connection: "peer" });
	for (const node of [a, b])
		for (const inboundSpi of node.installed.keys()) network.give(node, { type: "child-worn-out", inboundSpi });
	network.run(60_000);
	network.give(b, { type: "close-wanted", connection: "peer" });
	network.run(60_000);
	const again = makePair(options, { a: { liveness: { interval: 5_000, mode: "always", threshold: 5 } } });
	for (const [node, fresh] of [
		[a, again.a],
		[b, again.b],
	] as const) {
		assert.ok(node.played.length > 20);
		for (const { event, now, effects } of node.played) assert.deepEqual(fresh.endpoint.step(event, now), effects);
	}
});

test("no datagram makes an endpoint throw, and strangers leave nothing behind but half-open associations", () => {
	const endpoint = new Endpoint(
		[connection(addressB, undefined, { proposals: [ikeProposal("aes-128-cbc", "sha1", "group2")] })],
		{ ...defaultSettings, maxHalfOpen: 2 },
		seededRandom("b"),
	);
	fc.assert(
		fc.property(heads, fc.array(payloads, { maxLength: 5 }), fc.uint8Array({ maxLength: 90 }), (head, chain, any) => {
			for (const datagram of [
				encodeMessage(head, chain),
				encodeMessage({ ...head, exchange: 34, isInitiator: true, isResponse: false, messageId: 0 }, chain),
				any,
			])
				endpoint.step({ type: "datagram-received", path: pathFrom("203.0.113.9"), datagram }, 0);
			assert.ok(endpoint.describe().length <= 2);
		}),
		{ numRuns: 300 },
	);
	endpoint.step({ type: "time-passed" }, 100_000);
	endpoint.step({ type: "time-passed" }, 200_000);
	assert.deepEqual(endpoint.describe(), []);
	assert.equal(endpoint.deadline(), Number.POSITIVE_INFINITY);
});

test("associations that have failed keep nobody out", () => {
	const { network, a, b } = makePair(
		{},
		{ b: { remote: undefined, remoteIdentity: { kind: "danger-any" } }, settings: { maxAssociations: 4 } },
	);
	const key = createSecretKey(Buffer.from("another secret"));
	const wrong = {
		localAuthentication: { kind: "shared-key", key },
		children: [childConfig("10.1.0.0/16", "10.2.0.0/16")],
	} as const;
	for (let last = 10; last < 16; last++) {
		const stranger = network.add(`s${last}`, `192.0.2.${last}`, [connection(`192.0.2.${last}`, addressB, wrong)]);
		bringUp(network, stranger, 200);
	}
	assert.equal(b.count("ike-failed"), 6);
	assert.equal(b.endpoint.describe().length, 4);
	bringUp(network, a);
	assert.equal(b.installed.size, 1, b.reports.join());
	// Those that stand do: they are not put out for others.
	const others = [20, 21, 22, 23].map((last) =>
		network.add(`o${last}`, `192.0.2.${last}`, [
			connection(`192.0.2.${last}`, addressB, { children: [childConfig("10.1.0.0/16", "10.2.0.0/16")] }),
		]),
	);
	for (const other of others) bringUp(network, other, 200);
	assert.equal(b.phases.filter((phase) => phase === "established").length, 4);
	assert.ok(b.endpoint.counters.overloaded > 0);
});
