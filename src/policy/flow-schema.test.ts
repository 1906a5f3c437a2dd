import assert from "node:assert/strict";
import { test } from "node:test";
import { configOf, findingsOf } from "../../test/support/config-text.ts";

const mssOf = (statement: string) =>
	configOf(`security { flow { tcp-mss { ${statement} } } }`).security.flow.tcpMss.ipsecVpn?.mss;

test("the segment size of tunnels is 1320 when the value is left out, and nothing when the statement is", () => {
	assert.equal(mssOf("ipsec-vpn mss 1350;"), 1_350);
	assert.equal(mssOf("ipsec-vpn mss;"), 1_320);
	assert.equal(mssOf("ipsec-vpn;"), 1_320);
	assert.equal(mssOf("all-tcp mss 1400;"), undefined);
});

test("the range is 64 to 65535", () => {
	for (const value of ["63", "65536"])
		assert.match(
			findingsOf(`security { flow { tcp-mss { ipsec-vpn mss ${value}; } } }`).join(),
			/not within range \(64\.\.65535\)/,
		);
});
