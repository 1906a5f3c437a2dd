import assert from "node:assert/strict";
import { test } from "node:test";
import { planesPrelude } from "../../test/support/esp-planes.ts";
import { runAlone } from "../../test/support/run-alone.ts";

test("B37: packets go from device to device as protocol 50; associations that are used are told, and those that are worn out", (t) => {
	const output = runAlone(
		t,
		`${planesPrelude}
		const selectors = { localSelectors: any, remoteSelectors: any };
		const a = await open("st0.1", "127.0.0.1", [{ name: "v", selectors }]);
		const b = await open("st0.2", "127.0.0.2", [{ name: "w", selectors }]);
		ip("address add 10.9.0.1/24 dev st0.1");
		ip("link set st0.1 up");
		ip("link set st0.2 up");
		await send("10.9.0.9");
		await until("the wish", () => told.includes("wanted v"));
		a.install(side("v", "127.0.0.1", "127.0.0.2", [300, 400], [1, 2], false, { maxOctets: 60 }));
		b.install(side("w", "127.0.0.2", "127.0.0.1", [400, 300], [2, 1], false));
		await send("10.9.0.9");
		await until("the packet", async () => (await of(b, "w")).decryptedPackets > 0);
		await send("10.9.0.9");
		await send("10.9.0.9");
		await until("the end", () => told.includes("spent 300") && told.includes("worn 300"));
		await until("the note", () => told.some((one) => one.includes('"inboundSpi":400')));
		console.log((await of(a, "v")).encryptedPackets, (await a.report()).associations[0].sentPackets, (await b.report()).associations[0].receivedOctets);
		b.remove(400);
		a.install(side("v", "127.0.0.1", "127.0.0.2", [301, 400], [1, 2], false));
		await send("10.9.0.9");
		await until("a stranger", async () => (await b.report()).unknownSpi > 0);
		await a.removeUnit("st0.1");
		await until("no device", () => !ip("link show").includes("st0.1"));
		await a.close();
		await b.close();
		await until("no device", () => !ip("link show").includes("st0"));
		process.exit();`,
	);
	if (output !== undefined) assert.equal(output, "3 3 87\n");
});

test("B28: several VPNs of a unit are told apart by what each is for; groups and what none is for wake nobody", (t) => {
	const output = runAlone(
		t,
		`${planesPrelude}
		const to = (third) => ({ localSelectors: any, remoteSelectors: net([10, 9, third, 0], [10, 9, third, 255]) });
		const a = await open("st0.1", "127.0.0.1", [{ name: "v", selectors: to(1) }, { name: "w", selectors: to(2) }]);
		ip("address add 10.9.0.1/16 dev st0.1");
		ip("link set st0.1 up");
		ip("route add 224.0.0.0/4 dev st0.1");
		for (const each of ["239.1.1.1", "10.9.3.1", "10.9.2.1"]) await send(each);
		await until("the wish", () => told.length > 0);
		console.log(told.join(), (await of(a, "v")).unprotected, (await of(a, "w")).unprotected);
		process.exit();`,
	);
	if (output !== undefined) assert.equal(output, "wanted w 0 1\n");
});

test("a view of a large memory crosses to the thread without the rest of it", (t) => {
	const output = runAlone(
		t,
		`${planesPrelude}
		const selectors = { localSelectors: any, remoteSelectors: any };
		const a = await open("st0.1", "127.0.0.1", [{ name: "v", selectors }]);
		await until("the thread", async () => (await a.report()).vpns.has("v"));
		const before = process.memoryUsage.rss();
		const large = new Uint8Array(4_194_304).fill(1);
		const keys = { encryption: large.subarray(0, 20), integrity: large.subarray(0, 0) };
		for (let index = 0; index < 100; index++)
			a.install(side("v", "127.0.0.1", "127.0.0.2", [300 + index, 400], [1, 2], false, { inboundKeys: keys, outboundKeys: keys }));
		await until("the associations", async () => (await a.report()).associations.length === 100);
		console.log(process.memoryUsage.rss() - before < 200_000_000);
		process.exit();`,
	);
	if (output !== undefined) assert.equal(output, "true\n");
});
