/** Attacks on IKEv2 that have been described, each tried on the engine. docs/attacks.md names them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ikeProposal, withAdditional } from "#ike/crypto/proposal.ts";
import { groupNamed } from "#ike/crypto/transform-table.ts";
import { Endpoint } from "#ike/endpoint.ts";
import { notify } from "#ike/v2/ike-sa.ts";
import { defaultSettings, type EngineSettings } from "#ike/v2/settings.ts";
import { exchangeType } from "#ike/wire/header.ts";
import { decodeMessage, encodeMessage } from "#ike/wire/message.ts";
import { notifyType } from "#ike/wire/notify-type.ts";
import { findNotify, type Payload } from "#ike/wire/payload.ts";
import {
	addressA,
	addressB,
	addressOf,
	bringUp,
	childConfig,
	connection,
	makePair,
	Network,
	type Node,
} from "../support/ike-network.ts";
import { makeCertificate } from "../support/make-certificate.ts";
import { seededRandom } from "../support/seeded-random.ts";

const gcm = (group: string) => ikeProposal("aes-256-gcm", "sha-256", group);
const made = makeCertificate({ names: ["gw.example"] });

const pathFrom = (address: string, port = 500) => ({
	local: { address: addressOf(addressB), port: 500 },
	remote: { address: addressOf(address), port },
});

/** The first message of an initiator with these proposals. */
function firstMessage(seed: string, proposals = [gcm("group19")]): Uint8Array {
	const network = new Network({ seed });
	const children = [childConfig("10.1.0.0/16", "10.2.0.0/16")];
	const node = network.add("x", addressA, [connection(addressA, addressB, { children, proposals })]);
	let first: Uint8Array | undefined;
	network.meddler = (datagram) => {
		first ??= datagram;
		return undefined;
	};
	network.give(node, { type: "tunnel-wanted", connection: "peer", child: "lan" });
	assert.ok(first !== undefined);
	return first;
}

/** The same message with payloads put before its own, or some of them left out. */
function remade(datagram: Uint8Array, before: readonly Payload[], keeps = (_: Payload) => true): Uint8Array {
	const message = decodeMessage(datagram);
	assert.ok(message.kind === "done");
	return encodeMessage(message.value.header, [...before, ...message.value.payloads.filter(keeps)]);
}

const numbered = (count: number): Payload => ({ type: "vendor-id", data: Buffer.from(`number ${count}`) });

function answering(settings: Partial<EngineSettings> = {}, more: Parameters<typeof connection>[2] = {}) {
	const endpoint = new Endpoint(
		[connection(addressB, undefined, more)],
		{ ...defaultSettings, ...settings },
		seededRandom("b"),
	);
	const ask = (datagram: Uint8Array, address: string, now = 0) =>
		endpoint
			.step({ type: "datagram-received", path: pathFrom(address), datagram }, now)
			.flatMap((effect) => (effect.type === "send-datagram" ? [effect.datagram] : []));
	/** The cookie that an answer asks for. */
	const cookieFor = (datagram: Uint8Array, address: string) => {
		const answer = decodeMessage(ask(datagram, address)[0] ?? new Uint8Array(0));
		return answer.kind === "done" ? findNotify(answer.value.payloads, notifyType.COOKIE)?.data : undefined;
	};
	return { endpoint, ask, cookieFor };
}

test("cookie exhaustion: one cookie that is brought with ever other messages opens 64 associations at most, and others come in", () => {
	const [mine, theirs] = [firstMessage("one"), firstMessage("other")];
	const burst = answering({ cookieThreshold: 0 });
	const held = burst.cookieFor(mine, "203.0.113.7") ?? new Uint8Array(0);
	for (let count = 0; count < 300; count++)
		burst.ask(remade(mine, [notify(notifyType.COOKIE, held), numbered(count)]), "203.0.113.7");
	assert.equal(burst.endpoint.describe().length, 64);
	assert.ok(burst.endpoint.counters.overloaded >= 236);
	// The cookie is good at its own address alone.
	assert.equal(burst.ask(remade(mine, [notify(notifyType.COOKIE, held)]), "203.0.113.8").length, 1);
	assert.equal(burst.endpoint.describe().length, 64);
	const other = burst.cookieFor(theirs, "203.0.113.8") ?? new Uint8Array(0);
	burst.ask(remade(theirs, [notify(notifyType.COOKIE, other)]), "203.0.113.8");
	assert.equal(burst.endpoint.describe().length, 65);
});

