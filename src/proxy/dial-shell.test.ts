import assert from "node:assert/strict";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { type TestContext, test } from "node:test";
import { type Address, formatAddress, parseAddress } from "#base/address.ts";
import type { Fault } from "#base/fault.ts";
import { Dial } from "#proxy/dial-shell.ts";

const loopback = parseAddress("127.0.0.1") ?? assert.fail();
const other = parseAddress("127.0.0.2") ?? assert.fail();

type Outcome = { readonly address: string } | { readonly fault: Fault };

function dial(addresses: readonly Address[], port: number): Promise<Outcome> {
	return new Promise((resolve) => {
		new Dial(addresses, port, 200, {
			connected: (socket, address) => {
				socket.destroy();
				resolve({ address: formatAddress(address) });
			},
			failed: (fault) => resolve({ fault }),
		});
	});
}

async function listen(t: TestContext): Promise<number> {
	const server = createServer((socket) => socket.destroy());
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	t.after(() => server.close());
	return (server.address() as AddressInfo).port;
}

test("the first address that answers is taken, whatever came before it", async (t) => {
	const port = await listen(t);
	assert.deepEqual(await dial([loopback], port), { address: "127.0.0.1" });
	assert.deepEqual(await dial([other, loopback], port), { address: "127.0.0.1" });
});

test("when no address answers the fault names the last attempt", async () => {
	const outcome = await dial([other, loopback], 1);
	assert.equal("fault" in outcome && outcome.fault.code, "SERVER_UNREACHABLE");
	assert.match("fault" in outcome ? outcome.fault.message : "", /127\.0\.0\.1:1 ECONNREFUSED/);
});

test("a cancelled attempt has no outcome", async (t) => {
	const port = await listen(t);
	let outcomes = 0;
	const attempt = new Dial([loopback], port, 200, { connected: () => outcomes++, failed: () => outcomes++ });
	attempt.cancel();
	await new Promise((resolve) => setTimeout(resolve, 50));
	assert.equal(outcomes, 0);
});

test("a socket that was handed over is not taken back by a late cancel", async (t) => {
	const port = await listen(t);
	const socket = await new Promise<Socket>((resolve) => {
		const attempt = new Dial([loopback], port, 200, {
			connected: (connected) => {
				attempt.cancel();
				resolve(connected);
			},
			failed: () => assert.fail(),
		});
	});
	assert.equal(socket.destroyed, false);
	socket.destroy();
});
