import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { fileURLToPath } from "node:url";
import { type CommitRecord, maxRollbacks } from "#config/commit.ts";
import { ConfigurationStore } from "#config/store-shell.ts";

let directory = "";
beforeEach(() => {
	directory = mkdtempSync(join(tmpdir(), "store-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function record(serial: number, more: Partial<CommitRecord> = {}): CommitRecord {
	return { serial, time: serial, user: "root", via: "cli", ...more };
}

function textOf(stored: { readonly text: string } | string | undefined): string | undefined {
	const text = typeof stored === "string" ? stored : stored?.text;
	return text?.replace(/^## commit .*\n/, "");
}

test("a commit becomes active and the ones before it rollback 1, 2 and so on", () => {
	const store = new ConfigurationStore(directory);
	assert.deepEqual([store.active(), store.rollback(0), store.history()], [undefined, undefined, []]);
	for (let serial = 0; serial < 4; serial++)
		store.commit(`text ${serial}\n`, record(serial, { comment: `c${serial}` }));
	assert.equal(textOf(store.active()), "text 3\n");
	assert.deepEqual(
		[0, 1, 3, 4].map((count) => textOf(store.rollback(count))),
		["text 3\n", "text 2\n", "text 0\n", undefined],
	);
	assert.deepEqual(
		store.history().map(({ serial, comment }) => `${serial} ${comment}`),
		["3 c3", "2 c2", "1 c1", "0 c0"],
	);
	assert.equal(textOf(store.bySerial(1)), "text 1\n");
	assert.equal(textOf(store.bySerial(3)), "text 3\n");
});

test("a text that comes from the store does not carry its old record along", () => {
	const store = new ConfigurationStore(directory);
	store.commit("one\n", record(0));
	store.commit(store.rollback(0) ?? "", record(1));
	assert.equal(store.active()?.text.match(/## commit/g)?.length, 1);
	assert.deepEqual(store.active()?.record, record(1));
});

test("so many are kept and no more, and the one to which an unconfirmed commit goes back", () => {
	const store = new ConfigurationStore(directory);
	for (let serial = 0; serial < 60; serial++)
		store.commit(`${serial}\n`, record(serial, { confirm: { by: 1, fallback: 2 } }));
	assert.equal(store.history().length, maxRollbacks + 1);
	assert.equal(textOf(store.rollback(maxRollbacks)), "10\n");
	assert.equal(store.rollback(maxRollbacks + 1), undefined);
	assert.equal(textOf(store.bySerial(2)), "2\n");
	store.commit("last\n", record(60));
	assert.equal(store.bySerial(2), undefined);
});

test("a confirmation rewrites the record and leaves the text and the history", () => {
	const store = new ConfigurationStore(directory);
	store.commit("zero\n", record(0));
	store.commit("one\n", record(1, { confirm: { by: 9, fallback: 0 } }));
	assert.deepEqual(store.active()?.record.confirm, { by: 9, fallback: 0 });
	store.rewriteRecord(record(1));
	assert.equal(store.active()?.record.confirm, undefined);
	assert.equal(textOf(store.active()), "one\n");
	assert.equal(store.history().length, 2);
});

test("rescue and scheduled configurations come and go", () => {
	const store = new ConfigurationStore(directory);
	store.saveRescue("r\n", record(0));
	store.schedule("s\n", { at: 5, user: "a", via: "cli" });
	assert.equal(textOf(store.rescue()), "r\n");
	assert.deepEqual(store.scheduled()?.commit, { at: 5, user: "a", via: "cli" });
	store.deleteRescue();
	store.clearSchedule();
	assert.deepEqual([store.rescue(), store.scheduled()], [undefined, undefined]);
});

test("a file edited or put back by hand counts as a new commit", () => {
	const store = new ConfigurationStore(directory);
	for (let serial = 0; serial < 3; serial++) store.commit(`${serial}\n`, record(serial));
	writeFileSync(join(directory, "active.conf"), "by hand\n");
	assert.deepEqual(store.active()?.record, { serial: 2, time: 0, user: "root", via: "other" });
	cpSync(join(directory, "rollback.0.conf"), join(directory, "active.conf"));
	assert.equal(store.active()?.record.serial, 2);
	store.commit("next\n", record(3));
	assert.deepEqual(
		store.history().map(({ serial }) => serial),
		[3, 2, 1, 0],
	);
});

const child = fileURLToPath(new URL("../../test/support/config-store-child.ts", import.meta.url));

function runChild(killAt: number, serial: number, what: string): string {
	const result = spawnSync(process.execPath, [child, directory, String(killAt), String(serial), what], {
		encoding: "utf8",
	});
	assert.ok(result.signal === "SIGKILL" || result.status === 0, result.stderr);
	return result.signal === "SIGKILL" ? "killed" : result.stdout;
}

test("killed before any change of the disk, the old or the new configuration is there, whole", () => {
	const whole = `new ${"x".repeat(200_000)} end\n`;
	let outcome = "";
	const seen = new Set<string>();
	for (let killAt = 1; !outcome.startsWith("done"); killAt++) {
		assert.ok(killAt < 100);
		rmSync(directory, { recursive: true, force: true });
		const first = new ConfigurationStore(directory);
		for (let serial = 0; serial <= maxRollbacks + 1; serial++) first.commit(`old ${serial}\n`, record(serial));
		outcome = runChild(killAt, maxRollbacks + 2, "commit");
		const store = new ConfigurationStore(directory);
		const text = textOf(store.active());
		const isNew = text === whole;
		seen.add(isNew ? "new" : "old");
		assert.ok(isNew || text === `old ${maxRollbacks + 1}\n`, `killed at ${killAt}`);
		assert.equal(store.active()?.record.serial, maxRollbacks + (isNew ? 2 : 1));
		const serials = store.history().map(({ serial }) => serial);
		const newest = maxRollbacks + (isNew ? 2 : 1);
		assert.deepEqual(
			serials,
			Array.from({ length: maxRollbacks + 1 }, (_, index) => newest - index),
		);
		assert.equal(textOf(store.rollback(1)), `old ${newest - 1}\n`);
		assert.ok(readdirSync(directory).every((name) => !name.endsWith(".tmp")));
		store.commit("after\n", record(newest + 1));
		assert.equal(textOf(store.rollback(1)), text, "the next commit goes on from there");
	}
	assert.deepEqual([...seen].sort(), ["new", "old"]);
});

test("killed while a commit is confirmed or the rescue is saved, each is the old or the new one", () => {
	for (const what of ["confirm", "rescue"]) {
		let outcome = "";
		for (let killAt = 1; !outcome.startsWith("done"); killAt++) {
			assert.ok(killAt < 100);
			rmSync(directory, { recursive: true, force: true });
			const first = new ConfigurationStore(directory);
			first.commit("zero\n", record(0));
			first.commit("text\n", record(1, { confirm: { by: 5, fallback: 0 } }));
			first.saveRescue("old rescue\n", record(0));
			outcome = runChild(killAt, 1, what);
			const store = new ConfigurationStore(directory);
			assert.equal(textOf(store.active()), "text\n");
			assert.ok(["old rescue\n", "new rescue\n"].includes(textOf(store.rescue()) ?? ""));
			assert.equal(store.active()?.record.serial, 1);
			assert.equal(store.history().length, 2);
		}
	}
});
