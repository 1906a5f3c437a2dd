import assert from "node:assert/strict";
import { constants } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { cipherSuiteOfOpenssl, type Grade } from "#tls/cipher-suites.ts";
import type { ClientHello } from "#tls/client-hello.ts";
import { extensionType } from "#tls/extension-types.ts";
import { keyExchangeGroups } from "#tls/key-exchange-groups.ts";
import { gradeLegs, legSettings } from "#tls/leg-settings.ts";
import { clientLegOptions, ownLegOptions, serverLegOptions } from "#tls/profile.ts";
import { signatureSchemes } from "#tls/signature-schemes.ts";
import {
	alpnExtension,
	buildHello,
	decodedCapture,
	decodedHello,
	serverNameExtension,
	u16ListBody,
} from "../../test/support/tls-hello.ts";

const grades: readonly Grade[] = ["strict", "compatible", "legacy"];

function offer(hello: ClientHello, grade: Grade = "strict", mayOfferHttp2 = true) {
	const plan = serverLegOptions(hello, gradeLegs(grade), mayOfferHttp2);
	return plan.kind === "offer" ? plan : assert.fail(plan.reason);
}

function refusal(hello: ClientHello, grade: Grade = "strict") {
	const plan = serverLegOptions(hello, gradeLegs(grade));
	return plan.kind === "refused" ? plan : assert.fail(JSON.stringify(plan));
}

interface Lists {
	readonly versions?: readonly number[];
	readonly suites?: readonly number[];
	readonly groups?: readonly number[];
	readonly shares?: readonly number[];
	readonly schemes?: readonly number[];
	readonly legacyVersion?: number;
}

/** A hello with these lists; an absent list is an absent extension. */
function hello({
	versions,
	suites = [0x1301, 0xc02f],
	groups,
	shares,
	schemes,
	legacyVersion = 0x0303,
}: Lists): ClientHello {
	const extensions: [number, Uint8Array][] = [];
	if (versions !== undefined) extensions.push([extensionType.supportedVersions, u16ListBody(1, versions)]);
	if (groups !== undefined) extensions.push([extensionType.supportedGroups, u16ListBody(2, groups)]);
	if (schemes !== undefined) extensions.push([extensionType.signatureAlgorithms, u16ListBody(2, schemes)]);
	if (shares !== undefined) {
		const entries = shares.flatMap((group) => [group >>> 8, group & 0xff, 0, 1, 9]);
		extensions.push([extensionType.keyShare, Uint8Array.from([0, entries.length, ...entries])]);
	}
	return decodedHello(buildHello({ legacyVersion, cipherSuites: suites, extensions }));
}

test("Chromium's offer is mirrored in its own order, with its key shares, without GREASE", () => {
	const plan = offer(decodedCapture("chromium-1"));
	assert.deepEqual(
		{ ...plan.context, secureOptions: undefined },
		{
			minVersion: "TLSv1.2",
			maxVersion: "TLSv1.3",
			ciphers:
				"TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:@SECLEVEL=2",
			ecdhCurve: "*X25519MLKEM768:*X25519:P-256:P-384",
			sigalgs:
				"ecdsa_secp256r1_sha256:rsa_pss_rsae_sha256:rsa_pkcs1_sha256:ecdsa_secp384r1_sha384:rsa_pss_rsae_sha384:rsa_pkcs1_sha384:rsa_pss_rsae_sha512:rsa_pkcs1_sha512",
			secureOptions: undefined,
		},
	);
	assert.deepEqual(plan.alpn, ["h2", "http/1.1"]);
	assert.equal(plan.serverName, "www.example.org");
});

test("every connection of Chromium gets the same context, other clients get others", () => {
	const keys = ["chromium-1", "chromium-2", "chromium-3", "chromium-4"].map(
		(name) => offer(decodedCapture(name)).contextKey,
	);
	assert.equal(new Set(keys).size, 1);
	const others = ["chromium-1", "node", "curl", "gnutls", "firefox", "openssl-tls12"];
	assert.equal(new Set(others.map((name) => offer(decodedCapture(name)).contextKey)).size, others.length);
});

test("a client of TLS 1.2 or of 1.3 alone gives a leg of that version alone", () => {
	const twelve = offer(decodedCapture("openssl-tls12")).context;
	assert.deepEqual([twelve.minVersion, twelve.maxVersion], ["TLSv1.2", "TLSv1.2"]);
	assert.doesNotMatch(twelve.ciphers, /TLS_/);
	const thirteen = offer(decodedCapture("openssl-tls13")).context;
	assert.deepEqual([thirteen.minVersion, thirteen.maxVersion], ["TLSv1.3", "TLSv1.3"]);
	assert.match(thirteen.ciphers, /^TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256$/);
});

