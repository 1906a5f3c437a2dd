/** What is trusted changes while the gateway runs, by commands: new sessions follow at every worker, running ones go on. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { eventually, hostBook, hostPolicy, runProgram, startGateway } from "../support/gateway.ts";
import { makeCertificate } from "../support/make-certificate.ts";
import { selfSigned, TestCa, tlsOrigin } from "../support/origins.ts";
import { openTls } from "../support/proxy-client.ts";

const owner = { after };
const corp = new TestCa("Corp");
const web = new TestCa("Web");
const echo = (socket: NodeJS.ReadWriteStream) => socket.on("data", (octets) => socket.write(octets));
const corpOrigin = await tlsOrigin(owner, corp.identity(["corp.test", "only.test"]), echo);
const webOrigin = await tlsOrigin(owner, web.identity(["web.test", "only.test"]), echo);
const leafOnly = corp.identity(["short.test"]);
const shortOrigin = await tlsOrigin(owner, { ...leafOnly, cert: leafOnly.made.pem }, echo);
const cas = "root-ca sallyport-ca; untrusted-root-ca sallyport-untrusted-ca;";
const permit = "permit { application-services { ssl-proxy { profile-name only; } pattern-policy standard; } }";
const gateway = await startGateway(owner, {
	hosts: ["corp.test", "web.test", "only.test", "short.test"],
	gateway: "workers 2;",
	profiles: `profile only { ${cas} trusted-ca corp; actions { log { all; } } }`,
	policies: hostPolicy("only", permit),
	security: `${hostBook({ only: "only.test" })} pki { ca-profile corp { ca-identity corp; } ca-profile mid { ca-identity mid; } }`,
});
const brought = (name: string, content: string) => {
	const file = join(gateway.state, name);
	writeFileSync(file, content);
	return file;
};

/** Commands of one session, one a line; a line may be the answer to a question. */
async function cli(...commands: readonly string[]): Promise<string> {
	const { status, output, errors } = await runProgram(owner, [
		"cli",
		"--state",
		gateway.state,
		"-c",
		commands.join("; "),
	]);
	assert.equal(status, 0, errors + output);
	return output;
}

/** Who signed what a client is shown, several times so that both workers are met. */
async function signers(target: string): Promise<string[]> {
	const seen = new Set<string>();
	for (let round = 0; round < 8; round++) {
		const client = await openTls(gateway, target, { rejectUnauthorized: false });
		seen.add(/CN=UNTRUSTED/.test(client.socket.getPeerX509Certificate()?.issuer ?? "") ? "untrusted" : "trusted");
		client.socket.end();
	}
	return [...seen];
}

const load = (profile: string, file: string) => [
	`request security pki ca-certificate load ca-profile ${profile} filename ${file}`,
	"yes",
];

test("V21 R93: a loaded CA makes its servers trusted at every worker, a cleared one makes them untrusted again; running sessions go on", async () => {
	const target = `corp.test:${corpOrigin.port}`;
	assert.deepEqual(await signers(target), ["untrusted"]);
	const output = await cli(...load("corp", brought("corp.pem", corp.root.pem)));
	assert.match(output, /\(sha256\)\n[\s\S]*CA certificate for profile corp loaded successfully/);
	assert.deepEqual(await signers(target), ["trusted"]);
	// The server's sessions are resumed by now; they bear the verdict that was given under this trust.
	await eventually(() => gateway.records().some(({ serverLeg }) => serverLeg?.isResumed), "a resumed session");
	const running = await openTls(gateway, target);
	running.send("before\n");
	await running.receives("before\n");
	await cli("clear security pki ca-certificate ca-profile corp");
	assert.deepEqual(await signers(target), ["untrusted"]);
	running.send("after");
	await running.receives("after");
	running.socket.destroy();
	await eventually(() => gateway.events("TRUST_CHANGED").length === 2, "both events");
	// Both verdicts changed together.
	assert.deepEqual(gateway.events("ORIGIN_VALIDATION_DISAGREEMENT"), []);
});

test("R99: a profile with chosen authorities trusts none but those", async () => {
	await cli(...load("corp", brought("corp.pem", corp.root.pem)));
	const bundle = brought("web.pem", web.root.pem);
	await cli(`request security pki ca-profile-group load ca-group-name web filename ${bundle}`, "yes");
	assert.deepEqual(await signers(`web.test:${webOrigin.port}`), ["trusted"]);
	assert.deepEqual(await signers(`only.test:${corpOrigin.port}`), ["trusted"]);
	assert.deepEqual(await signers(`only.test:${webOrigin.port}`), ["untrusted"]);
});