test("fragment exhaustion: invented fragments and messages that are never whole hold nothing and keep nobody away", () => {
	const proposals = [withAdditional(gcm("group19"), ["ml-kem-768"])];
	const { network, a, b } = makePair({}, { a: { proposals }, b: { proposals } });
	let isWhole = false;
	let cut = 0;
	network.meddler = (datagram, from) => {
		// Payload 53, and not the first of its message.
		const isLater = datagram[16] === 53 && (datagram[33] ?? 0) > 1;
		if (from !== a || isWhole || !isLater) return datagram;
		cut++;
		return undefined;
	};
	bringUp(network, a, 25_000);
	assert.ok(cut > 0);
	assert.deepEqual([a.installed.size, b.installed.size], [0, 0]);
	network.run(200_000);
	assert.deepEqual(
		[...a.phases, ...b.phases].filter((phase) => phase !== "closed"),
		[],
	);
	isWhole = true;
	bringUp(network, a, 5_000);
	assert.deepEqual([a.installed.size, b.installed.size], [1, 1]);
	const [spis] = b.endpoint.describe().filter(({ phase }) => phase === "established");
	const random = seededRandom("fragments");
	for (let count = 0; count < 2_000; count++) {
		const head = Buffer.from(`${spis?.initiatorSpi}${spis?.responderSpi}3520250800000002`, "hex");
		const fragment = Buffer.concat([Buffer.of(0, 0, 0, 200, 0, 1 + (count % 60), 0, 64), random(192)]);
		const length = Buffer.alloc(4);
		length.writeUInt32BE(head.length + 4 + fragment.length);
		const datagram = Buffer.concat([head, length, fragment]);
		network.give(b, { type: "datagram-received", path: pathFrom(addressA), datagram });
	}
	assert.deepEqual(
		b.played.slice(-2_000).flatMap(({ effects }) => effects),
		[],
	);
	network.give(a, { type: "child-worn-out", inboundSpi: [...a.installed.keys()][0] ?? 0 });
	network.run(2_000);
	assert.equal(b.count("child-rekeyed"), 1);
});

test("message-ID replay: a whole recorded run, sent again in any order to either end, changes nothing", () => {
	const { network, a, b } = makePair();
	const recorded: { readonly to: Node; readonly datagram: Uint8Array }[] = [];
	network.meddler = (datagram, from) => {
		recorded.push({ to: from === a ? b : a, datagram });
		return datagram;
	};
	bringUp(network, a);
	for (const node of [a, b])
		network.give(node, { type: "child-worn-out", inboundSpi: [...node.installed.keys()][0] ?? 0 });
	network.run(5_000);
	network.meddler = () => undefined;
	const stands = () => [a, b].map((node) => [[...node.installed.keys()], node.reports.length, node.phases]);
	const before = stands();
	for (const { to, datagram } of [...recorded].reverse().concat(recorded)) {
		const remote = to === b ? addressA : addressB;
		const path = { local: { address: to.address, port: 500 }, remote: { address: addressOf(remote), port: 500 } };
		// The first message begins an association that nobody goes on with; it is no part of what stands.
		if (datagram[18] !== exchangeType.ikeSaInit) network.give(to, { type: "datagram-received", path, datagram });
	}
	assert.deepEqual(stands(), before);
});

test("offered-proposal downgrade: who takes the strong proposal out of the offer ends the negotiation, and gets no weak one", () => {
	const proposals = [gcm("group20"), ikeProposal("3des-cbc", "sha1", "group2")];
	const { network, a, b } = makePair({}, { a: { proposals }, b: { proposals } });
	network.meddler = (datagram, from) => {
		if (from !== a || datagram[18] !== exchangeType.ikeSaInit) return datagram;
		const message = decodeMessage(datagram);
		assert.ok(message.kind === "done");
		const payloads = message.value.payloads.map(
			(one): Payload => (one.type === "sa" ? { type: "sa", proposals: one.proposals.slice(1) } : one),
		);
		return encodeMessage(message.value.header, payloads);
	};
	bringUp(network, a, 60_000);
	assert.deepEqual([a.installed.size, b.installed.size], [0, 0]);
	assert.equal(a.count("ike-established") + b.count("ike-established"), 0);
	assert.match(b.reports.join(), /authentication is wrong/);
});

