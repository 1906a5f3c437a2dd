/** The gateway ends cleanly in the midst of its work, and a second start goes on where the first ended. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import {
	eventually,
	freePort,
	gatewayConfiguration,
	makeStateDirectory,
	runProgram,
	startGateway,
	startProgram,
} from "../support/gateway.ts";
import { httpsOrigin, TestCa } from "../support/origins.ts";
import { dial, fetchOnce, openTls, openTunnel } from "../support/proxy-client.ts";

const owner = { after };
const ca = new TestCa();
const origin = await httpsOrigin(owner, ca.identity(["app.test"]), (request, response) => {
	if (request.url === "/slow") response.write("first part");
	else response.end("ok");
});
const target = `app.test:${origin.port}`;
const parts = { trust: ca.root.pem, hosts: ["app.test"] };

for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
	test(`${signal} amid sessions of every stage ends the gateway cleanly, and each has its record`, async (t) => {
		const gateway = await startGateway(t, parts);
		const head = await dial(gateway);
		head.send("CONNECT ");
		const tunnel = await openTunnel(gateway, target);
		const idle = await openTls(gateway, target);
		const busy = await openTls(gateway, target);
		busy.send(`GET /slow HTTP/1.1\r\nHost: ${target}\r\n\r\n`);
		await busy.receives("first part");
		assert.equal(await gateway.stop(signal), 0);
		assert.match(gateway.program.output, /Stopping \.\.\.\nStopped\.\n$/);
		for (const client of [head, tunnel, idle, busy]) {
			assert.notEqual(await client.over(), "open");
			const record = gateway.records().find(({ client: { port } }) => port === client.localPort);
			assert.equal(record?.endedBecause, "the gateway was stopped");
		}
		assert.equal(gateway.events("GATEWAY_STOPPED")[0]?.fields.reason, `signal ${signal}`);
		assert.ok(!existsSync(join(gateway.state, "managed.pid")));
	});
}

test("K10: a second start keeps the CA, the configuration and the history; each says first whose connections are decrypted", async (t) => {
	const state = makeStateDirectory(t);
	const first = await startGateway(t, { ...parts, state });
	const { localPort } = await fetchOnce(first, target);
	const record = await first.record(localPort);
	const { caPem, untrustedCaPem } = first;
	await first.stop();

	const second = await startGateway(t, { ...parts, state });
	assert.deepEqual([second.caPem, second.untrustedCaPem], [caPem, untrustedCaPem]);
	assert.deepEqual(second.records(), [record]);
	const notice = /^ {2}Decrypts +connections of policy inspect-all; the people whose they are must know of it$/m;
	for (const { program } of [first, second]) assert.match(program.output, notice);
	assert.equal((await fetchOnce(second, target, { ca: caPem })).status, 200);
	assert.equal(second.events("CA_CREATED").length, 2);
	await eventually(() => second.events("GATEWAY_STARTED").length === 2, "the event of the second start");
});

test("a first start makes a configuration that a second one finds as it was left", async (t) => {
	const state = makeStateDirectory(t);
	const configuration = join(state, "sallyport.conf");
	/** The default port may be in use on this machine: then the start ends with a message that says so. */
	const startOnce = async () => {
		const program = startProgram(t, ["start", "--state", state]);
		await eventually(() => program.isOver || program.output.includes("is running"), "the start");
		if (program.isOver) return assert.match(program.errors, /address \S+:8080 is already in use/);
		assert.match(program.output, /Proxy +http:\/\/127\.0\.0\.1:8080/);
		assert.match(program.output, /curl --proxy http:\/\/127\.0\.0\.1:8080 --cacert \S+ca\.pem/);
		program.child.kill("SIGTERM");
		assert.equal(await program.ended, 0);
	};
	await startOnce();
	const changed = `/* mine */\n${readFileSync(configuration, "utf8")}`;
	writeFileSync(configuration, changed);
	await startOnce();
	assert.equal(readFileSync(configuration, "utf8"), changed);
	for (const path of listTree(state)) {
		const mode = statSync(path).mode & 0o777;
		assert.equal(mode, statSync(path).isDirectory() ? 0o700 : 0o600, `${path} has mode ${mode.toString(8)}`);
	}
});

