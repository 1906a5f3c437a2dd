/** R204: which stage decides when two would, for each pair and each moment at which both may act. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Address, type Prefix, parseAddress, parsePrefix } from "#base/address.ts";
import { ExchangeInspection } from "#inspect/exchange-inspection.ts";
import { FeedTable } from "#inspect/feed-table.ts";
import { patternPlaces, patternService } from "#inspect/pattern-service.ts";
import {
	judgeEarly,
	judgePrecedence,
	type Moment,
	type PrecedencePlan,
	type PrecedenceState,
	type Stage,
	stages,
	stagesAt,
	type TrafficRule,
} from "#inspect/precedence.ts";
import { QuarantineList } from "#inspect/quarantine-list.ts";
import { QuarantineService } from "#inspect/quarantine-service.ts";
import type { ReputationPolicy } from "#inspect/reputation.ts";
import { ReputationService } from "#inspect/reputation-service.ts";
import type { InspectionService } from "#inspect/service.ts";
import { AddressSet } from "#policy/address-set.ts";
import type { Finding } from "#telemetry/session-record.ts";
import { requestHead } from "../../test/support/http-heads.ts";

const any = new AddressSet(true);
const everything = { sources: any, destinations: any, ports: [] };
const client = parseAddress("10.1.4.7") as Address;
const facts = {
	client,
	server: parseAddress("192.0.2.1") as Address,
	port: 443,
	requestedName: "bad.example",
	sni: "bad.example",
	now: 1_000,
};
const policy: ReputationPolicy = (["command-and-control", "url"] as const).map((category) => ({
	name: category,
	category,
	rules: [],
	otherwise: { action: "close", isLogged: false },
}));
const nobody = new AddressSet();

/** What each stage goes by when it would act. */
function world(
	active: readonly Stage[],
	then: TrafficRule["then"] = "block",
): { plan: PrecedencePlan; state: PrecedenceState } {
	const feed = new FeedTable();
	if (active.includes("reputation"))
		for (const entry of ["bad.example", "bad.example/page"]) feed.add("evil", entry, 10);
	const hosts = active.includes("quarantine") ? [parsePrefix("10.1.4.0/24") as Prefix] : [];
	const settings = { hosts, exceptions: nobody, durationMs: 1, maximumHosts: 10, redirect: undefined };
	return {
		plan: {
			bypassRules: active.includes("inspection-bypass") ? [{ name: "b", match: everything }] : [],
			trafficRules: active.includes("traffic-management") ? [{ name: "t", match: everything, then }] : [],
			reputation: new Map([["web", policy]]),
		},
		state: {
			feeds: new Map([
				["command-and-control", feed],
				["url", feed],
			]),
			quarantine: new QuarantineList(settings),
		},
	};
}

/** What a request of opened traffic meets: the service that blocked it. */
function judgeOpened(active: readonly Stage[]): string | undefined {
	const { state } = world(active);
	const forbidden = { name: "word", octets: Buffer.from("page"), ignoresCase: false, places: patternPlaces };
	const services: Readonly<Partial<Record<Stage, InspectionService>>> = {
		reputation: new ReputationService(
			policy,
			() => state.feeds,
			() => {},
		),
		quarantine: new QuarantineService(state.quarantine, client, () => 1_000, undefined),
		...(active.includes("signatures") ? { signatures: patternService([{ ...forbidden, verdict: "block" }]) } : {}),
	};
	const ordered = stagesAt("decrypted").flatMap((stage) => services[stage] ?? []);
	const findings: Finding[] = [];
	const exchange = new ExchangeInspection(ordered, findings, 1_000);
	exchange.requestHead(requestHead(["GET /page HTTP/1.1", "Host: bad.example"]));
	return exchange.blocked?.service;
}

const pairs = stages.flatMap((first, index) => stages.slice(index + 1).map((second) => [first, second] as const));
const serviceOf: Partial<Record<Stage, string>> = {
	reputation: "reputation",
	quarantine: "quarantine",
	signatures: "pattern",
};
const ruleOf: Partial<Record<Stage, RegExp>> = {
	"inspection-bypass": /^bypass-rule b$/,
	"traffic-management": /^traffic-management t$/,
	reputation: /^reputation profile command-and-control default-rule$/,
	quarantine: /^quarantine$/,
};

