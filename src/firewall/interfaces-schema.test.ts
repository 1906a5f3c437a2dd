import assert from "node:assert/strict";
import { test } from "node:test";
import { configOf, findingsOf, printedForm } from "../../test/support/config-text.ts";

test("devices, units and families are printed as Junos prints them, devices by name", () => {
	const source = `interfaces {
    ge-0/0/3 {
        description Outside;
        device eth0;
        vlan-tagging;
        unit 100 {
            vlan-id 100;
            family inet {
                mtu 1400;
                address 192.0.2.2/24 {
                    primary;
                }
                address 192.0.2.3/24;
            }
            family inet6 {
                address 2001:db8::1/64;
            }
        }
    }
    ge-0/0/10 {
        disable;
        device eth1;
        unit 0 {
            family inet {
                dhcp;
            }
        }
    }
    st0 {
        unit 0 {
            multipoint;
            family inet {
                address 10.11.11.10/24;
                next-hop-tunnel 10.11.11.11 ipsec-vpn v;
            }
        }
    }
}
`;
	assert.equal(printedForm(source), source);
	const { interface: devices } = configOf(source.replace(/ +next-hop-tunnel.*\n/, "")).interfaces;
	assert.equal(devices.get("ge-0/0/3")?.unit.get("100")?.vlanId, 100);
	assert.equal(devices.get("ge-0/0/3")?.device, "eth0");
	assert.equal(devices.get("ge-0/0/10")?.unit.get("0")?.family.inet?.dhcp, true);
});

test("a device of Linux has at most 15 characters, and no slash", () => {
	for (const bad of ["a/b", "a".repeat(16), "..", "a:b"])
		assert.match(findingsOf(`interfaces { ge-0/0/0 { device "${bad}"; } }`).join(), /invalid device name/, bad);
	assert.deepEqual(findingsOf("interfaces { ge-0/0/0 { device enp0s31f6.100; } }"), []);
});

test("an address of the wrong family, and both ways to an address, are refused", () => {
	assert.match(
		findingsOf("interfaces { eth0 { unit 0 { family inet { address 2001:db8::1/64; } } } }").join(),
		/expected an inet address/,
	);
	assert.match(
		findingsOf("interfaces { eth0 { unit 0 { family inet { dhcp; address 192.0.2.1/24; } } } }").join(),
		/exclude each other/,
	);
});
