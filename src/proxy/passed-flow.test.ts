import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Address, formatAddress, parseAddress, parsePrefix } from "#base/address.ts";
import { fault } from "#base/fault.ts";
import { TokenBucket } from "#base/token-bucket.ts";
import { FeedTable } from "#inspect/feed-table.ts";
import { type stages, stagesAt } from "#inspect/precedence.ts";
import { QuarantineList } from "#inspect/quarantine-list.ts";
import { AddressSet } from "#policy/address-set.ts";
import { PassedFlow } from "#proxy/passed-flow.ts";
import type { SessionContext } from "#proxy/session-event.ts";
import type { WayIn } from "#proxy/way-in.ts";
import type { SessionRecord } from "#telemetry/session-record.ts";
import { handshake, helloBody, helloDatagram, helloVerify, inRecord } from "../../test/support/dtls-hello.ts";

const address = (text: string) => parseAddress(text) as Address;
const fixed: WayIn = { kind: "pass-through", server: { host: "192.0.2.9", port: 5684 } };
const named: WayIn = { kind: "pass-through", server: { bySniAt: 5684 } };
const cookie = new Uint8Array(20).fill(3);
const first = helloDatagram("a.test");
const second = helloDatagram("a.test", { cookie, sequence: 1 });
const secret = (length = 40, type = 23) => inRecord(new Uint8Array(length), type, 1);
const hex = (octets: Uint8Array) => Buffer.from(octets).toString("hex");

/** A flow and all that it asked for. */
class Stage {
	readonly toClient: string[] = [];
	readonly toServer: string[] = [];
	readonly asked: string[] = [];
	record: SessionRecord | undefined;
	readonly flow: PassedFlow;

	constructor(way: WayIn = fixed, parts: Partial<SessionContext> = {}, permitsServersWithoutCookie = false) {
		const context = {
			listener: "datagram d",
			way,
			policy: { rules: [], isDefaultPermit: true },
			timeouts: { requestMs: 1, helloMs: 10, connectMs: 20, handshakeMs: 30, idleMs: 1 },
			isOwnListener: () => false,
			mayReachLocal: true,
			...parts,
		} as unknown as SessionContext;
		const client = { address: address("10.1.4.7"), port: 40_001, reachedAt: "192.0.2.1:5684" };
		this.flow = new PassedFlow(
			"3f9c2a1b77d0e452",
			client,
			context,
			{ permitsServersWithoutCookie, idleMs: 1_000 },
			{
				sendClient: (datagram) => void this.toClient.push(hex(datagram)),
				sendServer: (datagram) => void this.toServer.push(hex(datagram)),
				resolve: (host) => void this.asked.push(`resolve ${host}`),
				openServer: (server, port) => void this.asked.push(`open ${formatAddress(server)} ${port}`),
				tell: ({ id }) => void this.asked.push(id),
				proved: () => void this.asked.push("proved"),
				ended: (record) => {
					assert.equal(this.record, undefined, "it ends once");
					this.record = record;
				},
			},
			0,
		);
	}

	/** Up to a client that has returned the cookie. */
	proven(): this {
		this.flow.fromClient(first, 1);
		this.flow.opened(2);
		this.flow.fromServer(helloVerify(cookie), 3);
		this.flow.fromClient(second, 4);
		return this;
	}
}

/** Written by a call: the compiler does not see it. */
function recordOf(stage: Stage): SessionRecord | undefined {
	return stage.record;
}

test("R20 R34: hellos are held until there is a server, then all goes on as it came; the record counts it", () => {
	const { flow, ...stage } = new Stage().proven();
	assert.deepEqual(stage.asked, ["open 192.0.2.9 5684", "proved"]);
	assert.deepEqual(stage.toServer, [hex(first), hex(second)]);
	assert.deepEqual(stage.toClient, [hex(helloVerify(cookie))]);
	flow.fromServer(secret(900), 5);
	flow.fromClient(secret(), 6);
	assert.equal(flow.deadline, 1_006);
	flow.fromServer(secret(2, 21), 10);
	flow.fromClient(secret(2, 21), 11);
	assert.equal(flow.deadline, 1_006, "an alert does not wait longer than the idle time");
});