test("R96 R97 R98: a group is listed, and clearing it deletes its certificates", async () => {
	assert.match(await cli("show security pki ca-certificates ca-profile-group web"), /identifier: web_1\n.*Web Root/);
	await cli("clear security pki ca-certificates ca-profile-group web");
	assert.deepEqual(await signers(`web.test:${webOrigin.port}`), ["untrusted"]);
});

test("R105: a group that a profile names is not cleared away from under it", async () => {
	const bundle = brought("web.pem", web.root.pem);
	await cli(`request security pki ca-profile-group load ca-group-name web filename ${bundle}`, "yes");
	await cli("configure", "set services ssl proxy profile only trusted-ca web", "commit and-quit");
	assert.deepEqual(await signers(`only.test:${webOrigin.port}`), ["trusted"]);
	const clear = "clear security pki ca-certificates ca-profile-group web";
	const { status, errors } = await runProgram(owner, ["cli", "--state", gateway.state, "-c", clear]);
	assert.equal(status, 1);
	assert.match(errors, /'web' does not exist/);
	assert.deepEqual(await signers(`only.test:${webOrigin.port}`), ["trusted"]);
	await cli("configure", "delete services ssl proxy profile only trusted-ca web", "commit and-quit");
	await cli(clear);
});

test("a commit that names what is not there is refused with what is", async () => {
	const commands = "configure; set services ssl proxy profile only trusted-ca nobody; commit; rollback; exit";
	const { status, errors } = await runProgram(owner, ["cli", "--state", gateway.state, "-c", commands]);
	assert.equal(status, 1);
	assert.match(errors, /'nobody' does not exist; existing: "corp", "mid"/);
});

test("R108: an intermediate that is loaded completes what a server leaves out", async () => {
	const target = `short.test:${shortOrigin.port}`;
	assert.deepEqual(await signers(target), ["untrusted"]);
	await cli(...load("mid", brought("mid.pem", corp.intermediate.pem)));
	assert.deepEqual(await signers(target), ["trusted"]);
});

test("R107: roots added to the default store take effect, a single one can be left out, and the store can be off", async () => {
	await cli(`request security pki default-trust-store load filename ${brought("added.pem", web.root.pem)}`);
	const target = `web.test:${webOrigin.port}`;
	assert.deepEqual(await signers(target), ["trusted"]);
	const { fingerprint } = web.root.certificate;
	await cli("configure", `set security pki default-trust-store exclude ${fingerprint}`, "commit and-quit");
	assert.deepEqual(await signers(target), ["untrusted"]);
	assert.match(await cli("show security pki default-trust-store"), / 1 added from .*added\.pem, [\s\S]* 1 excluded\n/);
	await cli("configure", "delete security pki default-trust-store exclude", "commit and-quit");
	assert.deepEqual(await signers(target), ["trusted"]);
	await cli("configure", "set security pki default-trust-store disable", "commit and-quit");
	assert.deepEqual(await signers(target), ["untrusted"]);
	assert.deepEqual(await signers(`corp.test:${corpOrigin.port}`), ["trusted"]);
	await cli("configure", "delete security pki default-trust-store disable", "commit and-quit");
	await cli("clear security pki default-trust-store");
	assert.deepEqual(await signers(target), ["untrusted"]);
});

test("V19 V20: cross-signed, repeated, reordered and strange certificates do not keep a good server from being trusted", async () => {
	const stranger = makeCertificate({ subject: "CN=Stranger", isCa: true });
	const old = makeCertificate({ subject: "CN=Old Root", isCa: true });
	const key = { privateKey: corp.root.privateKey, publicKey: corp.root.publicKey };
	const name = corp.root.certificate.subject.raw;
	const cross = makeCertificate({ subject: name, isCa: true, issuer: old, key });
	const { made, key: keyPem } = corp.identity(["corp.test"]);
	const between = corp.intermediate.pem;
	for (const [what, others] of [
		["cross-signed root first", cross.pem + between],
		["every one twice", made.pem + between + between + cross.pem + cross.pem],
		["reversed, with strangers", stranger.pem + old.pem + cross.pem + between],
	] as const) {
		const origin = await tlsOrigin(owner, { key: keyPem, cert: made.pem + others, made }, echo);
		assert.deepEqual(await signers(`corp.test:${origin.port}`), ["trusted"], what);
	}
	const lone = selfSigned(["corp.test"]);
	const origin = await tlsOrigin(owner, { ...lone, cert: lone.cert + between + corp.root.pem }, echo);
	assert.deepEqual(await signers(`corp.test:${origin.port}`), ["untrusted"]);
});
