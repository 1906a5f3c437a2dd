import assert from "node:assert/strict";
import { test } from "node:test";
import { socketsPrelude } from "../../test/support/esp-planes.ts";
import { runAlone } from "../../test/support/run-alone.ts";

test("B42: packets arrive whole and in order, joined or not, each with the DS field it was sent with, both families", (t) => {
	const output = runAlone(
		t,
		`${socketsPrelude}
		for (const address of ["127.0.0.1", "::1"]) {
			const one = socketAt(address, 4500), other = socketAt(address, 4600);
			receiver.prepare(other);
			const path = pathOf(one, address, 4600);
			for (let index = 1; index <= 5; index++) add(path, 1_000, index);
			add(path, 400, 6);
			add(path, 1_000, 7);
			add(path, 1_000, 8, 0xb9, 5);
			add(path, 1_000, 9, 0xb9, 5);
			console.log(sender.isWaiting);
			sender.flush();
			at = packetsAt;
			console.log(got(other).join());
			for (let index = 0; index < 100; index++) add(path, 500, index);
			sender.flush();
			console.log(got(other).every((packet, index) => packet === "500 0 " + index), sender.isWaiting, sender.lost);
		}`,
	);
	const first = [1, 2, 3, 4, 5].map((index) => `1000 0 ${index}`).join();
	const one = `true\n${first},400 0 6,1000 0 7,1000 185 8,1000 185 9\ntrue false 0\n`;
	if (output !== undefined) assert.equal(output, one + one);
});

test("what is too large and may not be fragmented is lost, its path told; else it arrives, joined with others or not", (t) => {
	const output = runAlone(
		t,
		`${socketsPrelude}
		ip("link set lo mtu 1500");
		const one = socketAt("127.0.0.1", 4500), other = socketAt("127.0.0.1", 4600);
		receiver.prepare(other);
		const path = pathOf(one, "127.0.0.1", 4600);
		add(path, 1_600, 1, 0, 0, false);
		add(path, 1_000, 2, 0, 0, false);
		for (const first of [3, 4, 5]) add(path, 1_600, first, 0x28);
		add(path, 700, 6, 0x28);
		sender.flush();
		console.log(got(other).join(), "|", tooLarge.join(), sender.lost, path.mayJoin);
		// Nothing is open there: nothing goes out.
		sender.add({ ...path, socket: undefined }, packetsAt, 100, 0, 0, true);
		sender.flush();
		console.log(got(other).length, sender.lost);`,
	);
	const arrived = "1000 0 2,1600 40 3,1600 40 4,1600 40 5,700 40 6";
	if (output !== undefined) assert.equal(output, `${arrived} | 4600 1 false\n0 2\n`);
});
