/** What a policy makes of a session, and the word for it in the record: opened, exempt, bypassed, ignored, blocked. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { sessionOutcome } from "#telemetry/session-outcome.ts";
import { eventually, hostBook, hostPolicy, runProgram, startGateway } from "../support/gateway.ts";
import { httpsOrigin, TestCa } from "../support/origins.ts";
import { fetchOnce, openTls } from "../support/proxy-client.ts";

const owner = { after };
const ca = new TestCa();
const names = ["open.test", "bare.test", "plain.test", "exempt.test", "expired.test", "logged.test", "quiet.test"];
const origin = await httpsOrigin(owner, ca.identity(names), (_, response) => response.end("ok"));
const expired = await httpsOrigin(owner, ca.identity(names, { notAfter: Date.now() - 86_400_000 }), (_, response) =>
	response.end("ok"),
);
const open = (profile: string, more = "pattern-policy standard;") =>
	`permit { application-services { ssl-proxy { profile-name ${profile}; } ${more} } }`;
const gateway = await startGateway(owner, {
	trust: ca.root.pem,
	hosts: names,
	mayLoseWorkers: true,
	gateway: "workers 1;",
	profile: "decryption-policy exempt;",
	profiles: `decryption-policy exempt { never-decrypt-domains exempt.test; }
		profile quiet { root-ca sallyport-ca; trusted-ca test; }`,
	security: hostBook(Object.fromEntries(names.map((name) => [name.split(".")[0] as string, name]))),
	policies: [
		hostPolicy("bare", open("inspect", "")),
		hostPolicy("plain", "permit;"),
		hostPolicy("logged", `${open("quiet")} log { session-init; session-close; } count;`),
		hostPolicy("quiet", open("quiet")),
	].join("\n"),
});

/** What the command line says. */
async function say(command: string): Promise<string> {
	const { status, output } = await runProgram(owner, ["cli", "--state", gateway.state, "-c", command]);
	assert.equal(status, 0, output);
	return output;
}

async function recordFor(host: string, port = origin.port) {
	const target = `${host}:${port}`;
	const client = await openTls(gateway, target, { rejectUnauthorized: false });
	assert.equal((await client.request(`GET / HTTP/1.1\nHost: ${target}`)).status, 200);
	const issuer = client.socket.getPeerCertificate().issuer.CN;
	client.socket.end();
	const record = await gateway.record(client.localPort);
	return { record, outcome: sessionOutcome(record), isForged: !/Test/.test(String(issuer)) };
}

test("R13: a profile without an inspection service opens nothing, and the record says so", async () => {
	const { record, outcome } = await recordFor("bare.test");
	assert.deepEqual([record.decision, record.cause, outcome], ["bypass", "no-service", "bypassed"]);
	assert.match(record.fact, /no inspection service is attached, so that ssl-proxy profile inspect is bypassed/);
	assert.equal(record.clientLeg, undefined);
	assert.match(gateway.log, /no inspection service is attached: connections are relayed untouched/);
});

test("R182 R183 R188 R16 R139 R215: opened, exempt and ignored sessions have outcomes of their own", async () => {
	assert.equal((await recordFor("open.test")).outcome, "decrypted");
	const exempt = await recordFor("exempt.test");
	assert.deepEqual([exempt.record.cause, exempt.outcome], ["exempt", "not decrypted"]);
	assert.deepEqual([exempt.record.rule, exempt.record.profile], ["inspect-all", "inspect"]);
	assert.match(
		exempt.record.fact,
		/exempt\.test is covered by exempt\.test of never-decrypt-domains of decryption-policy exempt/,
	);
	const plain = await recordFor("plain.test");
	assert.deepEqual([plain.record.cause, plain.outcome], ["no-profile", "ignored"]);
});

test("R188 R215: a session with a server that is not trusted was allowed after an error, which the record names", async () => {
	const { record, outcome } = await recordFor("open.test", expired.port);
	assert.equal(outcome, "allowed after an error");
	assert.deepEqual([record.rule, record.profile], ["inspect-all", "inspect"]);
	assert.match(record.serverTrust ?? "", /expired|valid until|ended/);
});

test("then log session-close records a session whose profile records none, and hits count without records", async () => {
	await recordFor("logged.test");
	const target = `quiet.test:${origin.port}`;
	const { status } = await fetchOnce(gateway, target);
	assert.equal(status, 200);
	const hits = async () => {
		const table = await say("show security policies hit-count");
		const rows = table.matchAll(/^\d+ +any +any +(\S+) +(\d+) /gm);
		return Object.fromEntries([...rows].map(([, name = "", count]) => [name, Number(count)]));
	};
	const before = await eventually(async () => {
		const found = await hits();
		return found.quiet === 1 && found.logged === 1 && found;
	}, "the hits of both policies");
	assert.deepEqual(
		gateway.records().filter(({ server }) => server.host === "quiet.test"),
		[],
	);
	const detail = await say("show security policies policy-name logged detail");
	assert.match(detail, /Session log: session-init, session-close\n {2}Policy statistics:\n {4}Input {2}bytes +: [1-9]/);
	// A worker that dies takes nothing of it along.
	const [worker] = gateway.workers();
	process.kill(worker ?? 0, "SIGKILL");
	await eventually(() => gateway.events("WORKER_RESTARTED").length > 0, "the worker to run again");
	assert.deepEqual(await hits(), before);
	await say("clear security policies hit-count");
	assert.equal((await hits()).quiet, 0);
});
