import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import {
	clearEverything,
	cpuSeconds,
	freePort,
	memoryKibibytes,
	type Program,
	startProgram,
	temporaryDirectory,
	waitForPort,
} from "./processes.ts";

const directory = temporaryDirectory("test");
const logFile = join(directory, "log");
after(clearEverything);

/** A shell with two children. */
async function startFamily(): Promise<{ program: Program; pids: number[] }> {
	const program = startProgram("sh", ["-c", "sleep 60 & sleep 60"], { logFile });
	while (program.pids().length < 3) await sleep(10);
	return { program, pids: program.pids() };
}

async function areGone(pids: readonly number[]): Promise<boolean> {
	for (let attempt = 0; attempt < 100; attempt++) {
		if (!pids.some((pid) => existsSync(`/proc/${pid}/exe`))) return true;
		await sleep(10);
	}
	return false;
}

test("a stopped program leaves no child behind", async () => {
	const { program, pids } = await startFamily();
	await program.stop();
	assert.ok(await areGone(pids), `one of ${pids} still runs`);
});

test("clearing ends every program with its children and removes the directories", async () => {
	const { pids } = await startFamily();
	const removed = temporaryDirectory("removed");
	clearEverything();
	assert.ok(await areGone(pids), `one of ${pids} still runs`);
	assert.equal(existsSync(removed), false);
	assert.equal(existsSync(directory), false);
});

test("the CPU time and memory of a process are what the kernel says of it", () => {
	const before = cpuSeconds([process.pid]);
	const { user, system } = process.cpuUsage();
	const microseconds = () => {
		const now = process.cpuUsage();
		return now.user + now.system - user - system;
	};
	while (microseconds() < 150_000) Math.sqrt(before);
	const used = cpuSeconds([process.pid]) - before;
	assert.ok(used >= 0.12 && used < 0.3, `${used} s for 0.15 s of work`);
	const memory = memoryKibibytes([process.pid]) * 1_024;
	const { rss } = process.memoryUsage();
	assert.ok(memory > rss / 4 && memory < rss * 1.5, `${memory} octets where ${rss} are resident`);
});

test("a process that is gone has used nothing", () => {
	assert.equal(cpuSeconds([2 ** 22 + 1]), 0);
});

test("a free port is below those of outgoing connections; a program that ends is not waited for", async () => {
	const port = await freePort();
	assert.ok(port >= 20_000 && port < 32_768);
	const log = join(temporaryDirectory("log"), "log");
	const program = startProgram("sh", ["-c", "echo no such option"], { logFile: log });
	await assert.rejects(waitForPort(port, program, log), /nothing listens .*no such option/s);
});
