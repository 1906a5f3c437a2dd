import assert from "node:assert/strict";
import { test } from "node:test";
import { findingsOf, printedForm } from "../../test/support/config-text.ts";

test("a rule has a match, an action, a notification and what becomes of the host", () => {
	const source = `security {
    idp {
        idp-policy base {
            rulebase-ips {
                rule web {
                    match {
                        from-zone any;
                        application default;
                        attacks {
                            predefined-attacks [ "HTTP:OVERFLOW:HEADER" 2024897 ];
                            predefined-attack-groups "HTTP - All";
                        }
                    }
                    then {
                        action {
                            close-client-and-server;
                        }
                        ip-action {
                            ip-block;
                            target source-address;
                            timeout 600;
                            log;
                        }
                        notification {
                            log-attacks {
                                alert;
                            }
                            packet-log {
                                pre-attack 10;
                                post-attack 3;
                            }
                        }
                        severity major;
                    }
                    terminal;
                }
            }
            rulebase-exempt {
                rule scanner {
                    match {
                        source-address any;
                        attacks {
                            custom-attacks scan;
                        }
                    }
                }
            }
        }
        rules {
            file rules/local.rules;
            url https://rules.example/emerging.tar.gz;
            update-interval 12;
        }
        sensor-configuration {
            log {
                suppression {
                    start-log 2;
                }
            }
            packet-log {
                host 192.0.2.5 port 5000;
            }
            failure-action bypass;
        }
    }
}
`;
	const text = source.replace('"HTTP:OVERFLOW:HEADER"', "HTTP:OVERFLOW:HEADER").replace('"HTTP - All"', '"HTTP - All"');
	assert.equal(printedForm(source), text);
	assert.deepEqual(findingsOf(source), []);
});

test("policies without a file of rules are warned of", () => {
	const policy =
		"idp-policy p { rulebase-ips { rule r { match { attacks { custom-attacks a; } } then { action { no-action; } } } } }";
	assert.deepEqual(findingsOf(`security { idp { ${policy} } }`), [
		"warning security idp rules 'file': no file of rules is named; sessions of idp policies are treated by failure-action",
	]);
});

test("a rule does one thing, and names something to look for", () => {
	const rule = (statements: string) =>
		findingsOf(
			`security { idp { rules { file a.rules; } idp-policy p { rulebase-ips { rule r { ${statements} } } } } }`,
		);
	const path = "error security idp idp-policy p rulebase-ips rule r";
	assert.deepEqual(rule("then { action { drop-packet; } }"), [`${path} match 'attacks': names nothing to look for`]);
	assert.match(rule("match { attacks { custom-attacks a; } }").join(), /one of 'no-action'/);
	assert.deepEqual(rule("match { attacks { custom-attacks a; } } then { action { drop-packet; recommended; } }"), [
		`${path} then action 'drop-packet': 'drop-packet' and 'recommended' exclude each other`,
	]);
});
