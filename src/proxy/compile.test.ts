import assert from "node:assert/strict";
import { test } from "node:test";
import { type Address, formatAddress, parseAddress } from "#base/address.ts";
import { patternPlaces } from "#inspect/pattern-service.ts";
import { shippedPatterns } from "#inspect/shipped-patterns.ts";
import { evaluateHello } from "#policy/evaluate.ts";
import { compileGateway } from "#proxy/compile.ts";
import { gradeLegs } from "#tls/leg-settings.ts";
import { configOf } from "../../test/support/config-text.ts";

const plan = (text: string) => compileGateway(configOf(text));
const address = (text: string) => parseAddress(text) as Address;

function withProfile(profile: string, rest = "") {
	const compiled = plan(`
		services { ssl { proxy { profile p { root-ca ca; ${profile} } ${rest.startsWith("decryption-policy") ? rest : ""} } } }
		security {
			${rest.startsWith("decryption-policy") ? "" : rest}
			policies { global { policy open { match { source-address any; destination-address any; application any; }
				then { permit { application-services { ssl-proxy { profile-name p; } } } } } } }
		}`);
	const found = compiled.policy.rules[0]?.profile;
	assert.ok(found);
	return { compiled, profile: found };
}

test("an empty configuration listens nowhere, denies everything and has the default limits", () => {
	const compiled = plan("");
	assert.deepEqual(compiled.listeners, []);
	assert.deepEqual(compiled.policy, { rules: [], isDefaultPermit: false });
	assert.deepEqual(compiled.timeouts, {
		requestMs: 10_000,
		helloMs: 10_000,
		connectMs: 20_000,
		handshakeMs: 15_000,
		idleMs: 600_000,
	});
	assert.equal(compiled.overload.maximumSessions, 20_000);
	assert.equal(compiled.maximumDecodedOctets, 64 * 1_048_576);
	assert.deepEqual([...compiled.signingCas, ...compiled.patternPolicies, ...compiled.staticHosts], []);
});

test("each limit is the statement of its name, seconds made milliseconds and mebibytes octets", () => {
	const compiled = plan(`
		services { gateway { maximum-sessions 7; timeouts { request 1; client-hello 2; connect 3; handshake 4; idle 5; } } }
		security { inspection { maximum-decoded-size 2; } }`);
	const timeouts = { requestMs: 1_000, helloMs: 2_000, connectMs: 3_000, handshakeMs: 4_000, idleMs: 5_000 };
	assert.deepEqual(compiled.timeouts, timeouts);
	assert.deepEqual([compiled.overload.maximumSessions, compiled.maximumDecodedOctets], [7, 2_097_152]);
});

test("F14: local targets are reached through a listener of loopback, or one that permits it, and no other", () => {
	const { listeners } = plan(`services { gateway {
		explicit-proxy a { listen 127.0.0.1:8080; }
		explicit-proxy b { listen "[::1]:8080"; }
		explicit-proxy c { listen 192.0.2.1:8080; }
		explicit-proxy d { listen 0.0.0.0:8081; }
		explicit-proxy e { listen 192.0.2.1:8082; permit-local-targets; }
	} }`);
	const reached = listeners.filter(({ mayReachLocal }) => mayReachLocal).map(({ name }) => name);
	assert.deepEqual(reached, ["a", "b", "e"]);
	assert.deepEqual(listeners[2]?.listen, { host: "192.0.2.1", port: 8080 });
});

const openWith = (name: string, profile: string) => `policy ${name} { match { source-address any;
	destination-address any; application any; } then { permit { application-services { ssl-proxy { profile-name ${profile}; } } } } }`;

test("the onboarding page offers the trusted CAs of policies, each once, and never one that signs for untrusted servers", () => {
	const { onboarding } = plan(`
		services { ssl { proxy {
			profile a { root-ca ca-a; untrusted-root-ca bad; }
			profile b { root-ca ca-b; }
			profile c { root-ca bad; }
			profile unused { root-ca ca-unused; }
		} } }
		security { policies { global { ${["b", "a", "c", "b"].map((name, at) => openWith(`p${at}`, name)).join(" ")} } } }`);
	assert.deepEqual(onboarding?.trustedCas, ["ca-b", "ca-a"]);
});

test("a disabled onboarding page is none", () => {
	assert.equal(plan("services { gateway { onboarding { disable; } } }").onboarding, undefined);
	assert.deepEqual(plan("services { gateway { onboarding { host-name a.example; contact me; } } }").onboarding, {
		hostName: "a.example",
		contact: "me",
		proxyAddress: undefined,
		trustedCas: [],
	});
});

