/** Each statement about versions, suites and groups, with openssl as client and as server at both ends of the gateway. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { after, describe, type TestContext, test } from "node:test";
import { eventually, freePort, hostBook, hostPolicy, startGateway } from "../support/gateway.ts";
import { TestCa } from "../support/origins.ts";
import { peerPath, requirePeers } from "../support/peers.ts";
import { run } from "../support/tls-legs.ts";
import { makeTree } from "../support/tree.ts";

// The host's OpenSSL configuration is not what is tested.
process.env.OPENSSL_CONF = "/dev/null";

const owner = { after };
const ca = new TestCa();
const ecdhe = "ecdhe-rsa-with-aes-128-gcm-sha256";
const profiles: Readonly<Record<string, string>> = {
	strict: "",
	only13: "protocol-version tls13;",
	only12: "protocol-version tls12;",
	server13: "server-protocol-version tls13;",
	strong: "preferred-ciphers strong; tls-grade legacy;",
	medium: "preferred-ciphers medium;",
	weak: "preferred-ciphers weak; protocol-version all;",
	custom: `preferred-ciphers custom; custom-ciphers ${ecdhe};`,
	serverdhe: "server-custom-ciphers dhe-rsa-with-aes-128-gcm-sha256;",
	p384: "groups secp384r1;",
	serverp256: "server-groups secp256r1;",
	legacy: "tls-grade legacy;",
};
const names = Object.keys(profiles).map((name) => `${name}.test`);
const identity = ca.identity(names, { key: "rsa2048" });
const gateway = await startGateway(owner, {
	trust: ca.root.pem,
	hosts: names,
	profiles: Object.entries(profiles)
		.map(
			([name, statements]) =>
				`profile ${name} { root-ca sallyport-ca; untrusted-root-ca sallyport-untrusted-ca; trusted-ca test; ${statements} actions { log { all; } } }`,
		)
		.join("\n"),
	security: hostBook(Object.fromEntries(Object.keys(profiles).map((name) => [name, `${name}.test`]))),
	policies: Object.keys(profiles)
		.map((name) =>
			hostPolicy(
				name,
				`permit { application-services { ssl-proxy { profile-name ${name}; } pattern-policy standard; } }`,
			),
		)
		.join("\n"),
});

/** openssl s_server with these arguments, behind the name of a profile. */
async function serve(t: TestContext, args: readonly string[]): Promise<number> {
	const folder = makeTree(t, { "key.pem": identity.key, "cert.pem": identity.cert });
	const port = await freePort();
	const files = [
		"-key",
		join(folder, "key.pem"),
		"-cert",
		join(folder, "cert.pem"),
		"-cert_chain",
		join(folder, "cert.pem"),
	];
	const child = spawn(peerPath("openssl"), ["s_server", "-accept", `127.0.0.1:${port}`, "-www", ...files, ...args], {
		stdio: ["ignore", "pipe", "pipe"],
	});
	t.after(() => child.kill());
	let said = "";
	for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (said += chunk));
	await eventually(() => /ACCEPT/.test(said), `openssl to listen: ${said}`, 10);
	return port;
}

/** What openssl s_client agreed on with the gateway, and the record of it. */
async function ask(t: TestContext, profile: string, port: number, args: readonly string[]) {
	const target = `${profile}.test:${port}`;
	const { output } = await run(
		t,
		peerPath("openssl"),
		[
			"s_client",
			"-proxy",
			`127.0.0.1:${gateway.ports.ipv4}`,
			"-connect",
			target,
			"-servername",
			`${profile}.test`,
			"-ign_eof",
			...args,
		],
		`GET / HTTP/1.0\r\nHost: ${profile}.test\r\n\r\n`,
	);
	const record = await eventually(
		() => gateway.records().find(({ server }) => server.host === `${profile}.test` && server.port === port),
		`the record of ${target}`,
	);
	const { clientLeg, serverLeg, faultCode } = record;
	return { output, clientLeg, serverLeg, faultCode };
}

interface Row {
	readonly profile: keyof typeof profiles & string;
	readonly client?: readonly string[];
	readonly server?: readonly string[];
	/** Version, suite and group of each leg, as far as they matter; a fault otherwise. */
	readonly clientLeg?: Readonly<Record<string, string>>;
	readonly serverLeg?: Readonly<Record<string, string>>;
	readonly fault?: string;
}

