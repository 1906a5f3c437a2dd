import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { describe, type TestContext, test } from "node:test";
import { TokenBucket } from "#base/token-bucket.ts";
import {
	forward,
	hold,
	type PlaintextStream,
	release,
	type StreamAnswer,
	type StreamStop,
	stop,
} from "#inspect/plaintext-stream.ts";
import { RelayShell } from "#proxy/relay-shell.ts";
import type { RelaySummary } from "#proxy/session-event.ts";
import { until } from "../../test/support/tls-legs.ts";

const octets = (text: string) => Buffer.from(text, "latin1");
const nothing = new Uint8Array(0);

/** A peer of the relay, and what it heard. */
class Peer {
	readonly socket: Socket;
	heard = "";
	hasEnded = false;
	isClosed = false;
	error: string | undefined;

	constructor(socket: Socket) {
		this.socket = socket;
		socket.on("end", () => {
			this.hasEnded = true;
		});
		socket.on("close", () => {
			this.isClosed = true;
		});
		socket.on("error", (error: NodeJS.ErrnoException) => {
			this.error = error.code;
		});
	}

	listen(): this {
		this.socket.on("data", (chunk: Buffer) => {
			this.heard += chunk.toString("latin1");
		});
		return this;
	}

	async hears(text: string): Promise<void> {
		await until(() => this.heard === text, `${JSON.stringify(text)}, got ${JSON.stringify(this.heard)}`);
	}

	async isReset(): Promise<void> {
		await until(() => this.isClosed, "the reset");
		assert.equal(this.error, "ECONNRESET");
	}
}

/** Both ends of a loopback connection; the relay's end is paused. */
async function connection(t: TestContext): Promise<{ readonly relayed: Socket; readonly peer: Peer }> {
	const listener = createServer({ allowHalfOpen: true, pauseOnConnect: true });
	listener.listen(0, "127.0.0.1");
	await once(listener, "listening");
	const accepted = once(listener, "connection") as Promise<[Socket]>;
	const socket = connect({ port: (listener.address() as AddressInfo).port, host: "127.0.0.1", allowHalfOpen: true });
	await once(socket, "connect");
	const [relayed] = await accepted;
	listener.close();
	t.after(() => {
		relayed.destroy();
		socket.destroy();
	});
	return { relayed, peer: new Peer(socket) };
}

async function relay(
	t: TestContext,
	plaintext?: PlaintextStream,
	isDecrypted = plaintext !== undefined,
	sendsReset?: "client" | "server" | "both",
	bucket?: TokenBucket,
) {
	const { relayed: clientSide, peer: client } = await connection(t);
	const { relayed: serverSide, peer: server } = await connection(t);
	const summaries: RelaySummary[] = [];
	const ends = [
		{ stream: clientSide, transport: clientSide, peer: "10.1.4.7" },
		{ stream: serverSide, transport: serverSide, peer: "192.0.2.1" },
	] as const;
	const shell = new RelayShell(ends[0], ends[1], { plaintext, isDecrypted, sendsReset, bucket }, 5_000, (summary) =>
		summaries.push(summary),
	);
	const over = async (): Promise<RelaySummary> => {
		await until(() => summaries.length > 0, "the summary");
		await until(() => clientSide.destroyed && serverSide.destroyed, "the end of both sockets");
		await new Promise((resolve) => setTimeout(resolve, 20));
		assert.equal(summaries.length, 1);
		return summaries[0] as RelaySummary;
	};
	return { shell, client, server, clientSide, serverSide, over, isOver: () => summaries.length > 0 };
}

