/** The gateway's own certificates through the command line, with openssl as authority and reader and curl as client. */
import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { promisify } from "node:util";
import { type Gateway, runProgram, startGateway } from "../support/gateway.ts";
import { httpsOrigin, TestCa } from "../support/origins.ts";
import { peerPath, requirePeers } from "../support/peers.ts";

const owner = { after };
const ca = new TestCa();
const origin = await httpsOrigin(owner, ca.identity(["app.test"]), (_, response) => response.end("origin"));
const target = `app.test:${origin.port}`;
const folder = mkdtempSync(join(tmpdir(), "sallyport-own-"));
after(() => rmSync(folder, { recursive: true, force: true }));

function openssl(...args: readonly string[]): string {
	return execFileSync(peerPath("openssl"), args, { cwd: folder, encoding: "utf8", stdio: "pipe", timeout: 20_000 });
}

/** Makes the root of a company, `root.pem` with `root.key`. */
function makeRoot(name = "root"): void {
	openssl(
		...[
			"req",
			"-x509",
			"-newkey",
			"rsa:2048",
			"-nodes",
			"-keyout",
			`${name}.key`,
			"-out",
			`${name}.pem`,
			"-days",
			"30",
		],
		...[
			"-subj",
			`/O=Company/CN=${name}`,
			"-addext",
			"basicConstraints=critical,CA:TRUE",
			"-addext",
			"keyUsage=critical,keyCertSign,cRLSign",
		],
	);
}

/** Has the root sign a request, extensions as they are asked for. */
function sign(request: string, out: string, root = "root"): void {
	openssl(
		"x509",
		"-req",
		"-in",
		request,
		"-CA",
		`${root}.pem`,
		"-CAkey",
		`${root}.key`,
		"-CAcreateserial",
		"-days",
		"20",
		"-copy_extensions",
		"copyall",
		"-out",
		out,
	);
}

async function cli(gateway: Gateway, ...commands: readonly string[]) {
	return runProgram(owner, ["cli", "--state", gateway.state, ...commands.flatMap((command) => ["-c", command])]);
}

async function does(gateway: Gateway, ...commands: readonly string[]): Promise<string> {
	const { status, output, errors } = await cli(gateway, ...commands);
	assert.equal(status, 0, errors + output);
	return output;
}

async function refuses(gateway: Gateway, command: string, why: RegExp): Promise<void> {
	const { status, errors } = await cli(gateway, command);
	assert.equal(status, 1);
	assert.match(errors, why);
}

/** The answer that curl gets when it trusts these roots alone. */
async function curl(gateway: Gateway, roots: string): Promise<string> {
	const { stdout } = await promisify(execFile)(peerPath("curl"), [
		...["--silent", "--show-error", "--max-time", "20", "--cacert", roots],
		...["--proxy", `http://127.0.0.1:${gateway.ports.ipv4}`, `https://${target}/`],
	]);
	return stdout;
}

const local = "request security pki local-certificate";

test("R63 R68 R72 R73 R45: a signing CA by request, signed by a company's root, is loaded, committed, and trusted by curl; a restart keeps it", async (t) => {
	if (!requirePeers(t, ["openssl", "curl"])) return;
	const gateway = await startGateway(t, { trust: ca.root.pem, hosts: ["app.test"] });
	makeRoot();
	const request = join(folder, "corp.csr");
	const printed = await does(
		gateway,
		"request security pki generate-key-pair certificate-id corp type ecdsa size 256",
		`request security pki generate-certificate-request certificate-id corp subject "CN=Corp Inspection,OU=IT,O=Company,C=NO" signing filename ${request}`,
		"show security pki certificate-request",
	);
	assert.match(printed, /Generated key pair corp, key size 256 bits\n/);
	assert.match(printed, /Generated certificate request\n-----BEGIN CERTIFICATE REQUEST-----\n/);
	assert.match(printed, /Certificate identifier: corp\n[\s\S]*Issued to: .*CN=Corp Inspection/);
	const text = openssl("req", "-in", request, "-noout", "-text", "-verify");
	for (const part of [
		/Subject: C ?= ?NO, O ?= ?Company, OU ?= ?IT, CN ?= ?Corp Inspection/,
		/CA:TRUE, pathlen:0/,
		/Certificate Sign, CRL Sign/,
	])
		assert.match(text, part);
	assert.ok(!readFileSync(request, "utf8").includes("PRIVATE"));
	sign(request, "corp.pem");
	const loaded = await does(gateway, `${local} load certificate-id corp filename ${join(folder, "corp.pem")}`);
	assert.match(loaded, /Local certificate loaded successfully/);
	await refuses(
		gateway,
		`${local} verify certificate-id corp`,
		/No Trust Anchor: .*issuer CN=root,O=Company is not loaded/,
	);
	await does(
		gateway,
		"configure; set security pki ca-profile root ca-identity root; commit and-quit",
		`request security pki ca-certificate load ca-profile root filename ${join(folder, "root.pem")}; yes`,
	);
	assert.match(await does(gateway, `${local} verify certificate-id corp`), /verification success/);
	await assert.rejects(curl(gateway, join(folder, "root.pem")), "the gateway's first CA is not the company's");
	const committed = await does(
		gateway,
		"configure; set services ssl proxy profile inspect root-ca corp; commit and-quit",
	);
	assert.match(committed, /commit complete/);
	assert.equal(await curl(gateway, join(folder, "root.pem")), "origin");
	const detail = await does(gateway, "show security pki local-certificate certificate-id corp detail");
	for (const part of [
		/Status: Valid/,
		/Private key: not exportable/,
		/Used by: services ssl proxy profile inspect root-ca/,
	])
		assert.match(detail, part);
	await refuses(
		gateway,
		"clear security pki local-certificate certificate-id corp",
		/is in use: services ssl proxy profile inspect root-ca/,
	);
	await gateway.stop();
	const again = await startGateway(t, { state: gateway.state, trust: ca.root.pem, hosts: ["app.test"], profile: "" });
	assert.match(await does(again, "show security pki local-certificate certificate-id corp"), /Status: Valid/);
	await does(again, "configure; set services ssl proxy profile inspect root-ca corp; commit and-quit");
	assert.equal(await curl(again, join(folder, "root.pem")), "origin");
});
