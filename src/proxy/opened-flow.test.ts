import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Address, formatAddress, type Prefix, parseAddress, parsePrefix } from "#base/address.ts";
import { fault } from "#base/fault.ts";
import type { DtlsClient } from "#dtls/client-machine.ts";
import { CookieJar } from "#dtls/cookie.ts";
import type { DtlsServer } from "#dtls/server-machine.ts";
import { FeedTable } from "#inspect/feed-table.ts";
import type { PlaintextStream } from "#inspect/plaintext-stream.ts";
import { certificateFingerprints } from "#inspect/reputation.ts";
import type { RevocationVerdict } from "#pki/revocation.ts";
import { AddressSet } from "#policy/address-set.ts";
import { makeDtlsClient, makeDtlsServer } from "#proxy/dtls-legs.ts";
import type { DtlsResources } from "#proxy/dtls-resources.ts";
import type { JudgedServer } from "#proxy/judge-server.ts";
import { OpenedFlow } from "#proxy/opened-flow.ts";
import type { ProxyProfile } from "#proxy/profile.ts";
import type { SessionContext } from "#proxy/session-event.ts";
import type { SessionRecord } from "#telemetry/session-record.ts";
import { gradeLegs } from "#tls/leg-settings.ts";
import { helloDatagram } from "../../test/support/dtls-hello.ts";
import { dtlsIdentity, End } from "../../test/support/dtls-pair.ts";
import { TestCa } from "../../test/support/origins.ts";
import { seededRandom } from "../../test/support/seeded-random.ts";

const address = (text: string) => parseAddress(text) as Address;
const identity = dtlsIdentity(new TestCa().identity(["app.test"]));
const none = new AddressSet();
const profile = {
	name: "p",
	legs: gradeLegs("strict"),
	neverDecryptSources: none,
	alwaysDecryptSources: none,
	exemptDestinations: none,
	clientAuthentication: undefined,
	ignoresServerAuthFailure: false,
	revocation: undefined,
} as unknown as ProxyProfile;
const revoked: RevocationVerdict = {
	answer: "revoked",
	depth: 0,
	source: "ocsp",
	sentence: "the certificate was revoked",
	until: undefined,
	revokedAt: undefined,
	reason: undefined,
} as RevocationVerdict;

interface StageParts {
	readonly profile?: Partial<ProxyProfile>;
	readonly context?: Partial<SessionContext>;
	readonly isTrusted?: boolean;
	readonly revocation?: RevocationVerdict;
	readonly stream?: PlaintextStream;
	readonly hasCertificate?: boolean;
	/** Of the far server, DER. */
	readonly certificate?: Uint8Array;
}

/** A flow between ends of DTLS of our own; datagrams wait in a queue, so that nobody is called amid its own call. */
class Stage {
	readonly asked: string[] = [];
	readonly client = new End();
	readonly server = new End();
	readonly flow: OpenedFlow;
	readonly near: DtlsClient;
	readonly far: DtlsServer;
	record: SessionRecord | undefined;
	forgeable: boolean | undefined;
	/** In clear, towards the server and the client. */
	readonly clearToServer: string[] = [];
	readonly clearToClient: string[] = [];
	now = 0;
	readonly #queue: (() => void)[] = [];

