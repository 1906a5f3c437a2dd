/** OpenSSL as responder, as author of lists and as a server that staples; each of its answers decides a session. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, type TestContext, test } from "node:test";
import { freePort, Program, runProgram, startGateway } from "../support/gateway.ts";
import { type Made, makeCertificate } from "../support/make-certificate.ts";
import { tlsOrigin } from "../support/origins.ts";
import { peerPath, requirePeers } from "../support/peers.ts";
import { openTls } from "../support/proxy-client.ts";
import { pointers, startWeb } from "../support/responder.ts";
import { run } from "../support/tls-legs.ts";

const owner = { after };
const folder = mkdtempSync(join(tmpdir(), "sallyport-revocation-"));
after(() => rmSync(folder, { recursive: true, force: true }));
// The host's OpenSSL configuration is not what is tested.
process.env.OPENSSL_CONF = "/dev/null";

const web = await startWeb(owner);
const ocspPort = await freePort();
const root = makeCertificate({ subject: "O=Sallyport Test,CN=Revoking Root", isCa: true });
const responder = makeCertificate({
	subject: "CN=Responder",
	issuer: root,
	names: [],
	extendedKeyUsage: ["1.3.6.1.5.5.7.3.9"],
});
const byOcsp = pointers({ ocsp: [`http://127.0.0.1:${ocspPort}/`] });
const byList = pointers({ crls: [web.url("/openssl.crl")] });
const leaf = (extensions = byOcsp) =>
	makeCertificate({ subject: "CN=a.test", names: ["a.test"], issuer: root, extensions });
const subjects = {
	good: leaf(),
	revoked: leaf(),
	unknown: leaf(),
	listed: leaf(byList),
	unlisted: leaf(byList),
	stapled: leaf([]),
};
const gateway = await startGateway(owner, {
	trust: root.pem,
	hosts: ["a.test"],
	security: "pki { ca-profile test { ca-identity test; } fetch-permitted-networks 127.0.0.1/32; }",
});

test("V12: openssl ocsp answers good, revoked and unknown, signed by a delegated responder; nonce and all", async (t) => {
	if (!requirePeers(t, ["openssl"])) return;
	const index = writeIndex();
	await startResponder(t, index);
	for (const [subject, answer] of [
		["good", "good"],
		["revoked", "revoked"],
		["unknown", "unknown"],
	] as const) {
		const { isTrusted, record } = await visit(t, subjects[subject]);
		assert.deepEqual([record.revocation?.answer, record.revocation?.source], [answer, "ocsp"], subject);
		assert.equal(isTrusted, answer === "good");
	}
	const { record } = await visit(t, subjects.revoked);
	assert.match(record.serverTrust ?? "", /was revoked on \d{4}-\d\d-\d\d.*\(key compromise\)/);
});

test("V12: a list that openssl ca writes is fetched, and loaded by command in DER and PEM", async (t) => {
	if (!requirePeers(t, ["openssl"])) return;
	const list = await writeList(t);
	web.answers.set("/openssl.crl", readFileSync(`${list}.der`));
	for (const [subject, answer] of [
		["listed", "revoked"],
		["unlisted", "good"],
	] as const) {
		const { record } = await visit(t, subjects[subject]);
		assert.deepEqual([record.revocation?.answer, record.revocation?.source], [answer, "crl"], subject);
	}
	for (const file of [`${list}.der`, list]) {
		const load = `request security pki crl load ca-profile test filename ${file}`;
		const { status, output } = await runProgram(owner, [
			"cli",
			"--state",
			gateway.state,
			"-c",
			`${load}; show security pki crl detail`,
		]);
		assert.equal(status, 0, output);
		assert.match(output, /CRL for CA profile test loaded successfully/);
		assert.match(output, /CA profile: test\n {2}CRL version: V00000002\n {2}CRL issuer: .*Revoking Root/);
		assert.match(output, new RegExp(`^ {4}${serialOf(subjects.listed)} `, "m"));
		assert.match(output, /Fetched from: http:\/\/127\.0\.0\.1:\d+\/openssl\.crl/);
	}
	// Certificates that name no place to ask are decided by the loaded list.
	const nowhere = await visit(t, subjects.stapled);
	assert.deepEqual([nowhere.record.revocation?.answer, nowhere.record.revocation?.source], ["good", "crl"]);
	const clear = ["cli", "--state", gateway.state, "-c", "clear security pki crl all"];
	assert.match((await runProgram(owner, clear)).output, /1 revocation list cleared/);
});

test("V12: the response that openssl s_server staples is taken, and one about a revoked certificate too", async (t) => {
	if (!requirePeers(t, ["openssl"])) return;
	for (const [subject, answer] of [
		["good", "good"],
		["revoked", "revoked"],
	] as const) {
		const made = subjects[subject];
		const port = await freePort();
		const server = new Program(
			spawn(peerPath("openssl"), [
				...["s_server", "-accept", `127.0.0.1:${port}`, "-cert", save(made.pem), "-key", save(made.keyPem)],
				...["-status_file", await writeResponse(t, made), "-naccept", "2"],
			]),
		);
		t.after(() => server.child.kill());
		await server.says("ACCEPT");
		// The verdicts that the responder's answers gave are forgotten first.
		await runProgram(owner, ["cli", "--state", gateway.state, "-c", "clear security pki crl all"]);
		const { record } = await session(`a.test:${port}`);
		assert.deepEqual([record.revocation?.answer, record.revocation?.source], [answer, "staple"], subject);
	}
});

async function visit(t: TestContext, made: Made) {
	const origin = await tlsOrigin(t, { key: made.keyPem, cert: made.pem, made }, () => undefined);
	return await session(`a.test:${origin.port}`);
}

async function session(target: string) {
	const client = await openTls(gateway, target, { rejectUnauthorized: false });
	const issuer = client.socket.getPeerX509Certificate()?.issuer ?? "";
	client.socket.end();
	const record = await gateway.record(client.localPort);
	return { isTrusted: issuer.includes("CN=Sallyport CA"), record };
}

async function startResponder(t: TestContext, index: string): Promise<void> {
	const program = new Program(
		spawn(peerPath("openssl"), [
			...["ocsp", "-port", String(ocspPort), "-index", index, "-CA", save(root.pem), "-nmin", "5"],
			...["-rsigner", save(responder.pem), "-rkey", save(responder.keyPem)],
		]),
	);
	t.after(() => program.child.kill());
	await program.says("waiting for OCSP client connections");
}

/** A response about one certificate, made without a connection. */
async function writeResponse(t: TestContext, made: Made): Promise<string> {
	const file = `${save("")}.response`;
	const { status, output } = await run(t, peerPath("openssl"), [
		...["ocsp", "-index", writeIndex(), "-CA", save(root.pem), "-rsigner", save(responder.pem)],
		...["-rkey", save(responder.keyPem), "-nmin", "5", "-issuer", save(root.pem), "-cert", save(made.pem)],
		...["-respout", file, "-noverify"],
	]);
	assert.equal(status, 0, output);
	return file;
}