/** A plaintext stream that answers as the test says. */
class Script implements PlaintextStream {
	readonly released: Uint8Array[] = [];
	readonly findings = [];
	readonly inspection = "inspected" as const;
	readonly requests = 3;
	isClientWaiting = false;
	readonly toClient: Uint8Array[] = [];
	readonly toServer: Uint8Array[] = [];
	stop: StreamStop | undefined;
	closes = 0;
	onSecond = (): void => undefined;
	onClient: (chunk: Uint8Array) => StreamAnswer = () => forward;
	onServer: (chunk: Uint8Array) => StreamAnswer = () => forward;
	onGoOn: () => StreamAnswer = () => hold;
	onClientEnd: () => StreamAnswer = () => forward;
	onServerEnd: () => StreamAnswer = () => forward;

	fromClient(chunk: Uint8Array): StreamAnswer {
		return this.onClient(chunk);
	}
	fromServer(chunk: Uint8Array): StreamAnswer {
		return this.onServer(chunk);
	}
	clientMayGoOn(): StreamAnswer {
		return this.onGoOn();
	}
	clientEnded(): StreamAnswer {
		return this.onClientEnd();
	}
	serverEnded(): StreamAnswer {
		return this.onServerEnd();
	}
	secondPassed(): void {
		this.onSecond();
	}
	close(): void {
		this.closes++;
	}
}

describe("octets", () => {
	test("travel both ways, the first ones first, and are counted", async (t) => {
		const { shell, client, server, over } = await relay(t);
		client.listen().socket.write("client");
		server.listen();
		shell.start(octets("first "));
		await server.hears("first client");
		server.socket.write("server");
		await client.hears("server");
		client.socket.end();
		server.socket.end();
		assert.deepEqual(await over(), {
			octetsToServer: 12,
			octetsToClient: 6,
			requests: 0,
			findings: [],
			inspection: "not decrypted",
			why: "the client closed the connection",
			faultCode: undefined,
		});
	});

	test("R182: decrypted octets that nothing looked at are said to be so", async (t) => {
		const { shell, client, server, over } = await relay(t, undefined, true);
		shell.start(nothing);
		client.socket.end();
		server.socket.end();
		assert.equal((await over()).inspection, "decrypted, not inspected");
	});

	for (const from of ["server", "client"] as const) {
		test(`of a ${from} that sends to a reader that stands still wait at the sender, and all arrive later`, async (t) => {
			const { shell, client, server, clientSide, serverSide, over } = await relay(t);
			const [sender, reader] = from === "server" ? [server, client] : [client, server];
			const [source, sink] = from === "server" ? [serverSide, clientSide] : [clientSide, serverSide];
			shell.start(nothing);
			const total = 48 * 1_048_576;
			let sent = 0;
			const chunk = Buffer.alloc(1_048_576, "x");
			const write = () => {
				for (; sent < total; ) {
					sent += chunk.length;
					if (!sender.socket.write(chunk)) return;
				}
				sender.socket.end();
			};
			sender.socket.on("drain", write);
			write();
			let before = -1;
			await until(() => {
				const isStill = sent > 0 && source.bytesRead === before;
				before = source.bytesRead;
				return isStill;
			}, "the pause of the relay");
			await new Promise((resolve) => setTimeout(resolve, 100));
			// What one read in bulk takes, at most.
			assert.ok(sink.writableLength <= sink.writableHighWaterMark + 262_144, `${sink.writableLength} octets are held`);
			assert.ok(sent < total, "the sender is held back");
			let arrived = 0;
			reader.socket.on("data", (octetsRead: Buffer) => {
				arrived += octetsRead.length;
			});
			await until(() => arrived === total && reader.hasEnded, "all octets and the end");
			reader.socket.end();
			const summary = await over();
			assert.equal(from === "server" ? summary.octetsToClient : summary.octetsToServer, total);
		});
	}
});

