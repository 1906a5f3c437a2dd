/** The legs' options in real handshakes: what they offer is what the plan says, and the tables are those of OpenSSL. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { connect } from "node:net";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { type ConnectionOptions, createSecureContext, type SecureContextOptions, TLSSocket } from "node:tls";
import fc from "fast-check";
import { peerAlertOf } from "#tls/alert.ts";
import { cipherSuiteRows } from "#tls/cipher-suite-table.ts";
import { cipherSuiteOf, cipherSuiteOfOpenssl, type Grade } from "#tls/cipher-suites.ts";
import type { ClientHello } from "#tls/client-hello.ts";
import { ClientHelloReader } from "#tls/client-hello-reader.ts";
import { gradeRules } from "#tls/grade.ts";
import { keyExchangeGroups } from "#tls/key-exchange-groups.ts";
import { gradeLegs } from "#tls/leg-settings.ts";
import { clientLegOptions, serverLegOptions } from "#tls/profile.ts";
import { decodeServerFlight, type ServerHello } from "#tls/server-hello.ts";
import { signatureSchemeOf, signatureSchemes } from "#tls/signature-schemes.ts";
import { makeCertificate } from "../support/make-certificate.ts";
import { peerPath, requirePeers } from "../support/peers.ts";
import { buildHello, capturedHellos, decodedCapture, decodedHello, u16ListBody } from "../support/tls-hello.ts";
import { connectTls, listen, listenTls, run, type TlsError, until } from "../support/tls-legs.ts";
import { makeTree } from "../support/tree.ts";

const grades: readonly Grade[] = ["strict", "compatible", "legacy"];
const ecdsa = makeCertificate({ names: ["localhost"] });
const rsa = makeCertificate({ names: ["localhost"], key: "rsa2048" });
const identities = { key: [ecdsa.keyPem, rsa.keyPem], cert: [ecdsa.pem, rsa.pem] };

type Cleanup = Pick<TestContext, "after">;

function offerOf(hello: ClientHello, grade: Grade = "strict") {
	const plan = serverLegOptions(hello, gradeLegs(grade));
	return plan.kind === "offer" ? plan : assert.fail(plan.reason);
}

/** Connects with the options to nobody, and answers the ClientHello that was sent. */
async function helloSentWith(t: Cleanup, options: ConnectionOptions): Promise<ClientHello> {
	const { promise, resolve } = Promise.withResolvers<ClientHello>();
	const port = await listen(t, (socket) => {
		const reader = new ClientHelloReader();
		socket.on("data", (chunk: Buffer) => {
			const reading = reader.push(chunk);
			if (reading.kind === "hello") resolve(reading.hello);
		});
	});
	void connectTls(t, port, options);
	return promise;
}

/** A relay in front of a server that reads the server's first flight as it passes. */
async function lookOn(t: Cleanup, server: number): Promise<{ port: number; hellos: ServerHello[] }> {
	const hellos: ServerHello[] = [];
	const port = await listen(t, (client) => {
		const upstream = connect(server, "127.0.0.1");
		let seen = Buffer.alloc(0);
		upstream.on("data", (chunk: Buffer) => {
			seen = Buffer.concat([seen, chunk]);
			const flight = decodeServerFlight(seen);
			if (flight.kind === "done" && hellos.length === 0) hellos.push(flight.value);
		});
		upstream.on("error", () => client.destroy());
		client.pipe(upstream).pipe(client);
	});
	return { port, hellos };
}

async function handshake(t: Cleanup, port: number, options: ConnectionOptions): Promise<TLSSocket> {
	const socket = await connectTls(t, port, options);
	return socket instanceof TLSSocket ? socket : assert.fail(socket.message);
}

test("every suite of the table that has an OpenSSL name is built into this runtime, no other is", () => {
	for (const [, name, opensslName] of cipherSuiteRows) {
		if (opensslName === undefined) continue;
		const ciphers = name.includes("_WITH_") ? `${opensslName}:@SECLEVEL=0` : opensslName;
		assert.doesNotThrow(() => createSecureContext({ ciphers }), name);
	}
	for (const absent of ["DES-CBC3-SHA", "RC4-SHA", "ECDHE-RSA-DES-CBC3-SHA"]) {
		assert.throws(() => createSecureContext({ ciphers: `${absent}:@SECLEVEL=0` }), absent);
	}
});