/** A list in PEM, and the same in DER beside it. */
async function writeList(t: TestContext): Promise<string> {
	const index = writeIndex();
	const number = save("01\n");
	const settings = `[ca]\ndefault_ca=a\n[a]\ndatabase=${index}\ncrlnumber=${number}\ndefault_md=sha256\ndefault_crl_days=3\ncrl_extensions=e\n[e]\nauthorityKeyIdentifier=keyid\n`;
	const list = `${number}.crl`;
	const made = await run(t, peerPath("openssl"), [
		...[
			"ca",
			"-gencrl",
			"-config",
			save(settings),
			"-cert",
			save(root.pem),
			"-keyfile",
			save(root.keyPem),
			"-out",
			list,
		],
	]);
	assert.equal(made.status, 0, made.output);
	const turned = await run(t, peerPath("openssl"), ["crl", "-in", list, "-outform", "DER", "-out", `${list}.der`]);
	assert.equal(turned.status, 0, turned.output);
	return list;
}

/** OpenSSL's index of certificates: the state, the end, the revocation, the serial and the subject of each. */
function writeIndex(): string {
	const line = (made: Made, revoked: string) =>
		`${revoked === "" ? "V" : "R"}\t${time(made.certificate.notAfter)}\t${revoked}\t${serialOf(made)}\tunknown\t/CN=a.test\n`;
	const revoked = `${time(Date.now() - 3_600_000)},keyCompromise`;
	const { good, listed, unlisted, stapled } = subjects;
	const file = save(
		[
			line(good, ""),
			line(subjects.revoked, revoked),
			line(listed, revoked),
			line(unlisted, ""),
			line(stapled, ""),
		].join(""),
	);
	writeFileSync(`${file}.attr`, "unique_subject = no\n");
	return file;
}

/** `YYMMDDHHMMSSZ`. */
function time(at: number): string {
	return `${new Date(at)
		.toISOString()
		.replaceAll(/[-:T]|\.\d+/g, "")
		.slice(2, -1)}Z`;
}

/** An even number of digits, as both sides print it. */
function serialOf({ certificate }: Made): string {
	const text = certificate.serialText;
	return text.length % 2 === 0 ? text : `0${text}`;
}

let saved = 0;

function save(content: string): string {
	const file = join(folder, `file-${++saved}`);
	writeFileSync(file, content);
	return file;
}
