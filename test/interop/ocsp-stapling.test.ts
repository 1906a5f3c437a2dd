/** Certificates of one's own behind reverse and offload listeners: openssl ocsp vouches for them, and s_client is told in the handshake. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { after, test } from "node:test";
import { derInteger, derSequence } from "#pki/der.ts";
import { extensionOid } from "#pki/oids.ts";
import { eventually, freePort, Program, runProgram, startGateway } from "../support/gateway.ts";
import type { Made, TestExtension } from "../support/make-certificate.ts";
import { OpenSslFolder } from "../support/openssl-folder.ts";
import { type Identity, TestCa, tlsOrigin } from "../support/origins.ts";
import { peerPath, requirePeers } from "../support/peers.ts";
import { pointers } from "../support/responder.ts";
import { run } from "../support/tls-legs.ts";

const owner = { after };
const openssl = new OpenSslFolder(owner);
// The host's OpenSSL configuration is not what is tested.
process.env.OPENSSL_CONF = "/dev/null";
const ca = new TestCa();
const [ocspPort, deadPort] = [await freePort(), await freePort()];
const mustStaple: TestExtension = { oid: extensionOid.tlsFeature, value: derSequence(derInteger(5)) };
const at = (port: number) => pointers({ ocsp: [`http://127.0.0.1:${port}/`] });
const subjects = {
	good: ca.identity(["good.test"], { extensions: [...at(ocspPort), mustStaple] }),
	revoked: ca.identity(["revoked.test"], { extensions: at(ocspPort) }),
	alone: ca.identity(["alone.test"], { extensions: [...at(deadPort), mustStaple] }),
	mute: ca.identity(["mute.test"]),
} satisfies Record<string, Identity>;
const hosts = ["origin.test", ...Object.keys(subjects).map((name) => `${name}.test`)];
const origin = await tlsOrigin(owner, ca.identity(hosts), (socket) => socket.end("origin"));
const ports = { reverse: await freePort(), offload: await freePort(), silent: await freePort() };
const ids = `[ ${Object.keys(subjects).join(" ")} ]`;
await startResponder();
const gateway = await startGateway(owner, {
	certificates: subjects,
	trust: ca.root.pem,
	hosts: ["origin.test"],
	security: "pki { ca-profile test { ca-identity test; } fetch-permitted-networks 127.0.0.1/32; }",
	profiles: `
		profile servers { server-certificate ${ids}; trusted-ca test; actions { log { all; } } }
		profile silent { server-certificate ${ids}; trusted-ca test; actions { disable-ocsp-stapling; } }`,
	tls: `termination { profile web { server-certificate ${ids}; } }`,
	gateway: `
		workers 2;
		reverse one { listen 127.0.0.1:${ports.reverse}; server origin.test:${origin.port}; profile servers; }
		reverse silent { listen 127.0.0.1:${ports.silent}; server origin.test:${origin.port}; profile silent; }
		offload two { listen 127.0.0.1:${ports.offload}; server 127.0.0.1:${origin.port}; termination-profile web; }`,
});

for (const way of ["reverse", "offload"] as const) {
	for (const version of ["-tls1_2", "-tls1_3"]) {
		test(`R35 R26: a client of a ${way} listener that asks gets the response of the certificate's own responder (${version})`, async (t) => {
			if (!requirePeers(t, ["openssl"])) return;
			const said = await eventually(async () => {
				const { output } = await ask(t, ports[way], "good.test", version);
				return output.includes("OCSP Response Status: successful") ? output : undefined;
			}, "a stapled response");
			assert.match(said, /Cert Status: good/);
			assert.match(said, new RegExp(`Serial Number: ${subjects.good.made.certificate.serialText}`, "i"));
			// s_client verifies the response and ends with the first fault of it.
			assert.match(said, /Verify return code: 0 \(ok\)/);
			const quiet = await ask(t, ports[way], "good.test", version, false);
			assert.doesNotMatch(quiet.output, /OCSP Response Data/);
			assert.match(quiet.output, /Verify return code: 0 \(ok\)/);
		});
	}
}

test("R35: nothing is stapled for a certificate that was revoked, whose responder is gone, or that names none; handshakes go on at once", async (t) => {
	if (!requirePeers(t, ["openssl"])) return;
	for (const name of ["revoked.test", "alone.test", "mute.test"]) {
		const { output } = await ask(t, ports.reverse, name);
		assert.match(output, /OCSP response: no response sent/, name);
		assert.match(output, /Verify return code: 0 \(ok\)/, name);
	}
	const { output } = await ask(t, ports.silent, "good.test");
	assert.match(output, /OCSP response: no response sent/);
});

test("R35: each failure is told once by all workers together, a certificate that demands a response as an error, and show says how each stands", async (t) => {
	if (!requirePeers(t, ["openssl"])) return;
	const [unmet] = await eventually(() => {
		const found = gateway.events("STAPLE_DEMAND_UNMET");
		return found.length > 0 && gateway.events("STAPLE_UNAVAILABLE").length > 0 ? found : undefined;
	}, "the events");
	assert.equal(unmet?.fields.certificate, "alone");
	assert.match(unmet?.fields.reason ?? "", new RegExp(`:${deadPort}/: the connection failed: ECONNREFUSED`));
	const [unavailable] = gateway.events("STAPLE_UNAVAILABLE");
	assert.equal(unavailable?.fields.certificate, "revoked");
	assert.match(unavailable?.fields.reason ?? "", /says that it was revoked/);
	const show = ["cli", "--state", gateway.state, "-c", "show security pki local-certificate"];
	const { output } = await runProgram(owner, show);
	assert.match(output, /Certificate identifier: good\n[\s\S]*?OCSP stapling: good until 20\d\d-/);
	assert.match(
		output,
		/Certificate identifier: alone\n[\s\S]*?OCSP stapling: none: responder .*; the certificate demands one \(must-staple\)\n/,
	);
	assert.match(
		output,
		/Certificate identifier: revoked\n[\s\S]*?OCSP stapling: none: its responder says that it was revoked/,
	);
	assert.equal(gateway.events("STAPLE_DEMAND_UNMET").length, 1);
	assert.equal(gateway.events("STAPLE_UNAVAILABLE").length, 1);
});

/** What s_client says; it is told the responder's answer where there is one. */
async function ask(t: Parameters<typeof run>[0], port: number, name: string, version = "-tls1_3", asks = true) {
	return await run(
		t,
		peerPath("openssl"),
		[
			...["s_client", "-connect", `127.0.0.1:${port}`, "-servername", name, version],
			...["-CAfile", `${openssl.folder}/root.pem`, ...(asks ? ["-status"] : [])],
		],
		"",
	);
}

