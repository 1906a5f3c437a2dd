import assert from "node:assert/strict";
import { test } from "node:test";
import { configOf, findingsOf, printedForm } from "../../test/support/config-text.ts";
import { vpnText } from "../../test/support/vpn-text.ts";

test("proposals, policies and VPNs are printed in the order of Junos", () => {
	const source = `security {
    ipsec {
        traceoptions {
            flag packet-drops;
        }
        vpn-monitor-options {
            interval 15;
            threshold 15;
        }
        proposal a {
            protocol ah;
            authentication-algorithm hmac-sha1-96;
            lifetime-seconds 180;
            lifetime-kilobytes 1048576;
        }
        policy p {
            perfect-forward-secrecy {
                keys group14;
            }
            proposals a;
        }
        vpn v {
            bind-interface st0.0;
            df-bit copy;
            vpn-monitor {
                optimized;
                source-interface ge-0/0/0.0;
                destination-ip 192.0.2.7;
            }
            ike {
                gateway g;
                idle-time 60;
                no-anti-replay;
                proxy-identity {
                    local 10.0.0.0/8;
                    remote 192.168.0.0/16;
                    service any;
                }
                ipsec-policy p;
                install-interval 0;
            }
            establish-tunnels immediately;
        }
    }
}
`;
	assert.equal(printedForm(source), source);
	assert.equal(printedForm(source.replace("service any", "service all")), source);
});

test("what is not said has the defaults of the manual", () => {
	const { ipsec } = configOf(vpnText()).security;
	assert.deepEqual(ipsec.vpnMonitorOptions, { interval: 10, threshold: 10 });
	const { protocol, lifetimeSeconds, lifetimeKilobytes } = ipsec.proposal.get("p") ?? {};
	assert.deepEqual(
		{ protocol, lifetimeSeconds, lifetimeKilobytes },
		{
			protocol: "esp",
			lifetimeSeconds: 3_600,
			lifetimeKilobytes: undefined,
		},
	);
	assert.equal(ipsec.vpn.get("v")?.dfBit, "clear");
	assert.equal(ipsec.vpn.get("v")?.establishTunnels, "on-traffic");
});

test("the ranges are those of the manual", () => {
	const cases: readonly (readonly [string, number, number])[] = [
		["proposal p lifetime-seconds", 180, 86_400],
		["proposal p lifetime-kilobytes", 64, 1_048_576],
		["vpn v ike idle-time", 60, 999_999],
		["vpn v ike install-interval", 0, 10],
		["vpn v manual spi", 256, 16_639],
		["vpn-monitor-options interval", 2, 3_600],
		["vpn-monitor-options threshold", 1, 65_536],
	];
	for (const [path, min, max] of cases) {
		const within = (value: number) => findingsOf(`security ipsec ${path} ${value};`).join();
		for (const good of [min, max]) assert.doesNotMatch(within(good), /not within range/, path);
		for (const bad of [min - 1, max + 1])
			assert.match(within(bad), new RegExp(`not within range \\(${min}\\.\\.${max}\\)`), path);
	}
});

test("a VPN is negotiated or has keys entered by hand", () => {
	assert.match(findingsOf(vpnText({ vpn: "bind-interface st0.0;" })).join(), /one of 'ike', 'manual'/);
	const both =
		"ike { gateway g; ipsec-policy p; } manual { gateway 192.0.2.1; external-interface eth0.0; protocol esp; spi 256; }";
	assert.match(findingsOf(vpnText({ vpn: both })).join(), /'ike' and 'manual' exclude each other/);
	assert.match(
		findingsOf(vpnText({ vpn: "ike { gateway x; ipsec-policy y; }" })).join(),
		/'x' is not defined.*'y' is not defined/,
	);
});

test("at most four proposals, or a set; what a policy, an interface or a rule names must exist", () => {
	assert.match(
		findingsOf(vpnText({ ipsecPolicy: "proposals [ p a b c d ];" })).join(),
		/5 values; at most 4 are accepted/,
	);
	assert.match(findingsOf(vpnText({ ipsecPolicy: "proposals p; proposal-set basic;" })).join(), /exclude each other/);
	assert.match(findingsOf(vpnText({ ipsecPolicy: "proposals x;" })).join(), /'x' is not defined/);
	const hop =
		"st0 { unit 0 { multipoint; family inet { address 10.255.0.1/30; next-hop-tunnel 10.255.0.2 ipsec-vpn x; } } }";
	assert.match(findingsOf(vpnText({ interfaces: hop })).join(), /'x' is not defined/);
	const rule = `zones { security-zone a; security-zone b; } policies { from-zone a to-zone b { policy r {
		match { source-address any; destination-address any; application any; }
		then { permit { tunnel { ipsec-vpn x; } } } } } }`;
	assert.match(findingsOf(vpnText({ security: rule })).join(), /'x' is not defined/);
	assert.match(
		findingsOf(
			vpnText({ security: rule.replace("permit { tunnel { ipsec-vpn x; } }", "deny { tunnel { ipsec-vpn v; } }") }),
		).join(),
		/syntax error/,
	);
});
