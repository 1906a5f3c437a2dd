import assert from "node:assert/strict";
import { test } from "node:test";
import { socketsPrelude } from "../../test/support/esp-planes.ts";
import { runAlone } from "../../test/support/run-alone.ts";

test("B38: of protocol 50 the header of IP is not shown, its DS field and congestion mark are; both families", (t) => {
	const output = runAlone(
		t,
		`${socketsPrelude}
		for (const address of ["127.0.0.1", "::1"]) {
			const socket = socketAt(address, 0, false);
			receiver.prepare(socket);
			const path = pathOf(socket, address, 0);
			for (const [octets, first, trafficClass] of [[100, 1, 0], [100, 2, 0xbb], [1_400, 3, 0]]) add(path, octets, first, trafficClass);
			sender.flush();
			console.log(got(socket).join(), got(socket).length);
		}`,
	);
	const one = "100 0 1,100 187 2,1400 0 3 0\n";
	if (output !== undefined) assert.equal(output, one + one);
});
