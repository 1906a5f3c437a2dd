/** openssl and gnutls-cli begin DTLS; their ClientHello is read from the datagrams that arrive, whole and in fragments. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { test } from "node:test";
import { DtlsHelloReader, type DtlsReading } from "#tls/dtls-client-hello.ts";
import { Program } from "../support/gateway.ts";
import { peerPath, requirePeers } from "../support/peers.ts";

// The host's OpenSSL configuration is not what is tested.
process.env.OPENSSL_CONF = "/dev/null";
const manyProtocols = Array.from({ length: 40 }, (_, index) => `protocol-${index}`).join(",");

for (const [what, command, args, datagrams] of [
	["openssl", "openssl", "s_client -dtls -servername dtls.test -connect 127.0.0.1:PORT", 1],
	[
		"openssl in fragments",
		"openssl",
		`s_client -dtls -mtu 256 -servername dtls.test -alpn ${manyProtocols} -connect 127.0.0.1:PORT`,
		4,
	],
	["gnutls-cli", "gnutls-cli", "--udp --insecure --sni-hostname=dtls.test --port=PORT 127.0.0.1", 1],
] as const) {
	test(`the name that ${what} asks for is read from its first flight`, async (t) => {
		if (!requirePeers(t, [command])) return;
		const socket = createSocket("udp4");
		socket.bind(0, "127.0.0.1");
		await once(socket, "listening");
		t.after(() => socket.close());
		const reader = new DtlsHelloReader();
		let count = 0;
		const read = new Promise<DtlsReading>((resolve) => {
			socket.on("message", (datagram) => {
				count++;
				const reading = reader.push(datagram);
				if (reading.kind !== "need-more") resolve(reading);
			});
		});
		const port = String(socket.address().port);
		const client = new Program(spawn(peerPath(command), args.replace("PORT", port).split(" ")));
		t.after(() => client.child.kill());
		const reading = await read;
		assert.ok(reading.kind === "hello", JSON.stringify(reading));
		assert.deepEqual([reading.hello.sni, count], ["dtls.test", datagrams]);
	});
}
