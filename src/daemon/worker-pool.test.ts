import assert from "node:assert/strict";
import { readlinkSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { pino } from "pino";
import { FaultError } from "#base/fault.ts";
import { digestOf, type ToldConfiguration } from "#config/reread.ts";
import { WorkerPool } from "#daemon/worker-pool.ts";
import { Counters } from "#telemetry/counters.ts";
import type { GatewayEvent } from "#telemetry/event-table.ts";
import { eventually, freePort, gatewayConfiguration } from "../../test/support/gateway.ts";

// Workers start with this process's flags, and are no tests.
process.execArgv = ["--disable-warning=ExperimentalWarning"];
delete process.env.NODE_TEST_CONTEXT;

/** A pool whose workers run the text of `running`. */
async function poolOf(t: TestContext, count: number) {
	const events: GatewayEvent[] = [];
	const counters = new Counters();
	const ports = { ipv4: await freePort(), ipv6: await freePort("::1") };
	const running: { text: string; told?: ToldConfiguration } = { text: gatewayConfiguration(ports) };
	const pool = new WorkerPool(count, {
		directory: import.meta.dirname,
		configuration: (form) => ({
			configuration: form === "text" ? { text: running.text } : (running.told ?? { text: running.text }),
			authorities: signingCas,
			ownCertificates: [],
			trust: { profiles: new Map([["test", []]]), groups: new Map(), defaultRoots: [] },
			lists: "",
			learned: [],
			quarantined: [],
			ownCrls: new Map(),
			ownMark: 0,
			loadedCrls: [],
		}),
		leafRefused: () => undefined,
		sessionsEnded: () => undefined,
		feedsAsked: () => undefined,
		feedsMatched: () => undefined,
		quarantine: () => undefined,
		quarantineUsed: () => undefined,
		attacks: () => undefined,
		packetLog: () => undefined,
		listFetched: () => undefined,
		staple: () => undefined,
		certificateCache: () => undefined,
		sign: ({ requests }, _, answer) =>
			answer({ type: "signed", answers: requests.map(({ request }) => ({ request, reason: "there is no CA" })) }),
		records: () => undefined,
		event: (event) => events.push(event),
		log: pino({ enabled: false }),
		counters,
	});
	t.after(() => pool.stop());
	return { pool, events, counters, running };
}

const names = (events: readonly GatewayEvent[]) => events.map(({ id }) => id);
const signingCas = ["sallyport-ca", "sallyport-untrusted-ca"].map((id) => ({
	id,
	certificate: new Uint8Array(0),
	chain: [],
	subject: new Uint8Array(0),
	subjectKeyIdentifier: new Uint8Array(0),
	notBefore: 0,
	notAfter: 0,
	scheme: "ecdsa-p256" as const,
	maySignCrls: false,
}));

test("workers start, take a configuration up or say why not, are restarted on demand and when they die", async (t) => {
	const { pool, events, counters, running } = await poolOf(t, 2);
	await pool.configure();
	await pool.start();
	assert.deepEqual(names(events), ["WORKER_STARTED", "WORKER_STARTED"]);
	const places = pool.views().map(({ processId }) => readlinkSync(`/proc/${processId}/cwd`));
	assert.deepEqual(places, [import.meta.dirname, import.meta.dirname], "files without a slash are found there");
	await pool.configure();

	const good = running.text;
	running.text = "services { nonsense; }";
	await assert.rejects(pool.configure(), FaultError);
	running.text = good;
	await pool.configure();

	assert.equal(pool.restart(3), 0);
	assert.equal(pool.restart(1), 1);
	await eventually(() => names(events).filter((name) => name === "WORKER_RESTARTED").length === 1, "the new worker");
	assert.ok(!names(events).includes("WORKER_DIED"), "its end was asked for");

	const victim = pool.views()[1]?.processId ?? 0;
	process.kill(victim, "SIGKILL");
	await eventually(() => names(events).filter((name) => name === "WORKER_RESTARTED").length === 2, "the next one");
	assert.ok(names(events).includes("WORKER_DIED"));
	assert.equal(counters.snapshot().worker_restarts, 2);
	assert.deepEqual(
		pool.views().map(({ restarts, isListening }) => [restarts, isListening]),
		[
			[1, true],
			[1, true],
		],
	);
	await pool.stop();
	assert.deepEqual(
		pool.views().map(({ processId }) => processId),
		[undefined, undefined],
	);
});

test("workers that do not find a configuration by its difference take up its text", async (t) => {
	const { pool, running } = await poolOf(t, 2);
	await pool.start();
	running.text = running.text.replace("services {", "system { host-name renamed; } services {");
	running.told = { change: "", sha256: digestOf("another text") };
	await pool.configure();
	running.text = "services { nonsense; }";
	await assert.rejects(pool.configure(), FaultError, "the text was asked for");
});

test("a pool whose worker cannot start rejects with its fault", async (t) => {
	const { pool, running } = await poolOf(t, 1);
	running.text = "services { nonsense; }";
	await assert.rejects(pool.start(), FaultError);
});
