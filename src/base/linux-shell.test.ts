import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { globSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { createConnection, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { openLinux } from "#base/linux-shell.ts";
import { makeNamespaces, type Namespace, requireNamespaces } from "../../test/support/namespaces.ts";
import { peerPath, requirePeers } from "../../test/support/peers.ts";

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
	assert.throws(() => linux.peerCredentials(file), /^LinuxError: getsockopt SO_PEERCRED failed: ENOTSOCK$/);
	assert.throws(() => linux.peerCredentials(-1), /failed: EBADF$/);
});

test("a device of packets that cannot be made is an error that says why", async () => {
	const linux = await openLinux();
	assert.throws(
		() => linux.openTun("no/name"),
		/^Error: no device can be called no\/name; expected up to 15 characters$/,
	);
	// The loopback device exists and is of another kind; without the right to make devices that is what is said.
	assert.throws(() => linux.openTun("lo"), /^LinuxError: (ioctl TUNSETIFF lo|open \/dev\/net\/tun) failed: E[A-Z]+$/);
});

test("R40: a socket connects from an address of somebody else, IPv4 and IPv6", async (t) => {
	if (!requireNamespaces(t)) return;
	const host = await ownHost(t);
	assert.deepEqual(inside(host, "foreign"), [
		{ server: "192.0.2.55", client: "192.0.2.55", isSamePort: true },
		{ server: "2001:db8::55", client: "2001:db8::55", isSamePort: true },
	]);
});

test("R5 R41: a transparent socket accepts what was meant for another address; several share a port", async (t) => {
	if (!requireNamespaces(t)) return;
	assert.deepEqual(inside(await ownHost(t), "transparent"), { meant: "192.0.2.80", isSamePort: true });
});

test("the destination before it was translated is known; of others it is the one that they have", async (t) => {
	if (!requireNamespaces(t, ["nft"])) return;
	const host = await ownHost(t);
	const rules = `table inet t { chain output { type nat hook output priority -100; tcp dport 443 redirect to :15000; }; }`;
	host.run([peerPath("nft"), rules]);
	assert.deepEqual(inside(host, "redirected"), [
		"192.0.2.80:443",
		"127.0.0.1:15000",
		"[2001:db8::80]:443",
		"[::1]:15000",
	]);
});

test("without the privilege each call says which one was refused", (t) => {
	if (!requirePeers(t, ["setpriv"])) return;
	const setpriv = ["--inh-caps=-all", "--bounding-set=-all"];
	const words = [process.execPath, ...flags, child, "refused"];
	const [program, ...rest] = process.getuid?.() === 0 ? [peerPath("setpriv"), ...setpriv, ...words] : words;
	const { stdout, stderr } = spawnSync(program as string, rest, { encoding: "utf8" });
	assert.deepEqual(stderr, "");
	assert.deepEqual(JSON.parse(stdout), {
		errors: [
			"LinuxError: setsockopt IP_TRANSPARENT failed: EPERM",
			"LinuxError: setsockopt SO_MARK failed: EPERM",
			"LinuxError: bind failed: EADDRNOTAVAIL",
		],
		left: 0,
	});
});

test("without the library the reason and the remedy are told", () => {
	const program = `
		import { registerHooks } from "node:module";
		registerHooks({ resolve: (name, context, next) => { if (name === "koffi") throw new Error("not there"); return next(name, context); } });
		const { openLinux } = await import("#base/linux-shell.ts");
		await openLinux().catch((error) => console.log(error.message));
	`;
	const words = [...flags, "--input-type=module", "-e", program];
	const { stdout } = spawnSync(process.execPath, words, { encoding: "utf8", cwd: source });
	assert.match(
		stdout,
		/^the C library cannot be called: not there; expected the package koffi .* npm ci installs it\n$/,
	);
});

test("three files load the library: for calls now and then, for packets, for OpenSSL", () => {
	const files = globSync("**/*.ts", { cwd: source }).filter((file) => !file.endsWith(".test.ts"));
	const users = files.filter((file) => /from "koffi"|import\("koffi"\)/.test(readFileSync(join(source, file), "utf8")));
	assert.ok(files.length > 100);
	assert.deepEqual(users.sort(), ["base/linux-shell.ts", "base/openssl-shell.ts", "base/packet-calls-shell.ts"]);
});

/** A host that has every address of the documentation networks on the way to itself. */
async function ownHost(t: TestContext): Promise<Namespace> {
	const [host] = await makeNamespaces(t, ["host"]);
	host?.ip("route add local 192.0.2.0/24 dev lo", "route add local 2001:db8::/32 dev lo");
	return host as Namespace;
}

function inside(host: Namespace, scenario: string): unknown {
	return JSON.parse(host.run([process.execPath, ...flags, child, scenario]));
}

const source = join(import.meta.dirname, "..");
const child = join(source, "../test/support/linux-sockets-child.ts");
const flags = ["--disable-warning=ExperimentalWarning"];
