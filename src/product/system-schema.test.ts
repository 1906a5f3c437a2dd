import assert from "node:assert/strict";
import { test } from "node:test";
import { findingsOf, printedForm } from "../../test/support/config-text.ts";

test("the host's own statements come first", () => {
	const source = `system {
    host-name gw;
    domain-name corp.example;
    domain-search [ corp.example example ];
    name-server 192.0.2.53;
    name-server 192.0.2.1;
    time-zone Europe/Paris;
    login {
        announcement Hello;
    }
    services {
        ssh;
    }
    static-host-mapping a.example inet 192.0.2.1;
}
`;
	assert.equal(printedForm(source), source);
	assert.deepEqual(findingsOf(source), []);
});

test("scripts of Junos are accepted, and a commit says that they are not run", () => {
	assert.deepEqual(findingsOf("system { scripts { commit { file ex-script.xsl; } } }"), [
		"warning system scripts commit 'file': scripts of Junos are not run; what they check or change is not done",
	]);
});

test("users and management are verified", () => {
	assert.equal(findingsOf("system { login { class operator; } services { web-management { http; } } }").length, 2);
});
