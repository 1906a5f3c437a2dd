import assert from "node:assert/strict";
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { accessOfClass, type LoginClass, predefinedClasses } from "#cli/access.ts";
import type { CommitOrder } from "#cli/reply.ts";
import type { Item } from "#config/resolve.ts";
import type { ConfigurationService } from "#daemon/configuration-service.ts";
import { defaultConfiguration } from "#daemon/default-configuration.ts";
import { commandWorld, newStateDirectory, type World } from "../../test/support/command-world.ts";

const factory = defaultConfiguration(false);
const access = accessOfClass("super-user", predefinedClasses["super-user"] as LoginClass);

/** Sets the host's name and commits it. */
async function commitHostName(service: ConfigurationService, name: string, order: Partial<CommitOrder> = {}) {
	const editor = `editor-${name}`;
	service.edit({ type: "editor-opened", editor, user: "pat", terminal: "p0", pid: 1, mode: "private", access });
	service.edit({ type: "line-entered", editor, items: itemsOf(`set system host-name ${name}`) });
	try {
		return await service.commit(editor, { via: "cli", ...order });
	} finally {
		service.edit({ type: "editor-closed", editor });
	}
}

function itemsOf(line: string): Item[] {
	return line.split(" ").map((text) => ({ text, isQuoted: false, words: undefined, line: 1, column: 1 }));
}

function copyOf(world: World): string {
	return world.gateway.state.configuration;
}

function writeEdited(file: string, change: (text: string) => string): string {
	const text = change(readFileSync(file, "utf8"));
	writeFileSync(file, text);
	return text;
}

const named = (name: string) => (text: string) => `${text}\nsystem { host-name ${name}; }\n`;

