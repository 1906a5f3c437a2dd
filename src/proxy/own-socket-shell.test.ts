import assert from "node:assert/strict";
import { type AddressInfo, createServer } from "node:net";
import { test } from "node:test";
import { type Address, formatAddress, parseAddress } from "#base/address.ts";
import { LinuxError } from "#base/linux.ts";
import { openLinux } from "#base/linux-shell.ts";
import { Dial } from "#proxy/dial-shell.ts";
import { ownSockets } from "#proxy/own-socket-shell.ts";
import { requireRoot } from "../../test/support/peers.ts";

test("R40: octets go both ways over a socket that was made with a mark and a source", async (t) => {
	if (!requireRoot(t, "marks need CAP_NET_ADMIN")) return;
	const server = createServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket));
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	t.after(() => server.close());
	const open = ownSockets(await openLinux(), 7, address("127.0.0.9"));
	const { port } = server.address() as AddressInfo;
	const text = await new Promise<string>((resolve, reject) => {
		new Dial(
			[address("127.0.0.1")],
			port,
			1_000,
			{
				connected: (socket, reached) => {
					let received = `${formatAddress(reached)} from ${socket.localAddress}: `;
					socket.on("data", (chunk) => {
						received += chunk;
					});
					socket.on("end", () => resolve(received));
					socket.end("echo");
				},
				failed: ({ message }) => reject(new Error(message)),
			},
			open,
		);
	});
	assert.equal(text, "127.0.0.1 from 127.0.0.9: echo");
});

test("a source of one family is not used for a server of the other", async () => {
	const sources: (Address | undefined)[] = [];
	const linux = await openLinux();
	const noting = {
		...linux,
		outgoingSocket: ({ source }: { readonly source?: Address | undefined }): number => {
			sources.push(source);
			throw new LinuxError("socket", "EMFILE");
		},
	};
	const client = address("192.0.2.1");
	const failure = await new Promise<string>((resolve) => {
		const outcome = {
			connected: () => resolve("connected"),
			failed: ({ message }: { message: string }) => resolve(message),
		};
		new Dial([address("2001:db8::1"), address("192.0.2.9")], 443, 1_000, outcome, ownSockets(noting, 7, client));
	});
	assert.deepEqual(sources, [undefined, client]);
	assert.match(failure, /^server could not be reached: 192\.0\.2\.9:443 socket failed: EMFILE;/);
});

function address(text: string): Address {
	return parseAddress(text) ?? assert.fail();
}
