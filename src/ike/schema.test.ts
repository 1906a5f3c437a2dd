import assert from "node:assert/strict";
import { test } from "node:test";
import { findingsOf, printedForm } from "../../test/support/config-text.ts";
import { vpnText } from "../../test/support/vpn-text.ts";

test("IKE comes before IPsec and alarms", () => {
	const text = printedForm("security { alarms { audible; } ipsec { proposal p; } ike { respond-bad-spi 5; } }");
	assert.ok(text.indexOf("ike") < text.indexOf("ipsec") && text.indexOf("ipsec") < text.indexOf("alarms"));
});

test("every part is verified", () => {
	assert.deepEqual(findingsOf(vpnText()), []);
	const broken: readonly Parameters<typeof vpnText>[0][] = [
		{ policy: "proposals p;" },
		{ ipsecProposal: "" },
		{ interfaces: "" },
		{ top: "system { fips { self-test { periodic { start-time 09:00; month 1; } } } }" },
		{
			gateway: "dynamic inet 192.0.2.1;",
			top: "routing-instances { VR1 { instance-type virtual-router; interface eth0.0; } }",
		},
	];
	for (const parts of broken) assert.equal(findingsOf(vpnText(parts)).length, 1, JSON.stringify(parts));
});

test("keys are printed in their $9$ form only", () => {
	const text = printedForm(vpnText({ policy: "proposals p; pre-shared-key ascii-text correct-horse;" }));
	assert.doesNotMatch(text, /correct-horse/);
	assert.match(text, /pre-shared-key ascii-text "\$9\$[^"]+"; ## SECRET-DATA/);
});
