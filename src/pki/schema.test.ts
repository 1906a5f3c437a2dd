import assert from "node:assert/strict";
import { test } from "node:test";
import { configOf, findingsOf, printedForm } from "../../test/support/config-text.ts";

const source = `security {
    pki {
        ca-profile microsoft-2008 {
            ca-identity microsoft;
            enrollment {
                url http://ca.example/scep;
                retry 20;
                retry-interval 1800;
            }
            revocation-check {
                use-ocsp;
                crl {
                    disable on-download-failure;
                    refresh-interval 36;
                    url [ http://ca.example/a.crl http://ca.example/b.crl ];
                }
                ocsp {
                    connection-failure fallback-crl;
                    nonce-payload enable;
                    url http://ocsp.example/;
                }
            }
            administrator {
                email-address pki@ca.example;
            }
        }
        ca-profile "org A" {
            ca-identity orgA;
        }
        trusted-ca-group partners {
            ca-profiles [ microsoft-2008 "org A" ];
        }
        default-trust-store {
            exclude 5ae2a8b0d6a8f2a5c0d1e2f30405060708090a0b0c0d0e0f1011121314151617;
        }
        fetch-missing-intermediates enable;
        persist-private-keys disable;
        key-store {
            pkcs11 {
                module /usr/lib/softhsm/libsofthsm2.so;
                token gateway;
                pin-file pin;
            }
        }
        expiry-warning 60;
    }
}
`;

const pki = (statements: string) => findingsOf(`security { pki { ${statements} } }`);

const notKept =
	"warning security pki 'persist-private-keys': private keys are removed from the disk and are lost when the gateway stops; at the next start signing CAs are made anew, and clients must be given them";

test("authorities, groups, revocation and the key store are printed as entered (R93, R95)", () => {
	assert.equal(
		printedForm(source.replace("pki@ca.example", '"pki@ca.example"')),
		source.replace("pki@ca.example", '"pki@ca.example"'),
	);
	const config = configOf(source).security.pki;
	assert.equal(config.caProfile.get("org A")?.caIdentity, "orgA");
	assert.equal(config.caProfile.get("org A")?.revocationCheck.crl.refreshInterval, 24);
	assert.deepEqual(config.trustedCaGroup.get("partners")?.caProfiles, ["microsoft-2008", "org A"]);
	assert.deepEqual(findingsOf(source), [notKept]);
});

test("the name of an authority: letters, digits, hyphen, underscore and blank, and never 'ca' (R80)", () => {
	for (const good of ["a", "A-1_b", '"a b"', "caa"]) assert.deepEqual(pki(`ca-profile ${good} { ca-identity x; }`), []);
	for (const bad of ["a.b", '"a/b"', '" a"', '"a "', `${"a".repeat(66)}`]) {
		assert.match(pki(`ca-profile ${bad} { ca-identity x; }`).join(), /Must consist of letters/);
	}
	assert.match(pki("ca-profile ca { ca-identity x; }").join(), /the name 'ca' is reserved/);
});

test("R102: authorities that are trusted together have a name of the same form, and 512 characters of description", () => {
	const group = (name: string, description: string) =>
		pki(`ca-profile a { ca-identity x; } trusted-ca-group ${name} { ca-profiles a; description "${description}"; }`);
	assert.deepEqual(group('"Partners of 2026_a-b"', "d".repeat(512)), []);
	assert.match(group("p", "d".repeat(513)).join(), /Length 513 is not within range/);
	for (const bad of [`"${"a".repeat(65)}"`, '"a/b"', "ca"])
		assert.match(group(bad, "x").join(), /Must consist of|reserved/);
});

test("a profile needs its identity, a group its members, and members must exist", () => {
	assert.deepEqual(pki("ca-profile a;"), [
		"error security pki ca-profile a: missing mandatory statement: 'ca-identity'",
	]);
	assert.deepEqual(pki("trusted-ca-group g;"), [
		"error security pki trusted-ca-group g: missing mandatory statement: 'ca-profiles'",
	]);
	assert.match(
		pki("trusted-ca-group g { ca-profiles a; }").join(),
		/'a' is not defined under \[edit security pki ca-profile\]/,
	);
});

test("checking nothing is said to be a danger, and cannot stand beside a way of checking", () => {
	const path = "security pki ca-profile a revocation-check";
	const danger = `warning ${path} 'disable': danger: revoked certificates of this authority are accepted`;
	assert.deepEqual(pki("ca-profile a { ca-identity x; revocation-check disable; }"), [danger]);
	assert.deepEqual(pki("ca-profile a { ca-identity x; revocation-check { disable; use-ocsp; } }"), [
		danger,
		`error ${path} 'use-ocsp': cannot stand beside 'disable'`,
	]);
});

test("a hardware token has module, label and PIN; a passphrase without keys at rest is told", () => {
	assert.deepEqual(pki("key-store { pkcs11 { token t; } }"), [
		"error security pki key-store pkcs11: missing 'module' and 'pin-file': the three belong together",
	]);
	assert.deepEqual(pki("persist-private-keys disable; key-store { passphrase-file p; }"), [
		notKept,
		"warning security pki key-store 'passphrase-file': is not used: persist-private-keys is disabled, so that no key is written",
	]);
});

test("addresses of lists and responders that are not http are told not to be asked", () => {
	const path = "security pki ca-profile a revocation-check";
	const urls = "crl { url [ http://a.example/ ldap://a.example/ ]; } ocsp { url http://b.example/; }";
	assert.deepEqual(pki(`ca-profile a { ca-identity x; revocation-check { ${urls} } }`), [
		`warning ${path} crl 'url': only http addresses are asked; what is signed needs no TLS`,
	]);
});
