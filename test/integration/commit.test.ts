/** What is committed on the command line, at the running gateway: what it changes, what it leaves alone, what survives. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { hasControlCharacter } from "#config/word.ts";
import { shippedPatterns } from "#inspect/shipped-patterns.ts";
import { projectRoot } from "../../scripts/source-files.ts";
import { eventually, Gateway, type Owner, startGateway, startProgram } from "../support/gateway.ts";
import { TestCa, tlsOrigin } from "../support/origins.ts";
import { dial, openTls } from "../support/proxy-client.ts";

const ca = new TestCa();
const origin = await tlsOrigin({ after }, ca.identity(["shop.test"]), (socket) =>
	socket.on("data", (octets) => socket.write(octets)),
);
const parts = { trust: ca.root.pem, hosts: ["shop.test"] };
const gateway = await startGateway({ after }, parts);
const target = `shop.test:${origin.port}`;
const files = mkdtempSync(join(tmpdir(), "commit-"));
after(() => rmSync(files, { recursive: true, force: true }));

/** Lines to the command line of a gateway; everything that it says, mistakes too, without the warnings of a commit. */
function enter(at: Gateway, lines: readonly string[], user = "root"): string {
	const flags = ["--disallow-code-generation-from-strings", "--disable-warning=ExperimentalWarning"];
	const cli = join(projectRoot, "src/daemon/cli.ts");
	const { stdout } = spawnSync(
		"/bin/sh",
		["-c", 'exec "$@" 2>&1', "sh", process.execPath, ...flags, cli, "cli", "--state", at.state, "--user", user],
		{
			input: `${lines.join("\n")}\n`,
			encoding: "utf8",
			maxBuffer: 64 * 1024 * 1024,
		},
	);
	return stdout.replace(/^\[edit .*\]\n {2}'.*'\n {4}warning: .*\n/gm, "");
}

