import assert from "node:assert/strict";
import { test } from "node:test";
import { configOf, findingsOf, printedForm } from "../../test/support/config-text.ts";

const profile = (statements: string) => findingsOf(`services { icap-redirect { profile p { ${statements} } } }`);

test("servers, what is sent and what happens without them", () => {
	const source = `services {
    icap-redirect {
        profile dlp {
            server first {
                host 127.0.0.1;
                port 1344;
                reqmod-uri reqmod;
                respmod-uri respmod;
                sockets 16;
            }
            http {
                redirect-request;
                redirect-response;
            }
            fallback-option {
                default-action block;
                connectivity log-permit;
                throttle block;
            }
            timeout 1200;
        }
    }
}
`;
	assert.equal(printedForm(source), source);
	assert.deepEqual(findingsOf(source), []);
	assert.equal(configOf(source).services.icapRedirect.profile.get("dlp")?.fallbackOption.timeout, undefined);
});

test("decrypted content that leaves in clear is said to be a danger", () => {
	assert.deepEqual(profile("server s { host 192.0.2.1; } http { redirect-request; }"), [
		"warning services icap-redirect profile p server s 'host': danger: decrypted content goes to 192.0.2.1 in clear; set tls-profile",
	]);
	assert.deepEqual(profile('server s { host "::1"; } http { redirect-request; }'), []);
});

test("a profile without a server or without anything to send is told", () => {
	assert.deepEqual(profile("timeout 100;"), [
		"warning services icap-redirect profile p 'server': there is none, so that nothing is sent",
		"warning services icap-redirect profile p 'http': neither requests nor responses are sent",
	]);
	assert.match(profile("server s;").join(), /missing mandatory statement: 'host'/);
});
