/** What is kept from one configuration to the next must be what would be made anew. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Address, parseAddress } from "#base/address.ts";
import { check, snapshotOf } from "#config/check.ts";
import { topLevel } from "#config/level.ts";
import { printText } from "#config/print-text.ts";
import { applyLines } from "#config/set-lines.ts";
import { fixedSalt, parseText } from "#config/text.ts";
import type { Branch } from "#config/tree.ts";
import { type ConnectionFacts, evaluateConnect, evaluateHello } from "#policy/evaluate.ts";
import { type RootConfig, rootSchema, verifyConfiguration } from "#product/root-schema.ts";
import { compileGateway } from "#proxy/compile.ts";

const start = `
	groups { more { security { policies { global { policy <*> { scheduler-name night; } } } } } }
	schedulers { scheduler night { start-date 2026-01-01.00:00 stop-date 2027-01-01.00:00; } }
	applications { application web { protocol tcp; destination-port 80; } application-set all { application web; } }
	interfaces { eth0 { unit 0 { family { inet { address 10.0.0.1/24; } } } } eth1 { unit 0 { family { inet { address 192.0.2.1/24; } } } } }
	services {
		gateway { explicit-proxy p { listen 127.0.0.1:8080; } }
		ssl { proxy { profile p { root-ca ca; decryption-policy d; whitelist [ b ]; } decryption-policy d { never-decrypt-domains x.example; } } }
	}
	security {
		zones { security-zone near { interfaces { eth0.0; } } security-zone far { interfaces { eth1.0; } } }
		address-book {
			own { address a 10.0.0.0/24; attach { zone near; } }
			global {
				address a 10.0.0.7/32; address b { dns-name www.example.org; } address c 192.0.2.0/28; address d { range-address 192.0.2.9 { to { 192.0.2.19; } } } address e 10.0.0.0/26;
				address-set s { address c; address d; }
			}
		}
		policies {
			from-zone near to-zone far { policy one { match { source-address a; destination-address s; application any; } then { permit; } } }
			global {
				policy two { match { source-address any; destination-address [ b c ]; application junos-https; } then { deny; } }
				policy four { match { source-address any; destination-address c; application web; } then { deny; } }
				policy five { match { source-address any; destination-address c; application junos-http; } then { permit; } }
				policy six { match { source-address any; destination-address e; application any; } then { reject; } }
				policy seven { match { source-address d; destination-address a; application any; } then { deny; } }
				policy three { match { source-address a; destination-address any; application any; } then { permit { application-services { ssl-proxy { profile-name p; } } } } }
			}
		}
	}`;

const oneOf = (...words: string[]) => fc.constantFrom(...words);
const book = "security address-book";
const globals = "security policies global";
const policy = oneOf("two", "three", "four", "five", "six", "eight");
const address = oneOf("a", "b", "c", "d", "s", "e", "any", "any-ipv4");
const line = fc.oneof(
	fc.tuple(oneOf("a", "c", "e"), oneOf("10.0.0.0/25", "10.0.0.7/32", "192.0.2.0/24")).map(([name, prefix]) => {
		return `set ${book} global address ${name} ${prefix}`;
	}),
	oneOf("own", "global").map((name) => `set ${book} ${name} address a 192.0.2.9/32`),
	oneOf("b", "e").map((name) => `set ${book} global address ${name} dns-name *.example.org`),
	oneOf("c", "d", "e").map((name) => `set ${book} global address-set s address ${name}`),
	oneOf("c", "d").map((name) => `delete ${book} global address-set s address ${name}`),
	oneOf("a", "e", "b").map((name) => `delete ${book} global address ${name}`),
	oneOf("activate", "deactivate").map((verb) => `${verb} ${book} global address c`),
	oneOf("near", "far").map((zone) => `set ${book} own attach zone ${zone}`),
	fc.tuple(oneOf("source", "destination"), address, policy).map(([side, name, one]) => {
		return `set ${globals} policy ${one} match ${side}-address ${name}`;
	}),
	fc.tuple(policy, address).map(([one, name]) => `delete ${globals} policy ${one} match destination-address ${name}`),
	fc.tuple(policy, oneOf("any", "all", "web", "junos-https", "junos-ping")).map(([one, application]) => {
		return `set ${globals} policy ${one} match application ${application}`;
	}),
	fc.tuple(policy, oneOf("deny", "permit", "reject")).map(([one, then]) => `set ${globals} policy ${one} then ${then}`),
	fc
		.tuple(policy, oneOf("near", "far", "any"))
		.map(([one, zone]) => `set ${globals} policy ${one} match from-zone ${zone}`),
	fc.tuple(policy, policy).map(([one, other]) => `insert ${globals} policy ${one} before policy ${other}`),
	fc.tuple(policy, policy).map(([one, other]) => `copy ${globals} policy ${one} to policy ${other}`),
	policy.map((one) => `delete ${globals} policy ${one}`),
	fc.tuple(oneOf("activate", "deactivate"), policy).map(([verb, one]) => `${verb} ${globals} policy ${one}`),
	policy.map((one) => `set ${globals} policy ${one} match destination-address-excluded`),
	policy.map((one) => `set ${globals} policy ${one} scheduler-name night`),
	policy.map((one) => `set ${globals} policy ${one} then permit application-services ssl-proxy profile-name p`),
	oneOf("set", "delete").map((verb) => `${verb} apply-groups more`),
	oneOf("set", "delete").map((verb) => `${verb} security policies default-policy permit-all`),
	fc.constant("set applications application web source-port 1024-65535"),
	fc.constant("set security zones security-zone near address-book address x 10.0.0.0/8"),
	oneOf("443", "8000-9000").map((ports) => `set applications application web destination-port ${ports}`),
	fc.constant("set schedulers scheduler night daily exclude"),
	fc.constant("set services ssl proxy profile p whitelist c"),
	fc.constant("set services ssl proxy decryption-policy d never-decrypt-domains *.example.org"),
	fc.constant("copy security policies from-zone near to-zone far to from-zone far to-zone near"),
	fc.constant("delete security policies from-zone near to-zone far"),
);

const addresses = ["10.0.0.7", "10.0.0.200", "192.0.2.9", "192.0.2.17", "198.51.100.1"].map(
	(text) => parseAddress(text) as Address,
);
const connections: ConnectionFacts[] = addresses.flatMap((client) =>
	addresses.flatMap((server) =>
		["www.example.org", "x.example", undefined].flatMap((requestedName) =>
			[80, 443, 8_443].map((port) => ({ client, server, port, requestedName, now: Date.UTC(2026, 5, 1) })),
		),
	),
);
const facts = { caIds: new Set(["ca"]) };

/** All that follows from a tree: what is said about it, and what becomes of connections. */
function consequences(tree: Branch) {
	const { snapshot, errors, warnings } = check(rootSchema, tree);
	if (snapshot === undefined) return { errors, warnings };
	const findings = verifyConfiguration(snapshot as RootConfig, facts);
	if (findings.some(({ severity }) => severity === "error")) return { errors, warnings, findings };
	const { policy: compiled, ...plan } = compileGateway(snapshotOf(rootSchema, tree) as RootConfig);
	const told = (decision: ReturnType<typeof evaluateHello> | undefined) =>
		decision === undefined
			? ""
			: `${decision.action} ${decision.rule} ${decision.fact} ${decision.profile?.name ?? ""}`;
	const decisions = connections.map((one) => [
		told(evaluateConnect(compiled, one)),
		told(evaluateHello(compiled, one)),
	]);
	return { errors, warnings, findings, plan, decisions };
}

test("after any row of changes the findings and the decisions are those of the same text read anew", () => {
	const level = topLevel(rootSchema);
	let compiled = 0;
	fc.assert(
		fc.property(fc.array(line, { minLength: 1, maxLength: 12 }), (lines) => {
			let { tree } = parseText(rootSchema, start);
			consequences(tree);
			for (const one of lines) {
				const changed = applyLines(tree, level, one, { salt: fixedSalt }).tree;
				const { tree: fresh, errors } = parseText(rootSchema, printText(rootSchema, changed));
				assert.deepEqual(errors, []);
				const kept = consequences(changed);
				assert.deepEqual(kept, consequences(fresh), one);
				if (!("decisions" in kept)) continue;
				tree = changed;
				compiled++;
			}
		}),
		{ numRuns: 40 },
	);
	assert.ok(compiled > 100, `only ${compiled} of the configurations could be run`);
});