test("addresses of static host names are known by their name, both families", () => {
	const { staticHosts } = plan(
		"system { static-host-mapping shop.example { inet [ 192.0.2.1 192.0.2.2 ]; inet6 2001:db8::1; } }",
	);
	const addresses = staticHosts.get("shop.example")?.map(formatAddress);
	assert.deepEqual(addresses, ["192.0.2.1", "192.0.2.2", "2001:db8::1"]);
});

test("policies keep their order, their addresses, ports and action; one that no TCP connection can meet is left out", () => {
	const { policy } = plan(`
		security {
			address-book global { address lan 10.0.0.0/8; address shop dns-name shop.example; address-set all { address shop; } }
			policies {
				global {
					policy dns { match { source-address any; destination-address any; application junos-dns-udp; } then { permit; } }
					policy no { match { source-address lan; destination-address all; application junos-https; } then { deny; } }
					policy yes { match { source-address any; destination-address any; application any; } then { permit; } }
				}
				default-policy { permit-all; }
			}
		}`);
	assert.equal(policy.isDefaultPermit, true);
	assert.deepEqual(
		policy.rules.map(({ name, action, ports, profile }) => [name, action, ports.length, profile]),
		[
			["no", "deny", 1, undefined],
			["yes", "permit", 0, undefined],
		],
	);
	const facts = { client: address("10.1.1.1"), server: address("192.0.2.9"), port: 443, requestedName: "shop.example" };
	assert.equal(evaluateHello(policy, facts).rule, "no");
	assert.equal(evaluateHello(policy, { ...facts, port: 80 }).rule, "yes");
	assert.equal(evaluateHello(policy, { ...facts, client: address("192.0.2.1") }).rule, "yes");
});

test("HTTP/2 is offered to servers unless the profile says otherwise (R174)", () => {
	assert.equal(withProfile("").profile.downgradesHttp2, false);
	assert.equal(withProfile("downgrade-http2;").profile.downgradesHttp2, true);
});

test("a profile has the strict defaults unless told otherwise", () => {
	const { profile, compiled } = withProfile("");
	const { neverDecryptSources, alwaysDecryptSources, exemptDestinations, overrides, clientCertificates, ...plain } =
		profile;
	assert.deepEqual([...clientCertificates.values()], []);
	assert.equal(overrides.size, 0);
	assert.deepEqual(plain, {
		name: "p",
		missingLists: "",
		serverCertificates: [],
		staples: true,
		decryptedService: undefined,
		trustedCa: "ca",
		untrustedCa: undefined,
		trustedRsaCa: undefined,
		untrustedRsaCa: undefined,
		trustStore: ["all"],
		blocksInvalidCertificates: false,
		blocksExpiredCertificates: false,
		minimumKeyBits: undefined,
		ignoresServerAuthFailure: false,
		passesNonTls: false,
		encryptedClientHello: "log",
		sniAddressMismatch: "log",
		starttls: "drop",
		clientCertificateRequest: "bypass",
		fronting: { fronted: "drop", coalesced: "allow" },
		stripsAltSvc: false,
		clientAuthentication: undefined,
		sendsReset: undefined,
		mayResumeSessions: true,
		legs: gradeLegs("strict"),
		validation: "web-pki",
		revocation: {
			timeoutMs: 5_000,
			asksOcsp: true,
			asksCrl: true,
			ignoresHold: false,
			dropsUnavailable: false,
			key: "5000 true true false false",
		},
		learnedBypass: undefined,
		repairsChains: false,
		downgradesHttp2: false,
		log: { allowed: false, dropped: false, exempted: false, errors: false, ignored: false, warnings: false },
		patternPolicy: undefined,
		idpPolicy: undefined,
	});
	assert.deepEqual(compiled.signingCas, ["ca"]);
	const client = address("10.0.0.1");
	assert.deepEqual(
		[neverDecryptSources.matchAddress(client), alwaysDecryptSources.matchAddress(client)],
		[undefined, undefined],
	);
	assert.equal(exemptDestinations.matchHost("shop.example"), undefined);
});