test("the record names server, octets and who closed", () => {
	const stage = new Stage().proven();
	stage.flow.fromServer(secret(900), 5);
	stage.flow.fromClient(secret(2, 21), 6);
	stage.flow.fromServer(secret(2, 21), 7);
	stage.flow.tick(1_004);
	assert.equal(stage.record, undefined);
	stage.flow.tick(1_006);
	const record = recordOf(stage);
	assert.deepEqual(
		[record?.decision, record?.sni, record?.server, record?.endedBecause, record?.faultCode],
		[
			"bypass",
			"a.test",
			{ host: "192.0.2.9", port: 5684, address: "192.0.2.9" },
			"the client closed with an alert",
			undefined,
		],
	);
	assert.equal(record?.octetsToServer, first.length + second.length + secret(2).length);
	assert.equal(record?.octetsToClient, helloVerify(cookie).length + secret(900).length + secret(2).length);
	assert.equal(stage.flow.isGone, true);
});

test("before the cookie came back a client is sent no more octets than came from it", () => {
	const stage = new Stage();
	stage.flow.fromClient(first, 1);
	stage.flow.opened(2);
	for (let copy = 0; copy < 5; copy++)
		stage.flow.fromServer(inRecord(handshake(2, new Uint8Array(first.length - 40))), 3);
	assert.equal(stage.toClient.length, 1);
	stage.flow.fromClient(helloDatagram("a.test", { cookie: new Uint8Array(20), sequence: 1 }), 4);
	stage.flow.tick(40);
	assert.equal(stage.record?.faultCode, "CLIENT_ADDRESS_UNPROVEN");
	assert.match(stage.record?.endedBecause ?? "", /4 datagrams of the server were kept from it/);
});

test("a cookie that the server did not give proves nothing", () => {
	const stage = new Stage();
	stage.flow.fromClient(first, 1);
	stage.flow.opened(2);
	stage.flow.fromServer(helloVerify(cookie), 3);
	stage.flow.fromClient(helloDatagram("a.test", { cookie: new Uint8Array(20).fill(9), sequence: 1 }), 4);
	assert.equal(stage.flow.isProven, false);
});

test("danger: a server without a cookie is heard where that is permitted; the client's next flight proves it", () => {
	const stage = new Stage(fixed, {}, true);
	stage.flow.fromClient(first, 1);
	stage.flow.opened(2);
	stage.flow.fromServer(inRecord(handshake(2, new Uint8Array(2_000))), 3);
	assert.equal(stage.toClient.length, 1);
	stage.flow.fromClient(first, 4);
	assert.equal(stage.flow.isProven, false, "a retransmission proves nothing");
	stage.flow.fromClient(inRecord(handshake(16, new Uint8Array(33), { sequence: 1 })), 5);
	assert.equal(stage.flow.isProven, true);
	assert.equal(stage.toServer.length, 3);
});

test("R34: the ClientHello chooses the server; without a name there is none", () => {
	const stage = new Stage(named);
	stage.flow.fromClient(first, 1);
	assert.deepEqual(stage.asked, ["resolve a.test"]);
	stage.flow.resolved([address("192.0.2.20")], 2);
	assert.deepEqual(stage.asked, ["resolve a.test", "open 192.0.2.20 5684"]);
	const nameless = new Stage(named);
	const body = helloBody("a.test");
	nameless.flow.fromClient(inRecord(handshake(1, Uint8Array.of(...body.subarray(0, -16), 0, 0))), 1);
	assert.equal(nameless.record?.faultCode === undefined, false);
});

test("F14: a name that leads to this host is refused unless that is permitted", () => {
	const stage = new Stage(named, { mayReachLocal: false });
	stage.flow.fromClient(first, 1);
	stage.flow.resolved([address("127.0.0.1")], 2);
	assert.equal(stage.record?.faultCode, "PROXY_TARGET_REFUSED");
	assert.deepEqual(stage.asked, ["resolve a.test"]);
});