describe("M13: the end of one direction", () => {
	test("by the client leaves the other open until the server ends", async (t) => {
		const { shell, client, server, over, isOver } = await relay(t);
		shell.start(nothing);
		client.listen().socket.end("bye");
		await server.listen().hears("bye");
		await until(() => server.hasEnded, "the end at the server");
		server.socket.write("still");
		await client.hears("still");
		assert.equal(isOver(), false);
		server.socket.end(" here");
		await client.hears("still here");
		assert.equal((await over()).why, "the client closed the connection");
	});

	test("by the server leaves the other open until the client ends", async (t) => {
		const { shell, client, server, over, isOver } = await relay(t);
		shell.start(nothing);
		server.listen().socket.end("bye");
		client.listen();
		await until(() => client.hasEnded, "the end at the client");
		client.socket.write("still");
		await server.hears("still");
		assert.equal(isOver(), false);
		client.socket.end(" here");
		await server.hears("still here");
		assert.equal((await over()).why, "the server closed the connection");
	});

	test("before the relay began, of both directions, closes the other side", async (t) => {
		for (const side of ["clientSide", "serverSide"] as const) {
			const made = await relay(t);
			made[side].destroy();
			made.client.listen();
			made.server.listen();
			made.shell.start(octets("never sent"));
			assert.equal(made.isOver(), false, "not before start returns");
			const { why, octetsToServer } = await made.over();
			assert.equal(why, `the ${side === "clientSide" ? "client" : "server"} closed the connection`);
			assert.equal(octetsToServer, 0);
		}
	});
});

describe("M13: a reset", () => {
	for (const who of ["client", "server"] as const) {
		test(`by the ${who} is passed on`, async (t) => {
			const { shell, client, server, over } = await relay(t);
			const [leaver, other] = who === "client" ? [client, server] : [server, client];
			shell.start(nothing);
			other.listen();
			leaver.socket.write("x");
			await other.hears("x");
			leaver.socket.resetAndDestroy();
			await other.isReset();
			const { why, faultCode } = await over();
			assert.deepEqual([why, faultCode], [`the ${who} reset the connection`, undefined]);
		});
	}

	test("ends a relay that is shut down, on both sides", async (t) => {
		const { shell, client, server, over } = await relay(t);
		shell.start(nothing);
		client.listen();
		server.listen();
		shell.shutdown("the gateway stops");
		shell.shutdown("twice");
		await Promise.all([client.isReset(), server.isReset()]);
		assert.equal((await over()).why, "the gateway stops");
	});
});

describe("the idle time", () => {
	test("ends a relay in which nothing moves, and not one in which something did", async (t) => {
		const { shell, client, server, over, isOver } = await relay(t);
		shell.start(nothing);
		server.listen();
		client.listen();
		shell.tick(1_000);
		shell.tick(5_999);
		client.socket.write("x");
		await server.hears("x");
		shell.tick(6_000);
		shell.tick(10_999);
		assert.equal(isOver(), false);
		shell.tick(11_000);
		await Promise.all([client.isReset(), server.isReset()]);
		const { why, faultCode } = await over();
		assert.deepEqual([why, faultCode], ["neither side sent anything for 5 seconds", "SESSION_IDLE_TIMEOUT"]);
	});
});

