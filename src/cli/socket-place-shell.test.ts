import assert from "node:assert/strict";
import { chmodSync, existsSync, lstatSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import {
	addressOf,
	checkPlace,
	ownerOf,
	preparePlace,
	type SocketPlace,
	socketPlace,
} from "#cli/socket-place-shell.ts";

function newPlace(t: TestContext): SocketPlace {
	const directory = mkdtempSync(join(tmpdir(), "place-"));
	t.after(() => rmSync(directory, { recursive: true, force: true }));
	const place = socketPlace(directory);
	preparePlace(place);
	return place;
}

async function listen(t: TestContext, path: string): Promise<void> {
	const server = createServer();
	await new Promise<void>((resolve) => server.listen(path, resolve));
	t.after(() => server.close());
}

const me = process.getuid?.() ?? 0;

test("the directory is the owner's alone, and a socket left behind goes", async (t) => {
	const place = newPlace(t);
	assert.equal(lstatSync(place.directory).mode & 0o777, 0o700);
	chmodSync(place.directory, 0o755);
	await listen(t, place.socket);
	preparePlace(place);
	assert.equal(lstatSync(place.directory).mode & 0o777, 0o700);
	assert.equal(existsSync(place.socket), false);
});

test("a file in the place of the socket is left alone", (t) => {
	const place = newPlace(t);
	writeFileSync(place.socket, "mine");
	assert.throws(() => preparePlace(place), /is no socket; move it away/);
});

test("a terminal talks only to a socket of the expected user in a directory that others cannot write", async (t) => {
	const place = newPlace(t);
	await listen(t, place.socket);
	checkPlace(place, ownerOf(place.directory));
	chmodSync(place.directory, 0o777);
	assert.throws(() => checkPlace(place, me), /can be written by others/);
	chmodSync(place.directory, 0o700);
	if (me !== 0) assert.throws(() => checkPlace(place, me + 1), /belongs to user/);
	rmSync(place.socket);
	writeFileSync(place.socket, "");
	assert.throws(() => checkPlace(place, me), /is no socket/);
});

test("a socket whose path is too long for an address is reached over its directory", async (t) => {
	const directory = mkdtempSync(join(tmpdir(), "place-"));
	t.after(() => rmSync(directory, { recursive: true, force: true }));
	const long = join(directory, "d".repeat(100));
	mkdirSync(long);
	const place = socketPlace(long);
	preparePlace(place);
	const address = addressOf(place.socket);
	assert.ok(Buffer.byteLength(address) < 108 && address.startsWith("/proc/self/fd/"));
	await listen(t, address);
	assert.ok(lstatSync(place.socket).isSocket());
	assert.equal(addressOf("/tmp/x"), "/tmp/x");
});
