import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultConfiguration } from "#daemon/default-configuration.ts";
import { matchPolicies, testDecryption } from "#daemon/show-policy.ts";
import { FeedTable } from "#inspect/feed-table.ts";
import { commandWorld } from "../../test/support/command-world.ts";

test("what would become of a connection is told with the policy and the fact that decides", async (t) => {
	const world = await commandWorld(t);
	assert.equal(
		await testDecryption(world, { from: "10.0.0.1", to: "192.0.2.1", sni: "www.example" }),
		`Connection: from 10.0.0.1 to 192.0.2.1 port 443, server name www.example
Decision: decrypt
Policy: inspect-all
Because: the policy matches any connection
Profile: inspect
Evidence: The name www.example is what the client says; only the server's certificate can show that it is true. The address 192.0.2.1 is the one that is connected to.
Then: The server's certificate is judged by profile inspect; if it is not trusted, the client gets one that it will not trust either.
Outcome: decrypted
`,
	);
	assert.match(
		await testDecryption(world, { from: "10.0.0.1", sni: "A.Bank.Example" }),
		/to a\.bank\.example port 443.*\nDecision: bypass\n.*covered by \*\.bank\.example/s,
	);
	assert.match(
		await testDecryption(world, { from: "10.0.0.1", host: "bank.example", "destination-port": "8443" }),
		/port 8443\nDecision: bypass/,
	);
	await assert.rejects(testDecryption(world, { from: "nowhere" }), /expected the address of a client/);
});

test("R261: match-policies answers in the words of Junos", async (t) => {
	const world = await commandWorld(t);
	const values = { "source-ip": "10.0.0.1", "destination-ip": "192.0.2.1", "destination-port": "443" };
	assert.match(
		await matchPolicies(world, values),
		/^Policy: inspect-all, action-type: permit, State: enabled, Index: 1\n.*opened by profile inspect/s,
	);
	for (const option of ["server-name", "sni"])
		assert.match(await matchPolicies(world, { ...values, [option]: "x.bank.example" }), /TLS: relayed untouched/);
});

test("match-policies takes the zones that it is told, and names the policy between them", async (t) => {
	const world = await commandWorld(t, {
		configuration: `security {
			zones { security-zone a; security-zone b; }
			policies {
				from-zone a to-zone b { policy p { match { source-address any; destination-address any; application any; } then { reject; } } }
				default-policy { permit-all; }
			}
		}`,
	});
	const values = { "source-ip": "10.0.0.1", "destination-ip": "192.0.2.1", "destination-port": "443" };
	assert.equal(
		await matchPolicies(world, { ...values, "from-zone": "a", "to-zone": "b" }),
		`Policy: p (a to b), action-type: reject, State: enabled, Index: 1
  Policy Type: Configured
  Sequence number: 1
  TLS: -
  Because: the client's zone is a and the server's zone is b
  Evidence: The client named no server. The address 192.0.2.1 is the one that is connected to.
  Then: The client is told that the policy does not permit it (reject).
  Outcome: blocked
`,
	);
	assert.match(await matchPolicies(world, { ...values, "from-zone": "b", "to-zone": "b" }), /^Policy: default-policy/);
});

test("what clients have taught decides here as it does for sessions", async (t) => {
	const world = await commandWorld(t);
	const { plan, learnedBypass } = world.gateway;
	const [first] = plan.policy.rules;
	const settings = { clients: 1, lifetimeMs: 60_000, maximum: 10 };
	Object.assign(first?.profile ?? assert.fail("no profile"), { learnedBypass: settings });
	learnedBypass.refused({ profile: "inspect", host: "192.0.2.1", port: 443, sni: "pinned.example" }, "10.0.0.1");
	const said = await testDecryption(world, { from: "10.0.0.1", to: "192.0.2.1", sni: "pinned.example" });
	assert.match(
		said,
		/Decision: bypass\n.*Because: 1 clients refused the gateway's certificate.*Outcome: not decrypted/s,
	);
});

test("R204: the stage that decides before signatures is named, with its rule", async (t) => {
	const world = await commandWorld(t, {
		configuration: `${defaultConfiguration(false)}
		applications { application other { protocol tcp; destination-port 8443; } application slow { protocol tcp; destination-port 8080; } }
		security { inspection {
			traffic-management closed { match { application other; } then { block; } }
			traffic-management slow { match { application slow; } then { rate-limit 800; } }
			traffic-management seen { then { trust; } }
			quarantine { hosts 10.9.0.0/16; }
		} }`,
	});
	const tested = (values: Record<string, string>) =>
		testDecryption(world, { from: "10.0.0.1", to: "192.0.2.1", ...values });
	assert.match(
		await tested({ "destination-port": "8443" }),
		/Decision: block, before a ClientHello is read\nPolicy: traffic-management closed\n.*\nStage: traffic-management\n/,
	);
	assert.match(
		await tested({ "destination-port": "8080" }),
		/Decision: decrypt\n.*; traffic-management seen: .*\nStage: traffic-management\nRate: shared by traffic-management slow\n.*Outcome: decrypted, not inspected\n/s,
	);
});