const old = (version: string) => [version, "-cipher", "ALL:@SECLEVEL=0"];
const gcm = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256";
const rows: readonly Row[] = [
	{ profile: "strict", client: old("-tls1_1"), fault: "TLS_VERSIONS_DO_NOT_MATCH" },
	{ profile: "strict", client: ["-tls1_2", "-cipher", "AES128-GCM-SHA256"], fault: "TLS_CIPHERS_DO_NOT_MATCH" },
	{ profile: "strict", client: ["-tls1_2", "-cipher", "NULL-SHA256:@SECLEVEL=0"], fault: "TLS_CIPHERS_DO_NOT_MATCH" },
	{ profile: "strict", server: old("-tls1_1"), fault: "SERVER_HANDSHAKE_FAILED" },
	{ profile: "strict", server: ["-tls1_2", "-cipher", "AES128-SHA"], fault: "SERVER_HANDSHAKE_FAILED" },
	{ profile: "only13", clientLeg: { version: "TLSv1.3" }, serverLeg: { version: "TLSv1.3" } },
	{ profile: "only13", client: ["-tls1_2"], fault: "TLS_VERSIONS_DO_NOT_MATCH" },
	{ profile: "only12", clientLeg: { version: "TLSv1.2" }, serverLeg: { version: "TLSv1.2" } },
	{ profile: "only12", server: ["-tls1_3"], fault: "SERVER_HANDSHAKE_FAILED" },
	{
		profile: "server13",
		client: ["-tls1_2"],
		server: ["-tls1_3"],
		clientLeg: { version: "TLSv1.2" },
		serverLeg: { version: "TLSv1.3" },
	},
	{ profile: "strong", client: ["-tls1_2", "-cipher", "AES128-SHA"], fault: "TLS_CIPHERS_DO_NOT_MATCH" },
	{
		profile: "medium",
		client: ["-tls1_2", "-cipher", "ECDHE-RSA-AES128-SHA"],
		clientLeg: { cipherSuite: "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA" },
		serverLeg: { cipherSuite: "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA" },
	},
	{
		profile: "weak",
		client: old("-tls1"),
		server: [...old("-tls1")],
		clientLeg: { version: "TLSv1" },
		serverLeg: { version: "TLSv1" },
	},
	{ profile: "custom", clientLeg: { cipherSuite: gcm }, serverLeg: { cipherSuite: gcm } },
	{
		profile: "custom",
		client: ["-tls1_2", "-cipher", "ECDHE-RSA-AES256-GCM-SHA384"],
		fault: "TLS_CIPHERS_DO_NOT_MATCH",
	},
	{
		profile: "serverdhe",
		client: ["-tls1_3"],
		server: ["-tls1_2", "-cipher", "DHE-RSA-AES128-GCM-SHA256"],
		clientLeg: { version: "TLSv1.3" },
		serverLeg: { cipherSuite: "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256" },
	},
	{ profile: "p384", clientLeg: { group: "P-384" }, serverLeg: { group: "P-384" } },
	{
		profile: "serverp256",
		client: ["-groups", "X25519:P-256"],
		clientLeg: { group: "X25519" },
		serverLeg: { group: "P-256" },
	},
	{
		profile: "legacy",
		client: ["-tls1_2", "-cipher", "AES256-SHA"],
		server: ["-tls1_2", "-cipher", "AES256-SHA"],
		clientLeg: { cipherSuite: "TLS_RSA_WITH_AES_256_CBC_SHA" },
		serverLeg: { cipherSuite: "TLS_RSA_WITH_AES_256_CBC_SHA" },
	},
];

describe("statements about the legs", { concurrency: 4 }, () => {
	for (const { profile, client = [], server = [], clientLeg, serverLeg, fault } of rows) {
		const statements = profiles[profile] || "nothing stated";
		test(`R158 R168 R177 F1 F5 R27 R29 R125 R137: ${statements} client "${client.join(" ")}" server "${server.join(" ")}"`, async (t) => {
			if (!requirePeers(t, ["openssl"])) return;
			const port = await serve(t, server);
			const found = await ask(t, profile, port, client);
			assert.equal(found.faultCode, fault, found.output.slice(-800));
			for (const [leg, expected] of [
				[found.clientLeg, clientLeg],
				[found.serverLeg, serverLeg],
			] as const) {
				const got = Object.fromEntries(Object.keys(expected ?? {}).map((key) => [key, leg?.[key as "version"]]));
				assert.deepEqual(got, expected ?? {}, found.output.slice(-800));
			}
			if (fault === undefined) assert.match(found.output, /HTTP\/1\.0 200 ok/i);
		});
	}
});