test("M15: a client without server name gives none, and no address or invalid text either", () => {
	assert.equal(offer(decodedCapture("curl-address")).serverName, undefined);
	for (const name of ["192.0.2.1", "not a name"]) {
		const extensions = [serverNameExtension([0, name])];
		assert.equal(offer(decodedHello(buildHello({ extensions }))).serverName, undefined);
	}
});

test("TLS 1.0 is refused but in legacy; the reason names both sides (F1, R176)", () => {
	const client = decodedCapture("openssl-tls10-noservername");
	for (const grade of ["strict", "compatible"] as const) {
		const plan = refusal(client, grade);
		assert.equal(plan.cause, "versions-do-not-match");
		assert.equal(plan.reason, `client offers TLSv1 at most; grade ${grade} allows TLSv1.2 to TLSv1.3`);
	}
	const { context } = offer(client, "legacy");
	assert.deepEqual([context.minVersion, context.maxVersion], ["TLSv1", "TLSv1"]);
	assert.match(context.ciphers, /:@SECLEVEL=0$/);
});

test("SSL 3.0 is refused in every grade (R159)", () => {
	for (const grade of grades) {
		assert.equal(refusal(hello({ legacyVersion: 0x0300 }), grade).cause, "versions-do-not-match");
	}
	assert.match(refusal(hello({ versions: [0x7a7a, 0x0307] })).reason, /^client offers no known version;/);
});

test("without supported_versions a higher version field still means TLS 1.2 at most", () => {
	const { context } = offer(hello({ legacyVersion: 0x0304 }));
	assert.equal(context.maxVersion, "TLSv1.2");
});

test("a hole between the versions ends the range (R162)", () => {
	const { context } = offer(hello({ versions: [0x0304, 0x0302], suites: [0x1301, 0xc013] }), "legacy");
	assert.deepEqual([context.minVersion, context.maxVersion], ["TLSv1.3", "TLSv1.3"]);
});

test("a version without a common suite is not offered", () => {
	const noOld = offer(hello({ versions: [0x0304, 0x0303], suites: [0x1301, 0x002f] })).context;
	assert.deepEqual([noOld.minVersion, noOld.ciphers], ["TLSv1.3", "TLS_AES_128_GCM_SHA256"]);
	const noNew = offer(hello({ versions: [0x0304, 0x0303], suites: [0x1304, 0xc02f] })).context;
	assert.deepEqual([noNew.maxVersion, noNew.ciphers], ["TLSv1.2", "ECDHE-RSA-AES128-GCM-SHA256:@SECLEVEL=2"]);
	const old = offer(hello({ legacyVersion: 0x0302, suites: [0xc02f, 0xc013] }), "legacy").context;
	assert.deepEqual([old.maxVersion, old.ciphers], ["TLSv1.1", "ECDHE-RSA-AES128-SHA:@SECLEVEL=0"]);
});

test("no common suite, group or scheme is a refusal of its own kind (R176)", () => {
	assert.equal(refusal(hello({ suites: [0x002f, 0x009c] })).cause, "ciphers-do-not-match");
	assert.equal(
		offer(hello({ suites: [0x002f, 0x009c] }), "legacy").context.ciphers,
		"AES128-SHA:AES128-GCM-SHA256:@SECLEVEL=0",
	);
	assert.match(refusal(hello({ groups: [0x0016, 0x001a] })).reason, /groups/);
	assert.equal(refusal(hello({ schemes: [0x0201] })).cause, "options-not-supported");
	assert.equal(offer(hello({ schemes: [0x0201] }), "legacy").context.sigalgs, "rsa_pkcs1_sha1");
});

test("a client without the lists gets those of the grade", () => {
	const { context } = offer(hello({}));
	assert.match(context.ecdhCurve, /^X25519:P-256:P-384/);
	assert.match(context.sigalgs ?? "", /^ecdsa_secp256r1_sha256:/);
});

test("a post-quantum group is offered only where TLS 1.3 is", () => {
	const lists = { groups: [0x11ec, 0x001d], shares: [0x11ec, 0x001d] };
	assert.equal(offer(hello({ ...lists, versions: [0x0304, 0x0303] })).context.ecdhCurve, "*X25519MLKEM768:*X25519");
	assert.equal(offer(hello({ ...lists, versions: [0x0303] })).context.ecdhCurve, "*X25519");
});