test("a first start runs the factory configuration, stores it as commit 0 and lays a copy of it beside", async (t) => {
	const world = await commandWorld(t);
	const service = world.gateway.configuration;
	assert.equal(service.record.serial, 0);
	assert.match(service.text, /profile inspect \{/);
	assert.match(readFileSync(copyOf(world), "utf8"), /^## commit \{"serial":0,/);
	assert.equal(statSync(copyOf(world)).mode & 0o777, 0o600);
	assert.deepEqual(world.applied, []);
	assert.deepEqual(service.notes, []);
});

test("a commit is put in force, stored and copied; who asked and why stand in the history", async (t) => {
	const world = await commandWorld(t);
	const service = world.gateway.configuration;
	assert.deepEqual(await commitHostName(service, "lab", { comment: "a name" }), {
		ok: true,
		lines: ["commit complete"],
	});
	assert.equal(world.applied.length, 1);
	assert.match(world.applied[0] ?? "", /host-name lab;/);
	assert.equal(service.config?.system.hostName, "lab");
	assert.match(readFileSync(copyOf(world), "utf8"), /^## commit \{"serial":1,.*\n.*host-name lab;/s);
	assert.match(service.history()[0] ?? "", /^0 +20.* by pat via cli$/);
	assert.equal(service.history()[1], "    a name");
	assert.notEqual(service.stored(1), undefined);
	assert.equal(service.stored(2), undefined);
});

test("what the workers do not take is refused: store, copy and memory keep what was", async (t) => {
	let isBroken = false;
	const world = await commandWorld(t, {
		apply: () => {
			if (isBroken) throw new Error("worker 1 cannot listen");
		},
	});
	const service = world.gateway.configuration;
	const before = readFileSync(copyOf(world), "utf8");
	isBroken = true;
	const { ok, lines } = await commitHostName(service, "lab");
	assert.equal(ok, false);
	assert.match(lines.join("\n"), /worker 1 cannot listen/);
	assert.equal(readFileSync(copyOf(world), "utf8"), before);
	assert.equal(service.config?.system.hostName, undefined);
	assert.equal(service.record.serial, 0);
});

test("a copy edited by hand becomes a commit at the next start, and stays as it was written", async (t) => {
	const path = newStateDirectory(t);
	const first = await commandWorld(t, { path });
	await first.gateway.configuration.stop();
	const text = writeEdited(copyOf(first), named("byhand"));
	const { configuration: service } = (await commandWorld(t, { path })).gateway;
	assert.equal(service.config?.system.hostName, "byhand");
	assert.equal(service.record.serial, 1);
	assert.match(service.record.comment ?? "", /sallyport\.conf was edited$/);
	assert.equal(readFileSync(copyOf(first), "utf8"), text);
	await service.stop();
	const again = (await commandWorld(t, { path })).gateway.configuration;
	assert.equal(again.record.serial, 1);
	await commitHostName(again, "committed");
	assert.match(readFileSync(copyOf(first), "utf8"), /^## commit \{"serial":2,/);
});

test("an edit of an older commit's text is taken, with a warning where the newer one went", async (t) => {
	const path = newStateDirectory(t);
	const first = await commandWorld(t, { path });
	const old = readFileSync(copyOf(first), "utf8");
	await commitHostName(first.gateway.configuration, "newer");
	await first.gateway.configuration.stop();
	writeFileSync(copyOf(first), named("older")(old));
	const { configuration: service } = (await commandWorld(t, { path })).gateway;
	assert.deepEqual(service.notes, [`warning: ${copyOf(first)} was edited from commit 0; commit 1 is now rollback 1`]);
	assert.equal(service.config?.system.hostName, "older");
});

test("the text of an earlier commit, put back unchanged or lost, does not undo the commits since", async (t) => {
	const path = newStateDirectory(t);
	const first = await commandWorld(t, { path });
	const old = readFileSync(copyOf(first), "utf8");
	await commitHostName(first.gateway.configuration, "newer");
	await first.gateway.configuration.stop();
	for (const spoil of [() => writeFileSync(copyOf(first), old), () => rmSync(copyOf(first))]) {
		spoil();
		const { configuration: service } = (await commandWorld(t, { path })).gateway;
		assert.equal(service.config?.system.hostName, "newer");
		assert.match(readFileSync(copyOf(first), "utf8"), /^## commit \{"serial":1,/);
		await service.stop();
	}
});

test("a file of --config is run and taken once: commits since then stand until it is edited again", async (t) => {
	const path = newStateDirectory(t);
	const file = join(newStateDirectory(t), "gateway.conf");
	writeFileSync(file, named("first")(factory));
	const world = await commandWorld(t, { path, file });
	const service = world.gateway.configuration;
	assert.equal(service.file, file);
	assert.equal(service.config?.system.hostName, "first");
	await commitHostName(service, "second");
	assert.match(readFileSync(copyOf(world), "utf8"), /host-name second;/);
	assert.equal(readFileSync(file, "utf8"), named("first")(factory));
	await service.stop();
	const again = (await commandWorld(t, { path, file })).gateway.configuration;
	assert.equal(again.config?.system.hostName, "second");
	await again.stop();
	writeFileSync(file, named("third")(factory));
	const third = (await commandWorld(t, { path, file })).gateway.configuration;
	assert.equal(third.config?.system.hostName, "third");
	assert.equal(third.record.serial, 2);
});

test("a file that cannot be run keeps the gateway from starting: line and column, or the path, are told", async (t) => {
	const file = join(newStateDirectory(t), "gateway.conf");
	const start = (text: string) => {
		writeFileSync(file, text);
		return commandWorld(t, { file });
	};
	await assert.rejects(start("services {\n  bogus;\n}\n"), /gateway\.conf:2:.*\n.*correct/s);
	await assert.rejects(
		start(factory.replace("root-ca sallyport-ca", "root-ca nobody")),
		/gateway\.conf:\n.*profile inspect.*nobody/s,
	);
	rmSync(file);
	mkdirSync(file);
	await assert.rejects(commandWorld(t, { file }), /configuration .*gateway\.conf cannot be read: EISDIR/);
});

test("a stored configuration that cannot be read is told with the place where it lies", async (t) => {
	const path = newStateDirectory(t);
	const first = await commandWorld(t, { path });
	await first.gateway.configuration.stop();
	rmSync(copyOf(first));
	writeFileSync(join(path, "configuration/active.conf"), "nonsense {");
	await assert.rejects(commandWorld(t, { path }), /\/configuration: .*active\.conf:1:/s);
});

test("a reload commits what the file holds; one that is refused changes nothing", async (t) => {
	const world = await commandWorld(t);
	const service = world.gateway.configuration;
	const text = writeEdited(copyOf(world), named("byhand"));
	await service.reload();
	assert.equal(service.config?.system.hostName, "byhand");
	assert.match(service.record.comment ?? "", /was edited$/);
	assert.equal(readFileSync(copyOf(world), "utf8"), text);
	await service.reload();
	assert.match(service.record.comment ?? "", /was read again$/);
	const { serial } = service.record;
	writeFileSync(copyOf(world), "system {\n  host-nam x;\n}\n");
	await assert.rejects(service.reload(), /sallyport\.conf:2:/);
	rmSync(copyOf(world));
	await assert.rejects(service.reload(), /cannot be read/);
	assert.equal(service.record.serial, serial);
	assert.equal(service.candidates.editors.size, 0);
});

test("a reload waits for nobody: one who edits exclusively keeps it out", async (t) => {
	const world = await commandWorld(t);
	const service = world.gateway.configuration;
	service.edit({ type: "editor-opened", editor: "x", user: "pat", terminal: "p0", pid: 1, mode: "exclusive", access });
	writeEdited(copyOf(world), named("byhand"));
	await assert.rejects(service.reload(), /sallyport\.conf: .*(pat|locked)/s);
	assert.equal(service.config?.system.hostName, undefined);
});

test("a copy that cannot be written is reported and refuses no commit", async (t) => {
	const world = await commandWorld(t);
	rmSync(copyOf(world));
	mkdirSync(join(copyOf(world), "in-the-way"), { recursive: true });
	assert.equal((await commitHostName(world.gateway.configuration, "lab")).ok, true);
	assert.match(world.reports.at(-1) ?? "", /^error: .*the copy of the configuration in force, cannot be written: E/);
});

test("a commit to be confirmed says until when; a rescue configuration is kept until it is deleted", async (t) => {
	const world = await commandWorld(t);
	const service = world.gateway.configuration;
	await commitHostName(service, "trial", { confirmMinutes: 5 });
	assert.match(service.pendingLine ?? "", /rolled back in 5 minutes/);
	await commitHostName(service, "kept");
	assert.equal(service.pendingLine, undefined);
	service.saveRescue();
	assert.equal(service.hasRescue, true);
	assert.notEqual(service.stored("rescue"), undefined);
	assert.notEqual(service.stored("factory"), undefined);
	service.deleteRescue();
	assert.equal(service.hasRescue, false);
});

test("an event of an editor who is not there is answered, and nothing else happens", async (t) => {
	const service = (await commandWorld(t)).gateway.configuration;
	assert.equal(service.edit({ type: "line-entered", editor: "ghost", items: [] }).ok, false);
	assert.deepEqual(await service.commit("ghost", { via: "cli" }), {
		ok: false,
		lines: ["error: not in configuration mode"],
	});
	assert.deepEqual(await service.clearSchedule(), ["No commit scheduled."]);
});