async function startResponder(): Promise<void> {
	openssl.write("root.pem", ca.root.pem);
	openssl.write("issuer.pem", ca.intermediate.pem);
	openssl.write("issuer.key", ca.intermediate.keyPem);
	const line = ({ certificate }: Made, revoked: string) =>
		`${revoked === "" ? "V" : "R"}\t${time(certificate.notAfter)}\t${revoked}\t${even(certificate.serialText)}\tunknown\t/CN=a\n`;
	const revokedAt = `${time(Date.now() - 3_600_000)},keyCompromise`;
	openssl.write("index", line(subjects.good.made, "") + line(subjects.revoked.made, revokedAt));
	openssl.write("index.attr", "unique_subject = no\n");
	const program = new Program(
		spawn(
			peerPath("openssl"),
			[
				...["ocsp", "-port", String(ocspPort), "-index", "index", "-CA", "issuer.pem", "-nmin", "60"],
				...["-rsigner", "issuer.pem", "-rkey", "issuer.key"],
			],
			{ cwd: openssl.folder },
		),
	);
	after(() => program.child.kill());
	await program.says("waiting for OCSP client connections");
}

/** `YYMMDDHHMMSSZ`. */
function time(milliseconds: number): string {
	return `${new Date(milliseconds)
		.toISOString()
		.replaceAll(/[-:T]|\.\d+/g, "")
		.slice(2, -1)}Z`;
}

function even(serial: string): string {
	return serial.length % 2 === 0 ? serial : `0${serial}`;
}