test("unauthenticated notify: forged refusals before the peer's answer do not end the attempt, and a flood of them moves nobody to a weaker group", () => {
	const weak = groupNamed("group14").id;
	const forgeries: readonly Payload[] = [
		notify(notifyType.NO_PROPOSAL_CHOSEN),
		notify(notifyType.INVALID_SYNTAX),
		notify(notifyType.INVALID_KE_PAYLOAD, Uint8Array.of(0, 2)),
		notify(notifyType.AUTHENTICATION_FAILED),
	];
	const forge = (network: Network, to: Node, request: Uint8Array, payload: Payload) => {
		const message = decodeMessage(request);
		assert.ok(message.kind === "done");
		const datagram = encodeMessage({ ...message.value.header, isInitiator: false, isResponse: true }, [payload]);
		const path = { local: { address: to.address, port: 500 }, remote: { address: addressOf(addressB), port: 500 } };
		network.give(to, { type: "datagram-received", path, datagram });
	};
	const { network, a, b } = makePair();
	network.give(a, { type: "tunnel-wanted", connection: "peer", child: "lan" });
	const first = a.played.flatMap(({ effects }) => effects).find(({ type }) => type === "send-datagram");
	assert.ok(first?.type === "send-datagram");
	for (const payload of forgeries) forge(network, a, first.datagram, payload);
	network.run(3_000);
	assert.deepEqual([a.installed.size, b.installed.size], [1, 1], a.reports.join());

	// INVALID_KE_PAYLOAD for a weaker group of ours: the peer asks for the stronger one again.
	const proposals = [gcm("group20"), gcm("group14")];
	const pair = makePair({}, { a: { proposals }, b: { proposals } });
	pair.network.give(pair.a, { type: "tunnel-wanted", connection: "peer", child: "lan" });
	const offer = pair.a.played.flatMap(({ effects }) => effects).find(({ type }) => type === "send-datagram");
	assert.ok(offer?.type === "send-datagram");
	for (let count = 0; count < 50; count++) {
		forge(
			pair.network,
			pair.a,
			offer.datagram,
			notify(notifyType.INVALID_KE_PAYLOAD, Uint8Array.of(weak >> 8, weak & 255)),
		);
		forge(pair.network, pair.a, offer.datagram, notify(notifyType.COOKIE, Uint8Array.of(count)));
	}
	const sent = pair.a.played.flatMap(({ effects }) => effects).filter(({ type }) => type === "send-datagram").length;
	assert.ok(sent <= 5, `${sent} first messages`);
	pair.network.run(130_000);
	bringUp(pair.network, pair.a, 130_000);
	const groups = pair.b.endpoint
		.describe()
		.flatMap(({ phase, algorithms }) => (phase === "established" ? [algorithms?.group] : []));
	assert.deepEqual(groups, ["group20"], pair.a.reports.join("\n"));
});

test("reflection: an end whose own messages come back to it does not agree with itself, and its peer is heard", () => {
	const open = { remoteIdentity: { kind: "danger-any" } } as const;
	const { network, a, b } = makePair({}, { a: open, b: open });
	const back: Uint8Array[] = [];
	network.meddler = (datagram, from) => {
		if (from === a) back.push(datagram);
		return from === a ? undefined : datagram;
	};
	const path = { local: { address: a.address, port: 500 }, remote: { address: addressOf(addressB), port: 500 } };
	network.give(a, { type: "tunnel-wanted", connection: "peer", child: "lan" });
	for (let count = 0; count < 20; count++) {
		for (const datagram of back.splice(0)) network.give(a, { type: "datagram-received", path, datagram });
		network.run(200);
	}
	assert.ok(a.endpoint.counters.reflected > 0);
	assert.deepEqual([a.installed.size, a.count("ike-established"), a.endpoint.describe().length], [0, 0, 1]);
	network.meddler = (datagram, from) => {
		if (from === a) back.push(datagram);
		return datagram;
	};
	network.run(30_000);
	assert.deepEqual([a.installed.size, b.installed.size], [1, 1]);
	for (const datagram of back) network.give(a, { type: "datagram-received", path, datagram });
	network.run(1_000);
	assert.deepEqual([a.installed.size, b.installed.size], [1, 1]);
	assert.equal(a.count("ike-closed"), 0);
});

