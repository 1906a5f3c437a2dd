import assert from "node:assert/strict";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { openPacketCalls } from "#base/packet-calls-shell.ts";

test("octets of the memory are written and read where they lie; a call that fails says why", async (t) => {
	const directory = mkdtempSync(join(tmpdir(), "calls-"));
	t.after(() => rmSync(directory, { recursive: true }));
	const calls = await openPacketCalls();
	const memory = calls.memory(4_096);
	memory.octets.set(Buffer.from("hello"), 100);
	const file = openSync(join(directory, "f"), "w+");
	t.after(() => closeSync(file));
	assert.equal(calls.write(file, memory.address + 100, 5), 5);
	assert.equal(readFileSync(join(directory, "f"), "utf8"), "hello");
	const again = openSync(join(directory, "f"), "r");
	t.after(() => closeSync(again));
	assert.equal(calls.read(again, memory.address + 200, 64), 5);
	assert.equal(Buffer.from(memory.octets.subarray(200, 205)).toString(), "hello");
	assert.equal(calls.read(-1, memory.address, 1), -1);
	assert.equal(calls.failure(), constants.errno.EBADF);
	assert.equal(calls.sendmmsg(file, memory.address, 0, 0), -1);
	assert.equal(calls.failure(), constants.errno.ENOTSOCK);
});
