/** The configuration that a first start writes. */

/** Names of the signing CAs of our own. Those with RSA keys are made when a configuration first names them. */
export const trustedCaId = "sallyport-ca";
export const untrustedCaId = "sallyport-untrusted-ca";
export const trustedRsaCaId = "sallyport-ca-rsa";
export const untrustedRsaCaId = "sallyport-untrusted-ca-rsa";

/** All of them: a configuration may name each at any time. */
export const ownCaIds: readonly string[] = [trustedCaId, untrustedCaId, trustedRsaCaId, untrustedRsaCaId];

/** The text; the IPv6 listener only where the host has IPv6. */
export function defaultConfiguration(hasIpv6: boolean): string {
	const ipv6 = hasIpv6 ? `        explicit-proxy local-ipv6 {\n            listen "[::1]:8080";\n        }\n` : "";
	return `/* Sallyport. What each statement means: docs/reference/configuration.md. After a change: bin/sallyport.mjs reload. */
services {
    gateway {
        explicit-proxy local {
            listen 127.0.0.1:8080;
        }
${ipv6}    }
    ssl {
        proxy {
            profile inspect {
                root-ca ${trustedCaId};
                untrusted-root-ca ${untrustedCaId};
                trusted-ca all;
                decryption-policy exemptions;
                actions {
                    log {
                        all;
                    }
                }
            }
            /* Connections to these servers are never opened. *.bank.example covers every depth below bank.example. */
            decryption-policy exemptions {
                never-decrypt-domains [ bank.example *.bank.example ];
            }
        }
    }
}
security {
    policies {
        global {
            policy inspect-all {
                match {
                    source-address any;
                    destination-address any;
                    application any;
                }
                then {
                    permit {
                        application-services {
                            ssl-proxy {
                                profile-name inspect;
                            }
                            pattern-policy standard;
                        }
                    }
                }
            }
        }
    }
    inspection {
        pattern-policy standard {
            patterns eicar;
        }
    }
    log {
        event-store {
            retention 30;
            maximum-size 1024;
        }
    }
}
`;
}
