import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { CommitRequest } from "#config/commit.ts";
import { commitDeadline, initialCommitState, pendingLine, stepCommit } from "#config/commit-machine.ts";
import type { AnyCapability } from "#config/commit-plan.ts";
import type { CommitEffect, CommitEvent, CommitState } from "#config/commit-state.ts";
import { error } from "#config/finding.ts";
import { equalSlots } from "#config/tree.ts";
import { sampleRoot, treeOf } from "../../test/support/config-sample.ts";

interface Sample {
	readonly system: { readonly hostName: string | undefined; readonly location: string | undefined };
}

/** Sets the host name, then the location; refuses the name `bad`. */
const capability: AnyCapability = {
	id: "sample",
	schema: sampleRoot,
	verify: (config) => ((config as Sample).system.hostName === "bad" ? [error(["system"], "host-name", "is bad")] : []),
	plan: (before, after) => {
		const [old, fresh] = [before as Sample | undefined, after as Sample];
		const steps = (["hostName", "location"] as const).filter((name) => old?.system[name] !== fresh.system[name]);
		return steps.map((name) => ({
			says: `set ${name}`,
			apply: [name, fresh.system[name]],
			undo: [name, old?.system[name]],
		}));
	},
};

/** Plays the shell: performs what is asked on a small world, and fails where it is told to. */
class Shell {
	state: CommitState;
	now = Date.UTC(2026, 10, 20, 12);
	world: Record<string, unknown> = {};
	disk: { text: CommitRequest["tree"]; record: CommitState["active"]["record"] };
	said: string[] = [];
	fails = new Set<string>();

	constructor(source: string, fallback?: CommitState["fallback"]) {
		const record = { serial: 3, time: 0, user: "root", via: "cli" };
		const tree = treeOf(source);
		this.disk = { text: tree, record };
		this.state = initialCommitState({
			root: sampleRoot,
			capabilities: [capability],
			tree,
			record,
			fallback,
			scheduled: undefined,
		});
	}

	take(first: CommitEvent): this {
		const events: CommitEvent[] = [first];
		for (let event = events.shift(); event !== undefined; event = events.shift()) {
			const { next, effects } = stepCommit(this.state, event, this.now);
			this.state = next;
			for (const effect of effects) {
				const follows = this.#perform(effect);
				if (follows !== undefined) events.push(follows);
			}
		}
		return this;
	}

	commit(source: string, more: Partial<CommitRequest> = {}): this {
		return this.take({
			type: "commit-requested",
			request: { editor: "e", user: "alice", via: "cli", tree: treeOf(source), ...more },
		});
	}

	#perform(effect: CommitEffect): CommitEvent | undefined {
		switch (effect.type) {
			case "read-facts":
				return { type: "facts-read", facts: new Map() };
			case "perform": {
				const [name, value] = effect.effect as [string, unknown];
				if (this.fails.has(effect.says)) return { type: "step-failed", message: "no" };
				this.world[name] = value;
				return { type: "step-done" };
			}
			case "store":
			case "store-record":
			case "store-schedule":
				if (this.fails.has("store")) return { type: "store-failed", message: "disk full" };
				if (effect.type === "store") this.disk = { text: effect.tree, record: effect.record };
				if (effect.type === "store-record") this.disk = { ...this.disk, record: effect.record };
				return { type: "stored" };
			case "answer":
				this.said.push(...effect.lines);
				return undefined;
			case "broadcast":
			case "report":
				this.said.push(`${effect.type}: ${effect.text}`);
				return undefined;
			default:
				return undefined;
		}
	}

	heard(): string[] {
		const said = this.said;
		this.said = [];
		return said;
	}
}

const named = (name: string) => `system { host-name ${name}; }`;

function started(source = named("a")): Shell {
	const shell = new Shell(source).take({ type: "started" });
	assert.deepEqual(shell.heard(), ["report: the stored configuration is in force"]);
	return shell;
}

test("at start-up what is stored is brought into force and not stored again", () => {
	const shell = started();
	assert.equal(shell.world.hostName, "a");
	assert.equal(shell.disk.record.serial, 3);
	assert.equal(shell.state.tag, "idle");
});

test("a commit verifies, applies the difference, stores and answers", () => {
	const shell = started();
	assert.deepEqual(
		shell
			.commit(`${named("b")} security { ike { gateway g { ike-policy p; general-ikeid; } policy p; } }`, {
				comment: "why",
				isDetailed: true,
			})
			.heard(),
		[
			"[edit security ike gateway g]\n  'general-ikeid'\n    warning: the statement is accepted, but nothing acts on it in this version",
			"sample: set hostName",
			"commit complete",
		],
	);
	assert.equal(shell.world.hostName, "b");
	assert.deepEqual(shell.disk.record, { serial: 4, time: shell.now, user: "alice", via: "cli", comment: "why" });
});

