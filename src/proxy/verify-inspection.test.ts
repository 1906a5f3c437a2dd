import assert from "node:assert/strict";
import { test } from "node:test";
import { hasInspection } from "#proxy/verify-inspection.ts";
import { configOf, findingsOf } from "../../test/support/config-text.ts";

const policy = (services: string) => `policy web {
	match { source-address any; destination-address any; application any; }
	then { permit { application-services { ssl-proxy { profile-name p; } ${services} } } }
}`;
const text = (services: string, profile = "root-ca ca;", proxy = "") => `
	services { ssl { proxy { ${proxy} profile p { ${profile} } } } }
	interfaces { eth0; }
	security {
		inspection { pattern-policy standard { patterns eicar; } }
		zones { security-zone a; security-zone b; }
		policies { from-zone a to-zone b { ${policy(services)} } global { ${policy("pattern-policy standard;")} } }
	}`;
const at = "security policies from-zone a to-zone b policy web then permit application-services 'ssl-proxy'";
const told = (...args: Parameters<typeof text>) =>
	findingsOf(text(...args)).filter((line) => /ssl-proxy'|inspection'/.test(line));

test("R13: a policy that opens for nobody to look inside is told at commit, between zones too", () => {
	assert.deepEqual(told("pattern-policy standard;"), []);
	assert.deepEqual(told(""), [
		`warning ${at}: no inspection service is attached: connections are relayed untouched, and their records say so; attach one, such as pattern-policy`,
	]);
});

test("a mirror of what is decrypted is somebody who looks", () => {
	const config = configOf(text("", "root-ca ca; mirror-decrypt-traffic { pcap-file copy.pcap; }"));
	const profile = config.services.ssl.proxy.profile.get("p");
	const services = config.security.policies.fromZone.values().next().value?.policy.get("web")?.then.permit;
	assert.ok(profile !== undefined && services !== undefined);
	assert.equal(hasInspection(services.applicationServices, profile), true);
	assert.equal(hasInspection(services.applicationServices, { ...profile, mirrorDecryptTraffic: {} as never }), false);
});

test("R11: a switch that turns profiles off is told where there are such profiles", () => {
	const says = (proxy: string) => told("pattern-policy standard;", "root-ca ca;", proxy);
	assert.deepEqual(says("client-inspection disable;"), [
		"warning services ssl proxy 'client-inspection': sessions of profiles with root-ca are relayed untouched; those that run go on being decrypted",
	]);
	assert.deepEqual(says("server-inspection disable;"), []);
});