test("the parts of each suite are those that openssl prints", async (t) => {
	if (!requirePeers(t, ["openssl"])) return;
	const { output } = await run(t, peerPath("openssl"), [
		"ciphers",
		"-V",
		"-stdname",
		"ALL:COMPLEMENTOFALL:@SECLEVEL=0",
	]);
	let matched = 0;
	for (const line of output.trim().split("\n")) {
		const words = line.trim().split(/\s+/);
		const [code = "", , name = "", , opensslName, version, kx = "", au = "", enc = "", mac = ""] = words;
		const suite = cipherSuiteOf(Number.parseInt(code.replaceAll(/,?0x/gi, ""), 16));
		// A newer OpenSSL may know more.
		if (suite === undefined) continue;
		matched++;
		assert.deepEqual([suite.name, suite.opensslName], [name, opensslName]);
		assert.equal(suite.since, version === "SSLv3" ? "TLSv1" : version, name);
		assert.equal(`Mac=${suite.mac}`, mac, name);
		// OpenSSL writes ECDH and DH for the ephemeral forms, the only ones it has, and joins PSK without a line.
		assert.equal(`Kx=${suite.keyExchange.replace(/^(EC)?DHE$/, "$1DH").replace("_", "")}`, kx, name);
		assert.equal(`Au=${suite.authentication.replace("anonymous", "None")}`, au, name);
		assert.equal(enc === "Enc=None", suite.bulk === "NULL", name);
	}
	assert.ok(matched > 150);
});

test("this runtime takes every group with an OpenSSL name, and every scheme of the grades", async (t) => {
	for (const { code, opensslName } of keyExchangeGroups) {
		if (opensslName === undefined) continue;
		const hello = await helloSentWith(t, { ecdhCurve: opensslName, minVersion: "TLSv1.3" });
		assert.deepEqual(hello.supportedGroups, [code], opensslName);
	}
	const schemes = gradeRules("legacy").schemes;
	const sigalgs = schemes.map((code) => signatureSchemeOf(code)?.name).join(":");
	const hello = await helloSentWith(t, { sigalgs, ciphers: "ECDHE-RSA-AES128-SHA:@SECLEVEL=0", minVersion: "TLSv1" });
	assert.deepEqual(hello.signatureAlgorithms, schemes);
});

test("X25519MLKEM768 is in the runtime's default groups, with a key share", async (t) => {
	const hello = await helloSentWith(t, {});
	assert.equal(hello.supportedGroups[0], 0x11ec);
	assert.deepEqual(hello.keyShareGroups, [0x11ec, 29]);
});

for (const { name, message } of capturedHellos) {
	test(`N11: the leg for ${name} sends what was planned, and nothing that its client did not offer`, async (t) => {
		const client = decodedHello(message);
		for (const grade of grades) {
			const plan = serverLegOptions(client, gradeLegs(grade));
			if (plan.kind === "refused") {
				assert.equal(`${name} ${grade}`, `openssl-tls10-noservername ${grade === "strict" ? "strict" : "compatible"}`);
				continue;
			}
			const sent = await helloSentWith(t, {
				...plan.context,
				ALPNProtocols: [...plan.alpn],
				...(plan.serverName === undefined ? {} : { servername: plan.serverName }),
			});
			const allowed = gradeRules(grade);
			const suites = allowed.suites.map(({ code }) => code);
			const signalling = [0x00ff];
			assert.deepEqual(
				sent.cipherSuites.filter((code) => !signalling.includes(code)),
				client.cipherSuites.filter((code) => suites.includes(code)),
			);
			assert.deepEqual(
				sent.supportedGroups,
				client.supportedGroups.filter(
					(code) => allowed.groups.includes(code) && (code !== 0x11ec || client.supportedVersions.includes(0x0304)),
				),
			);
			assert.deepEqual([sent.sni, sent.alpn], [client.sni, client.alpn]);
			if (client.supportedVersions.includes(0x0304)) {
				assert.deepEqual(
					sent.keyShareGroups,
					client.keyShareGroups.filter((code) => allowed.groups.includes(code)),
				);
			}
			if (client.signatureAlgorithms.length > 0) {
				assert.deepEqual(
					sent.signatureAlgorithms,
					client.signatureAlgorithms.filter((code) => allowed.schemes.includes(code)),
				);
			}
			assert.deepEqual([sent.isGreasePresent, sent.hasHeartbeat, sent.hasEarlyData], [false, false, false]);
			assert.deepEqual(sent.compressionMethods, [0]);
		}
	});
}