test("revocation is asked about unless both ways are disabled, and either statement drops what cannot be known", () => {
	const revocation = (actions: string) => withProfile(`actions { ${actions} }`).profile.revocation;
	assert.deepEqual(
		[revocation("crl { disable; }"), revocation("ocsp { disable; timeout 2; }")].map((one) => [
			one?.asksOcsp,
			one?.asksCrl,
			one?.timeoutMs,
		]),
		[
			[true, false, 5_000],
			[false, true, 2_000],
		],
	);
	assert.equal(revocation("crl { disable; } ocsp { disable; }"), undefined);
	assert.equal(revocation("crl { if-not-present drop; }")?.dropsUnavailable, true);
	assert.equal(revocation("ocsp { if-unavailable drop; }")?.dropsUnavailable, true);
	assert.equal(revocation("crl { if-not-present allow; ignore-hold-instruction-code; }")?.ignoresHold, true);
	assert.notEqual(revocation("ocsp { timeout 3; }")?.key, revocation("")?.key);
});

test("each action of a profile is the statement of its name", () => {
	const { profile, compiled } = withProfile(`
		untrusted-root-ca untrusted-ca; tls-grade legacy; certificate-validation lenient;
		actions { block-invalid-certificates; ignore-server-auth-failure; disable-session-resumption; non-tls-traffic pass; }`);
	assert.equal(profile.untrustedCa, "untrusted-ca");
	assert.equal(profile.legs.client.grade, "legacy");
	assert.equal(profile.validation, "lenient");
	assert.deepEqual([profile.blocksInvalidCertificates, profile.ignoresServerAuthFailure], [true, true]);
	assert.deepEqual([profile.mayResumeSessions, profile.passesNonTls], [false, true]);
	assert.deepEqual(compiled.signingCas, ["ca", "untrusted-ca"]);
});

for (const [statement, key] of [
	["sessions-allowed", "allowed"],
	["sessions-dropped", "dropped"],
	["sessions-whitelisted", "exempted"],
	["errors", "errors"],
	["sessions-ignored", "ignored"],
	["warning", "warnings"],
] as const) {
	test(`log ${statement} records those sessions alone, log all every one`, () => {
		const none = { allowed: false, dropped: false, exempted: false, errors: false, ignored: false, warnings: false };
		assert.deepEqual(withProfile(`actions { log { ${statement}; } }`).profile.log, { ...none, [key]: true });
		assert.equal(withProfile("actions { log { all; } }").profile.log[key], true);
	});
}

test("exemptions say which statement they come from", () => {
	const sources = withProfile("never-decrypt-source 10.1.0.0/16; always-decrypt-source 10.1.2.0/24;").profile;
	assert.deepEqual(sources.neverDecryptSources.matchAddress(address("10.1.9.9")), {
		entry: "never-decrypt-source",
		value: "10.1.0.0/16",
	});
	assert.deepEqual(sources.alwaysDecryptSources.matchAddress(address("10.1.2.3")), {
		entry: "always-decrypt-source",
		value: "10.1.2.0/24",
	});
	const book = "address-book global { address banks dns-name *.bank.example; address net 192.0.2.0/24; }";
	const { exemptDestinations } = withProfile("whitelist [ banks net ];", book).profile;
	const entry = "whitelist of profile p";
	assert.deepEqual(exemptDestinations.matchHost("my.bank.example"), { entry, value: "*.bank.example" });
	assert.deepEqual(exemptDestinations.matchAddress(address("192.0.2.7")), { entry, value: "192.0.2.0/24" });
	const domains = "decryption-policy health { never-decrypt-domains *.clinic.example; }";
	assert.deepEqual(
		withProfile("decryption-policy health;", domains).profile.exemptDestinations.matchHost("a.clinic.example"),
		{
			entry: "never-decrypt-domains of decryption-policy health",
			value: "*.clinic.example",
		},
	);
});

test("a pattern policy holds own patterns and shipped ones, each with its places and verdict", () => {
	const { patternPolicies } = plan(`security { inspection {
		pattern word { text "Grüße"; ignore-case; where [ url stream ]; then report; }
		pattern octets { hexadecimal 00ff; }
		pattern-policy mine { patterns [ eicar octets word ]; }
	} }`);
	assert.deepEqual(patternPolicies.get("mine"), [
		{
			name: "eicar",
			octets: shippedPatterns.get("eicar"),
			ignoresCase: false,
			places: patternPlaces,
			verdict: "block",
		},
		{ name: "octets", octets: Buffer.of(0, 255), ignoresCase: false, places: patternPlaces, verdict: "block" },
		{ name: "word", octets: Buffer.from("Grüße"), ignoresCase: true, places: ["url", "stream"], verdict: "report" },
	]);
});

