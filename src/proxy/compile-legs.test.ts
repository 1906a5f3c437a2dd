import assert from "node:assert/strict";
import { test } from "node:test";
import { compileInitiation, compileLegs, compileTermination } from "#proxy/compile-legs.ts";
import { configOf } from "../../test/support/config-text.ts";

const legs = (statements: string) => {
	const config = configOf(`services { ssl { proxy { profile p { root-ca ca; ${statements} } } } }`);
	const profile = config.services.ssl.proxy.profile.get("p");
	return compileLegs(profile ?? assert.fail("no profile"));
};

test("what is said of both legs holds for both, and the leg to the server mirrors the client", () => {
	const { client, server } = legs("protocol-version tls13; groups secp384r1;");
	assert.deepEqual([client.versions, client.groups], [[0x0304], [0x0018]]);
	assert.equal(server.key, client.key);
	assert.equal(server.isOwnOffer, false);
});

test("R168: versions, suites and groups of the leg to the server are its own where they are said apart", () => {
	const apart = legs("protocol-version tls12; server-protocol-version tls13; server-groups x25519;");
	assert.deepEqual([apart.client.versions, apart.server.versions], [[0x0303], [0x0304]]);
	assert.deepEqual(apart.server.groups, [0x001d]);
	assert.equal(apart.server.isOwnOffer, true);
	const { client, server } = legs("server-custom-ciphers rsa-with-aes-128-gcm-sha256;");
	assert.equal(client.key, "strict");
	assert.deepEqual([server.versions, server.suites.map(({ code }) => code)], [[0x0303], [0x009c]]);
});

test("R3: profiles of one leg say versions, suites, authorities and certificates of that leg", () => {
	const config = configOf(`services { ssl {
		initiation { profile i { protocol-version tls13; trusted-ca all; client-certificate gw; enable-session-cache; } }
		termination { profile t { preferred-ciphers medium; server-certificate [ a b ]; client-authentication { optional; trusted-ca all; } } }
	} }`);
	const initiation = compileInitiation(config, "i");
	assert.deepEqual(initiation?.leg.versions, [0x0304]);
	assert.deepEqual([initiation?.clientCertificate, initiation?.trustStore], ["gw", ["all"]]);
	assert.deepEqual([initiation?.mayResumeSessions, initiation?.ignoresServerAuthFailure], [true, false]);
	const termination = compileTermination(config, "t");
	assert.equal(termination?.leg.suites.length, 17);
	assert.deepEqual(termination?.serverCertificates, ["a", "b"]);
	assert.deepEqual(termination?.clientAuthentication, { isRequired: false, trustStore: ["all"] });
	assert.equal(termination?.mayResumeSessions, false);
	assert.equal(compileInitiation(config, "none"), undefined);
	assert.equal(compileTermination(config, "none"), undefined);
});