async function connectStatus(): Promise<number> {
	const client = await dial(gateway);
	client.send(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n\r\n`);
	await client.receives("\r\n\r\n");
	client.socket.destroy();
	return Number(client.text.split(" ")[1]);
}

test("set and commit change what the next connection meets, and a running one goes on", async () => {
	const running = await openTls(gateway, target);
	running.send("before\n");
	await running.receives("before\n");
	const policy = "security policies global policy shop";
	const said = enter(gateway, [
		"configure",
		"set security address-book global address shop dns-name shop.test",
		`set ${policy} match source-address any destination-address shop application any`,
		`set ${policy} then reject`,
		`insert ${policy} before policy inspect-all`,
		"commit and-quit",
	]);
	assert.equal(said, "Entering configuration mode\ncommit complete\nExiting configuration mode\n");
	assert.equal(await connectStatus(), 403);
	running.send("after");
	await running.receives("after");
	running.socket.destroy();
	assert.equal(enter(gateway, ["configure", "rollback 1", "commit"]).split("\n").at(-2), "commit complete");
	assert.equal(await connectStatus(), 200);
	assert.equal(gateway.events("CA_CREATED").length, 2, "new CAs are told of once");
});

test("R147: while client inspection is disabled sessions that run go on being decrypted, new ones are let be", async () => {
	const running = await openTls(gateway, target);
	running.send("before\n");
	await running.receives("before\n");
	assert.match(
		enter(gateway, ["configure", "set services ssl proxy client-inspection disable", "commit"]),
		/commit complete/,
	);
	const fresh = await openTls(gateway, target, { ca: ca.root.pem });
	fresh.socket.end();
	const letBe = await gateway.record(fresh.localPort);
	assert.deepEqual([letBe.decision, letBe.cause], ["bypass", "switched-off"]);
	running.send(Buffer.from(shippedPatterns.get("eicar") ?? []));
	await running.over();
	const { decision, findings } = await gateway.record(running.localPort);
	assert.deepEqual([decision, findings[0]?.name, findings[0]?.verdict], ["decrypt", "eicar", "block"]);
	assert.match(
		enter(gateway, ["configure", "delete services ssl proxy client-inspection", "commit"]),
		/commit complete/,
	);
	const again = await openTls(gateway, target);
	again.socket.destroy();
});

test("R249: sessions are ended by command, those that fit and no others, and their records say so", async () => {
	const near = await openTls(gateway, target, { localAddress: "127.0.0.21" });
	const far = await openTls(gateway, target, { localAddress: "127.0.0.22" });
	const clear = "clear services ssl proxy sessions";
	assert.equal(enter(gateway, [`${clear} source 127.0.0.21/32 server nowhere.test`]), "0 sessions ended\n");
	assert.equal(
		enter(gateway, [`${clear} source 127.0.0.21/32 server shop.test decision decrypt`]),
		"1 session ended\n",
	);
	await near.over();
	const record = await gateway.record(near.localPort);
	assert.equal(record.endedBecause, "the session was cleared by an operator");
	far.send("still here\n");
	await far.receives("still here\n");
	assert.equal(enter(gateway, [clear]), "1 session ended\n");
	await far.over();
	const told = await eventually(() => {
		const events = gateway.events("SESSIONS_CLEARED");
		return events.length === 3 && events;
	}, "the events");
	assert.deepEqual(told.map(({ fields }) => [fields.count, fields.user]).sort(), [
		[0, "root"],
		[1, "root"],
		[1, "root"],
	]);
});

test("a commit that fails while it is applied puts everything back and keeps the candidate", async () => {
	const history = enter(gateway, ["show system commit"]);
	const said = enter(gateway, [
		"configure",
		"set system host-name never",
		`set services gateway explicit-proxy v4 listen 127.0.0.1:${origin.port}`,
		"commit",
		"show | compare",
		"rollback",
		"show | compare",
	]);
	assert.match(said, /\nerror: commit failed: .*already in use; .*; everything was put back\n/);
	assert.match(said, /\n\+ {2}host-name never;\n/);
	assert.match(said, /\nload complete\n$/);
	assert.equal(await connectStatus(), 200);
	assert.equal(enter(gateway, ["show system commit"]), history);
	assert.doesNotMatch(readFileSync(join(gateway.state, "configuration/active.conf"), "utf8"), /never/);
});

test("files of any size, depth and shape are refused with their place; the candidate and the session stay", () => {
	const write = (name: string, text: string): string => {
		writeFileSync(join(files, name), text);
		return join(files, name);
	};
	const huge = write("huge", `system { host-name x; }\n${`/* ${"x".repeat(94)} */\n`.repeat(524_288)}`);
	const deep = write("deep", `${"system { ".repeat(1_000)}${"}".repeat(1_000)}`);
	const name = write("name", `security { address-book { global { address ${"n".repeat(65_536)} 10.0.0.1/32; } } }`);
	const open = write("open", `system { host-name "${"a".repeat(8_000_000)}`);
	const lists = write("lists", "[ ".repeat(2_000_000));
	const nested = write("nested", "[".repeat(2_000_000));
	const octets = write("octets", "system { host-name gw\u001b[2J\u009bx; }\n\u0000 {");
	const before = peakMemory();
	const said = enter(gateway, [
		"configure",
		...[huge, deep, name, open, lists, octets].map((file) => `load merge ${file}`),
		`load merge ${nested} json`,
		...["set", "patch", "override", "replace", "update"].map((how) => `load ${how} ${octets}`),
		"show | compare",
		"show system | count",
	]);
	for (const expected of [
		/^error: [0-9]+ characters; at most [0-9]+ are accepted$/m,
		/deep:1:\(10\) syntax error: system$/m,
		/name:1:\(44\) a word of 65536 characters; at most 16384 are accepted$/m,
		/open:1:\(20\) unterminated string$/m,
		/lists:1:\(3\) syntax error: \[$/m,
		/octets:1:\(20\) control character in a word$/m,
		/nested:1:\(1001\) syntax error: more than 1000 levels$/m,
	])
		assert.match(said, expected);
	assert.equal(said.match(/the candidate is unchanged/g)?.length, 11);
	assert.doesNotMatch(said, /internal error|\n {4}at /);
	assert.ok(!hasControlCharacter(said.replaceAll("\n", "")));
	assert.match(said, /\nCount: 4 lines\n$/);
	assert.ok(peakMemory() - before < 512 * 1024, "kilobytes of managed");
});

/** The most that managed held at once by now, in kilobytes. */
function peakMemory(): number {
	const status = readFileSync(`/proc/${gateway.program.child.pid}/status`, "utf8");
	return Number(/VmHWM:\s+([0-9]+)/.exec(status)?.[1]);
}

test("R262: a class keeps its user to what it names: at set, load, show and commit", () => {
	const own = "system login class net";
	const secret = "security ike policy p pre-shared-key ascii-text geheim";
	const proposal = "security ike proposal q";
	const made = enter(gateway, [
		"configure",
		`set ${own} permissions [ view configure security ]`,
		`set ${own} allow-configuration "services ssl"`,
		`set ${own} deny-configuration "services ssl proxy profile .* root-ca"`,
		`set ${own} allow-commands "show log"`,
		`set ${own} deny-commands "show log sallyport|clear"`,
		"set system login user bob class net",
		`set ${secret}`,
		"set security ike policy p proposals q",
		`set ${proposal} authentication-method pre-shared-keys dh-group group14`,
		`set ${proposal} authentication-algorithm sha-256 encryption-algorithm aes-256-cbc`,
		"commit",
	]);
	assert.match(made, /commit complete\n$/);
	const said = enter(
		gateway,
		[
			"show log sallyport.log",
			"configure",
			"show security ike policy p",
			"show security ike | display set | match key",
			"show services ssl | match root-ca",
			"set services ssl proxy profile inspect description mine",
			"set services ssl proxy profile inspect root-ca other",
			"delete services ssl proxy profile inspect",
			"set system host-name mine",
			'set security policies global policy "services" then reject',
			"load override terminal",
			"system { host-name mine; }",
			"\u0004",
			"show | compare",
			"commit",
		],
		"bob",
	);
	assert.doesNotMatch(said, /geheim|\$9\$/);
	assert.match(said, /pre-shared-key ascii-text \/\* SECRET-DATA \*\/;/);
	assert.match(said, /^show log sallyport\.log\n +\^\npermission denied\.$/m);
	assert.doesNotMatch(said, /root-ca sallyport-ca/);
	assert.equal(said.match(/^error: permission denied: /gm)?.length, 5);
	assert.match(said, /^\[edit services ssl proxy profile inspect\]\n\+ {2}description mine;\ncommit complete$/m);
});

test("a commit confirmed outlives the process, killed without a word, and goes back when its time is over", async (t) => {
	const first = await startGateway(t, parts);
	const said = enter(first, ["configure", "set system host-name once", "commit confirmed 30"]);
	assert.match(said, /rolled back in 30 minutes unless confirmed\ncommit complete\n$/);
	const second = await killedAndStarted(t, first);
	const waiting = enter(second, ["show system commit", "show configuration system | match host-name"]);
	assert.match(waiting, /^0 .* by root via cli commit confirmed, rollback at/);
	assert.match(waiting, /\nhost-name once;\n$/);
	const active = join(first.state, "configuration/active.conf");
	const passed = readFileSync(active, "utf8").replace(/"by":[0-9]+/, '"by":1000');
	writeFileSync(active, passed);
	const third = await killedAndStarted(t, second);
	const history = enter(third, ["show system commit", "show configuration system | match host-name"]);
	assert.match(history, /^0 .* by root via other\n {4}automatic rollback: the commit was not confirmed\n1 /);
	assert.doesNotMatch(history, /host-name once/);
});

async function killedAndStarted(owner: Owner, { state, ports, program }: Gateway): Promise<Gateway> {
	program.child.kill("SIGKILL");
	await program.ended;
	const again = startProgram(owner, ["start", "--state", state, "--config", join(state, "test.conf")]);
	await again.says("is running");
	return new Gateway(state, ports, again);
}
