import assert from "node:assert/strict";
import { test } from "node:test";
import { configOf, findingsOf, printedForm } from "../../test/support/config-text.ts";

const services = (statements: string) => findingsOf(`system { services { ${statements} } }`);

test("the console, the interface for programs and SSH are printed as entered", () => {
	const source = `system {
    services {
        ssh {
            root-login deny-password;
            macs [ hmac-sha2-256 hmac-sha2-512 ];
            connection-limit 10;
        }
        web-management {
            https {
                port 8443;
                interface [ ge-0/0/0.0 lo0.0 ];
                local-certificate console;
            }
            session {
                idle-timeout 15;
            }
        }
        rest {
            https {
                addresses 192.0.2.1;
                server-certificate console;
            }
            control {
                allowed-sources 192.0.2.0/24;
                connection-limit 16;
            }
        }
    }
}
`;
	assert.equal(printedForm(source), source);
	assert.equal(printedForm(source.replace(" local-certificate", " pki-local-certificate")), source);
	assert.deepEqual(findingsOf(source), []);
	assert.equal(configOf(source).system.services.rest.https?.port, 3_443);
});

test("SSH takes the MAC algorithms of Junos, several in brackets", () => {
	const all =
		"hmac-md5 hmac-md5-96 hmac-ripemd160 hmac-sha1 hmac-sha1-96 hmac-sha2-256 hmac-sha2-256-96 hmac-sha2-512 umac-64";
	assert.equal(configOf(`system services ssh macs [ ${all} ];`).system.services.ssh?.macs.length, 9);
	assert.equal(services("ssh macs none;").length, 1);
});

test("management in clear is said to be a danger, on loopback it is not", () => {
	assert.deepEqual(services("web-management { http; }"), [
		"warning system services web-management 'http': danger: passwords and configuration cross the network in clear; use https",
	]);
	assert.deepEqual(services("rest { http { addresses 192.0.2.1; } }"), [
		"warning system services rest 'http': danger: tokens and configuration cross the network in clear; use https",
	]);
	assert.deepEqual(services('rest { http { addresses [ 127.0.0.1 "::1" ]; } }'), []);
	assert.deepEqual(services("rest { http; }"), []);
});

test("a certificate is named or made by the gateway, and the interface for programs has one", () => {
	assert.match(
		services("web-management { https { local-certificate a; system-generated-certificate; } }").join(),
		/exclude each other/,
	);
	assert.match(services("rest { https; }").join(), /missing mandatory statement: 'server-certificate'/);
});
