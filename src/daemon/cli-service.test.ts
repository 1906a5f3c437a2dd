import assert from "node:assert/strict";
import { appendFileSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { type SocketPlace, socketPlace } from "#cli/socket-place-shell.ts";
import { CliService } from "#daemon/cli-service.ts";
import { asUser, openToAll } from "../../test/support/as-user.ts";
import { commandWorld, storeSessions, type World } from "../../test/support/command-world.ts";
import { eventually } from "../../test/support/gateway.ts";
import { requireRoot } from "../../test/support/peers.ts";
import { RawTerminal } from "../../test/support/raw-terminal.ts";
import { sessionRecord } from "../../test/support/session-records.ts";

interface Running {
	readonly world: World;
	readonly service: CliService;
	readonly place: SocketPlace;
	readonly reports: string[];
}

/** The command line of a gateway with a real configuration; `set` lines are in force at once. */
async function start(t: TestContext, ...setLines: readonly string[]): Promise<Running> {
	const world = await commandWorld(t);
	const reports: string[] = [];
	const service = new CliService(world.gateway, (severity, text) => reports.push(`${severity}: ${text}`));
	await service.listen();
	t.after(() => service.close());
	const running = { world, service, place: socketPlace(world.gateway.state.path), reports };
	if (setLines.length > 0) await commit(await new RawTerminal(t, running).log(), setLines);
	return running;
}

async function commit(raw: RawTerminal, setLines: readonly string[]): Promise<void> {
	await raw.enter("configure");
	for (const line of setLines) await raw.enter(`set ${line}`);
	assert.equal(await raw.enter("commit and-quit"), "commit complete\nExiting configuration mode\n");
}

async function refusalOf(raw: RawTerminal, user = ""): Promise<string> {
	raw.hello({ user });
	return (await raw.next("end")).text;
}

test("the owner of the gateway comes in with every right, under the process id that the kernel knows", async (t) => {
	const running = await start(t);
	const raw = await new RawTerminal(t, running).log();
	assert.match(await raw.enter("show system users"), new RegExp(`p0 +${process.pid} `));
	assert.match(await raw.enter("show cli authorization"), /super-user/);
});

test("another user of the host is refused, whoever it says that it is", async (t) => {
	if (!requireRoot(t, "only root can be another user")) return;
	const running = await start(t, "system login user nobody class super-user");
	openToAll(running.place);
	for (const claimed of ["", "root", "nobody"]) {
		const raw = asUser(65_534, () => new RawTerminal(t, running));
		assert.match(await refusalOf(raw, claimed), /^error: user nobody is neither root nor the owner of this gateway/);
	}
	assert.match(running.reports.at(-1) ?? "", /^error: command line refused to user 65534, process \d+: user nobody is/);
});

test("R260: root works as another user with that user's class, which follows each commit", async (t) => {
	const running = await start(t, "system login user pat class read-only");
	const pat = await new RawTerminal(t, running).log({ user: "pat" });
	assert.match(await pat.enter("show cli authorization"), /pat.*read-only/s);
	await pat.enter("configure");
	assert.ok(pat.got.some((message) => message.type === "complaint"));
	await commit(await new RawTerminal(t, running).log(), ["system login user pat class super-user"]);
	assert.match(await pat.enter("configure"), /Entering configuration mode/);
});

test("a user without an account is told how it comes to one", async (t) => {
	const running = await start(t);
	assert.match(
		await refusalOf(new RawTerminal(t, running), "eve"),
		/user eve has no account here; root may make one: sallyport cli --user root, then set system login user eve/,
	);
});

test("an account that a commit took away lets nobody in any more", async (t) => {
	const running = await start(t, "system login user gil class read-only");
	await new RawTerminal(t, running).log({ user: "gil" });
	const root = await new RawTerminal(t, running).log();
	await root.enter("configure");
	await root.enter("delete system login");
	await root.enter("commit");
	assert.match(await refusalOf(new RawTerminal(t, running), "gil"), /has no account here/);
});

test("who comes reads message and announcement before the first prompt", async (t) => {
	const texts = ['system login message "Authorized use only."', 'system login announcement "TLS is inspected here."'];
	const running = await start(t, ...texts);
	const raw = new RawTerminal(t, running);
	raw.hello({ isInteractive: true });
	assert.equal((await raw.next("notice")).text, "Authorized use only.\nTLS is inspected here.\n");
	await raw.next("prompt");
});

test("the prompt names the host of the configuration", async (t) => {
	const running = await start(t, "system host-name lab");
	const raw = new RawTerminal(t, running);
	raw.hello();
	assert.match((await raw.next("prompt")).prompt, /@lab> $/);
});

test("completion offers log files, sessions, users and their processes", async (t) => {
	const running = await start(t);
	appendFileSync(running.world.gateway.state.log, '{"level":30,"msg":"x"}\n');
	storeSessions(running.world, sessionRecord());
	const raw = await new RawTerminal(t, running).log();
	const offered = async (line: string): Promise<string> => {
		raw.send({ type: "complete", key: "help", line, isRepeat: false });
		return (await raw.next("completed")).shows;
	};
	assert.match(await offered("show log "), / messages /);
	assert.match(await offered("explain session "), new RegExp(` ${sessionRecord().id} `));
	assert.match(await offered("request system logout pid "), new RegExp(` ${process.pid} `));
	assert.match(await offered("request system logout user "), / root /);
	assert.doesNotMatch(await offered("request system logout user x"), / root /);
});

test("every terminal hears what is told to all, and the log that it follows", async (t) => {
	const running = await start(t);
	appendFileSync(running.world.gateway.state.log, '{"level":30,"msg":"before"}\n');
	const raw = await new RawTerminal(t, running).log();
	running.service.broadcast("Commit was not confirmed; automatic rollback complete.");
	assert.match((await raw.next("notice")).text, /^\nCommit was not confirmed/);
	await raw.enter("monitor start messages");
	appendFileSync(running.world.gateway.state.log, '{"level":30,"msg":"worker started"}\n');
	await eventually(
		() => raw.got.some((message) => message.type === "notice" && message.text.includes("worker started")),
		"the new line",
	);
});

test("the rescue and factory configurations and earlier commits can be loaded; a commit for later forgotten", async (t) => {
	const running = await start(t, "system host-name one");
	const raw = await new RawTerminal(t, running).log();
	await raw.enter("configure");
	assert.equal(await raw.enter("rollback 1"), "load complete\n");
	await raw.enter("rollback rescue");
	assert.ok(raw.got.some((message) => message.type === "complaint" && message.text.includes("no rescue")));
	assert.equal(await raw.enter("load factory-default"), "warning: activating factory configuration\nload complete\n");
	assert.equal(await raw.enter("run clear system commit"), "No commit scheduled.\n");
});

test("more than one session: one ends the other", async (t) => {
	const running = await start(t, "system login user pat class read-only");
	const pat = await new RawTerminal(t, running).log({ user: "pat" });
	const root = await new RawTerminal(t, running).log();
	assert.match(await root.enter("request system logout user pat"), /1 session ended/);
	assert.equal((await pat.next("end")).text, "Session ended by root\n");
	await running.service.close();
	assert.match((await root.next("end")).text, /being stopped/);
});
