import assert from "node:assert/strict";
import { test } from "node:test";
import { runAlone } from "../../test/support/run-alone.ts";

test("the kernel answers requests, with lists and with what it says of errors; what happens is told by itself", (t) => {
	const output = runAlone(
		t,
		`
		const { openLinux } = await import("#base/linux-shell.ts");
		const { NetlinkSocket } = await import("#base/netlink-socket-shell.ts");
		const { netlinkFlag } = await import("#base/netlink.ts");
		const linux = await openLinux();
		const links = new NetlinkSocket(linux, "route", 1);
		const listed = links.request({ type: 18, flags: netlinkFlag.list, body: new Uint8Array(16) });
		console.log(listed.errorNumber, listed.bodies.some((body) => Buffer.from(body).includes("lo\\0")));
		const refused = links.request({ type: 17, flags: netlinkFlag.answer, body: new Uint8Array(16) });
		console.log(refused.errorNumber, refused.text !== "" || refused.errorNumber === 22, refused.bodies.length);
		const cut = links.request({ type: 18, flags: netlinkFlag.answer, body: new Uint8Array(3) });
		console.log(cut.errorNumber);
		ip("link set lo mtu 1500");
		const told = links.take();
		console.log(told.length > 0, told.every((one) => one.type === 16), links.take().length);
		links.close();
		const other = new NetlinkSocket(linux, "xfrm");
		other.close();
		`,
	);
	if (output !== undefined) assert.equal(output, "0 true\n22 true 0\n22\ntrue true 0\n");
});