test("R207: of a client that is shut off it is said that its session is opened and then refused", async (t) => {
	const world = await commandWorld(t, {
		configuration: `${defaultConfiguration(false)}
		security { inspection { quarantine { hosts 10.9.0.0/16; } } }`,
	});
	const tested = (from: string) => testDecryption(world, { from, sni: "a.example" });
	assert.match(
		await tested("10.9.0.1"),
		/Decision: decrypt\n.*\nQuarantine: client 10\.9\.0\.1 is shut off until it is cleared; .*; what it asks for is refused once the session is open\n/s,
	);
	assert.doesNotMatch(await tested("10.0.0.1"), /Quarantine/);
});

test("feeds are asked as a session asks them: what they block, what they let pass, and what they have not", async (t) => {
	const world = await commandWorld(t, {
		configuration: `system { static-host-mapping mapped.example { inet 192.0.2.9; } }
		services { gateway { explicit-proxy v4 { listen 127.0.0.1:8080; } } ssl { proxy { profile inspect { root-ca sallyport-ca; } } } }
		security {
			policies { global { policy all { match { source-address any; destination-address any; application any; } then { permit {
				application-services { ssl-proxy { profile-name inspect; } security-intelligence-policy feeds; } } } } } }
			intelligence {
				profile c2 { category command-and-control; rule low { match { threat-level 3; } then { action { permit; } } }
					default-rule { then { action { block { close; } } } } }
				profile prints { category ja3; default-rule { then { action { block { drop; } } } } }
				policy feeds { profile [ c2 prints ]; }
			}
		}`,
	});
	const [c2, prints] = [new FeedTable(), new FeedTable()];
	for (const [entry, level] of [
		["evil.example", 9],
		["low.example", 3],
		["192.0.2.9", 9],
	] as const)
		c2.add("bad", entry, level);
	const ja3 = "e7d705a3286e19ea42f587b344ee6865";
	prints.add("prints", ja3, 9);
	world.gateway.feedTables = new Map([
		["command-and-control", c2],
		["ja3", prints],
	]);
	const tested = (values: Record<string, string>) => testDecryption(world, { from: "10.0.0.1", ...values });
	const blocked = await tested({ host: "evil.example" });
	assert.match(
		blocked,
		/Decision: block\nPolicy: all\nBecause: reputation profile c2 default-rule: server name evil\.example is in feed bad/,
	);
	assert.match(blocked, /\nStage: reputation\n.*\nOutcome: blocked\n/s);
	assert.doesNotMatch(blocked, /Feeds:/);
	assert.match(
		await tested({ host: "mapped.example" }),
		/to mapped\.example port 443[\s\S]*server 192\.0\.2\.9 is in feed bad/,
	);
	assert.match(
		await tested({ host: "good.example", ja3 }),
		/Decision: block\n.*the client's fingerprint [0-9a-f]{32} is in feed prints/s,
	);
	const passed = await tested({ host: "low.example" });
	assert.match(
		passed,
		/Decision: decrypt\n.*\nFeeds: server name low\.example is in feed bad \(low\.example, level 3\); profile c2 rule low: permit\n/s,
	);
	const unknown = await tested({ host: "good.example" });
	assert.match(
		unknown,
		/\nFeeds: nothing of it stands in them, nor is the server's address, which is not known here, asked for; URLs/,
	);
	assert.match(
		await tested({ to: "192.0.2.1" }),
		/\nFeeds: nothing of it stands in them; URLs and certificates are compared once it is open\n/,
	);
	const values = { "source-ip": "10.0.0.1", "destination-ip": "192.0.2.9" };
	assert.match(
		await matchPolicies(world, values),
		/^Policy: all, action-type: permit[\s\S]* {2}Stage: reputation\n[\s\S]* {2}Outcome: blocked\n$/,
	);
	world.gateway.feedTables = undefined;
	assert.match(
		await tested({ host: "evil.example" }),
		/Decision: decrypt\n.*\nFeeds: no worker answered; sessions ask them\n/s,
	);
});
