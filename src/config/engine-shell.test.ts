import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import type { AnyCapability } from "#config/commit-plan.ts";
import { ConfigurationEngine } from "#config/engine-shell.ts";
import { error } from "#config/finding.ts";
import { printText } from "#config/print-text.ts";
import { ConfigurationStore } from "#config/store-shell.ts";
import { superUser, wordsOf } from "../../test/support/config-editors.ts";
import { sampleRoot } from "../../test/support/config-sample.ts";

interface Sample {
	readonly system: { readonly hostName: string | undefined };
}

const capability: AnyCapability = {
	id: "sample",
	schema: sampleRoot,
	verify: (config, facts) => {
		const name = (config as Sample).system.hostName;
		return facts === name ? [error(["system"], "host-name", "is taken")] : [];
	},
	plan: (before, after) => {
		const [old, fresh] = [(before as Sample | undefined)?.system.hostName, (after as Sample).system.hostName];
		return old === fresh ? [] : [{ says: `call it ${fresh}`, apply: fresh, undo: old }];
	},
};

let directory = "";
let now = 0;
let world: unknown;
let failing: unknown;
let said: string[] = [];
const engines: ConfigurationEngine[] = [];
beforeEach(() => {
	directory = mkdtempSync(join(tmpdir(), "engine-"));
	[now, world, failing, said] = [Date.UTC(2026, 10, 20, 12), undefined, "fails", []];
});
afterEach(async () => {
	for (const engine of engines.splice(0)) await engine.stop();
	rmSync(directory, { recursive: true, force: true });
});

async function startEngine(): Promise<ConfigurationEngine> {
	const engine = new ConfigurationEngine({
		root: sampleRoot,
		capabilities: [capability],
		store: new ConfigurationStore(directory),
		factoryText: "system { host-name factory; }",
		salt: (count) => new Uint8Array(count),
		now: () => now,
		readFacts: async () => new Map([["sample", "taken"]]),
		perform: async (_, effect) => {
			if (effect === failing) throw new Error("no");
			world = effect;
		},
		activated: (_, { serial }) => said.push(`activated ${serial}`),
		broadcast: (text) => said.push(text),
		report: (severity, text) => said.push(`${severity}: ${text}`),
	});
	engines.push(engine);
	assert.equal(await engine.start(), true);
	return engine;
}

function open(engine: ConfigurationEngine, editor: string, mode: "shared" | "private" | "exclusive" = "shared"): void {
	assert.equal(
		engine.edit({ type: "editor-opened", editor, user: editor, terminal: "p0", pid: 1, mode, access: superUser })?.ok,
		true,
	);
}

function set(engine: ConfigurationEngine, editor: string, line: string): void {
	assert.equal(engine.edit({ type: "line-entered", editor, items: wordsOf(line) })?.ok, true);
}

test("a first start runs the factory configuration; a commit changes what runs and survives a restart", async () => {
	const engine = await startEngine();
	assert.equal(world, "factory");
	open(engine, "alice");
	set(engine, "alice", "set system host-name gw");
	assert.deepEqual(await engine.commit("alice", { via: "cli", comment: "why" }), {
		ok: true,
		lines: ["commit complete"],
	});
	assert.equal(world, "gw");
	assert.equal((engine.snapshot as Sample).system.hostName, "gw");
	assert.equal(engine.candidates.active, engine.candidates.shared);
	assert.deepEqual(engine.history(), [
		"0   2026-11-20 12:00:00 UTC by alice via cli",
		"    why",
		"1   2026-11-20 12:00:00 UTC by root via other",
	]);
	world = undefined;
	await startEngine();
	assert.equal(world, "gw");
});

test("what a check refuses or a step fails at leaves everything as it was", async () => {
	const engine = await startEngine();
	open(engine, "alice");
	set(engine, "alice", "set system host-name taken");
	assert.match((await engine.commit("alice", { via: "cli" })).lines[0] ?? "", /is taken/);
	set(engine, "alice", "set system host-name fails");
	assert.deepEqual((await engine.commit("alice", { via: "cli" })).lines, [
		"error: commit failed: call it fails: no; everything was put back",
	]);
	assert.equal(world, "factory");
	assert.equal(engine.history().length, 1);
	assert.match(printText(sampleRoot, engine.candidates.shared), /fails/, "the candidate is kept");
	assert.equal((await engine.commit("nobody", { via: "cli" })).ok, false);
});

test("a configuration that would be too long to be read back is not stored", async () => {
	const engine = await startEngine();
	open(engine, "alice");
	for (const name of ["p", "q"]) {
		const policy = (index: number): string => `/* ${"x".repeat(4_000)} */ policy ${name}${index};`;
		const text = `security { ike { ${Array.from({ length: 2_200 }, (_, index) => policy(index)).join("\n")} } }`;
		const request = { how: "merge", text, format: "text", isRelative: false, source: "terminal" } as const;
		assert.equal(engine.edit({ type: "text-loaded", editor: "alice", request })?.ok, true);
	}
	const { ok, lines } = await engine.commit("alice", { via: "cli" });
	assert.equal(ok, false);
	assert.match(
		lines.join("\n"),
		/configuration of [0-9]+ characters; at most [0-9]+ are accepted; everything was put back/,
	);
	assert.equal(engine.history().length, 1);
	await startEngine();
	assert.equal(world, "factory");
});