describe("a plaintext stream", () => {
	test("that holds and releases decides what travels, in its order", async (t) => {
		const script = new Script();
		const { shell, client, server, over } = await relay(t, script);
		const held: Uint8Array[] = [];
		script.onClient = (chunk) => {
			held.push(Buffer.from(chunk));
			if (!Buffer.concat(held).includes("!")) return hold;
			script.released.push(octets("<"), ...held, octets(">"));
			return release;
		};
		script.onServerEnd = () => {
			script.released.push(octets("tail"));
			return release;
		};
		shell.start(nothing);
		server.listen();
		client.listen();
		for (const word of ["one ", "two ", "three!"]) {
			client.socket.write(word);
			await until(() => Buffer.concat(held).includes(word), word);
			if (word !== "three!") assert.equal(server.heard, "");
		}
		await server.hears("<one two three!>");
		assert.equal(script.released.length, 0);
		server.socket.end("head ");
		await client.hears("head tail");
		client.socket.end();
		const { inspection, requests, octetsToServer } = await over();
		assert.deepEqual([inspection, requests, octetsToServer], ["inspected", 3, 14]);
		assert.equal(script.closes, 1);
	});

	test("in which the client waits stops its reading until the server has answered", async (t) => {
		const script = new Script();
		const { shell, client, server, clientSide, over } = await relay(t, script);
		script.onClient = () => {
			script.isClientWaiting = true;
			return forward;
		};
		script.onGoOn = () => {
			script.isClientWaiting = false;
			script.onClient = () => forward;
			script.released.push(octets("[waited]"));
			return release;
		};
		shell.start(nothing);
		client.listen().socket.write("a");
		await server.listen().hears("a");
		assert.equal(clientSide.isPaused(), true);
		client.socket.write("b");
		server.socket.write("answer");
		await client.hears("answer");
		await server.hears("a[waited]b");
		client.socket.end();
		server.socket.end();
		await over();
	});

	test("that stops with an answer gives it to the client whole, cuts the server and drops what comes later", async (t) => {
		const script = new Script();
		const { shell, client, server, over } = await relay(t, script);
		const page = "blocked ".repeat(10_000);
		script.onClient = (chunk) => {
			assert.equal(Buffer.from(chunk).toString(), "bad", "asked once");
			script.stop = { answer: octets(page), why: "blocked by pattern", faultCode: "HTTP_MESSAGE_MALFORMED" };
			return stop;
		};
		shell.start(nothing);
		server.listen();
		client.socket.write("bad");
		await until(() => server.isClosed || server.hasEnded, "the end at the server");
		client.socket.write("more of the body");
		await client.listen().hears(page);
		await until(() => client.hasEnded, "the end at the client");
		client.socket.end();
		const { why, faultCode, octetsToServer } = await over();
		assert.deepEqual([why, faultCode, octetsToServer], ["blocked by pattern", "HTTP_MESSAGE_MALFORMED", 3]);
		assert.equal(server.heard, "");
		assert.equal(script.closes, 1);
	});

	for (const to of ["client", "server", "both"] as const) {
		test(`R122 R132: that blocks with send-tcp-reset ${to} resets ${to}, and no reset client gets the page`, async (t) => {
			const script = new Script();
			script.onClient = () => {
				script.stop = { answer: octets("page"), why: "blocked by pattern" };
				return stop;
			};
			const { shell, client, server, over } = await relay(t, script, true, to);
			shell.start(nothing);
			client.listen();
			server.listen();
			client.socket.write("bad");
			if (to === "server") {
				await client.hears("page");
				client.socket.end();
			} else await client.isReset();
			if (to === "client") await until(() => server.hasEnded || server.isClosed, "the end at the server");
			else await server.isReset();
			if (to === "client") assert.equal(server.error, undefined);
			if (to !== "server") assert.equal(client.heard, "");
			assert.equal((await over()).why, "blocked by pattern");
		});
	}

	test("that finds a fault answers it whoever is sent resets for blocks", async (t) => {
		const script = new Script();
		script.onClient = () => {
			script.stop = { answer: octets("page"), why: "not HTTP", faultCode: "HTTP_MESSAGE_MALFORMED" };
			return stop;
		};
		const { shell, client } = await relay(t, script, true, "both");
		shell.start(nothing);
		client.listen();
		client.socket.write("bad");
		await client.hears("page");
		client.socket.destroy();
	});

	for (const [moment, act] of [
		["octets of the client", (made: Awaited<ReturnType<typeof relay>>) => made.client.socket.write("x")],
		["octets of the server", (made: Awaited<ReturnType<typeof relay>>) => made.server.socket.write("x")],
		["the end of the client", (made: Awaited<ReturnType<typeof relay>>) => made.client.socket.end()],
		["the end of the server", (made: Awaited<ReturnType<typeof relay>>) => made.server.socket.end()],
	] as const) {
		test(`that stops without an answer at ${moment} cuts both sides`, async (t) => {
			const script = new Script();
			const refuse = (): StreamAnswer => {
				script.stop = { answer: undefined, why: "cut" };
				return stop;
			};
			script.onClient = refuse;
			script.onServer = refuse;
			script.onClientEnd = refuse;
			script.onServerEnd = refuse;
			const made = await relay(t, script);
			made.shell.start(nothing);
			made.client.listen();
			made.server.listen();
			act(made);
			await Promise.all([made.client.isReset(), made.server.isReset()]);
			assert.equal((await made.over()).why, "cut");
			assert.deepEqual([made.client.heard, made.server.heard, script.closes], ["", "", 1]);
		});
	}
});