test("at most four key shares are sent", () => {
	const groups = [0x11ec, 0x001d, 0x0017, 0x0018, 0x0019];
	const { context } = offer(hello({ versions: [0x0304], groups, shares: groups }));
	assert.equal(context.ecdhCurve, "*X25519MLKEM768:*X25519:*P-256:*P-384:P-521");
});

test("schemes for certificates alone are added behind those for handshakes", () => {
	const extensions: [number, Uint8Array][] = [
		[extensionType.signatureAlgorithms, u16ListBody(2, [0x0403])],
		[extensionType.signatureAlgorithmsCert, u16ListBody(2, [0x0401, 0x0403])],
	];
	assert.equal(
		offer(decodedHello(buildHello({ extensions }))).context.sigalgs,
		"ecdsa_secp256r1_sha256:rsa_pkcs1_sha256",
	);
});

test("protocols keep their order; GREASE, octets that are no text and, when asked, h2 go (R174)", () => {
	const client = (...names: string[]) => decodedHello(buildHello({ extensions: [alpnExtension(...names)] }));
	assert.deepEqual(offer(client("\x0a\x0a", "h2", "\xff", "http/1.1")).alpn, ["h2", "http/1.1"]);
	assert.deepEqual(offer(client("h2", "http/1.1", "acme"), "strict", false).alpn, ["http/1.1", "acme"]);
	assert.deepEqual(offer(client("h2"), "strict", false).alpn, ["http/1.1"]);
	assert.deepEqual(offer(client("imap"), "strict", false).alpn, ["imap"]);
	assert.deepEqual(offer(decodedHello(buildHello())).alpn, []);
});

test("renegotiation and compression are refused on both legs (R173, R171)", () => {
	for (const options of [offer(decodedCapture("node")).context, clientLegOptions(gradeLegs("strict").client)]) {
		assert.notEqual(options.secureOptions & constants.SSL_OP_NO_RENEGOTIATION, 0);
		assert.notEqual(options.secureOptions & constants.SSL_OP_NO_COMPRESSION, 0);
		assert.equal(options.secureOptions & constants.SSL_OP_ALLOW_UNSAFE_LEGACY_RENEGOTIATION, 0);
		assert.equal(options.secureOptions & constants.SSL_OP_LEGACY_SERVER_CONNECT, 0);
	}
});

test("R173: renegotiation is permitted on the leg whose settings say so, without RFC 5746 only by allow", () => {
	for (const [renegotiation, isRefused, isUnsafe] of [
		["allow-secure", false, false],
		["allow", false, true],
	] as const) {
		const leg = legSettings({ grade: "strict", renegotiation });
		const legs = { client: leg, server: leg };
		const plan = serverLegOptions(decodedCapture("node"), legs);
		assert.ok(plan.kind === "offer");
		for (const { secureOptions } of [plan.context, clientLegOptions(leg), ownLegOptions(leg)]) {
			assert.equal((secureOptions & constants.SSL_OP_NO_RENEGOTIATION) !== 0, isRefused);
			assert.equal((secureOptions & constants.SSL_OP_ALLOW_UNSAFE_LEGACY_RENEGOTIATION) !== 0, isUnsafe);
			assert.notEqual(secureOptions & constants.SSL_OP_NO_COMPRESSION, 0);
		}
	}
});

test("the leg to the client allows what its grade does, in our order", () => {
	const strict = clientLegOptions(gradeLegs("strict").client);
	assert.deepEqual([strict.minVersion, strict.maxVersion], ["TLSv1.2", "TLSv1.3"]);
	assert.match(strict.ciphers, /^TLS_AES_128_GCM_SHA256:.*ECDHE-RSA-CHACHA20-POLY1305:@SECLEVEL=2$/);
	assert.notEqual(strict.secureOptions & constants.SSL_OP_CIPHER_SERVER_PREFERENCE, 0);
	assert.equal(clientLegOptions(gradeLegs("legacy").client).minVersion, "TLSv1");
	assert.match(clientLegOptions(gradeLegs("legacy").client).ciphers, /AES256-SHA:@SECLEVEL=0$/);
});

