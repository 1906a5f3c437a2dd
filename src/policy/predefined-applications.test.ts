import assert from "node:assert/strict";
import { test } from "node:test";
import { predefinedApplicationHelp, predefinedApplications } from "#policy/predefined-applications.ts";

test("well-known applications have their protocol and port", () => {
	assert.deepEqual(predefinedApplications.get("junos-https"), [{ protocol: "tcp", ports: { from: 443, to: 443 } }]);
	assert.deepEqual(predefinedApplications.get("junos-icmp-ping"), [{ protocol: "icmp", icmpType: 8 }]);
	assert.deepEqual(predefinedApplications.get("junos-x-windows"), [
		{ protocol: "tcp", ports: { from: 6000, to: 6063 } },
	]);
	assert.deepEqual(predefinedApplications.get("junos-gre"), [{ protocol: "gre" }]);
	assert.equal(predefinedApplications.get("junos-sip")?.length, 2);
});

test("every row reads as a protocol with ports in order, and every name is there once", () => {
	for (const [name, terms] of predefinedApplications) {
		assert.match(name, /^junos-[a-z0-9-]+$/);
		for (const { protocol, ports } of terms) {
			assert.match(protocol ?? "", /^(?:tcp|udp|icmp6?|gre|ospf|sctp)$/, name);
			if (ports !== undefined) assert.ok(ports.from <= ports.to && ports.to <= 65_535, name);
		}
	}
	assert.equal(predefinedApplications.size, Object.keys(predefinedApplicationHelp).length);
	assert.equal(predefinedApplicationHelp["junos-sip"], "UDP 5060, TCP 5060");
});
