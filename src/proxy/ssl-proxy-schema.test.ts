import assert from "node:assert/strict";
import { test } from "node:test";
import { configOf, findingsOf, printedForm } from "../../test/support/config-text.ts";

const source = `services {
    ssl {
        proxy {
            client-inspection enable;
            server-inspection disable;
            global-config {
                session-cache-timeout 300;
                certificate-cache-timeout 600;
                disable-cert-cache;
                invalidate-cache-on-crl-update;
                maximum-sessions 5000;
                overload-action block;
                sni-trust verify-certificate;
            }
            profile p {
                description Everything;
                root-ca ca;
                untrusted-root-ca untrusted-ca;
                server-certificate [ shop wiki ];
                trusted-ca all;
                protocol-version tls12-and-higher;
                server-protocol-version all;
                preferred-ciphers custom;
                custom-ciphers ecdhe-rsa-with-aes-128-gcm-sha256;
                server-custom-ciphers tls13-with-aes-128-gcm-sha256;
                tls-grade compatible;
                certificate-validation strict;
                minimum-key-length 2048;
                whitelist [ bank all-banks ];
                whitelist-url-categories [ finance health ];
                decryption-policy d;
                never-decrypt-source 10.1.0.0/16;
                always-decrypt-source 10.2.0.0/16;
                decrypted-service http;
                downgrade-http2;
                client-certificate {
                    *.partner.example gw;
                }
                learned-bypass {
                    clients 3;
                    lifetime 86400;
                    maximum 100;
                }
                enable-flow-tracing;
                mirror-decrypt-traffic {
                    interface ge-0/0/5.0;
                    destination-mac-address 00:11:22:33:44:55;
                    only-after-security-policies-enforcement;
                }
                actions {
                    ignore-server-auth-failure;
                    block-invalid-certificates;
                    block-expired-certificates;
                    send-tcp-reset both;
                    disable-session-resumption;
                    renegotiation allow-secure;
                    non-tls-traffic pass;
                    client-certificate-request present;
                    crl {
                        if-not-present drop;
                    }
                    ocsp {
                        if-unavailable drop;
                        timeout 3;
                    }
                    log {
                        all;
                        errors;
                        sessions-allowed;
                        sessions-whitelisted;
                    }
                }
            }
            decryption-policy d {
                description "What is nobody's business";
                never-decrypt-categories finance;
                category-overrides tracker.example;
                never-decrypt-domains [ bank.example *.bank.example ];
                use-recommended-exemptions;
            }
        }
    }
}
security {
    address-book {
        global {
            address bank dns-name bank.example;
            address-set all-banks {
                address bank;
            }
        }
    }
}
`;

test("profiles, decryption policies and what holds for all are printed as entered (R115, R140, R210 to R213, R236)", () => {
	assert.equal(printedForm(source), source);
	assert.equal(printedForm(source.replaceAll("whitelist", "allowlist")), source);
	assert.deepEqual(findingsOf(source), [
		"warning services ssl proxy profile p 'protocol-version': never used for want of suites: TLS 1.3; add suites for them",
		"warning services ssl proxy profile p actions 'ignore-server-auth-failure': danger: servers are not authenticated; clients cannot notice an impostor",
		"warning services ssl proxy 'server-inspection': sessions of profiles with server-certificate are relayed untouched; those that run go on being decrypted",
	]);
	const profile = configOf(source).services.ssl.proxy.profile.get("p");
	assert.equal(profile?.clientCertificate.server.get("*.partner.example")?.certificate, "gw");
	assert.equal(profile?.actions.log.sessionsWhitelisted, true);
});

test("R148: what is not said is the safe choice, or what the administrator of such an appliance expects", () => {
	const { proxy } = configOf("services { ssl { proxy { profile p { root-ca ca; } } } }").services.ssl;
	const profile = proxy.profile.get("p");
	assert.deepEqual([profile?.decryptionPolicy, proxy.decryptionPolicy.size], [undefined, 0]);
	assert.equal(profile?.tlsGrade, "strict");
	assert.equal(profile?.certificateValidation, "web-pki");
	assert.deepEqual(profile?.trustedCa, ["all"]);
	assert.equal(profile?.actions.nonTlsTraffic, "drop");
	assert.equal(profile?.actions.renegotiation, "drop");
	assert.equal(profile?.actions.clientCertificateRequest, "bypass");
	assert.equal(proxy.globalConfig.overloadAction, "bypass");
	assert.equal(proxy.globalConfig.sniTrust, "trust-exempt-sni");
});

test("R114 R115: a profile's name has up to 128 letters, digits, hyphens, underscores and blanks, its description some hundred", () => {
	const finds = (name: string, description = "x") =>
		findingsOf(`services { ssl { proxy { profile "${name}" { root-ca ca; description "${description}"; } } } }`);
	for (const good of ["p", "Clients of 2026_a-b", "a".repeat(128)]) assert.deepEqual(finds(good, "d".repeat(512)), []);
	assert.match(finds("a".repeat(129)).join(), /Length 129 is not within range \(1\.\.128\)/);
	assert.match(finds("a/b").join(), /invalid|letters/);
});

test("at most 1000 certificates of servers (R133)", () => {
	const profile = (count: number) => {
		const ids = Array.from({ length: count }, (_, index) => `s${index}`).join(" ");
		return findingsOf(`services { ssl { proxy { profile p { server-certificate [ ${ids} ]; } } } }`);
	};
	assert.deepEqual(profile(1_000), []);
	assert.deepEqual(profile(1_001), [
		"error services ssl proxy profile p 'server-certificate': 1001 values; at most 1000 are accepted",
	]);
});
