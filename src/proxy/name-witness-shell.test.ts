import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { test } from "node:test";
import { createSecureContext, TLSSocket } from "node:tls";
import { type Address, parseAddress } from "#base/address.ts";
import { NameWitness } from "#proxy/name-witness-shell.ts";
import type { GatewayEvent } from "#telemetry/event-table.ts";
import { formatEvent } from "#telemetry/event-table.ts";
import { makeCertificate } from "../../test/support/make-certificate.ts";
import { decodedCapture } from "../../test/support/tls-hello.ts";
import { listen, until } from "../../test/support/tls-legs.ts";

const made = makeCertificate({ names: ["real.test", "*.real.test"] });
const address = parseAddress("127.0.0.1") as Address;
const hello = decodedCapture("curl");

test("R156 N5: a server that does not bear the exempt name is told, one that does is not, each once in a while", async (t) => {
	const secureContext = createSecureContext({ key: made.keyPem, cert: made.pem });
	let connections = 0;
	const port = await listen(t, (socket: Socket) => {
		connections++;
		new TLSSocket(socket, { isServer: true, secureContext }).on("error", () => undefined);
	});
	const events: GatewayEvent[] = [];
	const witness = new NameWitness(createSecureContext, (event) => events.push(event));
	const look = (name: string, now: number) =>
		witness.look({ type: "witness-name", address, port, hello, name, rule: "web" }, now);
	look("a.real.test", 0);
	look("bank.test", 0);
	look("bank.test", 1_000);
	await until(() => events.length === 1 && connections === 2, "both looks");
	assert.deepEqual(events.map(formatEvent), [
		`server 127.0.0.1 port ${port} is relayed untouched as bank.test by policy "web", and its certificate does not bear that name; it bears real.test, *.real.test`,
	]);
	look("bank.test", 3_600_001);
	await until(() => events.length === 2, "the look of the next hour");
	assert.equal(connections, 3);
});

test("a server that cannot be reached tells nothing, and may be looked at again later", async () => {
	const events: GatewayEvent[] = [];
	const witness = new NameWitness(createSecureContext, (event) => events.push(event));
	for (let at = 0; at < 40; at++)
		witness.look({ type: "witness-name", address, port: 1, hello, name: `n${at}.test`, rule: "web" }, 0);
	await new Promise((resolve) => setTimeout(resolve, 50));
	assert.deepEqual(events, []);
});
