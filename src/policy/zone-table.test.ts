import assert from "node:assert/strict";
import { test } from "node:test";
import { type Address, parseAddress } from "#base/address.ts";
import { compileZoneTable } from "#policy/zone-table.ts";
import { configOf } from "../../test/support/config-text.ts";

const table = compileZoneTable(
	configOf(`
		interfaces {
			eth1 { unit 0 { family { inet { address 10.0.0.1/8; } inet6 { address 2001:db8:1::1/64; } } } }
			eth2 { unit 0 { family { inet { address 192.0.2.1/24; } } } }
			eth3 { unit 0 { family { inet { address 10.9.0.1/16; } } } }
			eth4 { unit 0 { family { inet { address 203.0.113.1/24; } } } }
		}
		routing-options { static {
			route 0.0.0.0/0 { next-hop 192.0.2.254; }
			route 172.16.0.0/12 { next-hop eth3.0; }
		} }
		security { zones {
			security-zone trust { interfaces { eth1.0; } }
			security-zone untrust { interfaces { eth2.0; } }
			security-zone lab { interfaces { eth3.0; } }
		} }`),
);
const zoneOf = (text: string) => table.zoneOf(parseAddress(text) as Address);

test("the network of an interface is in its zone, and the longer prefix goes before the shorter", () => {
	assert.deepEqual(["10.1.2.3", "2001:db8:1::9", "10.9.3.3"].map(zoneOf), ["trust", "trust", "lab"]);
});

test("a static route leads to the zone of its interface, or of the network of its next hop", () => {
	assert.deepEqual(["198.51.100.1", "172.16.5.5"].map(zoneOf), ["untrust", "lab"]);
	assert.equal(zoneOf("2001:db8:2::1"), undefined);
});

test("addresses of this gateway and loopback are of junos-host", () => {
	assert.deepEqual(["10.0.0.1", "203.0.113.1", "127.0.0.1", "::1"].map(zoneOf), Array(4).fill("junos-host"));
});
