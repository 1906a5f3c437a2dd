import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { globSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { createConnection, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { openLinux } from "#base/linux-shell.ts";

test("the peer of a Unix socket is the process that the kernel saw", async (t) => {
	const directory = mkdtempSync(join(tmpdir(), "linux-"));
	t.after(() => rmSync(directory, { recursive: true, force: true }));
	const linux = await openLinux();
	const server = createServer();
	await new Promise<void>((resolve) => server.listen(join(directory, "s"), resolve));
	t.after(() => server.close());
	const accepted = new Promise<Socket>((resolve) => server.once("connection", resolve));
	const client = createConnection(join(directory, "s"));
	t.after(() => client.destroy());
	const socket = await accepted;
	const { fd } = (socket as unknown as { _handle: { fd: number } })._handle;
	assert.deepEqual(linux.peerCredentials(fd), {
		processId: process.pid,
		userId: process.getuid?.(),
		groupId: process.getgid?.(),
	});
});

test("a call that Linux refuses names itself and the reason", async () => {
	const linux = await openLinux();
	const file = openSync("/dev/null", "r");
	assert.throws(() => linux.peerCredentials(file), /^Error: getsockopt SO_PEERCRED failed: ENOTSOCK$/);
	assert.throws(() => linux.peerCredentials(-1), /failed: EBADF$/);
});

test("a device of packets that cannot be made is an error that says why", async () => {
	const linux = await openLinux();
	assert.throws(
		() => linux.openTun("no/name"),
		/^Error: no device can be called no\/name; expected up to 15 characters$/,
	);
	// The loopback device exists and is of another kind; without the right to make devices that is what is said.
	assert.throws(() => linux.openTun("lo"), /^Error: (ioctl TUNSETIFF lo|open \/dev\/net\/tun) failed: E[A-Z]+$/);
});

test("without the library the reason and the remedy are told", () => {
	const program = `
		import { registerHooks } from "node:module";
		registerHooks({ resolve: (name, context, next) => { if (name === "koffi") throw new Error("not there"); return next(name, context); } });
		const { openLinux } = await import("#base/linux-shell.ts");
		await openLinux().catch((error) => console.log(error.message));
	`;
	const flags = ["--disable-warning=ExperimentalWarning", "--input-type=module", "-e", program];
	const { stdout } = spawnSync(process.execPath, flags, { encoding: "utf8", cwd: source });
	assert.match(
		stdout,
		/^the C library cannot be called: not there; expected the package koffi .* npm ci installs it\n$/,
	);
});

test("no other file loads the library", () => {
	const files = globSync("**/*.ts", { cwd: source }).filter((file) => !file.endsWith(".test.ts"));
	const users = files.filter((file) => /from "koffi"|import\("koffi"\)/.test(readFileSync(join(source, file), "utf8")));
	assert.ok(files.length > 100);
	assert.deepEqual(users, ["base/linux-shell.ts"]);
});

const source = join(import.meta.dirname, "..");