test("a commit that a check or a capability refuses changes nothing", () => {
	const shell = started();
	assert.deepEqual(shell.commit("security { ike { gateway g; } }").heard(), [
		"[edit security ike gateway g]\n  missing mandatory statement: 'ike-policy'",
		"error: configuration check-out failed",
	]);
	assert.deepEqual(shell.commit(named("bad")).heard(), [
		"[edit system]\n  'host-name'\n    is bad",
		"error: configuration check-out failed",
	]);
	assert.deepEqual(shell.commit(named("b"), { isCheck: true }).heard(), ["configuration check succeeds"]);
	assert.equal(shell.world.hostName, "a");
	assert.equal(shell.disk.record.serial, 3);
});

test("a step that fails half-way is put back, with what was done before it", () => {
	const shell = started(`system { host-name a; location here; }`);
	shell.fails.add("set location");
	assert.deepEqual(shell.commit("system { host-name b; location there; }").heard(), [
		"error: commit failed: set location: no; everything was put back",
	]);
	assert.deepEqual(shell.world, { hostName: "a", location: "here" });
	assert.equal(shell.state.tag, "idle");
	shell.fails.clear();
	shell.fails.add("store");
	assert.deepEqual(shell.commit("system { host-name b; location there; }").heard(), [
		"error: commit failed: it cannot be stored: disk full; everything was put back",
	]);
	assert.deepEqual(shell.world, { hostName: "a", location: "here" });
	shell.fails.add("undo: set hostName");
	assert.deepEqual(shell.commit(named("c")).heard()[0], 'report: undo of "set hostName" failed: no');
});

test("an unconfirmed commit goes back by itself; a commit or a commit check confirms it", () => {
	const shell = started();
	assert.deepEqual(shell.commit(named("b"), { confirmMinutes: 10 }).heard(), [
		"commit confirmed will be automatically rolled back in 10 minutes unless confirmed",
		"commit complete",
	]);
	assert.equal(pendingLine(shell.state, shell.now + 60_000), "# commit confirmed will be rolled back in 9 minutes");
	assert.equal(commitDeadline(shell.state), shell.now + 600_000);
	shell.now += 599_999;
	assert.deepEqual(shell.take({ type: "time-passed" }).heard(), []);
	shell.now += 1;
	assert.deepEqual(shell.take({ type: "time-passed" }).heard(), [
		"broadcast: Commit was not confirmed; automatic rollback complete.",
		"report: commit complete",
	]);
	assert.equal(shell.world.hostName, "a");
	assert.deepEqual(
		[shell.disk.record.serial, shell.disk.record.confirm, commitDeadline(shell.state)],
		[5, undefined, undefined],
	);
	for (const isCheck of [false, true]) {
		shell.commit(named("b"), { confirmMinutes: 1 });
		shell.commit(named("b"), { isCheck });
		assert.equal(shell.disk.record.confirm, undefined);
		assert.equal(pendingLine(shell.state, shell.now), undefined);
		shell.now += 600_000;
		shell.heard();
		assert.deepEqual(shell.take({ type: "time-passed" }).heard(), []);
		assert.equal(shell.world.hostName, "b");
		shell.commit(named("a"));
	}
});

test("a second commit confirmed goes back to what was confirmed last", () => {
	const shell = started();
	shell.commit(named("b"), { confirmMinutes: 10 });
	shell.commit(named("c"), { confirmMinutes: 10 });
	assert.equal(shell.disk.record.confirm?.fallback, 3);
	shell.now += 600_000;
	shell.take({ type: "time-passed" });
	assert.equal(shell.world.hostName, "a");
});

test("the deadline survives a restart: what passed meanwhile goes back at once", () => {
	const record = { by: Date.UTC(2026, 10, 20, 11), serial: 2, tree: treeOf(named("before")) };
	const shell = new Shell(named("unconfirmed"), record).take({ type: "started" });
	assert.equal(shell.world.hostName, "unconfirmed");
	assert.ok((commitDeadline(shell.state) ?? Number.POSITIVE_INFINITY) <= shell.now);
	shell.take({ type: "time-passed" });
	assert.equal(shell.world.hostName, "before");
});