test("an own pattern of a shipped one's name takes its place", () => {
	const { patternPolicies } = plan(
		`security { inspection { pattern eicar { text x; } pattern-policy mine { patterns eicar; } } }`,
	);
	assert.deepEqual(patternPolicies.get("mine")?.[0]?.octets, Buffer.from("x"));
});

test("R12 R151 R250: a policy between zones opens with its profile, is told apart by its zones, and goes before the global ones", () => {
	const open = `permit { application-services { ssl-proxy { profile-name p; } pattern-policy standard; } }`;
	const one = (then: string) =>
		`policy web { match { source-address any; destination-address any; application any; } then { ${then} } }`;
	const { policy, listeners } = plan(`
		services {
			ssl { proxy { profile p { root-ca ca; } } }
			gateway { explicit-proxy e { listen 127.0.0.1:8080; from-zone trust; } explicit-proxy f { listen 127.0.0.1:8081; } }
		}
		interfaces {
			eth1 { unit 0 { family { inet { address 10.0.0.1/8; } } } }
			eth2 { unit 0 { family { inet { address 192.0.2.1/24; } } } }
		}
		security {
			zones { security-zone trust { interfaces { eth1.0; } } security-zone untrust { interfaces { eth2.0; } } }
			policies { global { ${one("deny;")} } from-zone trust to-zone untrust { ${one(open)} } }
			inspection { pattern-policy standard { patterns eicar; } }
		}`);
	assert.deepEqual(
		listeners.map(({ fromZone }) => fromZone),
		["trust", undefined],
	);
	const facts = { client: address("10.1.1.1"), server: address("192.0.2.9"), port: 443, sni: "www.example" };
	assert.deepEqual(
		[facts, { ...facts, server: address("10.2.2.2") }].map((one) => evaluateHello(policy, one)).map(({ rule }) => rule),
		["web (trust to untrust)", "web"],
	);
	assert.equal(evaluateHello(policy, { ...facts, client: address("127.0.0.1") }).rule, "web");
	const counted = evaluateHello(policy, { ...facts, client: address("127.0.0.1"), fromZone: "trust" });
	assert.equal(counted.action, "decrypt");
});

test("R11 R13: a policy without inspection service, or whose inspection is switched off, does not open and says why", () => {
	const decided = (proxy: string, services: string) => {
		const { policy } = plan(`
			services { ssl { proxy { ${proxy} profile p { root-ca ca; } } } }
			security {
				inspection { pattern-policy standard { patterns eicar; } }
				policies { global { policy web {
					match { source-address any; destination-address any; application any; }
					then { permit { application-services { ssl-proxy { profile-name p; } ${services} } } }
				} } }
			}`);
		const { action, fact, profile, ...rest } = evaluateHello(policy, { client: address("10.0.0.1"), port: 443 });
		return [action, fact, "cause" in rest ? rest.cause : undefined, profile?.name];
	};
	assert.deepEqual(decided("", "pattern-policy standard;"), [
		"decrypt",
		"the policy matches any connection",
		undefined,
		"p",
	]);
	assert.deepEqual(decided("", ""), [
		"bypass",
		"the policy matches any connection, and no inspection service is attached, so that ssl-proxy profile p is bypassed",
		"no-service",
		undefined,
	]);
	assert.deepEqual(decided("client-inspection disable;", "pattern-policy standard;"), [
		"bypass",
		"the policy matches any connection, and client-inspection is disabled",
		"switched-off",
		undefined,
	]);
	assert.equal(decided("server-inspection disable;", "pattern-policy standard;")[0], "decrypt");
});

test("then log of a policy is kept by the policy's key", () => {
	const { policyLogs } = plan(`security { policies { global {
		policy a { match { source-address any; destination-address any; application any; } then { deny; log { session-init; } } }
		policy b { match { source-address any; destination-address any; application any; } then { deny; } }
	} } }`);
	assert.deepEqual([...policyLogs], [["a", { isInitLogged: true, isCloseLogged: false }]]);
});

test("R172: certificates for servers that ask are named by server, and known to the workers, where they are presented", () => {
	const present = (action: string) => {
		const { profile, compiled } = withProfile(`client-certificate { *.partner.example gw; }
			actions { client-certificate-request ${action}; send-tcp-reset both; }`);
		const found = profile.clientCertificates.match("a.partner.example")?.value;
		return [profile.clientCertificateRequest, found, compiled.ownCertificates, profile.sendsReset];
	};
	assert.deepEqual(present("present"), ["present", "gw", ["gw"], "both"]);
	assert.deepEqual(present("drop"), ["drop", undefined, [], "both"]);
});