	constructor(kind: "reverse" | "offload" | "encrypt", parts: StageParts = {}) {
		const random = seededRandom(kind);
		const resources: DtlsResources = {
			cookies: new CookieJar(random, 0),
			random,
			identities: () => (parts.hasCertificate === false ? [] : [identity]),
			clientIdentity: () => undefined,
			judgeServer: (chain) => {
				this.server.chain = chain;
				const { isTrusted = true } = parts;
				const judged = {
					isTrusted,
					reason: isTrusted ? "trusted" : "its issuer is not known",
					certificate: { fingerprint: "ab", der: parts.certificate ?? new Uint8Array(0) },
				};
				return { kind: "judged", judged: judged as unknown as JudgedServer };
			},
			checkRevocation: (_, __, ___, answer) => answer(parts.revocation ?? revoked),
			judgeClient: () => ({ kind: "refused", reason: "it presented no certificate" }),
			inspect: ({ client }) => {
				this.forgeable = client.isForgeable === true;
				return parts.stream;
			},
		};
		const own = { ...profile, ...parts.profile };
		const context = {
			listener: "datagram d",
			way: { kind, server: { host: "192.0.2.9", port: 5684 }, profile: own },
			policy: { rules: [], isDefaultPermit: true },
			timeouts: { requestMs: 1, helloMs: 10_000, connectMs: 20_000, handshakeMs: 30_000, idleMs: 1 },
			isOwnListener: () => false,
			mayReachLocal: true,
			ownCertificates: () => ["shop"],
			...parts.context,
		} as unknown as SessionContext;
		const client = { address: address("10.1.4.7"), port: 40_001, reachedAt: "192.0.2.1:5684" };
		const later = (act: () => void) => void this.#queue.push(act);
		this.flow = new OpenedFlow(
			"3f9c2a1b77d0e452",
			client,
			context,
			60_000,
			resources,
			{
				sendClient: (datagram) => {
					if (kind === "encrypt") this.clearToClient.push(`${Buffer.from(datagram)}`);
					else later(() => this.near.receive(datagram, this.now));
				},
				sendServer: (datagram) => {
					if (kind === "offload") this.clearToServer.push(`${Buffer.from(datagram)}`);
					else later(() => this.far.receive(datagram, this.now));
				},
				resolve: (host) => void this.asked.push(`resolve ${host}`),
				openServer: (server, port) => {
					this.asked.push(`open ${formatAddress(server)} ${port}`);
					later(() => this.flow.opened(this.now));
				},
				tell: ({ id }) => void this.asked.push(id),
				proved: () => void this.asked.push("proved"),
				ended: (record) => {
					assert.equal(this.record, undefined, "it ends once");
					this.record = record;
				},
			},
			0,
		);
		const leg = gradeLegs("strict").client;
		const ports = (end: End) => ({
			established: (outcome: End["outcome"]) => {
				end.outcome = outcome;
			},
			data: (octets: Uint8Array) => void end.data.push(`${Buffer.from(octets)}`),
			ended: (how: End["end"]) => {
				end.end = how;
			},
		});
		this.near = makeDtlsClient(leg, "app.test", undefined, undefined, resources, {
			...ports(this.client),
			send: (datagram) => later(() => this.flow.fromClient(datagram, this.now)),
			certificates: (chain, now) => {
				this.client.chain = chain;
				this.near.accept(now);
			},
		});
		this.far = makeDtlsServer(leg, "gateway", false, resources, {
			...ports(this.server),
			send: (datagram) => later(() => this.flow.fromServer(datagram, this.now)),
			hello: (_, now) => this.far.answer([identity], undefined, now),
			judgeClient: () => undefined,
		});
	}

	/** Lets everything happen that is on the way. */
	run(): this {
		for (let act = this.#queue.shift(); act !== undefined; act = this.#queue.shift()) {
			this.now++;
			act();
		}
		return this;
	}

	started(): this {
		this.near.start(this.now);
		return this.run();
	}

	fromNear(text: string): this {
		this.near.write(Buffer.from(text));
		return this.run();
	}
}

/** Written by a call: the compiler does not see it. */
const recordOf = (stage: Stage): SessionRecord | undefined => stage.record;

test("R17 R34: offload: the client's DTLS ends here, its datagrams go on in clear, and the record has its leg", () => {
	const stage = new Stage("offload").started().fromNear("up");
	assert.deepEqual(stage.asked, ["proved", "open 192.0.2.9 5684"]);
	assert.deepEqual(stage.clearToServer, ["up"]);
	stage.flow.fromServer(Buffer.from("down"), stage.now);
	stage.run();
	assert.deepEqual(stage.client.data, ["down"]);
	stage.near.close(stage.now);
	stage.run();
	const record = recordOf(stage);
	assert.deepEqual(
		[
			record?.decision,
			record?.sni,
			record?.clientLeg?.version,
			record?.clientLeg?.isOwnCertificate,
			record?.endedBecause,
		],
		["decrypt", "app.test", "DTLSv1.2", true, "the client closed the connection"],
	);
	assert.deepEqual(
		[record?.octetsToServer, record?.octetsToClient, record?.inspection],
		[2, 4, "decrypted, not inspected"],
	);
});

