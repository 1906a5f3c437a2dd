import assert from "node:assert/strict";
import { test } from "node:test";
import { configOf, findingsOf, printedForm } from "../../test/support/config-text.ts";

const within = (statements: string) => `security { policies { ${statements} } }`;
const then = (statements: string) =>
	within(
		`global { policy p { match { source-address any; destination-address any; application any; } then { ${statements} } } }`,
	);

test("zone pairs and policies stay in order, global policies follow, the default comes last", () => {
	const source = `security {
    policies {
        from-zone untrust to-zone trust {
            policy second {
                description "Why it is there";
                match {
                    source-address [ any-ipv4 any-ipv6 ];
                    destination-address any;
                    application [ junos-http junos-https ];
                    source-identity [ authenticated-user "corp\\alice" ];
                    dynamic-application junos:FACEBOOK-ACCESS;
                    url-category any;
                }
                then {
                    permit {
                        destination-address {
                            drop-untranslated;
                        }
                        firewall-authentication {
                            pass-through {
                                client-match alice;
                                web-redirect;
                            }
                        }
                        tcp-options {
                            sequence-check-required;
                            syn-check-required;
                        }
                    }
                    count {
                        alarm {
                            per-minute-threshold 1000;
                        }
                    }
                    log {
                        session-init;
                        session-close;
                    }
                }
            }
            policy first {
                match {
                    source-address any;
                    destination-address any;
                    application any;
                }
                then {
                    reject;
                }
            }
        }
        from-zone trust to-zone untrust {
            policy p {
                match {
                    source-address any;
                    destination-address any;
                    application any;
                }
                then {
                    deny;
                }
            }
        }
        global {
            policy g {
                match {
                    source-address any;
                    destination-address any;
                    application any;
                    from-zone any;
                    to-zone [ trust untrust ];
                }
                then {
                    permit;
                }
                scheduler-name office;
            }
        }
        policy-rematch extensive;
        default-policy {
            deny-all;
        }
    }
    zones {
        security-zone trust;
        security-zone untrust;
    }
}
schedulers {
    scheduler office;
}
`;
	assert.equal(printedForm(source), source);
	const untold = findingsOf(source).map((line) => /'([a-z-]+)': this version cannot tell it/.exec(line)?.[1]);
	assert.deepEqual(untold, ["source-identity", "dynamic-application"]);
	const { policies } = configOf(source).security;
	assert.deepEqual([...policies.fromZone.keys()], ["untrust trust", "trust untrust"]);
	assert.deepEqual([...(policies.fromZone.get("untrust trust")?.policy.keys() ?? [])], ["second", "first"]);
});

test("a policy has the three parts of its match and one action", () => {
	const path = "error security policies global policy p";
	assert.deepEqual(findingsOf(within("global { policy p; }")), [
		`${path} match: missing mandatory statement: 'source-address'`,
		`${path} match: missing mandatory statement: 'destination-address'`,
		`${path} match: missing mandatory statement: 'application'`,
		`${path} then: missing mandatory statement: one of 'permit', 'deny', 'reject'`,
	]);
	assert.deepEqual(findingsOf(then("permit; deny;")), [
		`${path} then 'permit': 'permit' and 'deny' exclude each other`,
	]);
});

test("zones, addresses, applications, profiles and schedules that a policy names must exist", () => {
	assert.match(
		findingsOf(within("from-zone a to-zone b { policy p; }")).join(),
		/'a' is not defined under \[edit security zones/,
	);
	assert.match(
		findingsOf(
			within(
				"global { policy p { match { source-address x; destination-address any; application y; } then { deny; } } }",
			),
		).join(),
		/'x' is not defined.*'y' is not defined/,
	);
	assert.match(
		findingsOf(then("permit { application-services { ssl-proxy { profile-name x; } } }")).join(),
		/'x' is not defined/,
	);
	assert.deepEqual(findingsOf(within("from-zone junos-host to-zone junos-host;")), []);
});

test("what needs hardware that is not there is accepted with a warning", () => {
	assert.match(findingsOf(then("permit { services-offload; }")).join(), /no such hardware/);
	assert.match(findingsOf(then("permit { application-services { gprs-gtp-profile x; } }")).join(), /no such hardware/);
});

test("permitting what no policy matches is said to be a danger", () => {
	assert.deepEqual(findingsOf(within("default-policy permit-all;")), [
		"warning security policies default-policy 'permit-all': danger: what no policy matches passes, without being looked at",
	]);
	assert.equal(configOf("").security.policies.defaultPolicy.permitAll, false);
});