test("a commit confirmed goes back by itself, also after a restart", async () => {
	const engine = await startEngine();
	open(engine, "alice");
	set(engine, "alice", "set system host-name risky");
	await engine.commit("alice", { via: "cli", confirmMinutes: 5 });
	assert.equal(engine.pendingLine, "# commit confirmed will be rolled back in 5 minutes");
	await engine.stop();
	now += 600_000;
	const again = await startEngine();
	await again.lookAtClock();
	assert.equal(world, "factory");
	assert.ok(said.includes("Commit was not confirmed; automatic rollback complete."));
	assert.equal(again.pendingLine, undefined);
	assert.match(again.history()[1] ?? "", /automatic rollback/);
});

test("the timer looks at the clock by itself", async () => {
	const engine = await startEngine();
	open(engine, "alice");
	set(engine, "alice", "set system host-name risky");
	now -= 60_000;
	await engine.commit("alice", { via: "cli", confirmMinutes: 1 });
	now += 60_000;
	set(engine, "alice", "set system host-name later");
	await engine.commit("alice", { via: "cli", at: now + 20 });
	now += 30;
	while (world !== "factory" && world !== "later") await new Promise((resolve) => setTimeout(resolve, 5));
	assert.equal(engine.pendingLine, undefined);
});

test("rollback, rescue and factory configurations are loaded into the candidate", async () => {
	const engine = await startEngine();
	open(engine, "alice");
	set(engine, "alice", "set system host-name one");
	await engine.commit("alice", { via: "cli" });
	engine.saveRescue();
	set(engine, "alice", "set system host-name two");
	await engine.commit("alice", { via: "cli" });
	for (const [which, name] of [
		[2, "factory"],
		["rescue", "one"],
		["factory", "factory"],
		[0, "two"],
	] as const) {
		const tree = engine.storedTree(which);
		assert.ok(tree !== undefined);
		assert.deepEqual(engine.edit({ type: "tree-loaded", editor: "alice", tree })?.lines, ["load complete"]);
		assert.match(printText(sampleRoot, engine.candidates.shared), new RegExp(`host-name ${name};`));
	}
	assert.equal(engine.storedTree(40), undefined);
	assert.equal(engine.history().at(-1), "rescue");
	engine.deleteRescue();
	assert.equal(engine.storedTree("rescue"), undefined);
});

test("private and exclusive editors keep to their rules at commit", async () => {
	const engine = await startEngine();
	open(engine, "alice", "private");
	open(engine, "bob", "private");
	set(engine, "alice", "set system host-name a");
	set(engine, "bob", "set system location b");
	assert.equal((await engine.commit("alice", { via: "cli" })).ok, true);
	assert.match((await engine.commit("bob", { via: "cli" })).lines[0] ?? "", /changed by another commit/);
	assert.equal(engine.edit({ type: "update-requested", editor: "bob" })?.ok, true);
	assert.equal((await engine.commit("bob", { via: "cli" })).ok, true);
	assert.match(printText(sampleRoot, engine.candidates.active), /host-name a;\n\s+location b;/);
	open(engine, "carol", "exclusive");
	set(engine, "bob", "set system location c");
	assert.equal((await engine.commit("bob", { via: "cli" })).lines[0], "error: configuration database locked by:");
});

test("a class is asked again at commit", async () => {
	const engine = await startEngine();
	let may = true;
	const access = { ...superUser, mayChange: () => may };
	engine.edit({ type: "editor-opened", editor: "dave", user: "dave", terminal: "p0", pid: 1, mode: "private", access });
	set(engine, "dave", "set system location x");
	may = false;
	assert.deepEqual((await engine.commit("dave", { via: "cli" })).lines, ["error: permission denied: system location"]);
	const whole = { ...superUser, mayChangeAll: true, mayChange: () => assert.fail() };
	engine.edit({
		type: "editor-opened",
		editor: "root",
		user: "root",
		terminal: "p0",
		pid: 1,
		mode: "private",
		access: whole,
	});
	set(engine, "root", "set system location y");
	assert.equal(
		(await engine.commit("root", { via: "cli" })).ok,
		true,
		"who may change all is not asked for each statement",
	);
});

test("a commit for later survives a restart and can be cleared", async () => {
	const engine = await startEngine();
	open(engine, "alice");
	set(engine, "alice", "set system host-name later");
	await engine.commit("alice", { via: "cli", at: now + 3_600_000 });
	assert.match(engine.history()[0] ?? "", /^commit requested by alice via cli at 2026-11-20 13:00:00 UTC/);
	await engine.stop();
	now += 3_600_000;
	const again = await startEngine();
	await again.lookAtClock();
	assert.equal(world, "later");
	assert.deepEqual(await again.clearSchedule(), ["No commit scheduled."]);
});