test("a socket whose end is being sent is closed, not lost open, when the relay is cut in that moment", async (t) => {
	const openSockets = () => process.getActiveResourcesInfo().filter((kind) => kind === "TCPSocketWrap").length;
	const before = openSockets();
	const { shell, client, server, clientSide, over } = await relay(t);
	shell.start(nothing);
	client.socket.write("x");
	server.listen();
	await server.hears("x");
	// The relay hears the end first and passes it on; this comes right behind.
	clientSide.once("end", () => process.nextTick(() => shell.shutdown("the gateway was stopped")));
	client.socket.end();
	await over();
	client.socket.destroy();
	server.socket.destroy();
	await until(() => openSockets() <= before, "the last socket to be closed");
});

test("R204: beyond its rate a side is not read: what it sends waits with it, and is gathered nowhere", async (t) => {
	// A burst of 100 octets, and then one octet a second.
	const bucket = new TokenBucket(1, Date.now());
	const { shell, client, server, clientSide } = await relay(t, undefined, false, undefined, bucket);
	shell.start(nothing);
	server.listen();
	const sent = "x".repeat(40_000_000);
	client.socket.write(sent);
	await until(() => clientSide.isPaused() && server.heard.length > 0, "the first octets");
	// What arrived is what was read before the rate was known to be used up; the rest never left its sender.
	await until(() => client.socket.writableLength > 20_000_000, "the sender to be held up");
	assert.ok(server.heard.length <= 131_072, `${server.heard.length}`);
	assert.ok(clientSide.readableLength <= 131_072, `${clientSide.readableLength}`);
	server.socket.write("an answer");
	shell.shutdown("the test is over");
});

test("a rate that is not used up changes nothing", async (t) => {
	const { shell, client, server, over } = await relay(
		t,
		undefined,
		false,
		undefined,
		new TokenBucket(1_000_000_000, Date.now()),
	);
	shell.start(nothing);
	client.listen().socket.end("to the server");
	await server.listen().hears("to the server");
	server.socket.end("to the client");
	await client.hears("to the client");
	assert.equal((await over()).octetsToServer, 13);
});

describe("what the stream says itself", () => {
	test("goes to either side behind the chunk, and once a second", async (t) => {
		const script = new Script();
		const { shell, client, server } = await relay(t, script);
		client.listen();
		server.listen();
		script.onClient = () => {
			script.toClient.push(octets("page "));
			script.toServer.push(octets(" reset"));
			return forward;
		};
		script.onSecond = () => script.toClient.push(octets("tick"));
		shell.start(nothing);
		client.socket.write("request");
		await server.hears("request reset");
		await client.hears("page ");
		shell.tick(1);
		await client.hears("page tick");
		shell.shutdown("the test is over");
		shell.tick(2);
		assert.equal(client.heard, "page tick");
	});

	test("its last words reach both sides", async (t) => {
		const script = new Script();
		const { shell, client, server, over } = await relay(t, script);
		client.listen();
		server.listen();
		script.onClient = () => {
			script.stop = { answer: octets("bye client"), toServer: octets("bye server"), why: "broken" };
			return stop;
		};
		shell.start(nothing);
		client.socket.write("nonsense");
		await client.hears("bye client");
		await server.hears("bye server");
		client.socket.end();
		assert.equal((await over()).why, "broken");
	});
});
