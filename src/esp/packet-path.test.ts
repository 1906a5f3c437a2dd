import assert from "node:assert/strict";
import { test } from "node:test";
import { parseAddress } from "#base/address.ts";
import { outerOctets } from "#esp/packet-path.ts";

test("B42: headers of IP, and of UDP where ESP goes in it", () => {
	const octets = (address: string, isEncapsulated: boolean) =>
		outerOctets({
			socket: { descriptor: 3, isIpv6: false, isEncapsulated, isFragmentable: true },
			remote: { address: parseAddress(address) ?? { octets: new Uint8Array(4) }, port: 4_500 },
			nameAt: 0,
			nameOctets: 16,
			mayJoin: true,
		});
	assert.deepEqual([octets("192.0.2.1", true), octets("192.0.2.1", false)], [28, 20]);
	assert.deepEqual([octets("2001:db8::1", true), octets("2001:db8::1", false)], [48, 40]);
});
