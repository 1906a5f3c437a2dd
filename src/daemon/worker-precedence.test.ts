import assert from "node:assert/strict";
import { test } from "node:test";
import { WorkerPrecedence } from "#daemon/worker-precedence.ts";
import type { ToManaged } from "#daemon/worker-protocol.ts";
import { patternService } from "#inspect/pattern-service.ts";
import { AddressSet } from "#policy/address-set.ts";
import type { Signature } from "#signature/signature.ts";

const quarantine = {
	hosts: [],
	exceptions: new AddressSet(),
	durationMs: Number.POSITIVE_INFINITY,
	maximumHosts: 10,
	redirect: undefined,
};
const plan = {
	precedence: { bypassRules: [], trafficRules: [], reputation: new Map([["web", []]]) },
	feeds: [],
	quarantine,
	mayQuarantine: true,
};
const session = { sessionId: "s", rule: "web", client: { address: "10.0.0.1" }, tls: "" };

function worker() {
	const sent: ToManaged[] = [];
	const made = new WorkerPrecedence(4, (message) => sent.push(message));
	made.configure(plan);
	return { made, sent };
}

test("R204: the services of an opened session stand in the order of the stages", () => {
	const { made } = worker();
	const last = [patternService([])];
	assert.deepEqual(
		made.services(session, last).map(({ name }) => name),
		["reputation", "quarantine", "pattern"],
	);
	assert.deepEqual(
		made.services({ ...session, rule: "other" }, last).map(({ name }) => name),
		["quarantine", "pattern"],
	);
	made.configure({ ...plan, mayQuarantine: false });
	assert.deepEqual(made.services({ ...session, rule: "other" }, []), []);
});

test("a signature with an ip-action shuts its client off at once, and managed is told; others do not, nor one that is forged", () => {
	const { made, sent } = worker();
	const from = { address: "10.0.0.1" };
	const signature = { sid: 7, message: "a worm" } as Signature;
	made.alerted({ signature }, from);
	assert.deepEqual(sent, []);
	made.alerted({ signature: { ...signature, quarantineSeconds: 0 } }, { ...from, isForgeable: true });
	assert.deepEqual(sent, []);
	made.alerted({ signature: { ...signature, quarantineSeconds: 0 } }, from);
	const entry = { address: "10.0.0.1", why: "signature 7 a worm", until: Number.POSITIVE_INFINITY };
	assert.deepEqual(sent, [{ type: "quarantine", entry }]);
	const { quarantine: view } = made.of(plan).state();
	const client = { octets: Uint8Array.of(10, 0, 0, 1) };
	assert.equal(view.find(client, 0)?.why, "signature 7 a worm");
	made.takeQuarantine([]);
	assert.equal(view.find(client, 0), undefined);
});

test("the rate of a rule is one bucket of this worker, with its share", () => {
	const { made } = worker();
	const bucket = made.bucket({ rule: "slow", kilobitsPerSecond: 32 });
	assert.equal(made.bucket({ rule: "slow", kilobitsPerSecond: 32 }), bucket);
	assert.notEqual(made.bucket({ rule: "slow", kilobitsPerSecond: 64 }), bucket);
	// 32 kbit/s are 4,000 octets a second: 1,000 of each worker.
	const wait = bucket.take(1_100, Date.now());
	assert.ok(wait > 900 && wait <= 1_000, `${wait}`);
});
