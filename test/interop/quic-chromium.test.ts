/** Chromium begins a connection of HTTP/3; its ClientHello is read from the datagrams that arrive. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { QuicInitialReader, type QuicReading } from "#tls/quic-initial.ts";
import { Program } from "../support/gateway.ts";
import { peerPath, requirePeers } from "../support/peers.ts";

test("Chromium's name and protocol are read from its first datagrams", async (t) => {
	if (!requirePeers(t, ["chromium"])) return;
	const socket = createSocket("udp4");
	socket.bind(0, "127.0.0.1");
	await once(socket, "listening");
	t.after(() => socket.close());
	const { port } = socket.address();
	const reader = new QuicInitialReader();
	const read = new Promise<QuicReading>((resolve) => {
		socket.on("message", (datagram) => {
			const reading = reader.push(datagram);
			if (reading.kind !== "need-more") resolve(reading);
		});
	});
	const home = mkdtempSync(join(tmpdir(), "sallyport-quic-"));
	const browser = new Program(
		spawn(peerPath("chromium"), [
			..."--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking".split(" "),
			..."--disable-component-update --disable-sync --enable-quic".split(" "),
			`--user-data-dir=${home}`,
			`--origin-to-force-quic-on=quic.test:${port}`,
			"--host-resolver-rules=MAP quic.test 127.0.0.1",
			`https://quic.test:${port}/`,
		]),
	);
	t.after(async () => {
		browser.child.kill();
		await browser.ended;
		rmSync(home, { recursive: true, force: true, maxRetries: 5 });
	});
	const reading = await read;
	assert.ok(reading.kind === "hello", JSON.stringify(reading));
	assert.deepEqual([reading.hello.sni, reading.hello.alpn], ["quic.test", ["h3"]]);
});