test("whatever a client offers, the runtime takes the plan", () => {
	const codesOf = (known: readonly number[]) => fc.uniqueArray(fc.constantFrom(...known, 0x0a0a), { minLength: 1 });
	const legacy = gradeRules("legacy");
	const lists = fc.record(
		{
			versions: codesOf([...legacy.versions, 0x0300, 0x0305]),
			suites: codesOf(cipherSuiteRows.map(([code]) => code)),
			groups: codesOf(keyExchangeGroups.map(({ code }) => code)),
			schemes: codesOf(signatureSchemes.map(({ code }) => code)),
		},
		{ requiredKeys: ["suites"] },
	);
	let offers = 0;
	fc.assert(
		fc.property(lists, fc.constantFrom(...grades), ({ versions, suites, groups, schemes }, grade) => {
			const extensions: [number, Uint8Array][] = [];
			if (versions !== undefined) extensions.push([43, u16ListBody(1, versions)]);
			if (groups !== undefined) extensions.push([10, u16ListBody(2, groups)]);
			if (schemes !== undefined) extensions.push([13, u16ListBody(2, schemes)]);
			const plan = serverLegOptions(decodedHello(buildHello({ cipherSuites: suites, extensions })), gradeLegs(grade));
			if (plan.kind === "refused") return;
			offers++;
			createSecureContext(plan.context);
		}),
		{ numRuns: 500 },
	);
	assert.ok(offers > 50);
	for (const grade of grades) createSecureContext(clientLegOptions(gradeLegs(grade).client));
});

test("both legs agree on TLS 1.3 with X25519MLKEM768 when the client offers it, with an ECDSA and an RSA server", async (t) => {
	for (const made of [ecdsa, rsa]) {
		const { port } = await listenTls(t, {
			...clientLegOptions(gradeLegs("strict").client),
			key: made.keyPem,
			cert: made.pem,
		});
		const { port: relay, hellos } = await lookOn(t, port);
		const socket = await handshake(t, relay, offerOf(decodedCapture("chromium-1")).context);
		assert.equal(socket.getProtocol(), "TLSv1.3");
		assert.deepEqual([hellos[0]?.group, hellos[0]?.isRetryRequest], [0x11ec, false]);
		assert.equal(cipherSuiteOfOpenssl(socket.getCipher().name)?.code, hellos[0]?.cipherSuite);
		assert.equal(cipherSuiteOfOpenssl(socket.getCipher().name)?.name, socket.getCipher().standardName);
	}
});

test("a server with P-384 alone is reached (R161 beaten)", async (t) => {
	const { port } = await listenTls(t, { ...identities, ecdhCurve: "P-384" });
	const { port: relay, hellos } = await lookOn(t, port);
	const socket = await handshake(t, relay, offerOf(decodedCapture("chromium-1")).context);
	assert.equal(socket.getProtocol(), "TLSv1.3");
	assert.deepEqual([hellos[0]?.isRetryRequest, hellos[0]?.group], [true, 24]);
});

test("a client that sends a key share for P-256 alone costs the leg to it no retry", async (t) => {
	const { port } = await listenTls(t, { ...clientLegOptions(gradeLegs("strict").client), ...identities });
	const { port: relay, hellos } = await lookOn(t, port);
	await handshake(t, relay, { ecdhCurve: "*P-256:X25519", minVersion: "TLSv1.3" });
	assert.deepEqual([hellos[0]?.isRetryRequest, hellos[0]?.group], [false, 23]);
});

test("the leg to the client prefers post-quantum, AES-128 and, for a client that puts it first, ChaCha20", async (t) => {
	const { port } = await listenTls(t, { ...clientLegOptions(gradeLegs("strict").client), ...identities });
	const { port: relay, hellos } = await lookOn(t, port);
	await handshake(t, relay, {});
	assert.deepEqual([hellos[0]?.group, hellos[0]?.cipherSuite], [0x11ec, 0x1301]);
	const chacha = await handshake(t, port, { ciphers: "TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256" });
	assert.equal(chacha.getCipher().standardName, "TLS_CHACHA20_POLY1305_SHA256");
});

/** What openssl s_client may and may not do on the leg to the client, by grade. */
const attempts: readonly { args: string[]; accepted: readonly Grade[] }[] = [
	{ args: ["-tls1_3"], accepted: grades },
	{ args: ["-tls1_2", "-cipher", "ECDHE-RSA-AES256-GCM-SHA384"], accepted: grades },
	{ args: ["-tls1_2", "-cipher", "ECDHE-ECDSA-CHACHA20-POLY1305"], accepted: grades },
	{ args: ["-tls1_2", "-cipher", "ECDHE-RSA-AES128-SHA256"], accepted: ["compatible", "legacy"] },
	{ args: ["-tls1_2", "-cipher", "ECDHE-RSA-AES128-SHA"], accepted: ["compatible", "legacy"] },
	{ args: ["-tls1_2", "-cipher", "AES128-GCM-SHA256"], accepted: ["legacy"] },
	{ args: ["-tls1_2", "-cipher", "AES256-SHA"], accepted: ["legacy"] },
	{ args: ["-tls1_1", "-cipher", "ECDHE-RSA-AES128-SHA:@SECLEVEL=0"], accepted: ["legacy"] },
	{ args: ["-tls1", "-cipher", "AES128-SHA:@SECLEVEL=0"], accepted: ["legacy"] },
	{ args: ["-tls1_2", "-cipher", "DHE-RSA-AES128-GCM-SHA256"], accepted: [] },
	{ args: ["-tls1_2", "-cipher", "ADH-AES128-GCM-SHA256:@SECLEVEL=0"], accepted: [] },
	{ args: ["-tls1_2", "-cipher", "NULL-SHA256:@SECLEVEL=0"], accepted: [] },
];

