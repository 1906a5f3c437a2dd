import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { connectTerminal, NoGatewayError } from "#cli/socket-client-shell.ts";
import { preparePlace, type SocketPlace, socketPlace } from "#cli/socket-place-shell.ts";
import type { ToTerminal } from "#cli/socket-protocol.ts";
import { startServer } from "../../test/support/cli-server.ts";
import { eventually } from "../../test/support/gateway.ts";

const description = { isInteractive: false, columns: 0, rows: 0, user: "" };

function newPlace(t: TestContext): SocketPlace {
	const directory = mkdtempSync(join(tmpdir(), "client-"));
	t.after(() => rmSync(directory, { recursive: true, force: true }));
	return socketPlace(directory);
}

test("the terminal says hello and gets its prompt", async (t) => {
	const { place } = await startServer(t);
	const socket = await connectTerminal(place, description);
	t.after(() => socket.close());
	const got: ToTerminal[] = [];
	socket.open(
		(message) => got.push(message),
		() => undefined,
	);
	await eventually(() => got.some(({ type }) => type === "prompt"), "a prompt");
	assert.deepEqual(got[0], { type: "welcome", version: 2, user: "admin" });
});

test("a long path of the state directory is no hindrance", async (t) => {
	const directory = join(mkdtempSync(join(tmpdir(), "long-")), "d".repeat(120));
	const { place } = await startServer(t, { directory });
	const socket = await connectTerminal(place, description);
	t.after(() => socket.close());
	const got: ToTerminal[] = [];
	socket.open(
		(message) => got.push(message),
		() => undefined,
	);
	await eventually(() => got.some(({ type }) => type === "prompt"), "a prompt");
});

test("without a gateway the message says where nobody listens", async (t) => {
	const place = newPlace(t);
	await assert.rejects(connectTerminal(place, description), NoGatewayError);
	preparePlace(place);
	await assert.rejects(connectTerminal(place, description), /nobody listens at .*cli\/socket/);
});

test("a system that speaks nonsense is left", async (t) => {
	const place = newPlace(t);
	preparePlace(place);
	const server = createServer((socket) => {
		socket.on("error", () => undefined);
		socket.write("HTTP/1.1 200 OK\r\n\r\n");
	});
	await new Promise<void>((resolve) => server.listen(place.socket, resolve));
	t.after(() => server.close());
	const socket = await connectTerminal(place, description);
	const said = await new Promise<string>((resolve) => socket.open(() => undefined, resolve));
	assert.match(said, /cannot be read/);
});

test("the end of the gateway is told", async (t) => {
	const { place, server } = await startServer(t);
	const socket = await connectTerminal(place, description);
	const got: ToTerminal[] = [];
	const over = new Promise<string>((resolve) => socket.open((message) => got.push(message), resolve));
	await eventually(() => got.some(({ type }) => type === "prompt"), "a prompt");
	void server.close();
	assert.equal(await over, "the gateway ended the connection");
});