for (const { action, alerts } of [
	{ action: "reject", alerts: 1 },
	{ action: "deny", alerts: 0 },
] as const) {
	test(`a policy that says ${action} is followed once: what is sent again is passed over`, () => {
		const any = new AddressSet(true);
		const rule = { name: "no", sources: any, destinations: any, ports: [], action };
		const stage = new Stage(fixed, { policy: { rules: [rule], isDefaultPermit: true } as never });
		for (const now of [1, 2, 3]) stage.flow.fromClient(first, now);
		assert.equal(stage.toClient.length, alerts);
		assert.deepEqual([stage.record?.decision, stage.record?.rule], ["block", "no"]);
		assert.equal(stage.flow.isGone, false);
		stage.flow.tick(20_000);
		assert.equal(stage.flow.isGone, true);
	});
}

test("no later hello goes on but those that policy has read", () => {
	const stage = new Stage().proven();
	const before = stage.toServer.length;
	for (const other of [
		helloDatagram("b.test"),
		helloDatagram("b.test", { sequence: 1, cookie }),
		helloDatagram("b.test", { sequence: 7 }),
		Uint8Array.of(...secret(), ...helloDatagram("b.test")),
		Uint8Array.of(0x16, 3, 3, 0, 0, ...helloDatagram("b.test")),
	])
		stage.flow.fromClient(other, 9);
	assert.equal(stage.toServer.length, before);
	stage.flow.fromClient(second, 10);
	assert.equal(stage.toServer.length, before + 1, "its own, sent again, does");
	assert.equal(stage.flow.beginsAnew(helloDatagram("b.test", { random: 6 })), true);
	assert.equal(stage.flow.beginsAnew(first), false);
});

test("a second hello that names another server is dropped", () => {
	const stage = new Stage();
	stage.flow.fromClient(first, 1);
	stage.flow.opened(2);
	stage.flow.fromServer(helloVerify(cookie), 3);
	stage.flow.fromClient(helloDatagram("b.test", { cookie, sequence: 1 }), 4);
	assert.deepEqual([stage.toServer.length, stage.flow.isProven], [1, false]);
});

test("each wait ends: for the hello, the server, the proof and the next datagram", () => {
	const silent = new Stage();
	silent.flow.fromClient(inRecord(handshake(1, helloBody("a.test").subarray(0, 9), { size: 90 })), 1);
	silent.flow.tick(10);
	assert.equal(silent.record?.faultCode, "CLIENT_HELLO_TIMEOUT");
	const unreached = new Stage();
	unreached.flow.fromClient(first, 1);
	unreached.flow.tick(21);
	assert.equal(unreached.record?.faultCode, "SERVER_CONNECT_TIMEOUT");
	const mute = new Stage();
	mute.flow.fromClient(first, 1);
	mute.flow.opened(2);
	mute.flow.tick(32);
	assert.equal(mute.record?.faultCode, "SERVER_CONNECT_TIMEOUT");
	const idle = new Stage().proven();
	idle.flow.tick(1_004);
	assert.equal(idle.record?.faultCode, "SESSION_IDLE_TIMEOUT");
});

test("a server that cannot be reached, and a gateway that stops, end the flow", () => {
	const stage = new Stage();
	stage.flow.fromClient(first, 1);
	stage.flow.failed(fault("SERVER_UNREACHABLE", "server 192.0.2.9:5684 could not be reached"), 2);
	assert.deepEqual([stage.record?.faultCode, stage.toClient.length], ["SERVER_UNREACHABLE", 1]);
	const stopped = new Stage().proven();
	stopped.flow.end("the gateway was stopped", 9);
	assert.deepEqual([stopped.record?.endedBecause, stopped.flow.isGone], ["the gateway was stopped", true]);
});

