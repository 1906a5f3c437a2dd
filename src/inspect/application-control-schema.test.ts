import assert from "node:assert/strict";
import { test } from "node:test";
import { configOf, findingsOf, printedForm } from "../../test/support/config-text.ts";

test("applications of your own, their firewall, their records and their routes", () => {
	const source = `services {
    application-identification {
        application wiki {
            description "Our wiki";
            cacheable;
            priority high;
            over HTTP {
                signature s1 {
                    port-range [ 80 8080-8090 ];
                    member m01 {
                        context http-header-host;
                        pattern "wiki\\.example$";
                        direction client-to-server;
                    }
                }
            }
            address-mapping here {
                filter {
                    ip 192.0.2.0/24;
                    port-range {
                        tcp 443;
                    }
                }
            }
        }
        application-group mine {
            applications [ wiki junos:HTTP ];
        }
    }
}
security {
    application-firewall {
        profile page {
            block-message {
                custom-text "Not here.";
            }
        }
        rule-sets office {
            profile page;
            rule social {
                match {
                    dynamic-application [ junos:FACEBOOK-ACCESS junos:TWITTER ];
                    ssl-encryption yes;
                }
                then {
                    deny block-message;
                }
            }
            default-rule {
                permit;
            }
        }
    }
    application-tracking {
        first-update;
        session-update-interval 10;
    }
    advance-policy-based-routing {
        profile uplinks {
            rule video {
                match {
                    dynamic-application-group junos:web:multimedia;
                }
                then {
                    routing-instance second;
                }
            }
        }
    }
}
`;
	assert.equal(printedForm(source), source);
	assert.deepEqual(findingsOf(`${source} routing-instances { second { instance-type forwarding; } }`), []);
	assert.match(findingsOf(source).join(), /'second' is not defined under \[edit routing-instances/);
});

test("a rule of the application firewall does one thing; its default may be left out", () => {
	const rules = (statements: string) =>
		findingsOf(`security { application-firewall { rule-sets s { ${statements} } } }`);
	assert.match(rules("rule r { match { dynamic-application any; } }").join(), /one of 'permit', 'deny', 'reject'/);
	assert.deepEqual(rules("rule r { match { dynamic-application any; } then { reject; } }"), []);
	assert.match(rules("default-rule { permit; deny; }").join(), /exclude each other/);
});

test("a signature that would take too long is refused", () => {
	const pattern = (text: string) =>
		findingsOf(
			`services { application-identification { application a { over TCP { signature s { member m { context stream; pattern "${text}"; } } } } } }`,
		);
	assert.deepEqual(pattern("^SSH-"), []);
	assert.equal(pattern("(a").length, 1);
	assert.equal(pattern("(a)\\\\1").length, 1);
});

test("a server's port is remembered for an hour unless told otherwise", () => {
	assert.equal(configOf("").services.applicationIdentification.applicationSystemCacheTimeout, 3_600);
});