test("R18 R34: encrypt: what the client sent before there was a server goes on first", () => {
	const stage = new Stage("encrypt");
	for (const text of ["one", "two"]) stage.flow.fromClient(Buffer.from(text), 0);
	stage.run();
	assert.equal(stage.forgeable, true);
	assert.deepEqual(stage.server.data, ["one", "two"]);
	stage.far.write(Buffer.from("answer"));
	stage.run();
	assert.deepEqual(stage.clearToClient, ["answer"]);
	stage.far.close(stage.now);
	stage.run();
	const record = recordOf(stage);
	assert.deepEqual(
		[record?.endedBecause, record?.serverTrust, record?.serverLeg?.certificateSha256, record?.clientLeg],
		["the server closed the connection", "trusted", "ab", undefined],
	);
});

test("R19 R34: reverse: both legs stand, each with its own keys; the server is sent the name that the client asked for", () => {
	const stage = new Stage("reverse").started().fromNear("up");
	assert.deepEqual(stage.server.data, ["up"]);
	assert.equal(stage.far.hello?.sni, "app.test");
	stage.far.write(Buffer.from("down"));
	stage.run();
	assert.deepEqual(stage.client.data, ["down"]);
	stage.flow.end("the gateway was stopped", stage.now);
	stage.run();
	assert.deepEqual([stage.client.end?.kind, stage.server.end?.kind], ["closed-by-peer", "closed-by-peer"]);
	assert.deepEqual(
		[recordOf(stage)?.serverLeg?.version, recordOf(stage)?.clientLeg?.version],
		["DTLSv1.2", "DTLSv1.2"],
	);
});

test("N8: a server that is not trusted is refused before the client sees a ServerHello", () => {
	const stage = new Stage("reverse", { isTrusted: false }).started();
	assert.deepEqual([recordOf(stage)?.faultCode, stage.client.chain], ["SERVER_CERTIFICATE_INVALID", undefined]);
	assert.deepEqual([stage.client.end?.alert, stage.server.end?.alert], [49, 42]);
	const ignoring = new Stage("reverse", { isTrusted: false, profile: { ignoresServerAuthFailure: true } }).started();
	assert.ok(ignoring.client.outcome !== undefined);
});

test("V12: a server whose certificate was revoked is refused; without an answer the profile decides", () => {
	const settings = { timeoutMs: 10, dropsUnavailable: true } as never;
	const stage = new Stage("encrypt", { profile: { revocation: settings } });
	stage.flow.fromClient(Buffer.from("one"), 0);
	stage.run();
	assert.deepEqual(
		[recordOf(stage)?.faultCode, recordOf(stage)?.revocation?.answer],
		["SERVER_CERTIFICATE_REVOKED", "revoked"],
	);
	const unknown = { ...revoked, answer: "unavailable" as const };
	const dropping = new Stage("encrypt", { profile: { revocation: settings }, revocation: unknown });
	dropping.flow.fromClient(Buffer.from("one"), 0);
	dropping.run();
	assert.equal(recordOf(dropping)?.faultCode, "SERVER_STATUS_UNAVAILABLE");
	const accepting = new Stage("encrypt", {
		profile: { revocation: { timeoutMs: 10, dropsUnavailable: false } as never },
		revocation: unknown,
	});
	accepting.flow.fromClient(Buffer.from("one"), 0);
	accepting.run();
	assert.deepEqual(accepting.server.data, ["one"]);
});

