import assert from "node:assert/strict";
import { test } from "node:test";
import { deriveIkeKeys } from "#ike/crypto/derive-keys.ts";
import { encodeIkeProposals, ikeProposal } from "#ike/crypto/proposal.ts";
import { answerRequest } from "#ike/v2/answer-request.ts";
import { encodeChildOffer } from "#ike/v2/child-exchange.ts";
import { spiOctets } from "#ike/v2/child-sa.ts";
import type { EngineEffect } from "#ike/v2/engine-event.ts";
import { GuessLimit } from "#ike/v2/guess-limit.ts";
import { type Handlers, type Host, IkeSa, type IkeSaParts, notify } from "#ike/v2/ike-sa.ts";
import { defaultSettings } from "#ike/v2/settings.ts";
import type { Task } from "#ike/v2/task.ts";
import { exchangeType } from "#ike/wire/header.ts";
import { notifyType } from "#ike/wire/notify-type.ts";
import type { Payload } from "#ike/wire/payload.ts";
import { protocolId } from "#ike/wire/security-association.ts";
import { addressA, addressB, addressOf, childConfig, connection } from "../../../test/support/ike-network.ts";
import { seededRandom } from "../../../test/support/seeded-random.ts";

const empty = new Uint8Array(0);
const now = 1_000;

/** An established association at end b, alone, with what it asks for. */
function standing() {
	const random = seededRandom("answers");
	const effects: EngineEffect[] = [];
	const proposal = ikeProposal("aes-256-gcm", "sha-256", "group19");
	const make = (parts: IkeSaParts) => {
		const sa = new IkeSa(1, host, {} as Handlers, parts, { type: "established" });
		const nonces = { initiatorNonce: random(32), responderNonce: random(32) };
		const keys = deriveIkeKeys(proposal, random(32), { ...nonces, ...parts });
		sa.protection = { proposal, keys };
		return sa;
	};
	const host: Host = {
		settings: { ...defaultSettings, maxChildren: 2 },
		random,
		guesses: new GuessLimit(),
		emit: (effect) => effects.push(effect),
		newIkeSpi: () => random(8),
		newChildSpi: () => random(4),
		adopt: make,
		onAuthenticated: () => {},
		onKeys: () => undefined,
		othersOf: () => 0,
		isFirstContact: () => true,
	};
	const sa = make({
		connection: connection(addressB, addressA, { children: [childConfig("10.2.0.0/16", "10.1.0.0/16")] }),
		path: {
			local: { address: addressOf(addressB), port: 500 },
			remote: { address: addressOf(addressA), port: 500 },
		},
		isInitiator: false,
		initiatorSpi: random(8),
		responderSpi: random(8),
	});
	sa.establish(now);
	const ask = (exchange: number, payloads: readonly Payload[]) =>
		answerRequest(sa, exchange, payloads, now).map((one) => (one.type === "notify" ? one.notify : one.type));
	const childOffer = () => {
		const config = childConfig("10.1.0.0/16", "10.2.0.0/16");
		const { localSelectors, remoteSelectors } = config;
		return encodeChildOffer({ config, spi: random(4), nonce: random(32), localSelectors, remoteSelectors });
	};
	return { sa, ask, effects, childOffer, random, proposal };
}

const taskOf = (kind: Task["kind"]): Task => ({ kind, exchange: 36, build: () => [], finish: () => {} });
const rekeyOf = (spi: Uint8Array): Payload => ({
	type: "notify",
	protocol: protocolId.esp,
	spi,
	notify: notifyType.REKEY_SA,
	data: empty,
});

test("a request for a child is answered with one; beyond the capacity with NO_ADDITIONAL_SAS", () => {
	const { sa, ask, childOffer } = standing();
	const made = ["sa", "nonce", "ts-initiator", "ts-responder"];
	assert.deepEqual(ask(exchangeType.createChildSa, childOffer()), made);
	assert.deepEqual(ask(exchangeType.createChildSa, childOffer()), made);
	assert.deepEqual(ask(exchangeType.createChildSa, childOffer()), [notifyType.NO_ADDITIONAL_SAS]);
	assert.equal(sa.children.size, 2);
});

test("the cases of RFC 7296 §2.25.1: a child that is unknown, being closed, or replaced already", () => {
	const { sa, ask, childOffer } = standing();
	ask(exchangeType.createChildSa, childOffer());
	const [child] = sa.children.values();
	assert.ok(child !== undefined);
	const rekey = [rekeyOf(spiOctets(child.outboundSpi)), ...childOffer()];
	assert.deepEqual(ask(36, [rekeyOf(Uint8Array.of(1, 1, 1, 1)), ...childOffer()]), [notifyType.CHILD_SA_NOT_FOUND]);
	child.state = "deleting";
	assert.deepEqual(ask(36, rekey), [notifyType.TEMPORARY_FAILURE]);
	child.state = "installed";
	assert.deepEqual(ask(36, rekey), ["sa", "nonce", "ts-initiator", "ts-responder"]);
	assert.equal(child.state, "replaced");
	assert.deepEqual(ask(36, rekey), [notifyType.TEMPORARY_FAILURE]);
});