test("whatever comes in whatever order, there is no exception, one record, and no amplification", () => {
	const datagram = fc.oneof(
		fc.constantFrom(
			first,
			second,
			helloVerify(cookie),
			secret(),
			secret(2, 21),
			helloDatagram("b.test", { random: 9 }),
		),
		fc.uint8Array({ maxLength: 80 }),
	);
	const event = fc.tuple(fc.constantFrom("client", "server", "resolved", "opened", "failed", "tick"), datagram);
	fc.assert(
		fc.property(fc.array(event, { maxLength: 30 }), fc.boolean(), (events, isNamed) => {
			const stage = new Stage(isNamed ? named : fixed);
			const { flow } = stage;
			let asked = 0;
			events.forEach(([kind, octets], now) => {
				if (kind === "client") flow.fromClient(octets, now);
				else if (kind === "server") flow.fromServer(octets, now);
				else if (kind === "resolved") flow.resolved([address("192.0.2.20")], now);
				else if (kind === "opened") flow.opened(now);
				else if (kind === "failed") flow.failed(fault("SERVER_UNREACHABLE", "gone"), now);
				else flow.tick(now);
				if (kind === "client") asked += octets.length;
				const answered = stage.toClient.reduce((sum, text) => sum + text.length / 2, 0);
				assert.ok(flow.isProven || answered <= asked);
			});
		}),
		{ numRuns: 500 },
	);
});

/** What each stage goes by when it would act, over datagrams that stay encrypted. */
function stagesOf(active: readonly Acting[]): NonNullable<SessionContext["precedence"]> {
	const match = { sources: new AddressSet(true), destinations: new AddressSet(true), ports: [] };
	const table = new FeedTable();
	if (active.includes("reputation")) table.add("bad", "192.0.2.9", 9);
	const c2 = {
		name: "c2",
		category: "command-and-control",
		rules: [],
		otherwise: { action: "close", isLogged: false },
	} as const;
	const hosts = active.includes("quarantine") ? [parsePrefix("10.1.4.0/24")].flatMap((one) => one ?? []) : [];
	const settings = { hosts, exceptions: new AddressSet(), durationMs: 1, maximumHosts: 1, redirect: undefined };
	return {
		plan: {
			bypassRules: active.includes("inspection-bypass") ? [{ name: "b", match }] : [],
			trafficRules: active.includes("traffic-management") ? [{ name: "t", match, then: "block" }] : [],
			reputation: new Map([["default-policy", [c2]]]),
		},
		state: () => ({ feeds: new Map([["command-and-control", table]]), quarantine: new QuarantineList(settings) }),
	};
}

type Acting = (typeof stages)[number];
const encrypted = stagesAt("encrypted");

for (const [index, first] of encrypted.entries()) {
	for (const second of encrypted.slice(index + 1)) {
		test(`R204 R206: of ${first} and ${second} over datagrams that are not opened, ${first} decides`, () => {
			const stageOf = (active: readonly Acting[]) => {
				const made = new Stage(fixed, { precedence: stagesOf(active) });
				made.flow.fromClient(helloDatagram("a.test"), 1);
				made.flow.end("the test is over", 2);
				const { decision, stage } = recordOf(made) ?? {};
				assert.equal(made.asked.length, decision === "block" ? 0 : 1, "who is blocked reaches nobody");
				return stage;
			};
			assert.equal(stageOf([first, second]), first);
			for (const one of [first, second]) assert.equal(stageOf([one]), one);
			assert.equal(stageOf([]), undefined);
		});
	}
}

test("a rate is kept by what is lost of a flow", () => {
	const match = { sources: new AddressSet(true), destinations: new AddressSet(true), ports: [] };
	const { plan, state } = stagesOf([]);
	const bucket = new TokenBucket(10_000, 0);
	const trafficRules = [{ name: "slow", match, then: { kilobitsPerSecond: 80 } }];
	const precedence = { plan: { ...plan, trafficRules }, state, bucket: () => bucket };
	const stage = new Stage(fixed, { precedence }).proven();
	const before = stage.toClient.length;
	for (let at = 0; at < 5; at++) stage.flow.fromServer(secret(900), 5);
	assert.equal(stage.toClient.length - before, 1);
	stage.flow.fromServer(secret(900), 400);
	assert.equal(stage.toClient.length - before, 2);
	stage.flow.end("the test is over", 401);
	assert.deepEqual(
		[recordOf(stage)?.rateLimit, recordOf(stage)?.octetsToClient],
		["slow", helloVerify(cookie).length + 2 * secret(900).length],
	);
});
