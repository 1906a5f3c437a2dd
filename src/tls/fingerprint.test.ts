import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import type { ClientHello } from "#tls/client-hello.ts";
import { extensionType } from "#tls/extension-types.ts";
import { ja3, ja3Text, ja4, ja4Text } from "#tls/fingerprint.ts";
import {
	alpnExtension,
	buildHello,
	decodedCapture,
	decodedHello,
	serverNameExtension,
	u16ListBody,
} from "../../test/support/tls-hello.ts";

/** A hello of which the text of JA3 is known: extensions without a list in the text get an empty body. */
function helloOfJa3(text: string): ClientHello {
	const [version, suites, types, groups, formats] = text
		.split(",")
		.map((field) => (field === "" ? [] : field.split("-").map(Number)));
	const extensions = (types ?? []).map((type): [number, Uint8Array] => {
		if (type === extensionType.supportedGroups) return [type, u16ListBody(2, groups ?? [])];
		if (type === extensionType.ecPointFormats) return [type, Uint8Array.of(formats?.length ?? 0, ...(formats ?? []))];
		return [type, bodyOf(type)];
	});
	return decodedHello(
		buildHello({
			legacyVersion: version?.[0] ?? 0,
			cipherSuites: suites ?? [],
			...(extensions.length === 0 ? {} : { extensions }),
		}),
	);
}

/** A hello with the lists that JA4 looks at, in the order of a published JA4_ro. */
function helloOfJa4(
	suites: string,
	extensions: string,
	schemes: string,
	alpn: readonly string[] = ["h2"],
): ClientHello {
	const codes = (list: string) => list.split(",").map((code) => Number.parseInt(code, 16));
	return decodedHello(
		buildHello({
			cipherSuites: codes(suites),
			extensions: codes(extensions).map((type): [number, Uint8Array] => {
				if (type === extensionType.signatureAlgorithms) return [type, u16ListBody(2, codes(schemes))];
				if (type === extensionType.alpn) return alpnExtension(...alpn);
				return [type, bodyOf(type)];
			}),
		}),
	);
}

/** The smallest valid body of an extension. */
function bodyOf(type: number): Uint8Array {
	switch (type) {
		case extensionType.serverName:
			return serverNameExtension([0, "a.example"])[1];
		case extensionType.supportedGroups:
			return u16ListBody(2, [29]);
		case extensionType.signatureAlgorithms:
			return u16ListBody(2, [0x0403]);
		case extensionType.supportedVersions:
			return u16ListBody(1, [0x0a0a, 0x0304, 0x0303]);
		case extensionType.alpn:
			return alpnExtension("h2")[1];
		case extensionType.ecPointFormats:
		case extensionType.pskKeyExchangeModes:
			return Uint8Array.of(1, 0);
		case extensionType.keyShare:
			return Uint8Array.of(0, 0);
		case extensionType.statusRequest:
			return Uint8Array.of(1, 0, 0, 0, 0);
		case extensionType.renegotiationInfo:
			return Uint8Array.of(0);
		case extensionType.encryptedClientHello:
			return Uint8Array.of(0, 0, 1, 0, 1, 5, 0, 0, 0, 1, 9);
		default:
			return new Uint8Array(0);
	}
}

const chromeSuites = "1301,1302,1303,c02b,c02f,c02c,c030,cca9,cca8,c013,c014,009c,009d,002f,0035";

