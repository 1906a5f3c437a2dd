import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { type TestContext, test } from "node:test";
import { runCli } from "#daemon/cli-command.ts";
import { CliService } from "#daemon/cli-service.ts";
import { commandWorld, newStateDirectory, type World } from "../../test/support/command-world.ts";
import { startGateway } from "../../test/support/gateway.ts";

interface Result {
	readonly status: number;
	readonly stdout: string;
	readonly stderr: string;
}

/** Runs `sallyport cli ARGUMENTS` in this process, towards a gateway in this process. */
async function cli(args: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<Result> {
	const [stdout, stderr] = [new PassThrough(), new PassThrough()];
	const [output, complaints] = [text(stdout), text(stderr)];
	const status = await runCli(args, { stdout, stderr, isTerminal: false, columns: 80, environment });
	stdout.end();
	stderr.end();
	return { status, stdout: await output, stderr: await complaints };
}

async function startWorld(t: TestContext, configuration?: string): Promise<World> {
	const world = await commandWorld(t, configuration === undefined ? {} : { configuration });
	const service = new CliService(world.gateway, () => undefined);
	await service.listen();
	t.after(() => service.close());
	return world;
}

test("--help tells the options without a gateway", async () => {
	const { status, stdout } = await cli(["--help"]);
	assert.equal(status, 0);
	for (const option of ["-c, --command", "--stop-on-error", "--user NAME", "--state DIR"])
		assert.ok(stdout.includes(option), option);
});

test("without a gateway the exit status is 2, and what to do is told in one line", async (t) => {
	const { status, stderr } = await cli(["--state", newStateDirectory(t), "-c", "show version"]);
	assert.equal(status, 2);
	assert.match(stderr, /^sallyport: no gateway runs here: .*; start one with sallyport start, or name another .*\n$/);
	const viaEnvironment = await cli(["-c", "show version"], { SALLYPORT_STATE: newStateDirectory(t) });
	assert.equal(viaEnvironment.status, 2);
});

test("R260: commands of -c run in order; several -c are one script", async (t) => {
	const world = await startWorld(t);
	const { status, stdout, stderr } = await cli([
		"--state",
		world.gateway.state.path,
		"-c",
		"configure; set system host-name lab",
		"-c",
		"commit and-quit",
	]);
	assert.deepEqual({ status, stderr }, { status: 0, stderr: "" });
	assert.match(stdout, /commit complete\nExiting configuration mode\n$/);
	assert.equal(world.gateway.configuration.config?.system.hostName, "lab");
});

test("a command that fails makes the exit status 1; --stop-on-error ends the script there", async (t) => {
	const state = (await startWorld(t)).gateway.state.path;
	const goesOn = await cli(["--state", state, "-c", "bogus; show version"]);
	assert.equal(goesOn.status, 1);
	assert.match(goesOn.stderr, /unknown command\./);
	assert.match(goesOn.stdout, /^Sallyport: /m);
	const stops = await cli(["--state", state, "--stop-on-error", "-c", "bogus; show version"]);
	assert.equal(stops.status, 1);
	assert.equal(stops.stdout, "");
});

test("--user works as another user; behind sudo it is the one who called it", async (t) => {
	const world = await startWorld(t);
	const state = ["--state", world.gateway.state.path];
	const account = "configure; set system login user pat class read-only; commit and-quit";
	assert.equal((await cli([...state, "-c", account])).status, 0);
	const asPat = await cli([...state, "--user", "pat", "-c", "show cli authorization; configure"]);
	assert.match(asPat.stdout, /pat.*read-only/);
	assert.equal(asPat.status, 1);
	const refused = await cli([...state, "--user", "eve", "-c", "show version"]);
	assert.equal(refused.status, 1);
	assert.match(refused.stderr, /user eve has no account here/);
	if (process.getuid?.() !== 0) return;
	const behindSudo = await cli([...state, "-c", "show cli authorization"], { SUDO_USER: "pat" });
	assert.match(behindSudo.stdout, /pat.*read-only/);
	const rootItself = await cli([...state, "-c", "show cli authorization"], { SUDO_USER: "root" });
	assert.match(rootItself.stdout, /super-user/);
});

test("a place that is not the gateway's own is refused in one line", async (t) => {
	const state = newStateDirectory(t);
	const refusal = async () => (await cli(["--state", state, "-c", "show version"])).stderr;
	writeFileSync(join(state, "cli"), "");
	assert.match(await refusal(), /^sallyport: .*\/cli is no directory; expected the one that the gateway makes\n$/);
	rmSync(join(state, "cli"));
	mkdirSync(join(state, "cli"));
	chmodSync(join(state, "cli"), 0o777);
	assert.match(await refusal(), /^sallyport: .*\/cli can be written by others; its mode should be 0700\n$/);
});

test("without a terminal the commands come from standard input; no worker loads the library of system calls", async (t) => {
	const gateway = await startGateway(t);
	const program = join(import.meta.dirname, "cli.ts");
	const { status, stdout } = spawnSync(
		process.execPath,
		["--disable-warning=ExperimentalWarning", program, "cli", "--state", gateway.state],
		{ input: "show system uptime\nconfigure\nset system host-name piped\ncommit\n", encoding: "utf8" },
	);
	assert.equal(status, 0);
	assert.match(stdout, /^Current time: .*commit complete\n$/s);
	assert.ok(hasLoaded(gateway.program.child.pid), "managed asks who connects");
	assert.ok(gateway.workers().length > 0);
	for (const worker of gateway.workers()) assert.ok(!hasLoaded(worker), "a worker has loaded it");
});

function hasLoaded(processId: number | undefined): boolean {
	return readFileSync(`/proc/${processId}/maps`, "utf8").includes("koffi");
}
