import assert from "node:assert/strict";
import { test } from "node:test";
import { clearPolicyHits, showPolicyHits, showSecurityPolicies } from "#daemon/show-security-policies.ts";
import { commandWorld } from "../../test/support/command-world.ts";

const configuration = `
	schedulers { scheduler night { daily { start-time 20:00 stop-time 23:00; } } }
	security {
		zones { security-zone trust; security-zone untrust; }
		address-book { global { address lan 10.0.0.0/8; address web { dns-name www.example; } } }
		policies {
			from-zone trust to-zone untrust {
				policy web { match { source-address lan; source-address-excluded; destination-address web; application junos-https; } then { permit; } scheduler-name night; }
			}
			global { policy rest { match { source-address any; destination-address any; application any; } then { reject; } } }
		}
	}`;
const noon = new Date(2026, 0, 5, 12).getTime();

test("policies are shown in their order, in the layout of Junos", async (t) => {
	const world = await commandWorld(t, { configuration });
	assert.equal(
		showSecurityPolicies(world, {}, noon),
		`Default policy: deny-all
From zone: trust, To zone: untrust
  Policy: web, State: inactive, Index: 1, Scope Policy: 0, Sequence number: 1
    Source addresses(excluded): lan
    Destination addresses: web
    Applications: junos-https
    Scheduler name: night
    Action: permit
Global policies:
  Policy: rest, State: enabled, Index: 2, Scope Policy: 0, Sequence number: 1
    From zones: any
    To zones: any
    Source addresses: any
    Destination addresses: any
    Applications: any
    Action: reject
`,
	);
	const own = showSecurityPolicies(world, { "from-zone": "trust", "to-zone": "untrust" }, noon);
	assert.ok(own.includes("Policy: web") && !own.includes("Policy: rest"));
});

test("detail says what the names mean", async (t) => {
	const world = await commandWorld(t, { configuration });
	assert.equal(
		showSecurityPolicies(world, { detail: "", "policy-name": "web" }, noon),
		`Policy: web, action-type: permit, State: inactive, Index: 1, Scope Policy: 0
  Policy Type: Configured
  Sequence number: 1
  From zone: trust, To zone: untrust
  Source addresses(excluded):
    lan: 10.0.0.0/8
  Destination addresses:
    web: www.example
  Application: junos-https
    IP protocol: tcp
    Destination port range: [443-443]
  Scheduler name: night
`,
	);
});

test("hit counts are those of each policy, as a table and as JSON", async (t) => {
	const world = await commandWorld(t, { configuration });
	const tally = (rule: string, sessions: number) => ({ rule, sessions, octetsToServer: 1, octetsToClient: 2 });
	world.gateway.policyHits.count([tally("rest", 2), tally("web (trust to untrust)", 1)]);
	assert.match(await hitsOf(world, {}, false), /^2 +any +any +rest +2 +Reject$/m);
	assert.match(await hitsOf(world, {}, false), /^Number of policy: 2$/m);
	assert.deepEqual(JSON.parse(await hitsOf(world, { "from-zone": "trust" }, true)), [
		{ index: 1, fromZone: "trust", toZone: "untrust", name: "web", count: 1, action: "Permit" },
	]);
	clearPolicyHits(world, { "policy-name": "rest" });
	assert.match(await hitsOf(world, {}, false), /^2 +any +any +rest +0 +Reject$/m);
	assert.match(await hitsOf(world, {}, false), /^1 +trust +untrust +web +1 +Permit$/m);
	clearPolicyHits(world, {});
	assert.match(await hitsOf(world, {}, false), /^1 +trust +untrust +web +0 +Permit$/m);
});

async function hitsOf(...asked: Parameters<typeof showPolicyHits>): Promise<string> {
	return (await Array.fromAsync(showPolicyHits(...asked))).join("");
}
