import assert from "node:assert/strict";
import { test } from "node:test";
import { planesPrelude } from "../../test/support/esp-planes.ts";
import { runAlone } from "../../test/support/run-alone.ts";

test("a thread that fails is told and another carries on with the same devices; associations are not used again", (t) => {
	const output = runAlone(
		t,
		`${planesPrelude}
		const selectors = { localSelectors: any, remoteSelectors: any };
		const a = await open("st0.1", "127.0.0.1", [{ name: "v", selectors }]);
		const b = await open("st0.2", "127.0.0.2", [{ name: "w", selectors }]);
		ip("address add 10.9.0.1/24 dev st0.1");
		ip("link set st0.1 up");
		ip("link set st0.2 up");
		a.install(side("v", "127.0.0.1", "127.0.0.2", [300, 400], [1, 2], false));
		b.install(side("w", "127.0.0.2", "127.0.0.1", [400, 300], [2, 1], false));
		await send("10.9.0.9");
		await until("the packet", async () => (await of(b, "w")).decryptedPackets > 0);
		// No limit of ours is a number of this kind: it is met when a packet goes.
		a.install(side("v", "127.0.0.1", "127.0.0.2", [310, 410], [1, 2], false, { maxOctets: 1_000n }));
		await send("10.9.0.9");
		await until("the event", () => told.includes("failed"));
		await until("another", async () => (await a.report()).vpns.has("v"));
		console.log((await a.report()).associations.length, ip("-4 -brief address show dev st0.1").trim().replace(/ +/g, " "));
		a.install(side("v", "127.0.0.1", "127.0.0.2", [301, 401], [3, 4], false));
		b.install(side("w", "127.0.0.2", "127.0.0.1", [401, 301], [4, 3], false));
		await send("10.9.0.9");
		await until("the packet", async () => (await of(b, "w")).decryptedPackets > 1);
		// One whose cipher is not there is refused, and nothing else ends.
		a.install({ ...side("v", "127.0.0.1", "127.0.0.2", [302, 402], [3, 4], false), algorithms: { cipher: { ...gcm, engine: "rot13" }, hasExtendedSequenceNumbers: false } });
		await until("the refusal", () => told.includes("refused") && told.includes("spent 302"));
		console.log((await a.report()).associations.map((one) => one.inboundSpi).join());
		await a.close();
		await b.close();
		process.exit();`,
	);
	if (output !== undefined) assert.equal(output, "0 st0.1 UNKNOWN 10.9.0.1/24\n301\n");
});
