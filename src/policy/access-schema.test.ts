import assert from "node:assert/strict";
import { test } from "node:test";
import { configOf, findingsOf, printedForm } from "../../test/support/config-text.ts";

test("profiles name users and RADIUS servers; secrets are printed in their $9$ form", () => {
	const source = `access {
    profile remote {
        authentication-order [ radius password ];
        client alice {
            client-group staff;
            firewall-user {
                password "$9$xFU-b2ZUH5Qn4aQn/CB17-V"; ## SECRET-DATA
            }
        }
        radius-server 192.0.2.3 {
            port 1645;
            secret "$9$xFU-b2ZUH5Qn4aQn/CB17-V"; ## SECRET-DATA
            timeout 5;
        }
    }
}
`;
	assert.equal(printedForm(source), source);
	const { access } = configOf(source);
	assert.equal(access.profile.get("remote")?.radiusServer.get("192.0.2.3")?.secret.danger_reveal(), "juniper");
	assert.match(
		findingsOf("access { profile p { radius-server 192.0.2.3; } }").join(),
		/missing mandatory statement: 'secret'/,
	);
});

test("a source of user names has a priority or is disabled", () => {
	const { security } = configOf(
		"security { user-identification { authentication-source { local-authentication-table disable; } } }",
	);
	const { localAuthenticationTable, unifiedAccessControl } = security.userIdentification.authenticationSource;
	assert.equal(localAuthenticationTable.disable, true);
	assert.deepEqual(unifiedAccessControl, { disable: false, priority: 200 });
});