test("expensive groups: one address has so many of the largest group computed, then must prove itself, and then waits", () => {
	const proposals = [gcm("group16")];
	const { endpoint, ask, cookieFor } = answering({}, { proposals });
	const datagram = firstMessage("dear", proposals);
	for (let count = 0; count < 60; count++) ask(remade(datagram, [numbered(count)]), "203.0.113.7");
	assert.equal(endpoint.describe().length, 8);
	assert.equal(endpoint.counters.cookieChallenges, 52);
	const cookie = cookieFor(remade(datagram, [numbered(99)]), "203.0.113.7") ?? new Uint8Array(0);
	for (let count = 0; count < 60; count++)
		ask(remade(datagram, [notify(notifyType.COOKIE, cookie), numbered(count)]), "203.0.113.7");
	assert.equal(endpoint.describe().length, 16);
	assert.equal(endpoint.counters.overloaded, 52);
	// Another address is not concerned.
	ask(remade(datagram, [numbered(500)]), "203.0.113.8");
	assert.equal(endpoint.describe().length, 17);
});

test("SPI guessing: messages for associations that there are none of are counted and not answered", () => {
	const { network, a, b } = makePair();
	bringUp(network, a);
	const random = seededRandom("guesses");
	const before = b.endpoint.describe().length;
	for (let count = 0; count < 3_000; count++) {
		const exchange = [35, 36, 37, 43, 44][count % 5] ?? 37;
		const head = {
			initiatorSpi: random(8),
			responderSpi: random(8),
			exchange,
			isInitiator: count % 2 === 0,
			isResponse: count % 3 === 0,
			messageId: count % 4,
		};
		const datagram = encodeMessage(head, [numbered(count)]);
		network.give(b, { type: "datagram-received", path: pathFrom(addressA), datagram });
	}
	assert.deepEqual(
		b.played.slice(-3_000).flatMap(({ effects }) => effects),
		[],
	);
	assert.deepEqual([b.endpoint.counters.unknownSpi, b.endpoint.describe().length], [3_000, before]);
});

test("amplification: before an address has proved itself no answer is longer than its question, whatever is asked", () => {
	const authorities = new Uint8Array(20 * 30);
	const judge = () => ({ kind: "untrusted", reason: "nobody is" }) as const;
	const certified = {
		localAuthentication: { kind: "certificate", certificates: [made.der], publicKey: made.publicKey },
		remoteAuthentication: { kind: "certificate", judge, authorities },
		proposals: [gcm("group19"), gcm("group14")],
	} as const;
	const question = firstMessage("asked");
	const isNeeded = (one: Payload) => ["sa", "ke", "nonce"].includes(one.type);
	const { endpoint, ask, cookieFor } = answering({}, certified);
	for (const datagram of [
		question,
		remade(question, [], isNeeded),
		remade(question, [], (one) => one.type !== "ke"),
		remade(firstMessage("other group", [gcm("group20")]), [], isNeeded),
		remade(firstMessage("wrong group first", [gcm("group14"), gcm("group19")]), [], isNeeded),
		remade(question, [numbered(1), numbered(2)]),
	])
		for (const answer of ask(datagram, "203.0.113.7"))
			assert.ok(answer.length <= datagram.length, `${answer.length} octets to ${datagram.length}`);
	// Who brings the cookie is told everything.
	const cookie = cookieFor(question, "203.0.113.7");
	assert.ok(cookie !== undefined);
	const [whole] = ask(remade(question, [notify(notifyType.COOKIE, cookie)]), "203.0.113.7");
	assert.ok(whole !== undefined && whole.length > 700);
	assert.equal(endpoint.describe().length, 1);
});