test("whatever a client offers, the leg to the server offers nothing that the client did not", () => {
	const codes = fc.oneof(
		fc.constantFrom(0x1301, 0x1302, 0x1303, 0x1304, 0xc02b, 0xc02f, 0xc013, 0x002f, 0x000a, 0x0005, 0x0a0a, 0x00ff),
		fc.nat(0xffff),
	);
	const lists = fc.record(
		{
			versions: fc.array(fc.constantFrom(0x0300, 0x0301, 0x0302, 0x0303, 0x0304, 0x0305, 0x2a2a), {
				minLength: 1,
				maxLength: 6,
			}),
			suites: fc.array(codes, { minLength: 1, maxLength: 20 }),
			groups: fc.array(fc.constantFrom(...keyExchangeGroups.map(({ code }) => code), 0x3a3a), {
				minLength: 1,
				maxLength: 9,
			}),
			schemes: fc.array(fc.constantFrom(...signatureSchemes.map(({ code }) => code), 0x4a4a), {
				minLength: 1,
				maxLength: 9,
			}),
			legacyVersion: fc.integer({ min: 0x0300, max: 0x0305 }),
		},
		{ requiredKeys: ["suites"] },
	);
	const numbers = new Map<string, number>([
		["TLSv1", 0x0301],
		["TLSv1.1", 0x0302],
		["TLSv1.2", 0x0303],
		["TLSv1.3", 0x0304],
	]);
	fc.assert(
		fc.property(lists, fc.constantFrom(...grades), (offered, grade) => {
			const client = hello(offered);
			const plan = serverLegOptions(client, gradeLegs(grade));
			if (plan.kind === "refused") return assert.ok(plan.reason.length > 0);
			const { minVersion, maxVersion, ciphers, ecdhCurve, sigalgs } = plan.context;
			for (const name of ciphers.split(":").filter((part) => !part.startsWith("@"))) {
				assert.ok(client.cipherSuites.includes(cipherSuiteOfOpenssl(name)?.code ?? -1), name);
			}
			const [lowest = 0, highest = 0] = [numbers.get(minVersion), numbers.get(maxVersion)];
			for (let version = lowest; version <= highest; version++) {
				if (offered.versions !== undefined) assert.ok(client.supportedVersions.includes(version));
				else assert.ok(version <= client.legacyVersion && version <= 0x0303);
			}
			for (const name of ecdhCurve.split(":")) {
				const code = keyExchangeGroups.find(({ opensslName }) => opensslName === name.replace("*", ""))?.code ?? -1;
				if (offered.groups !== undefined) assert.ok(client.supportedGroups.includes(code), name);
			}
			for (const name of (sigalgs ?? "").split(":")) {
				const code = signatureSchemes.find((scheme) => scheme.name === name)?.code ?? -1;
				if (offered.schemes !== undefined) assert.ok(client.signatureAlgorithms.includes(code), name);
			}
		}),
		{ numRuns: 2000 },
	);
});

test("R168: a leg to the server with versions of its own offers them to a client that has older ones", () => {
	const legs = {
		client: gradeLegs("strict").client,
		server: legSettings({ grade: "strict", versions: "tls13", isOwnOffer: true }),
	};
	const plan = serverLegOptions(decodedCapture("openssl-tls12"), legs);
	assert.equal(plan.kind, "offer");
	if (plan.kind !== "offer") return;
	assert.deepEqual([plan.context.minVersion, plan.context.maxVersion], ["TLSv1.3", "TLSv1.3"]);
	assert.match(plan.context.ciphers, /^TLS_AES_128_GCM_SHA256:/);
});

test("R168: a client that the leg to it refuses is refused, whatever the leg to the server would do", () => {
	const legs = {
		client: legSettings({ grade: "strict", versions: "tls13" }),
		server: legSettings({ grade: "strict", isOwnOffer: true }),
	};
	const plan = serverLegOptions(decodedCapture("openssl-tls12"), legs);
	assert.equal(
		plan.kind === "refused" ? plan.reason : "",
		"client offers TLSv1.2 at most; the profile allows TLSv1.3 to TLSv1.3",
	);
});

test("a leg to a server without a client's offer allows what its settings do", () => {
	const options = ownLegOptions(legSettings({ grade: "strict", versions: "tls12" }));
	assert.deepEqual([options.minVersion, options.maxVersion], ["TLSv1.2", "TLSv1.2"]);
	assert.equal(options.ecdhCurve.split(":")[0], "*X25519");
	assert.match(ownLegOptions(gradeLegs("strict").server).ecdhCurve, /^\*X25519MLKEM768:\*X25519:P-256/);
});
