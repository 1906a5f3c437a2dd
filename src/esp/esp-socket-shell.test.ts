import assert from "node:assert/strict";
import { test } from "node:test";
import { runAlone } from "../../test/support/run-alone.ts";

test("B38: packets of ESP go as protocol 50 between addresses of either family; the header of IP is not shown", (t) => {
	const output = runAlone(
		t,
		`
		const { parseAddress } = await import("#base/address.ts");
		const { openLinux } = await import("#base/linux-shell.ts");
		const { EspSocket } = await import("#esp/esp-socket-shell.ts");
		const linux = await openLinux();
		ip("address add ::2/128 dev lo");
		for (const [here, there] of [["127.0.0.1", "127.0.0.2"], ["::1", "::2"]]) {
			const got = [];
			const a = await EspSocket.open(linux, parseAddress(here), () => {});
			const b = await EspSocket.open(linux, parseAddress(there), (packet) => got.push(Buffer.from(packet).toString("hex")));
			a.send(Uint8Array.of(0, 0, 1, 0, 0, 0, 0, 1, 9), parseAddress(there));
			await until("a packet", () => got.length > 0);
			console.log(got.join());
			a.close();
			b.close();
			a.send(Uint8Array.of(1), parseAddress(there));
		}`,
	);
	if (output !== undefined) assert.equal(output, "000001000000000109\n000001000000000109\n");
});
