/** The gateway's own certificates through the command line, with openssl as authority and reader and curl as client. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { promisify } from "node:util";
import { type Gateway, runProgram, startGateway, startProgram } from "../support/gateway.ts";
import { OpenSslFolder } from "../support/openssl-folder.ts";
import { httpsOrigin, TestCa } from "../support/origins.ts";
import { peerPath, requirePeers } from "../support/peers.ts";
import { openTls } from "../support/proxy-client.ts";

const owner = { after };
const ca = new TestCa();
const origin = await httpsOrigin(owner, ca.identity(["app.test"]), (_, response) => response.end("origin"));
const target = `app.test:${origin.port}`;
const openssl = new OpenSslFolder(owner);
const { folder } = openssl;

/** Makes the root of a company, `root.pem` with `root.key`. */
function makeRoot(name = "root"): void {
	openssl.run(
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
	openssl.run(
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
	const text = openssl.run("req", "-in", request, "-noout", "-text", "-verify");
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
	// The directory goes with the first gateway; this one must not write into it then.
	await again.stop();
});

test("R86 R87 R88 K6 R44: a signing CA is replaced under traffic: no handshake fails, running sessions go on, new ones are signed by the new CA", async (t) => {
	if (!requirePeers(t, ["openssl"])) return;
	const gateway = await startGateway(t, { trust: ca.root.pem, hosts: ["app.test"], gateway: "workers 2;" });
	makeRoot("next");
	const running = await openTls(gateway, target);
	const before = running.socket.getPeerX509Certificate()?.issuer ?? "";
	const issuers = new Set<string>();
	let isOver = false;
	const visits = Array.from({ length: 3 }, async () => {
		while (!isOver) {
			const client = await openTls(gateway, target, { rejectUnauthorized: false });
			issuers.add(client.socket.getPeerX509Certificate()?.issuer ?? "");
			client.socket.destroy();
		}
	});
	const files = `filename ${join(folder, "next.pem")} key ${join(folder, "next.key")}`;
	const output = await does(gateway, `${local} replace certificate-id sallyport-ca ${files}`);
	assert.match(output, /replaced successfully\nThe certificate before is kept as sallyport-ca_REPLACED\n/);
	isOver = true;
	await Promise.all(visits);
	assert.ok(issuers.has(before));
	for (let round = 0; round < 8; round++) {
		const client = await openTls(gateway, target, { rejectUnauthorized: false });
		assert.match(client.socket.getPeerX509Certificate()?.issuer ?? "", /CN=next/);
		client.socket.destroy();
	}
	const answer = await running.request(`GET / HTTP/1.1\nHost: ${target}`);
	assert.equal(answer.body.toString(), "origin");
	running.socket.destroy();
	assert.deepEqual(gateway.events("ISSUANCE_REFUSED"), []);
	assert.match(gateway.caPem, /BEGIN CERTIFICATE/);
	assert.match(new X509Certificate(gateway.caPem).subject, /CN=next/, "clients are given the new one");
	assert.match(await does(gateway, "show configuration services ssl proxy profile inspect"), /root-ca sallyport-ca;/);
	await refuses(
		gateway,
		`${local} replace certificate-id sallyport-ca ${files}`,
		/the same certificate is stored already, as "sallyport-ca"/,
	);
});

test("R76 R77 R92 R47: what openssl writes is loaded, what is exported openssl reads: DER, encrypted keys, PKCS#12 of today and of yesterday", async (t) => {
	if (!requirePeers(t, ["openssl"])) return;
	const gateway = await startGateway(t, { trust: ca.root.pem, hosts: ["app.test"] });
	makeRoot("files");
	const at = (name: string) => join(folder, name);
	writeFileSync(at("secret"), "correct horse\n", { mode: 0o600 });
	openssl.run("x509", "-in", "files.pem", "-outform", "DER", "-out", "files.der");
	openssl.run(
		"pkcs8",
		"-topk8",
		"-in",
		"files.key",
		"-v2",
		"aes-256-cbc",
		"-passout",
		"file:secret",
		"-out",
		"locked.key",
	);
	openssl.run("rsa", "-in", "files.key", "-outform", "DER", "-out", "key.der");
	makeRoot("modern");
	makeRoot("yesterday");
	const p12Of = (name: string, ...more: readonly string[]) =>
		openssl.run(
			...["pkcs12", "-export", ...more, "-in", `${name}.pem`, "-inkey", `${name}.key`, "-name", "shop"],
			...["-passout", "file:secret", "-out", `${name}.p12`],
		);
	p12Of("modern");
	p12Of("yesterday", "-legacy");
	const load = (id: string, rest: string) => `${local} load certificate-id ${id} ${rest}`;
	const secret = `passphrase-file ${at("secret")}`;
	const pairs = [
		["rsa", 4_096],
		["ecdsa", 384],
		["ed25519", 256],
	] as const;
	const { output, errors } = await cli(
		gateway,
		load("a", `filename ${at("files.der")} key ${at("locked.key")}`),
		load("a", `filename ${at("files.der")} key ${at("locked.key")} ${secret} exportable`),
		load("b", `filename ${at("files.pem")} key ${at("key.der")}`),
		`${local} export certificate-id a filename a.p12 type pkcs12 ${secret}`,
		...["pem", "der"].map((type) => `${local} export certificate-id a filename a.${type} type ${type}`),
		load("m", `filename ${at("modern.p12")} ${secret}`),
		`${local} export certificate-id m filename m.p12 type pkcs12 ${secret}`,
		load("old", `filename ${at("yesterday.p12")} ${secret}`),
		...pairs.flatMap(([kind, size]) => [
			`request security pki generate-key-pair certificate-id g${size} type ${kind} size ${size}`,
			`${local} generate-self-signed certificate-id g${size} domain-name "gw.example,*.gw.example" subject "CN=gw.example,OU=IT,O=Company,L=Oslo,ST=Oslo,C=NO" email it@company.example ip-address 192.0.2.1 days 90`,
			`${local} export certificate-id g${size} filename g${size}.pem`,
		]),
	);
	assert.match(output, /Duplicate of certificate a discarded/);
	assert.match(output, /For a Java key store: keytool -importkeystore -srckeystore \S+a\.p12 -srcstoretype PKCS12/);
	assert.deepEqual(
		errors
			.trim()
			.split("\n")
			.map((line) =>
				/is encrypted; add passphrase|was not made exportable|yesterday\.p12: .*RC2/.exec(line)?.[0].slice(0, 12),
			),
		["is encrypted", "was not made", "yesterday.p1"],
		errors,
	);
	const p12 = join(gateway.state, "a.p12");
	assert.equal(statSync(p12).mode & 0o777, 0o600);
	openssl.run("pkcs12", "-in", p12, "-passin", "file:secret", "-nodes", "-nocerts", "-out", "back.key");
	const keyOf = (file: string) => createPrivateKey(readFileSync(at(file)));
	assert.ok(keyOf("back.key").equals(keyOf("files.key")));
	for (const type of ["pem", "der"]) {
		const text = openssl.run("x509", "-in", join(gateway.state, `a.${type}`), "-inform", type, "-noout", "-subject");
		assert.match(text, /CN ?= ?files/);
	}
	for (const [, size] of pairs) {
		const file = join(gateway.state, `g${size}.pem`);
		const text = openssl.run("x509", "-in", file, "-noout", "-text");
		for (const part of [
			/DNS:gw\.example, DNS:\*\.gw\.example, email:it@company\.example, IP Address:192\.0\.2\.1/,
			/CA:FALSE/,
		])
			assert.match(text, part);
		assert.match(openssl.run("verify", "-CAfile", file, file), /OK/);
	}
});

test("K3: passphrases and keys that pass through the command line stand in no file, log, record or process", async (t) => {
	if (!requirePeers(t, ["openssl"])) return;
	const gateway = await startGateway(t, { trust: ca.root.pem, hosts: ["app.test"] });
	const word = "battery-staple-4711";
	makeRoot("secret");
	writeFileSync(join(folder, "word"), word, { mode: 0o600 });
	writeFileSync(join(gateway.state, "store-word"), `${word}-store\n`, { mode: 0o600 });
	openssl.run(
		"pkcs8",
		"-topk8",
		"-in",
		"secret.key",
		"-v2",
		"aes-256-cbc",
		"-passout",
		"file:word",
		"-out",
		"secret.p8",
	);
	const asked = startProgram(t, ["cli", "--state", gateway.state], {}, "pipe");
	asked.child.stdin?.end(
		`${local} load certificate-id shop filename ${join(folder, "secret.pem")} key ${join(folder, "secret.p8")} passphrase exportable\n${word}\nshow cli history\nshow system users\n`,
	);
	assert.equal(await asked.ended, 0, asked.output + asked.errors);
	assert.match(asked.output, /Local certificate loaded successfully/);
	const output = await does(
		gateway,
		`${local} export certificate-id shop filename shop.p12 type pkcs12 passphrase-file ${join(folder, "word")}`,
		"configure; set security pki key-store passphrase-file store-word; commit and-quit",
		"show system alarms",
		"show security pki local-certificate detail",
		"show log sallyport.log",
	);
	assert.ok(!output.includes("keys/master-key"), "with a passphrase there is no alarm about the key file");
	assert.ok(!existsSync(join(gateway.state, "keys/master-key")));
	const processes = processTexts();
	await gateway.stop();
	const key = createPrivateKey(readFileSync(join(folder, "secret.key")));
	const der = key.export({ type: "pkcs8", format: "der" });
	const traces = [
		word,
		...(der.toString("base64").match(/.{64}/g) ?? []).slice(1),
		der.toString("hex").slice(200, 300),
	];
	const texts = new Map([
		["what was printed", asked.output + asked.errors + output + gateway.program.output],
		["processes", processes],
	]);
	for (const name of readdirSync(gateway.state, { recursive: true, encoding: "utf8" })) {
		const file = join(gateway.state, name);
		if (statSync(file).isFile() && !name.endsWith("store-word")) texts.set(name, readFileSync(file, "latin1"));
	}
	assert.ok(texts.has("keys/key-store.json") && texts.has("events.sqlite") && texts.has("sallyport.log"));
	for (const [where, text] of texts)
		for (const trace of traces) assert.ok(!text.includes(trace), `${where} holds ${trace.slice(0, 8)}...`);
	const again = await startGateway(t, {
		state: gateway.state,
		trust: ca.root.pem,
		hosts: ["app.test"],
		security: "pki { key-store { passphrase-file store-word; } }",
	});
	assert.match(await does(again, "show security pki key-pair"), /shop +rsa \(2048 bits\) +exportable +certificate/);
	const answer = await does(again, "configure; set security pki persist-private-keys disable; commit and-quit");
	assert.match(answer, /warning: private keys are removed from the disk and are lost when the gateway stops/);
	assert.match(await does(again, "show system alarms"), /private keys are in memory only: CAs are made anew/);
	const store = readFileSync(join(gateway.state, "keys/key-store.json"), "utf8");
	assert.equal(store.match(/"key": "not-kept"/g)?.length, store.match(/"key":/g)?.length);
	await again.stop();
});

/** The arguments and environments of all processes of this user. */
function processTexts(): string {
	const texts: string[] = [];
	for (const id of readdirSync("/proc").filter((name) => /^[0-9]+$/.test(name))) {
		for (const name of ["cmdline", "environ"]) {
			try {
				texts.push(readFileSync(join("/proc", id, name), "latin1"));
			} catch {
				// Another user's, or over meanwhile.
			}
		}
	}
	return texts.join("\n");
}