describe("R204: of two stages that would both act, the earlier decides and is named", () => {
	for (const [first, second] of pairs) {
		for (const moment of ["encrypted", "before-decryption", "decrypted"] as const) {
			const may = stagesAt(moment);
			if (!may.includes(first) && !may.includes(second)) continue;
			const expected = may.includes(first) ? first : second;
			const other = may.includes(first) && may.includes(second) ? "both may act" : `${expected} alone may act`;
			test(`${first} and ${second}, ${moment}: ${other}, ${expected} decides`, () => {
				if (moment === "decrypted") {
					assert.equal(judgeOpened([first, second]), serviceOf[expected]);
					// Each of them would act by itself, so that the order is what decides.
					for (const one of [first, second]) if (may.includes(one)) assert.equal(judgeOpened([one]), serviceOf[one]);
					return;
				}
				const decided = (active: readonly Stage[]) => {
					const { plan, state } = world(active);
					return judgePrecedence(plan, state, facts, moment, "web").decided;
				};
				const both = decided([first, second]);
				assert.equal(both?.stage, expected);
				assert.match(both?.rule ?? "", ruleOf[expected] ?? /never/);
				for (const one of [first, second]) if (may.includes(one)) assert.equal(decided([one])?.stage, one);
			});
		}
	}
});

test("R207 R206: before traffic is opened neither quarantine nor signatures act; what stays encrypted meets all but signatures", () => {
	const acting: Readonly<Record<Moment, readonly Stage[]>> = {
		encrypted: ["inspection-bypass", "traffic-management", "reputation", "quarantine"],
		"before-decryption": ["inspection-bypass", "traffic-management", "reputation"],
		decrypted: ["reputation", "quarantine", "signatures"],
	};
	for (const [moment, expected] of Object.entries(acting)) assert.deepEqual(stagesAt(moment as Moment), expected);
	const { plan, state } = world(["quarantine", "signatures"]);
	assert.deepEqual(judgePrecedence(plan, state, facts, "before-decryption", "web"), {});
	assert.equal(judgePrecedence(plan, state, facts, "encrypted", "web").decided?.stage, "quarantine");
});

test("R208: trust ends the asking as block does; a rate goes on to the stages behind and is kept", () => {
	const trusted = world(["traffic-management", "reputation", "quarantine"], "trust");
	assert.equal(judgePrecedence(trusted.plan, trusted.state, facts, "encrypted", "web").decided?.action, "trust");
	const limited = world(["traffic-management", "reputation"], { kilobitsPerSecond: 800 });
	const verdict = judgePrecedence(limited.plan, limited.state, facts, "before-decryption", "web");
	assert.equal(verdict.decided?.stage, "reputation");
	assert.deepEqual(verdict.rateLimit, { rule: "t", kilobitsPerSecond: 800 });
	const alone = world(["traffic-management"], { kilobitsPerSecond: 800 });
	const passed = judgePrecedence(alone.plan, alone.state, facts, "encrypted", "web");
	assert.deepEqual(passed, { rateLimit: { rule: "t", kilobitsPerSecond: 800 } });
});

test("R209: a block of traffic management is certain before the hello, unless a name could still change it", () => {
	const unnamed = { client, port: 443, server: facts.server };
	const { plan } = world(["traffic-management"]);
	assert.equal(judgeEarly(plan, unnamed)?.rule, "traffic-management t");
	const named = new AddressSet();
	named.addHost("*.example", "sites");
	const bypassRules = [{ name: "b", match: { ...everything, destinations: named } }];
	assert.equal(judgeEarly({ ...plan, bypassRules }, unnamed), undefined);
	const trusted = { name: "first", match: { ...everything, destinations: named }, then: "trust" } as const;
	assert.equal(judgeEarly({ ...plan, trafficRules: [trusted, ...plan.trafficRules] }, unnamed), undefined);
	const other = { ...unnamed, sni: "other.test", requestedName: "other.test" };
	assert.equal(judgeEarly({ ...plan, bypassRules }, other)?.stage, "traffic-management");
});

test("what lets pass needs both names of a connection, what blocks needs one", () => {
	const named = new AddressSet();
	named.addHost("good.example", "sites");
	const match = { ...everything, destinations: named };
	const plan = { bypassRules: [{ name: "b", match }], trafficRules: [], reputation: new Map() };
	const { state } = world([]);
	const judged = (names: object) => judgePrecedence(plan, state, { ...facts, ...names }, "encrypted", "web").decided;
	assert.equal(judged({ requestedName: "good.example", sni: "good.example" })?.action, "bypass");
	assert.equal(judged({ requestedName: "good.example", sni: "other.test" }), undefined);
	const blocking = { ...plan, bypassRules: [], trafficRules: [{ name: "t", match, then: "block" as const }] };
	const fronted = { ...facts, requestedName: "good.example", sni: "other.test" };
	assert.equal(judgePrecedence(blocking, state, fronted, "encrypted", "web").decided?.action, "block");
});

test("a policy without security intelligence asks no feed", () => {
	const { plan, state } = world(["reputation"]);
	assert.deepEqual(judgePrecedence(plan, state, facts, "encrypted", "other"), {});
});