test("JA3 of the published examples", () => {
	// The two examples of the JA3 description.
	const published: [string, string][] = [
		["769,47-53-5-10-49161-49162-49171-49172-50-56-19-4,0-10-11,23-24-25,0", "ada70206e40642a3e4461f35503241d5"],
		["769,4-5-10-9-100-98-3-6-19-18-99,,,", "de350869b8c85de67a350c8d186f11e6"],
		// Chromium's TLS library before it permuted its extensions (as a Cronet client shows it to browserleaks.com).
		[
			"771,4865-4866-4867-49195-49199-49196-49200-52393-52392-49171-49172-156-157-47-53,0-23-65281-10-11-35-16-5-13-18-51-45-43-27-17513-21,29-23-24,0",
			"cd08e31494f9531f560d64c695473da9",
		],
		// A Firefox of 2022 (expected by the tests of github.com/bogdanfinn/tls-client).
		[
			"771,4865-4867-4866-49195-49199-52393-52392-49196-49200-49162-49161-49171-49172-156-157-47-53,0-23-65281-10-11-35-16-5-34-51-43-13-45-28-21,29-23-24-25-256-257,0",
			"579ccef312d18482fc42e2b822ca2430",
		],
		// One connection of Chrome 143 on Android (as browserleaks.com shows it).
		[
			"771,4865-4866-4867-49195-49199-49196-49200-52393-52392-49171-49172-156-157-47-53,45-51-16-65037-23-17613-0-11-10-43-65281-35-18-5-13-27,4588-29-23-24,0",
			"98487aa16281980e7d1120d399efb6a4",
		],
	];
	for (const [text, hash] of published) {
		const hello = helloOfJa3(text);
		assert.equal(ja3Text(hello), text);
		assert.equal(ja3(hello), hash);
	}
});

test("JA4 of Chrome as in the specification, with its raw form", () => {
	const hello = helloOfJa4(
		chromeSuites,
		"001b,0000,0033,0010,4469,0017,002d,000d,0005,0023,0012,002b,ff01,000b,000a,0015",
		"0403,0804,0401,0503,0805,0501,0806,0601",
	);
	assert.equal(ja4(hello), "t13d1516h2_8daaf6152771_e5627efa2ab1");
	assert.equal(
		ja4Text(hello),
		"t13d1516h2_002f,0035,009c,009d,1301,1302,1303,c013,c014,c02b,c02c,c02f,c030,cca8,cca9_0005,000a,000b,000d,0012,0015,0017,001b,0023,002b,002d,0033,4469,ff01_0403,0804,0401,0503,0805,0501,0806,0601",
	);
});

test("JA4 leaves GREASE out of the signature algorithms too", () => {
	// sigalg-grease.pcapng of the reference implementation: a Chrome that sends one.
	const hello = helloOfJa4(
		`1a1a,${chromeSuites}`,
		"fafa,fe0d,0010,0017,0033,44cd,ff01,000a,000d,0023,002b,000b,ca34,002d,0000,0005,001b,0012,2a2a",
		"2a2a,0904,0905,0906,0403,0804,0401,0503,0805,0501,0806,0601",
	);
	assert.equal(ja4(hello), "t13d1517h2_8daaf6152771_cb7bf5808d99");
});

test("JA4 of a post-quantum Chrome 143 on Android (as browserleaks.com shows it)", () => {
	const hello = helloOfJa4(
		chromeSuites,
		"002d,0033,0010,fe0d,0017,44cd,0000,000b,000a,002b,ff01,0023,0012,0005,000d,001b",
		"0403,0804,0401,0503,0805,0501,0806,0601",
	);
	assert.equal(ja4(hello), "t13d1516h2_8daaf6152771_d8a2da3f94cd");
});

test("without signature algorithms the hash ends with the extensions", () => {
	const hello = helloOfJa4(
		chromeSuites,
		"001b,0000,0033,0010,4469,0017,002d,0005,0023,0012,002b,ff01,000b,000a,0015",
		"",
	);
	assert.match(ja4(hello), /^t13d1515h2_8daaf6152771_/);
	assert.match(ja4Text(hello), /_0005,000a,000b,0012,0015,0017,001b,0023,002b,002d,0033,4469,ff01$/);
});

