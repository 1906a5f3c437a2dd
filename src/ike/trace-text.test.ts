import assert from "node:assert/strict";
import { test } from "node:test";
import { messageText } from "#ike/trace-text.ts";
import { addressOf, bringUp, makePair } from "../../test/support/ike-network.ts";

const path = {
	local: { address: addressOf("192.0.2.1"), port: 500 },
	remote: { address: addressOf("192.0.2.2"), port: 4_500 },
};

test("a message is told by its exchange, number, size, places and SPIs", () => {
	const { network, a } = makePair();
	const texts: string[] = [];
	network.meddler = (datagram, from) => {
		texts.push(messageText(from === a ? "sent" : "received", datagram, path));
		return datagram;
	};
	bringUp(network, a);
	network.give(a, { type: "rekey-wanted", connection: "peer" });
	network.run(1_000);
	const [first = "", second = ""] = texts;
	assert.match(
		first,
		/^sent IKE_SA_INIT request 0, \d+ octets, 192\.0\.2\.1:500 to 192\.0\.2\.2:4500, SPIs [0-9a-f]{16} 0{16}$/,
	);
	assert.match(second, /^received IKE_SA_INIT response 0, \d+ octets, 192\.0\.2\.2:4500 to 192\.0\.2\.1:500/);
	assert.deepEqual(
		[...new Set(texts.map((text) => text.split(" ")[1]))],
		["IKE_SA_INIT", "IKE_AUTH", "CREATE_CHILD_SA", "INFORMATIONAL"],
	);
});

test("what is of another version or no message at all is told as that", () => {
	assert.match(messageText("received", new Uint8Array(5), path), /^received what is no message of IKE, 5 octets/);
	const old = new Uint8Array(28);
	old[17] = 0x10;
	old[27] = 28;
	assert.match(messageText("received", old, path), /^received version 1 request 0, 28 octets/);
	old[17] = 0x20;
	old[18] = 99;
	assert.match(messageText("received", old, path), /^received exchange 99 request/);
});