describe("what keeps the gateway from starting is one line that names it, and exit status 1", {
	concurrency: 4,
}, () => {
	/** Runs a start that must fail; answers its message. */
	async function refused(state: string, configuration?: string): Promise<string> {
		const more: string[] = [];
		if (configuration !== undefined) {
			writeFileSync(join(state, "test.conf"), configuration);
			more.push("--config", join(state, "test.conf"));
		}
		const { status, errors } = await runProgram(owner, ["start", "--state", state, ...more]);
		assert.equal(status, 1);
		assert.match(errors, /^sallyport: /);
		assert.doesNotMatch(errors, /\n {4}at /, "a stack is no message for a user");
		return errors;
	}
	const ports = async () => ({ ipv4: await freePort(), ipv6: await freePort("::1") });

	test("a port in use", async (t) => {
		const free = await ports();
		const squatter = createServer().listen(free.ipv4, "127.0.0.1");
		t.after(() => squatter.close());
		const message = await refused(makeStateDirectory(t), gatewayConfiguration(free));
		assert.match(
			message,
			new RegExp(
				`address 127\\.0\\.0\\.1:${free.ipv4} is already in use; stop the program that listens there or change 'services gateway explicit-proxy v4 listen'\n$`,
			),
		);
	});

	test("a state directory that is a file", async (t) => {
		const file = join(makeStateDirectory(t), "file");
		writeFileSync(file, "");
		const { status, errors } = await runProgram(owner, ["start", "--state", file]);
		assert.equal(status, 1);
		assert.match(errors, new RegExp(`^sallyport: state directory ${file} cannot be used: .* with --state DIR\n$`));
	});

	test("a state directory below a file", async (t) => {
		const file = join(makeStateDirectory(t), "file");
		writeFileSync(file, "");
		const { status, errors } = await runProgram(owner, ["start", "--state", join(file, "below")]);
		assert.deepEqual([status, errors.split("\n").length], [1, 2]);
	});

	test("a configuration that cannot be parsed names line and column", async (t) => {
		const message = await refused(makeStateDirectory(t), "services {\n    gateway {\n        listn 1;\n    }\n}\n");
		assert.match(message, /test\.conf:3:/);
		assert.match(message, /listn/);
	});

	test("a configuration that names what is not there says what there is", async (t) => {
		const text = gatewayConfiguration(await ports()).replace("root-ca sallyport-ca", "root-ca corporate");
		assert.match(
			await refused(makeStateDirectory(t), text),
			/'corporate' does not exist; existing: sallyport-ca, sallyport-untrusted-ca/,
		);
	});

	test("a configuration file that is not there", async (t) => {
		const state = makeStateDirectory(t);
		const { status, errors } = await runProgram(owner, ["start", "--state", state, "--config", join(state, "none")]);
		assert.equal(status, 1);
		assert.match(errors, /configuration \S+none cannot be read/);
	});

	test("a broken key store, a lost master key or a half key file names the file and the remedy", async (t) => {
		const gateway = await startGateway(t, {});
		await gateway.stop();
		const keys = join(gateway.state, "keys");
		const plain = join(keys, "old.key");
		writeFileSync(plain, "-----BEGIN PRIVATE KEY-----\nhalf");
		const configuration = gatewayConfiguration(await ports());
		assert.match(
			await refused(gateway.state, configuration),
			/keys\/old\.key cannot be used: .*; restore it from a backup/,
		);
		rmSync(plain);
		rmSync(join(keys, "master-key"));
		assert.match(
			await refused(gateway.state, configuration),
			/keys\/master-key cannot be used: it is not there; restore it from a backup/,
		);
		writeFileSync(join(keys, "key-store.json"), "{");
		assert.match(
			await refused(gateway.state, configuration),
			/keys\/key-store\.json cannot be used: it is cut short or no JSON; restore it from a backup/,
		);
	});

	test("a second gateway on the same state directory", async (t) => {
		const gateway = await startGateway(t, {});
		const message = await refused(gateway.state, gatewayConfiguration(await ports()));
		assert.match(
			message,
			new RegExp(
				`is in use by the gateway with process id ${gateway.program.child.pid}; stop that one or choose another`,
			),
		);
		const client = await dial(gateway);
		client.send("GET / HTTP/1.1\r\n\r\n");
		assert.equal((await client.response()).status, 400);
		assert.ok(existsSync(join(gateway.state, "managed.pid")), "the refused one took the lock away");
	});
});

test("the lock of a gateway that was killed does not keep the next from starting", async (t) => {
	const state = makeStateDirectory(t);
	const first = await startGateway(t, { ...parts, state });
	first.program.child.kill("SIGKILL");
	await first.program.ended;
	assert.ok(existsSync(join(state, "managed.pid")));
	const second = await startGateway(t, { ...parts, state });
	assert.equal((await fetchOnce(second, target)).status, 200);
});

test("records of a gateway that was killed are there up to the last moments", async (t) => {
	const state = makeStateDirectory(t);
	const first = await startGateway(t, { ...parts, state });
	const { localPort } = await fetchOnce(first, target);
	await first.record(localPort);
	first.program.child.kill("SIGKILL");
	await first.program.ended;
	const second = await startGateway(t, { ...parts, state });
	assert.ok(second.records().some(({ client }) => client.port === localPort));
});

function listTree(directory: string): string[] {
	return [
		directory,
		...readdirSync(directory, { recursive: true, encoding: "utf8" }).map((name) => join(directory, name)),
	];
}
