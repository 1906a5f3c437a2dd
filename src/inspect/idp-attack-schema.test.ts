import assert from "node:assert/strict";
import { test } from "node:test";
import { findingsOf, printedForm } from "../../test/support/config-text.ts";

test("groups are written as on an SRX and come back as they were", () => {
	const text = `security {
    idp {
        custom-attack-group own {
            group-members [ 1000001 trojans ];
        }
        dynamic-attack-group trojans {
            filters {
                category {
                    values trojan-activity;
                }
                severity {
                    values [ critical major ];
                }
                direction {
                    values server-to-client;
                }
                cve {
                    values CVE-2021-44228;
                }
                recommended;
            }
        }
    }
}
`;
	assert.equal(printedForm(text), text);
	assert.deepEqual(findingsOf(text), []);
});

test("a group that would be empty, or everything by mistake, is refused", () => {
	assert.deepEqual(findingsOf("security { idp { custom-attack-group own; dynamic-attack-group d { filters; } } }"), [
		"error security idp custom-attack-group own 'group-members': names nobody",
		"error security idp dynamic-attack-group d 'filters': asks for nothing, which would be every signature; use group all for that",
	]);
});

test("a rule that names a dynamic group that is not there is refused", () => {
	const rule = "rule r { match { attacks { dynamic-attack-groups gone; } } then { action { no-action; } } }";
	const [finding = ""] = findingsOf(`security { idp { idp-policy p { rulebase-ips { ${rule} } } rules { file r; } } }`);
	assert.match(finding, /^error .*dynamic-attack-groups.*gone/);
});
