import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { type TestContext, test } from "node:test";
import { publishOnboarding } from "#daemon/onboarding-site.ts";
import { stateDirectoryLayout } from "#daemon/state-directory.ts";
import { runTrustCommands } from "#daemon/trust-commands.ts";
import { clientSteps } from "#onboarding/client-steps.ts";
import { fingerprintText } from "#onboarding/offered-ca.ts";
import { makeCertificate } from "../../test/support/make-certificate.ts";
import { signingCaOf } from "../../test/support/onboarding.ts";

const root = makeCertificate({ subject: "CN=Example\u001b[31m CA", isCa: true });
const trust = { profiles: new Map(), groups: new Map(), defaultRoots: [] };

/** Runs the command on a state directory where a gateway with these trusted CAs has published. */
async function run(t: TestContext, args: readonly string[], trustedCas: readonly string[] | undefined = ["ca"]) {
	const state = mkdtempSync(join(tmpdir(), "trust-"));
	t.after(() => rmSync(state, { recursive: true, force: true }));
	mkdirSync(state, { recursive: true });
	const onboarding = {
		hostName: "sallyport.test",
		contact: "Service desk, 4711",
		proxyAddress: undefined,
		trustedCas: trustedCas ?? [],
	};
	const listeners = [
		{
			name: "a",
			path: "",
			way: { kind: "explicit" as const, protocols: new Set<never>() },
			listen: { host: "192.0.2.1", port: 8080 },
			mayReachLocal: false,
		},
	];
	const plan = { onboarding: trustedCas === undefined ? undefined : onboarding, listeners };
	publishOnboarding(stateDirectoryLayout(state), plan, [signingCaOf(root)], trust, ["ca"]);
	return await runIn(state, args);
}

async function runIn(state: string, args: readonly string[]) {
	const stdout = new PassThrough();
	const stderr = new PassThrough();
	const io = { stdout, stderr, isTerminal: false, columns: 80, environment: { SALLYPORT_STATE: state } };
	const status = await runTrustCommands(args, io);
	const textOf = (stream: PassThrough) => (stream.read() as Buffer | null)?.toString("utf8") ?? "";
	return { status, output: textOf(stdout), errors: textOf(stderr) };
}

test("R64: the command prints every client's steps, with fingerprint, proxy and contact", async (t) => {
	const { status, output } = await run(t, []);
	assert.equal(status, 0);
	for (const { title } of clientSteps) assert.ok(output.includes(title), title);
	for (const part of [fingerprintText(root.certificate.fingerprint), "http://192.0.2.1:8080", "Service desk, 4711"])
		assert.ok(output.includes(part), part);
	assert.ok(!output.includes("\u001b"));
});

test("--for prints one client's, an unknown name is answered with the names there are", async (t) => {
	const { output } = await run(t, ["--for", "node"]);
	assert.ok(output.includes("NODE_EXTRA_CA_CERTS") && !output.includes("keytool"));
	const { status, errors } = await run(t, ["--for", "nod"]);
	assert.equal(status, 2);
	assert.match(errors, /no steps for "nod"; did you mean node.*expected one of windows/);
});

test("--json holds the certificates and the filled-in steps", async (t) => {
	const { status, output } = await run(t, ["--json", "--for", "curl"]);
	assert.equal(status, 0);
	const told = JSON.parse(output);
	assert.equal(told.certificates[0].pem, root.pem);
	assert.deepEqual(
		[told.page, told.check, told.proxy],
		["http://sallyport.test/", "https://check.sallyport.test/", "192.0.2.1:8080"],
	);
	assert.equal(told.clients.length, 1);
	assert.match(
		told.clients[0].save,
		/--proxy http:\/\/192\.0\.2\.1:8080 -O http:\/\/sallyport\.test\/sallyport-ca\.pem$/,
	);
	assert.doesNotMatch(output, /\{(?:proxy|page|check|sha)\w*\}/);
});

test("no gateway, a disabled page and no CA in use end with status 1 and say why", async (t) => {
	const none = await runIn(join(tmpdir(), "no-such-state"), []);
	assert.deepEqual([none.status, none.output], [1, ""]);
	assert.match(none.errors, /no gateway has published its CA/);
	const unused = await run(t, [], []);
	assert.equal(unused.status, 1);
	assert.match(unused.output, /nothing to install/);
});

test("--help tells the names", async (t) => {
	const { status, output } = await run(t, ["--help"]);
	assert.equal(status, 0);
	assert.ok(output.includes("firefox-policies"));
});
