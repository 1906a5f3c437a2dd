import assert from "node:assert/strict";
import { test } from "node:test";
import { configOf, findingsOf, printedForm } from "../../test/support/config-text.ts";

const source = `system {
    login {
        message "Authorized use only.";
        class auditors {
            permissions [ view trace ];
            allow-commands "show log.*";
            deny-configuration "security ike.*";
            idle-timeout 30;
        }
        user alice {
            full-name "Alice Liddell";
            uid 2001;
            class auditors;
            authentication {
                encrypted-password "$6$abc$0123456789abcdef"; ## SECRET-DATA
                ssh-ed25519 "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4 alice";
            }
        }
        user bob {
            class super-user;
        }
    }
}
`;

test("classes and users are printed as entered, passwords as hashes only", () => {
	assert.equal(printedForm(source), source);
	assert.deepEqual(findingsOf(source), []);
	assert.match(
		findingsOf(source.replace('"$6$abc$0123456789abcdef"', "clear-text")).join(),
		/expected a hash in crypt form/,
	);
	assert.equal(configOf(source).system.login.user.get("alice")?.class, "auditors");
});

test("R263: a user has a class that exists; the names of shipped classes are taken", () => {
	const login = (statements: string) => findingsOf(`system { login { ${statements} } }`);
	assert.deepEqual(login("user u;"), ["error system login user u: missing mandatory statement: 'class'"]);
	assert.match(login("user u { class nobody; }").join(), /'nobody' is not defined under \[edit system login class\]/);
	assert.deepEqual(login("class operator { permissions all; }"), [
		"error system login class operator: the name is that of a shipped class",
	]);
	assert.deepEqual(login("class none; user u { class none; }"), [
		"warning system login user u 'class': class none has no permissions, so that the user can do nothing",
	]);
});

test("an expression that cannot be matched in linear time is refused", () => {
	assert.equal(findingsOf('system { login { class c { allow-commands "(a)\\\\1"; } } }').length, 1);
});