test("a policy is followed; what is exempt is refused, for the cookie was not its server's", () => {
	const any = new AddressSet(true);
	const rule = { name: "no", sources: any, destinations: any, ports: [], action: "reject" };
	const blocked = new Stage("offload", {
		context: { policy: { rules: [rule], isDefaultPermit: true } as never },
	}).started();
	assert.deepEqual([recordOf(blocked)?.decision, blocked.client.end?.alert], ["block", 49]);
	assert.ok(!blocked.asked.some((one) => one.startsWith("open")));
	const clients = new AddressSet();
	clients.addPrefix(parsePrefix("10.0.0.0/8") as Prefix, "never-decrypt-source");
	const exempt = new Stage("reverse", { profile: { neverDecryptSources: clients } }).started();
	assert.equal(recordOf(exempt)?.decision, "block");
	assert.match(
		recordOf(exempt)?.fact ?? "",
		/never-decrypt-source .*, and a datagram listener that opens cannot let it be/,
	);
});

test("inspection stops a datagram, and with it the flow", () => {
	const stream = {
		fromClient: (octets: Uint8Array) => (`${Buffer.from(octets)}`.includes("virus") ? 3 : 0),
		fromServer: () => 0,
		close: () => undefined,
		findings: [{ service: "patterns", name: "x", where: "stream-to-server", verdict: "block" }],
		inspection: "inspected",
		stop: { why: "blocked by patterns" },
	} as unknown as PlaintextStream;
	const stage = new Stage("offload", { stream }).started().fromNear("good").fromNear("a virus").fromNear("late");
	assert.deepEqual([stage.clearToServer, stage.forgeable], [["good"], false]);
	assert.deepEqual([recordOf(stage)?.endedBecause, recordOf(stage)?.findings.length], ["blocked by patterns", 1]);
	assert.equal(stage.client.end?.kind, "closed-by-peer");
});

test("clients without the certificate that they are asked for, and listeners without one, are told by an alert", () => {
	const asking = { clientAuthentication: { isRequired: true, trustStore: [] } };
	const stage = new Stage("offload", { profile: asking }).started();
	assert.deepEqual([recordOf(stage)?.faultCode, stage.client.end?.alert], ["CLIENT_CERTIFICATE_REFUSED", 40]);
	const bare = new Stage("offload", { hasCertificate: false }).started();
	assert.deepEqual([recordOf(bare)?.faultCode, bare.client.end?.alert], ["CERTIFICATE_SIGNING_FAILED", 112]);
});

test("each wait ends, and the record says whose", () => {
	const silent = new Stage("offload");
	silent.flow.fromClient(helloDatagram("a.test"), 0);
	silent.flow.tick(10_000);
	assert.equal(recordOf(silent)?.faultCode, "CLIENT_ADDRESS_UNPROVEN");
	const mute = new Stage("encrypt");
	mute.flow.fromClient(Buffer.from("one"), 0);
	mute.flow.opened(1);
	mute.flow.tick(30_001);
	assert.equal(recordOf(mute)?.faultCode, "SERVER_HANDSHAKE_FAILED");
	const idle = new Stage("offload").started();
	idle.flow.tick(idle.now + 60_000);
	assert.equal(recordOf(idle)?.faultCode, "SESSION_IDLE_TIMEOUT");
	const gone = new Stage("offload").started();
	gone.flow.failed(fault("SERVER_UNREACHABLE", "server 192.0.2.9:5684 could not be reached"), gone.now);
	assert.equal(recordOf(gone)?.faultCode, "SERVER_UNREACHABLE");
});

test("a client that begins anew is told by its random", () => {
	const stage = new Stage("offload");
	stage.flow.fromClient(helloDatagram("a.test"), 0);
	assert.equal(stage.flow.beginsAnew(helloDatagram("a.test", { random: 6 })), true);
	assert.equal(stage.flow.beginsAnew(helloDatagram("a.test", { sequence: 1 })), false);
});