test("an unconfirmed commit that cannot start goes back at once, and a rollback that fails is tried again", () => {
	const fallback = { by: Date.UTC(2026, 10, 20, 13), serial: 2, tree: treeOf("system { location before; }") };
	const shell = new Shell(named("x"), fallback);
	shell.fails.add("set hostName");
	shell.take({ type: "started" });
	assert.deepEqual(shell.world, { location: "before" });
	const other = started();
	other.commit(named("b"), { confirmMinutes: 1 });
	other.fails.add("set hostName");
	other.now += 60_000;
	assert.match(other.take({ type: "time-passed" }).heard().at(-1) ?? "", /^report: error: commit failed/);
	assert.equal(commitDeadline(other.state), other.now + 60_000);
	other.fails.clear();
	other.now += 60_000;
	other.take({ type: "time-passed" });
	assert.equal(other.world.hostName, "a");
});

test("nothing may veto the return to what was in force before; a start may be refused", () => {
	const shell = started();
	shell.commit(named("b"));
	shell.commit(named("c"), { confirmMinutes: 1 });
	const { fallback } = shell.state;
	assert.ok(fallback !== undefined);
	shell.state = { ...shell.state, fallback: { ...fallback, tree: treeOf(named("bad")) } };
	shell.now += 60_000;
	assert.ok(
		shell
			.take({ type: "time-passed" })
			.heard()
			.some((line) => line.includes("is bad")),
	);
	assert.equal(shell.world.hostName, "bad");
	const refused = new Shell(named("bad")).take({ type: "started" });
	assert.match(refused.heard()[0] ?? "", /is bad/);
	assert.equal(refused.state.active.snapshot, undefined);
});

test("a commit for later is checked now, done then, and can be cleared", () => {
	const shell = started();
	const at = shell.now + 3_600_000;
	assert.deepEqual(shell.commit(named("b"), { at }).heard(), [
		"configuration check succeeds",
		"commit at will be executed at 2026-11-20 13:00:00 UTC",
	]);
	assert.equal(shell.world.hostName, "a");
	assert.equal(commitDeadline(shell.state), at);
	shell.now = at;
	assert.deepEqual(shell.take({ type: "time-passed" }).heard(), ["report: commit complete"]);
	assert.equal(shell.world.hostName, "b");
	shell.commit(named("c"), { at: shell.now + 1_000 });
	shell.heard();
	assert.deepEqual(shell.take({ type: "schedule-cleared", editor: "e" }).heard(), ["Pending commit cleared"]);
	assert.deepEqual(shell.take({ type: "schedule-cleared", editor: "e" }).heard(), ["No commit scheduled."]);
	assert.equal(commitDeadline(shell.state), undefined);
});

test("one commit at a time", () => {
	const shell = started();
	const { next } = stepCommit(
		shell.state,
		{ type: "commit-requested", request: { editor: "e", user: "a", via: "cli", tree: treeOf("") } },
		0,
	);
	const second = stepCommit(
		next,
		{ type: "commit-requested", request: { editor: "f", user: "b", via: "cli", tree: treeOf("") } },
		0,
	);
	assert.deepEqual(second.effects, [
		{ type: "answer", editor: "f", ok: false, lines: ["error: another commit is in progress"] },
	]);
	assert.throws(() => stepCommit(next, { type: "stored" }, 0), /stored in state await-facts/);
});

test("whatever fails, what is stored, what runs and what the machine holds are the same", () => {
	const step = fc.record({
		name: fc.constantFrom("a", "b", "bad", "c"),
		location: fc.constantFrom("here", "there"),
		fails: fc.subarray(["set hostName", "set location", "store"]),
		minutes: fc.constantFrom(undefined, undefined, 1),
		wait: fc.constantFrom(0, 30_000, 90_000),
	});
	fc.assert(
		fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
			const shell = started();
			for (const { name, location, fails, minutes, wait } of steps) {
				shell.fails = new Set(fails);
				shell.commit(
					`system { host-name ${name}; location ${location}; }`,
					minutes === undefined ? {} : { confirmMinutes: minutes },
				);
				shell.fails.clear();
				shell.now += wait;
				shell.take({ type: "time-passed" });
				assert.equal(shell.state.tag, "idle");
				const { tree, record, snapshot } = shell.state.active;
				assert.ok(equalSlots(shell.disk.text, tree));
				assert.deepEqual(shell.disk.record, record);
				const { system } = snapshot as Sample;
				assert.deepEqual([shell.world.hostName, shell.world.location], [system.hostName, system.location]);
			}
		}),
		{ numRuns: 300 },
	);
});
