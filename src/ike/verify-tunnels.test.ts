import assert from "node:assert/strict";
import { test } from "node:test";
import { findingsOf } from "../../test/support/config-text.ts";
import { vpnText } from "../../test/support/vpn-text.ts";

test("several VPNs share a tunnel interface only when it is multipoint", () => {
	const security = "ipsec { vpn w { bind-interface st0.0; ike { gateway g; ipsec-policy p; } } }";
	assert.deepEqual(findingsOf(vpnText({ security })), [
		`error security ipsec vpn w 'bind-interface': st0.0 is that of VPN "v" already; several VPNs need 'multipoint' on the unit`,
	]);
	assert.deepEqual(findingsOf(vpnText({ security, interfaces: "st0 { unit 0 { multipoint; } }" })), []);
	assert.deepEqual(findingsOf(vpnText({ interfaces: "" })), [
		"warning security ipsec vpn v 'bind-interface': st0.0 is not configured under 'interfaces'",
	]);
});

test("a VPN with a tunnel interface cannot be named by a policy", () => {
	const security = `zones { security-zone a; security-zone b; }
		policies { from-zone a to-zone b { policy p {
			match { source-address any; destination-address any; application any; }
			then { permit { tunnel { ipsec-vpn v; } } }
		} } }`;
	assert.deepEqual(findingsOf(vpnText({ security })), [
		`error security policies from-zone a to-zone b policy p then permit tunnel 'ipsec-vpn': VPN "v" is bound to st0.0: it is route-based, and no policy can name it`,
	]);
	assert.deepEqual(findingsOf(vpnText({ security, vpn: "ike { gateway g; ipsec-policy p; }" })), []);
});

test("B61: the zone of the external interface must admit IKE", () => {
	const zone = (statements: string, member = "eth0.0;") =>
		findingsOf(vpnText({ security: `zones { security-zone z { ${statements} interfaces { ${member} } } }` }));
	const refused = [
		"warning security ike gateway g 'external-interface': zone z does not admit IKE; set security zones security-zone z host-inbound-traffic system-services ike",
	];
	assert.deepEqual(zone(""), refused);
	assert.deepEqual(zone("host-inbound-traffic { system-services { ssh; } }"), refused);
	assert.deepEqual(zone("host-inbound-traffic { system-services { ike; } }"), []);
	assert.deepEqual(zone("host-inbound-traffic { system-services { all; } }"), []);
	assert.deepEqual(zone("host-inbound-traffic { system-services { all; ike { except; } } }"), refused);
	const own = "eth0.0 { host-inbound-traffic { system-services { ssh; } } }";
	assert.deepEqual(zone("host-inbound-traffic { system-services { all; } }", own), refused);
});

test("an external interface by a Junos name must be configured", () => {
	const gateway = "address 192.0.2.1;";
	const text = vpnText({ gateway }).replace("external-interface eth0.0", "external-interface ge-0/0/3.0");
	assert.deepEqual(findingsOf(text), [
		"warning security ike gateway g 'external-interface': ge-0/0/3.0 is not configured under 'interfaces'",
	]);
});
