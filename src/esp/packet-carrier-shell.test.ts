import assert from "node:assert/strict";
import { test } from "node:test";
import { planesPrelude } from "../../test/support/esp-planes.ts";
import { runAlone } from "../../test/support/run-alone.ts";

test("B45, B42: in UDP ESP comes to the plane and IKE to its own socket; DS field and congestion marks pass; what is too large is told", (t) => {
	const output = runAlone(
		t,
		`${planesPrelude}
		const selectors = { localSelectors: any, remoteSelectors: any };
		ip("link set lo mtu 1500");
		const ikes = [];
		const planes = [];
		for (const [unit, own, dfBit] of [["st0.1", "127.0.0.1", "copy"], ["st0.2", "127.0.0.2", "clear"]]) {
			const socket = createSocket({ type: "udp4", reusePort: true });
			socket.on("message", (text) => told.push("ike " + own + " " + text.length));
			await new Promise((done) => socket.bind(4500, own, done));
			ikes.push(socket);
			const plane = new UserSpacePlane(linux, events);
			await plane.addUnit(unit);
			plane.configure([{ name: unit, unit, dfBit, selectors }], 0);
			await plane.attach(parseAddress(own), 99);
			planes.push(plane);
		}
		const [a, b] = planes;
		a.install(side("st0.1", "127.0.0.1", "127.0.0.2", [300, 400], [1, 2], true));
		b.install(side("st0.2", "127.0.0.2", "127.0.0.1", [400, 300], [2, 1], true));
		ip("address add 10.9.0.1/24 dev st0.1");
		ip("link set st0.1 up mtu 1500");
		ip("link set st0.2 up");
		const burst = createSocket("udp4");
		await new Promise((done) => burst.bind(0, "10.9.0.1", done));
		// Of one size they go together; others between them do not.
		for (let index = 0; index < 40; index++) burst.send(Buffer.alloc(index % 10 === 9 ? 300 : 900, index), 9, "10.9.0.9");
		await until("the packets", async () => (await of(b, "st0.2")).decryptedPackets >= 40);
		console.log((await of(b, "st0.2")).refused, (await of(b, "st0.2")).decryptedOctets);
		for (const text of [Buffer.alloc(1, 0xff), Buffer.alloc(60), Buffer.alloc(3)]) ikes[0].send(text, 4500, "127.0.0.2");
		await until("IKE", () => told.filter((one) => one.startsWith("ike 127.0.0.2")).length === 3);
		// Nobody has SPI 9, and the plane counts it.
		ikes[0].send(Buffer.alloc(60, 9), 4500, "127.0.0.2");
		await until("a stranger", async () => (await b.report()).unknownSpi === 1);
		await until("an event", () => told.includes("unknown-spi"));
		// 1,472 octets of UDP are a packet of 1,500 with the DF bit, and do not fit with ESP around them.
		burst.on("error", () => {});
		burst.send(Buffer.alloc(1472), 9, "10.9.0.9");
		await until("a word to the sender", async () => (await of(a, "st0.1")).tooLarge === 1);
		await until("what fits", () => /mtu 14[0-9][0-9]/.test(ip("route get 10.9.0.9")));
		process.exit();`,
	);
	if (output !== undefined) assert.equal(output, `0 ${36 * 928 + 4 * 328}\n`);
});
