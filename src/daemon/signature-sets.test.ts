import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { type Prefix, parsePrefix } from "#base/address.ts";
import { type RuleFiles, readRuleFiles, SignatureSets, sessionSignatures } from "#daemon/signature-sets.ts";
import type { IdpPlan, IdpRule } from "#inspect/idp-policy.ts";
import { AddressSet } from "#policy/address-set.ts";
import { DatasetStore } from "#signature/dataset-store.ts";
import type { GatewayEvent } from "#telemetry/event-table.ts";

const everybody = { sources: new AddressSet(true), destinations: new AddressSet(true), ports: [] };
const rule: IdpRule = {
	name: "r",
	match: everybody,
	attacks: { names: [], groups: ["all"], dynamic: [] },
	action: "recommended",
	isTerminal: false,
	severity: undefined,
	ipAction: undefined,
	log: undefined,
	packetLog: undefined,
};
const all: IdpPlan = { rules: [rule], exempt: [] };
const plans = new Map([["p", all]]);
const facts = {
	client: { address: "192.0.2.1", port: 1 },
	server: { address: "", port: 443 },
	hello: undefined,
	certificate: undefined,
	fromZone: undefined,
	requestedName: undefined,
};

function folder(t: { after(end: () => void): void }): string {
	const path = mkdtempSync(join(tmpdir(), "rules-"));
	t.after(() => rmSync(path, { recursive: true, force: true }));
	return path;
}

const named = (...files: readonly string[]) => ({ named: files, fetched: [] });

test("files that are fetched are read once they are there, beside those that are named", (t) => {
	const path = folder(t);
	const [own, far] = [join(path, "own.rules"), join(path, "far.rules")];
	const sets = new SignatureSets(() => undefined);
	const used = new Set(["p"]);
	const count = (files: RuleFiles) => {
		const answer = sets.configure(files, plans, used).get("p");
		return answer?.kind === "engine" ? answer.engine.figures.signatures : answer?.reason;
	};
	assert.equal(count({ named: [], fetched: [far] }), "no rules were fetched yet");
	writeFileSync(own, 'alert http any any -> any any (http.uri; content:"a"; sid:1;)\n');
	assert.equal(count({ named: [own], fetched: [far] }), 1);
	writeFileSync(far, 'alert http any any -> any any (http.uri; content:"b"; sid:2;)\n');
	assert.equal(count({ named: [own], fetched: [far] }), 2);
	assert.equal(count({ named: [], fetched: [far] }), 1);
});

test("files are read once while they stay the same, and engines are kept with them", (t) => {
	const file = join(folder(t), "a.rules");
	writeFileSync(
		file,
		'alert http any any -> any any (msg:"a"; http.uri; content:"a"; sid:1;)\nalert http any any -> any any (lua:x; sid:2;)\n',
	);
	const events: GatewayEvent[] = [];
	const sets = new SignatureSets((event) => events.push(event));
	const first = sets.configure(named(file), plans, new Set(["p"])).get("p");
	const second = sets.configure(named(file), plans, new Set(["p"])).get("p");
	assert.ok(first?.kind === "engine" && second?.kind === "engine" && first.engine === second.engine);
	assert.deepEqual(
		events.map(({ id, fields }) => [id, fields]),
		[["IDP_RULES_LOADED", { rules: 1, disabled: 1 }]],
	);
	writeFileSync(file, 'alert http any any -> any any (http.uri; content:"b"; sid:3;)\n');
	const third = sets.configure(named(file), plans, new Set(["p"])).get("p");
	assert.ok(third?.kind === "engine" && third.engine !== first.engine);
	assert.equal(sets.configure(named(file), plans, new Set()).size, 0);
});

test("what cannot be read is an event, and sessions are blocked or pass with a note", (t) => {
	const events: GatewayEvent[] = [];
	const sets = new SignatureSets((event) => events.push(event));
	const answer = sets.configure(named(join(folder(t), "none")), plans, new Set(["p"])).get("p");
	assert.ok(answer?.kind === "unavailable");
	assert.match(answer.reason, /does not exist/);
	assert.equal(events[0]?.id, "IDP_RULES_UNREADABLE");
	assert.equal(sessionSignatures(answer, false, facts)?.open().octets("url", Buffer.of(1))?.verdict, "block");
	assert.equal(sessionSignatures(answer, true, facts)?.open().octets("url", Buffer.of(1))?.verdict, "report");
	assert.equal(sessionSignatures(undefined, true, facts), undefined);
	const withoutFiles = sets.configure(named(), plans, new Set(["p"])).get("p");
	assert.match(withoutFiles?.kind === "unavailable" ? withoutFiles.reason : "", /no file of rules is named/);
	const empty = new Map([["p", { rules: [], exempt: [] }]]);
	assert.equal(sets.configure(named(), empty, new Set(["p"])).size, 0, "a policy without rules needs none");
});

test("sessions that a rule does not match are left alone, though their policy shares the engine", (t) => {
	const file = join(folder(t), "a.rules");
	writeFileSync(file, 'alert tcp any any -> any any (msg:"a"; content:"word"; sid:1;)\n');
	const sources = new AddressSet();
	sources.addPrefix(parsePrefix("192.0.2.0/24") as Prefix, "office");
	const office: IdpPlan = { rules: [{ ...rule, action: "block", match: { ...everybody, sources } }], exempt: [] };
	const answers = new SignatureSets(() => undefined).configure(
		named(file),
		new Map([
			["a", office],
			["b", { ...office, exempt: [] }],
		]),
		new Set(["a", "b"]),
	);
	const [a, b] = [answers.get("a"), answers.get("b")];
	assert.ok(a?.kind === "engine" && b?.kind === "engine" && a.engine === b.engine);
	const told: (string | undefined)[] = [];
	const verdict = (address: string) => {
		const session = { ...facts, client: { address, port: 1 } };
		const service = sessionSignatures(a, false, session, (_, of) => told.push(of?.name))?.open();
		return service?.octets("stream-to-server", Buffer.from("a word"))?.verdict;
	};
	assert.deepEqual([verdict("192.0.2.7"), verdict("198.51.100.7")], ["block", undefined]);
	assert.deepEqual(told, ["r"]);
});

test("datasets are read beside the file of rules", (t) => {
	const path = folder(t);
	const file = join(path, "a.rules");
	writeFileSync(
		file,
		"alert http any any -> any any (http.host; dataset:isset,bad,type string,load bad.lst; sid:1;)\n",
	);
	assert.throws(() => readRuleFiles([file], new DatasetStore()), /bad\.lst does not exist/);
	writeFileSync(join(path, "bad.lst"), "!\n");
	assert.throws(() => readRuleFiles([file], new DatasetStore()), /line 1: no value of type string/);
	writeFileSync(join(path, "bad.lst"), `${Buffer.from("h").toString("base64")}\n`);
	assert.equal(readRuleFiles([file], new DatasetStore()).signatures.length, 1);
});
