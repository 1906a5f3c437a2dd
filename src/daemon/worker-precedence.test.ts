import assert from "node:assert/strict";
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { WorkerPrecedence } from "#daemon/worker-precedence.ts";
import type { ToManaged } from "#daemon/worker-protocol.ts";
import type { IpActionPlan } from "#inspect/ip-action.ts";
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
const session = {
	sessionId: "s",
	rule: "web",
	client: { address: "10.0.0.1" },
	server: { address: "192.0.2.1", port: 443 },
	tls: "",
};

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

const block: IpActionPlan = {
	action: "block",
	target: "source-address",
	seconds: 0,
	isLogged: true,
	isCreationLogged: true,
	isRefreshed: false,
};

test("a signature with an ip-action shuts its client off at once, and managed is told; others do not, nor one that is forged", () => {
	const { made, sent } = worker();
	const signature = { sid: 7, message: "a worm" } as Signature;
	made.alerted({ signature }, undefined, session);
	made.alerted({ signature }, { ipAction: undefined }, session);
	made.alerted({ signature }, { ipAction: block }, { ...session, client: { address: "10.0.0.1", isForgeable: true } });
	assert.deepEqual(sent, []);
	made.alerted({ signature }, { ipAction: block }, session);
	const ipAction = {
		action: "block",
		target: "source-address",
		isLogged: true,
		isRefreshed: false,
		key: "10.0.0.1",
		timeoutMs: Number.POSITIVE_INFINITY,
	};
	const entry = { address: "10.0.0.1", why: "signature 7 a worm", until: Number.POSITIVE_INFINITY, ipAction };
	assert.deepEqual(sent, [{ type: "quarantine", entry, isCreationLogged: true }]);
	const { quarantine: view } = made.of(plan.precedence).state();
	const client = { octets: Uint8Array.of(10, 0, 0, 1) };
	assert.equal(view.find(client, 0)?.why, "signature 7 a worm");
	view.meet?.(client, 0);
	made.tick(0);
	assert.deepEqual(sent.at(-1), {
		type: "quarantine-used",
		uses: [{ key: "10.0.0.1", count: 1, until: Number.POSITIVE_INFINITY }],
	});
	made.takeQuarantine([]);
	assert.equal(view.find(client, 0), undefined);
});

test("with refresh-timeout a connection keeps its client shut off for longer, a datagram, which may be forged, does not", () => {
	const client = { octets: Uint8Array.of(10, 0, 0, 1) };
	const untilAfter = (isForgeable: boolean) => {
		const { made, sent } = worker();
		const signature = { sid: 7, message: "a worm" } as Signature;
		made.alerted({ signature }, { ipAction: { ...block, seconds: 60, isRefreshed: true } }, session);
		const { quarantine: view } = made.of(plan.precedence, isForgeable).state();
		const first = view.find(client, 0)?.until ?? 0;
		view.meet?.(client, first - 1);
		made.tick(0);
		const [use] = sent.flatMap((message) => (message.type === "quarantine-used" ? message.uses : []));
		return [(view.find(client, 0)?.until ?? 0) - first, (use?.until ?? 0) - first, use?.count];
	};
	assert.deepEqual(untilAfter(false), [59_999, 59_999, 1]);
	assert.deepEqual(untilAfter(true), [0, 0, 1]);
});

test("other targets shut off what has the server or the zone in common; what is unknown of it, nothing", () => {
	const { made, sent } = worker();
	const signature = { sid: 7, message: "" } as Signature;
	const keys = (target: IpActionPlan["target"], fromZone?: string) => {
		sent.length = 0;
		made.alerted({ signature }, { ipAction: { ...block, target } }, { ...session, fromZone });
		return sent.map((message) => message.type === "quarantine" && message.entry.ipAction?.key);
	};
	assert.deepEqual(keys("service"), ["client 10.0.0.1 server 192.0.2.1 port 443"]);
	assert.deepEqual(keys("source-zone"), []);
	assert.deepEqual(keys("source-zone", "trust"), ["zone trust"]);
	const { quarantine: view } = made.of(plan.precedence).state();
	const other = { octets: Uint8Array.of(10, 0, 0, 2) };
	assert.equal(view.find(other, 0, { zone: "untrust" }), undefined);
	assert.equal(view.find(other, 0, { zone: "trust" })?.what, "zone trust");
});

test("what was shut off is refused in opened sessions though no rule shuts off any longer", () => {
	const { made } = worker();
	made.configure({ ...plan, mayQuarantine: false });
	const services = () => made.services({ ...session, rule: "other" }, []).length;
	assert.equal(services(), 0);
	made.takeQuarantine([{ address: "10.0.0.1", until: Number.POSITIVE_INFINITY, why: "x" }]);
	assert.equal(services(), 1);
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

test("feeds are asked about a connection, and what matched is reported", (t) => {
	const folder = mkdtempSync(join(tmpdir(), "sallyport-feeds-"));
	t.after(() => rmSync(folder, { recursive: true, force: true }));
	const file = join(folder, "f");
	writeFileSync(file, "evil.example 4\n");
	const { made, sent } = worker();
	const feed = {
		name: "bad",
		category: "url",
		file,
		isFetched: true,
		format: "text",
		maximumEntries: 9,
		updateMs: 60_000,
	} as const;
	made.configure({ ...plan, feeds: [feed] });
	const facts = { client: { octets: Uint8Array.of(10, 0, 0, 1) }, sni: "evil.example" };
	const hit = { feed: "bad", entry: "evil.example", level: 4 };
	assert.deepEqual(made.found(facts), [{ category: "url", hit }]);
	writeFileSync(file, "other.example\n");
	utimesSync(file, 1, 1);
	made.feedsFetched();
	assert.deepEqual(made.found(facts), []);
	made.matched({ rule: "r", because: "b", hit, isBlock: true, isLogged: false });
	made.matched(undefined);
	made.tick(Date.now());
	made.tick(Date.now());
	const tallies = [{ feed: "bad", blocked: 1, passed: 0 }];
	assert.deepEqual(
		sent.filter(({ type }) => type === "feeds-matched"),
		[{ type: "feeds-matched", tallies }],
	);
});