test("JA4 of the installed Chromium is that of a published Chrome, whatever the order of its extensions", () => {
	for (const index of [1, 2, 3, 4]) {
		assert.equal(ja4(decodedCapture(`chromium-${index}`)), "t13d1517h2_8daaf6152771_cb7bf5808d99");
	}
	assert.equal(new Set([1, 2, 3, 4].map((index) => ja3(decodedCapture(`chromium-${index}`)))).size, 4);
});

test("JA3 and JA4 of captured clients stay what they are", () => {
	const known: [string, string, string][] = [
		// curl with OpenSSL 3.0 is known under this JA3 in public examples (fingerproxy).
		["curl", "0149f47eabf9a20d0893e2a44e5a6323", "t13d3112h2_e8f1e7e78f70_b26ce05bbdd6"],
		["curl-address", "78f0dc5ac5b19daf131a133cfdee9691", "t13i3111h2_e8f1e7e78f70_b26ce05bbdd6"],
		["node", "d67b094811e5145139d7cea5f014309f", "t13d5212h2_b262b3658495_8e6e362c5eac"],
		["firefox", "6447ab086255d194909d4013b1a89e87", "t13d1617h2_86a278354501_3cbfd9057e0d"],
		["gnutls", "6af33c9e05452609f615c60bfdef7ce7", "t13d2914h2_723694b0fccc_2cc26d266019"],
		["openssl-tls12", "871a754af286dfb70c1b53c6887c62e0", "t12d280700_d943125447b4_e7e480e5a997"],
		["openssl-tls10-noservername", "4921a5a1f7b5423a19d0db34c56c09f0", "t10i230500_44099cda8a52_195413a0cc0f"],
	];
	for (const [name, three, four] of known) {
		const hello = decodedCapture(name);
		assert.deepEqual([ja3(hello), ja4(hello)], [three, four], name);
	}
});

test("the ALPN part takes the ends of the first protocol, of its hexadecimal form when they are no letters or digits", () => {
	const alpnPart = (...names: string[]) =>
		ja4(decodedHello(buildHello(names.length === 0 ? {} : { extensions: [alpnExtension(...names)] }))).slice(8, 10);
	assert.equal(alpnPart(), "00");
	assert.equal(alpnPart("http/1.1", "h2"), "h1");
	assert.equal(alpnPart("x"), "xx");
	// The five examples of the specification.
	assert.equal(alpnPart("\xab"), "ab");
	assert.equal(alpnPart("\xab\xcd"), "ad");
	assert.equal(alpnPart("\x30\xab"), "3b");
	assert.equal(alpnPart("\x30\x31\xab\xcd"), "3d");
	assert.equal(alpnPart("\x30\xab\xcd\x31"), "01");
});

test("empty lists give twelve zeros, counts stop at 99", () => {
	const bare = decodedHello(buildHello({ cipherSuites: [0x0a0a] }));
	assert.equal(ja4(bare), "t12i000000_000000000000_000000000000");
	const many = decodedHello(buildHello({ cipherSuites: Array.from({ length: 120 }, (_, index) => index + 1) }));
	assert.match(ja4(many), /^t12i990000_/);
});

test("the version is the highest offered one, else that of the message", () => {
	const version = (legacyVersion: number, ...offered: number[]) =>
		ja4(
			decodedHello(
				buildHello({
					legacyVersion,
					extensions: offered.length === 0 ? [] : [[extensionType.supportedVersions, u16ListBody(1, offered)]],
				}),
			),
		).slice(1, 3);
	assert.equal(version(0x0303, 0x0303, 0x7a7a, 0x0304), "13");
	assert.equal(version(0x0303, 0x7a7a, 0x0303), "12");
	assert.deepEqual([version(0x0303), version(0x0302), version(0x0301), version(0x0300)], ["12", "11", "10", "s3"]);
	assert.equal(version(0x0305), "00");
});

test("the hashed text is the one that ja3Text shows", () => {
	const hello = decodedCapture("node");
	assert.equal(ja3(hello), createHash("md5").update(ja3Text(hello)).digest("hex"));
});