test("whatever comes in whatever order, there is no exception, one record, and nothing in clear that was not sent", () => {
	const event = fc.tuple(
		fc.constantFrom("client", "server", "resolved", "opened", "failed", "tick", "run", "start", "write"),
		fc.oneof(
			fc.constantFrom(helloDatagram("a.test"), helloDatagram("a.test", { sequence: 1 })),
			fc.uint8Array({ maxLength: 60 }),
		),
	);
	fc.assert(
		fc.property(fc.constantFrom("offload", "reverse"), fc.array(event, { maxLength: 25 }), (kind, events) => {
			const stage = new Stage(kind);
			const { flow } = stage;
			for (const [what, octets] of events) {
				stage.now += 100;
				if (what === "client") flow.fromClient(octets, stage.now);
				else if (what === "server" && kind === "reverse") flow.fromServer(octets, stage.now);
				else if (what === "resolved") flow.resolved([address("192.0.2.9")], stage.now);
				else if (what === "opened") flow.opened(stage.now);
				else if (what === "failed" && octets.length > 50) flow.failed(fault("SERVER_UNREACHABLE", "gone"), stage.now);
				else if (what === "tick") flow.tick(stage.now);
				else if (what === "start") stage.near.start(stage.now);
				else if (what === "write") stage.fromNear("up");
				else stage.run();
			}
			stage.run();
			assert.ok(stage.clearToServer.every((text) => text === "up"));
			assert.ok(stage.server.data.every((text) => text === "up"));
		}),
		{ numRuns: 150 },
	);
});

/** Stages that say this of every flow; `prints`: a feed has the certificate of the far server. */
function stagesOf(
	then: "block" | "trust" | "bypass" | undefined,
	prints?: FeedTable,
): NonNullable<SessionContext["precedence"]> {
	const match = { sources: new AddressSet(true), destinations: new AddressSet(true), ports: [] };
	const profile = {
		name: "p",
		category: "certificate",
		rules: [],
		otherwise: { action: "close", isLogged: true },
	} as const;
	return {
		plan: {
			bypassRules: then === "bypass" ? [{ name: "b", match }] : [],
			trafficRules: then === "block" || then === "trust" ? [{ name: "t", match, then }] : [],
			reputation: new Map([["default-policy", [profile]]]),
		},
		state: () => ({
			feeds: new Map([["certificate", prints ?? new FeedTable()]]),
			quarantine: { find: () => undefined },
		}),
	};
}

test("R208: what is trusted, or passes by a bypass rule, is opened and not looked into; a block reaches nobody", () => {
	const refusing = {
		stop: undefined,
		findings: [],
		inspection: "inspected",
		fromClient: () => 3,
		fromServer: () => 3,
		close() {},
	};
	const opened = (then: "trust" | "bypass" | undefined) => {
		const context = { precedence: stagesOf(then), mustOpen: true };
		const stage = new Stage("reverse", { context, stream: refusing as never }).started().fromNear("up");
		stage.flow.end("the test is over", stage.now);
		const record = recordOf(stage);
		return [record?.decision, record?.stage, record?.inspection, stage.server.data.length];
	};
	assert.deepEqual(opened("trust"), ["decrypt", "traffic-management", "decrypted, not inspected", 1]);
	assert.deepEqual(opened("bypass"), ["decrypt", "inspection-bypass", "decrypted, not inspected", 1]);
	assert.deepEqual(opened(undefined), ["decrypt", undefined, "inspected", 0]);
	const blocked = new Stage("reverse", { context: { precedence: stagesOf("block") } }).started();
	assert.deepEqual([recordOf(blocked)?.decision, recordOf(blocked)?.stage], ["block", "traffic-management"]);
	assert.ok(!blocked.asked.some((one) => one.startsWith("open ")));
});

test("a server whose certificate a feed has is refused before the client sees a ServerHello", () => {
	const der = Buffer.from("certificate of the far server");
	const prints = new FeedTable();
	prints.add("prints", certificateFingerprints(der)[0] ?? "", 9);
	const stage = new Stage("reverse", {
		context: { precedence: stagesOf(undefined, prints) },
		certificate: der,
	}).started();
	assert.deepEqual(
		[recordOf(stage)?.decision, recordOf(stage)?.stage, stage.client.chain],
		["block", "reputation", undefined],
	);
	assert.ok(stage.asked.includes("REPUTATION_MATCHED"));
	assert.notEqual(stage.server.end, undefined);
	assert.equal(stage.client.end?.alert, 49);
});