for (const { args, accepted } of attempts) {
	test(`openssl s_client ${args.join(" ")} is accepted by: ${accepted.join(", ") || "no grade"} (R158 to R166)`, async (t) => {
		if (!requirePeers(t, ["openssl"])) return;
		for (const grade of grades) {
			const { port } = await listenTls(t, { ...clientLegOptions(gradeLegs(grade).client), ...identities });
			const { output } = await run(
				t,
				peerPath("openssl"),
				["s_client", "-connect", `127.0.0.1:${port}`, ...args],
				"Q\n",
			);
			assert.equal(
				/Cipher is (?!\(NONE\))/.test(output),
				accepted.includes(grade),
				`${grade}: ${output.slice(0, 600)}`,
			);
		}
	});
}

test("a server that the grade does not allow is refused, with an alert of its own or ours", async (t) => {
	const weak: SecureContextOptions = { ...identities, maxVersion: "TLSv1.2", ciphers: "AES128-SHA:@SECLEVEL=0" };
	const { port } = await listenTls(t, weak);
	const refused = await connectTls(t, port, offerOf(decodedCapture("curl"), "strict").context);
	assert.ok(refused instanceof Error);
	assert.equal(peerAlertOf(refused as TlsError)?.alert.name, "handshake_failure");
	const accepted = await handshake(t, port, offerOf(decodedCapture("curl"), "legacy").context);
	assert.equal(accepted.getCipher().standardName, "TLS_RSA_WITH_AES_128_CBC_SHA");
	const { port: old } = await listenTls(t, { ...weak, minVersion: "TLSv1", maxVersion: "TLSv1.1" });
	const tooOld = await connectTls(t, old, offerOf(decodedCapture("curl"), "strict").context);
	assert.equal(peerAlertOf(tooOld as TlsError)?.alert.name, "protocol_version");
});

/** Runs openssl with an interactive command, sends it once `ready` was printed, and answers all output. */
async function interactive(t: Cleanup, args: readonly string[], ready: RegExp, command: string) {
	const child = spawn(peerPath("openssl"), args, { stdio: ["pipe", "pipe", "pipe"] });
	t.after(() => child.kill());
	const told = { output: "" };
	for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (told.output += chunk));
	return {
		told,
		async send() {
			await until(() => ready.test(told.output), `openssl to say ${ready}: ${told.output}`);
			child.stdin.write(`${command}\n`);
		},
	};
}

test("a client that renegotiates is refused (R173)", async (t) => {
	if (!requirePeers(t, ["openssl"])) return;
	const { port } = await listenTls(t, { ...clientLegOptions(gradeLegs("strict").client), ...identities });
	const client = await interactive(
		t,
		["s_client", "-connect", `127.0.0.1:${port}`, "-tls1_2"],
		/Extended master secret/,
		"R",
	);
	await client.send();
	await until(() => /no renegotiation/.test(client.told.output), "the refusal");
});

test("a server that asks for a renegotiation is refused (R173)", async (t) => {
	if (!requirePeers(t, ["openssl"])) return;
	const folder = makeTree(t, { "key.pem": ecdsa.keyPem, "cert.pem": ecdsa.pem });
	const files = ["-key", join(folder, "key.pem"), "-cert", join(folder, "cert.pem")];
	const server = await interactive(t, ["s_server", "-accept", "127.0.0.1:0", "-tls1_2", ...files], /CIPHER is/, "r");
	await until(() => /ACCEPT \S+:\d+/.test(server.told.output), "openssl to listen");
	const port = Number(/ACCEPT \S+:(\d+)/.exec(server.told.output)?.[1]);
	const socket = await handshake(t, port, offerOf(decodedCapture("curl")).context);
	const failed = new Promise<TlsError>((resolve) => socket.on("error", resolve));
	await server.send();
	assert.equal(peerAlertOf(await failed)?.alert.name, "handshake_failure");
	await until(() => /no renegotiation/.test(server.told.output), "the refusal");
});
