import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { type TestContext, test } from "node:test";
import { readInBulk } from "#proxy/bulk-reads-shell.ts";
import { until } from "../../test/support/tls-legs.ts";

/** Two connections in a row: what `source` sends is read from `from` and written to `to`, which `sink` receives. */
async function chain(t: TestContext) {
	const listener = createServer({ allowHalfOpen: true, pauseOnConnect: true }).listen(0, "127.0.0.1");
	await once(listener, "listening");
	const { port } = listener.address() as AddressInfo;
	const pair = async () => {
		const accepted = once(listener, "connection") as Promise<[Socket]>;
		const near = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
		const [far] = await accepted;
		t.after(() => [near, far].map((socket) => socket.destroy()));
		return [near, far] as const;
	};
	const [source, from] = await pair();
	const [to, sink] = await pair();
	t.after(() => void listener.close());
	return { source, from, to, sink };
}

test("every octet arrives in order, whatever the pieces, at a reader that stops and goes on", async (t) => {
	const { source, from, to, sink } = await chain(t);
	const sent = randomBytes(24 * 1_048_576);
	let counted = 0;
	const begun = readInBulk(from, to, (octets) => {
		counted += octets;
		return true;
	});
	assert.ok(begun, "this runtime does not read in bulk any more");
	from.on("end", () => to.end());
	from.resume();
	for (let at = 0; at < sent.length; ) {
		const piece = sent.subarray(at, at + 1 + (at % 700_001));
		source.write(piece);
		at += piece.length;
	}
	source.end();
	const heard: Buffer[] = [];
	sink.on("data", (chunk: Buffer) => {
		heard.push(chunk);
		if (heard.length % 50 !== 0) return;
		sink.pause();
		setTimeout(() => sink.resume(), 5);
	});
	sink.resume();
	await once(sink, "end");
	assert.ok(Buffer.concat(heard).equals(sent));
	assert.equal(counted, sent.length);
});

test("what was received before is given by data, and comes first", async (t) => {
	const { source, from, to, sink } = await chain(t);
	source.write("before ");
	from.read(0);
	await until(() => from.readableLength > 0, "the octets before");
	from.on("data", (chunk: Buffer) => to.write(chunk));
	readInBulk(from, to, () => true);
	from.resume();
	source.write("after");
	let heard = "";
	sink.on("data", (chunk: Buffer) => {
		heard += chunk.toString();
	});
	sink.resume();
	await until(() => heard === "before after", "both");
});

test("N4: a reader that stops holds up the sender; nothing is gathered", async (t) => {
	const { source, from, to } = await chain(t);
	let counted = 0;
	readInBulk(from, to, (octets) => {
		counted += octets;
		return true;
	});
	from.resume();
	const megabyte = Buffer.alloc(1_048_576);
	for (let sent = 0; sent < 64; sent++) source.write(megabyte);
	let before = -1;
	await until(() => {
		const isStill = counted > 0 && counted === before;
		before = counted;
		return isStill;
	}, "a standstill");
	assert.ok(to.writableLength <= 262_144, `${to.writableLength} octets wait`);
	assert.ok(counted < 32 * 1_048_576, `${counted} octets were taken`);
});

test("there is a largest number of buffers, and a closed socket gives its own back", async (t) => {
	const { from, to } = await chain(t);
	const others = await Promise.all(Array.from({ length: 128 }, () => chain(t)));
	const results = others.map((other) => readInBulk(other.from, other.to, () => true));
	assert.ok(results.slice(0, 100).every(Boolean));
	assert.equal(
		readInBulk(from, to, () => true),
		false,
	);
	const closed = others.map((other) => once(other.from, "close"));
	for (const other of others) other.from.destroy();
	await Promise.all(closed);
	assert.equal(
		readInBulk(from, to, () => true),
		true,
	);
});