test("the cases of RFC 7296 §2.25.2: requests while this end renews or closes the association", () => {
	const { sa, ask, childOffer, random, proposal } = standing();
	const rekey: Payload[] = [
		{ type: "sa", proposals: encodeIkeProposals([proposal], random(8)) },
		{ type: "nonce", data: random(32) },
		{ type: "ke", group: 19, data: random(64) },
	];
	sa.task = taskOf("rekey-ike");
	assert.deepEqual(ask(36, childOffer()), [notifyType.TEMPORARY_FAILURE]);
	sa.task = taskOf("rekey-child");
	assert.deepEqual(ask(36, rekey), [notifyType.TEMPORARY_FAILURE]);
	sa.task = undefined;
	sa.phase = { type: "closing" };
	assert.deepEqual(ask(36, rekey), [notifyType.TEMPORARY_FAILURE]);
	assert.deepEqual(ask(36, childOffer()), [notifyType.TEMPORARY_FAILURE]);
	assert.deepEqual(ask(37, [{ type: "delete", protocol: protocolId.ike, spis: [] }]), []);
	assert.ok(sa.isOver);
});

test("a delete is answered with the other half of the pair; with nothing when we had asked ourselves (§1.4.1)", () => {
	const { sa, ask, childOffer, effects } = standing();
	ask(36, childOffer());
	ask(36, childOffer());
	const [first, second] = [...sa.children.values()];
	assert.ok(first !== undefined && second !== undefined);
	second.state = "deleting";
	const deleteOf = (spi: number): Payload => ({ type: "delete", protocol: protocolId.esp, spis: [spiOctets(spi)] });
	assert.deepEqual(ask(37, [deleteOf(first.outboundSpi)]), ["delete"]);
	assert.deepEqual(ask(37, [deleteOf(second.outboundSpi)]), []);
	assert.deepEqual(ask(37, [deleteOf(99)]), []);
	assert.equal(effects.filter(({ type }) => type === "remove-child").length, 2);
});

test("a renewal with a foreign proposal, the wrong group or no public value is refused", () => {
	const { ask, random, proposal } = standing();
	const nonce: Payload = { type: "nonce", data: random(32) };
	const saOf = (one: typeof proposal): Payload => ({ type: "sa", proposals: encodeIkeProposals([one], random(8)) });
	const foreign = ikeProposal("aes-128-cbc", "sha-256", "group14");
	const ke: Payload = { type: "ke", group: 14, data: random(256) };
	assert.deepEqual(ask(36, [saOf(foreign), nonce, ke]), [notifyType.NO_PROPOSAL_CHOSEN]);
	assert.deepEqual(ask(36, [saOf(proposal), nonce, ke]), [notifyType.INVALID_KE_PAYLOAD]);
	assert.deepEqual(ask(36, [saOf(proposal), nonce]), [notifyType.INVALID_SYNTAX]);
	assert.deepEqual(ask(36, [saOf(proposal), nonce, { ...ke, group: 19 }]), [notifyType.INVALID_SYNTAX]);
});

test("B51: an empty request is a sign of life and answered empty; unknown notifications are passed over", () => {
	const { ask } = standing();
	assert.deepEqual(ask(37, []), []);
	assert.deepEqual(ask(37, [notify(40_000)]), []);
	assert.deepEqual(ask(exchangeType.ikeAuth, []), [notifyType.INVALID_SYNTAX]);
});

test("COOKIE2 comes back as it was; the peer's list of addresses is heard, and moves nothing", () => {
	const { sa, ask } = standing();
	const cookie = notify(notifyType.COOKIE2, Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8));
	assert.deepEqual(answerRequest(sa, exchangeType.informational, [cookie], now), [cookie]);
	sa.mover = "peer";
	sa.requestPath = sa.path;
	const list = notify(notifyType.ADDITIONAL_IP4_ADDRESS, Uint8Array.of(198, 51, 100, 9));
	assert.deepEqual(ask(exchangeType.informational, [list, notify(notifyType.NO_ADDITIONAL_ADDRESSES)]), []);
	assert.deepEqual(ask(exchangeType.informational, [list, cookie]), [notifyType.COOKIE2]);
});

test("a move whose addresses were translated although the peer allows none is refused (NO_NATS_ALLOWED)", () => {
	const { sa, ask } = standing();
	sa.mover = "peer";
	const elsewhere = { local: sa.path.local, remote: { address: addressOf("198.51.100.9"), port: 4_500 } };
	sa.requestPath = elsewhere;
	const octetsOf = (address: string) =>
		Uint8Array.of(...addressOf(address).octets, ...addressOf(addressB).octets, 4_500 >> 8, 4_500 & 255, 1, 244);
	const move = (address: string) => [
		notify(notifyType.UPDATE_SA_ADDRESSES),
		notify(notifyType.NO_NATS_ALLOWED, octetsOf(address)),
	];
	assert.deepEqual(ask(exchangeType.informational, move("10.0.0.1")), [notifyType.UNEXPECTED_NAT_DETECTED]);
	assert.notEqual(sa.path, elsewhere);
	ask(exchangeType.informational, move("198.51.100.9"));
	assert.equal(sa.path, elsewhere);
	assert.ok(sa.hasTask("reach"));
});

test("a peer that has not said that it may move moves nothing", () => {
	const { sa, ask } = standing();
	const before = sa.path;
	sa.requestPath = { local: before.local, remote: { address: addressOf("198.51.100.9"), port: 4_500 } };
	assert.deepEqual(ask(exchangeType.informational, [notify(notifyType.UPDATE_SA_ADDRESSES)]), []);
	assert.equal(sa.path, before);
});

test("a further key exchange that nobody waits for is answered STATE_NOT_FOUND", () => {
	const { ask } = standing();
	const link = notify(notifyType.ADDITIONAL_KEY_EXCHANGE, Uint8Array.of(1, 2, 3));
	assert.deepEqual(ask(exchangeType.ikeFollowupKe, [link]), [notifyType.STATE_NOT_FOUND]);
	assert.deepEqual(ask(exchangeType.ikeFollowupKe, []), [notifyType.STATE_NOT_FOUND]);
});
