import assert from "node:assert/strict";
import { test } from "node:test";
import { runAlone } from "../../test/support/run-alone.ts";

test("B38: packets of ESP go as protocol 50 between addresses of either family; the header of IP is not shown; what may not be fragmented and does not fit is told", (t) => {
	const output = runAlone(
		t,
		`
		const { parseAddress } = await import("#base/address.ts");
		const { openLinux } = await import("#base/linux-shell.ts");
		const { EspSocket } = await import("#esp/esp-socket-shell.ts");
		const linux = await openLinux();
		ip("address add ::2/128 dev lo");
		const header = { trafficClass: 0xb9, flowLabel: 5, mayFragment: false };
		for (const [here, there] of [["127.0.0.1", "127.0.0.2"], ["::1", "::2"]]) {
			const got = [];
			const a = await EspSocket.open(linux, parseAddress(here), () => {});
			const b = await EspSocket.open(linux, parseAddress(there), (packet, outer) => got.push(Buffer.from(packet).toString("hex") + " " + outer));
			a.send(Uint8Array.of(0, 0, 1, 0, 0, 0, 0, 1, 9), parseAddress(there), header);
			await until("a packet", () => got.length > 0);
			console.log(got.join());
			console.log(a.send(new Uint8Array(60_000), parseAddress(there), { ...header, mayFragment: true }), linux.pathMtu(parseAddress(there)));
			ip("link set lo mtu 1500");
			console.log(a.send(new Uint8Array(1_600), parseAddress(there), header), linux.pathMtu(parseAddress(there)));
			ip("link set lo mtu 65536");
			a.close();
			b.close();
			console.log(a.send(Uint8Array.of(1), parseAddress(there), header));
		}`,
	);
	if (output !== undefined) assert.equal(output, lines(185, 65_535) + lines(undefined, 65_536));
});

function lines(trafficClass: number | undefined, mtu: number): string {
	return `000001000000000109 ${trafficClass}\ntrue ${mtu}\nfalse 1500\ntrue\n`;
}
