import assert from "node:assert/strict";
import { test } from "node:test";
import { configOf, findingsOf, printedForm } from "../../test/support/config-text.ts";

const ssl = (statements: string) => `services { ssl { ${statements} } }`;

test("profiles towards servers and clients and the trace are printed in the order of Junos (R225, R231 to R236, R290)", () => {
	const source = `services {
    ssl {
        traceoptions {
            file ssl-trace;
            level detail;
            flag cli-configuration;
            flag selected-profile;
        }
        initiation {
            profile ssl-i-tls {
                protocol-version all;
                preferred-ciphers custom;
                custom-ciphers [ ecdhe-rsa-with-aes-256-gcm-sha384 tls13-with-aes-256-gcm-sha384 ];
                client-certificate gw;
                trusted-ca all;
                enable-session-cache;
                enable-flow-tracing;
                actions {
                    ignore-server-auth-failure;
                    crl {
                        if-not-present allow;
                        ignore-hold-instruction-code;
                    }
                }
            }
        }
        termination {
            profile console {
                protocol-version tls12-and-higher;
                preferred-ciphers strong;
                server-certificate [ a b ];
                client-authentication {
                    required;
                    trusted-ca all;
                }
            }
        }
    }
}
`;
	assert.equal(printedForm(source), source);
	const { initiation, termination } = configOf(source).services.ssl;
	assert.equal(initiation.profile.get("ssl-i-tls")?.actions.crl.ifNotPresent, "allow");
	assert.equal(termination.profile.get("console")?.clientAuthentication?.required, true);
	assert.deepEqual(findingsOf(source), [
		"warning services ssl initiation profile ssl-i-tls actions 'ignore-server-auth-failure': danger: servers are not authenticated, and an impostor is not noticed",
	]);
});

test("custom suites must be listed, and authorities must exist", () => {
	assert.deepEqual(findingsOf(ssl("initiation { profile i { preferred-ciphers custom; } }")), [
		"error services ssl initiation profile i 'preferred-ciphers': custom needs 'custom-ciphers'",
	]);
	assert.deepEqual(findingsOf(ssl("termination { profile t { server-certificate a; preferred-ciphers custom; } }")), [
		"error services ssl termination profile t 'preferred-ciphers': custom needs 'custom-ciphers'",
	]);
	assert.match(findingsOf(ssl("initiation { profile i { trusted-ca nobody; } }")).join(), /'nobody' is not defined/);
});

test("a termination profile has a certificate, and client authentication has authorities", () => {
	assert.deepEqual(findingsOf(ssl("termination { profile t; }")), [
		"error services ssl termination profile t: missing mandatory statement: 'server-certificate'",
	]);
	assert.deepEqual(
		findingsOf(ssl("termination { profile t { server-certificate a; client-authentication { optional; } } }")),
		["error services ssl termination profile t client-authentication: missing mandatory statement: 'trusted-ca'"],
	);
});
