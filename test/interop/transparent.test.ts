/** Transparent mode over a real kernel: clients, gateway and servers in network namespaces, nginx and openssl as servers. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, type TestContext, test } from "node:test";
import {
	eventually,
	type Gateway,
	makeStateDirectory,
	Program,
	startGateway,
	startProgram,
} from "../support/gateway.ts";
import {
	exemptName,
	type Fetched,
	type FetchOptions,
	type Lab,
	labAddresses,
	labInterfaces,
	labPeers,
	makeLab,
} from "../support/lab.ts";
import { requireNamespaces } from "../support/namespaces.ts";
import { peerPath, requirePeers } from "../support/peers.ts";
import type { Outcome } from "../support/probe-child.ts";

const families = ["ipv4", "ipv6"] as const;
const gatewayCa = /^Sallyport/;
const labCa = "Lab Intermediate";
/** Port 443 is handed over as it is, port 8443 by translation. */
const both = (more = "", interfaces = "g-lan.0") => `
	transparent a { listen 15443; interfaces [ ${interfaces} ]; ${more} }
	transparent b { listen 15444; mode redirect; ports 8443; interfaces [ ${interfaces} ]; ${more} }`;

test("R5 R41: IPv4 and IPv6, by TPROXY and REDIRECT: what is to be opened is, what is exempt is not", async (t) => {
	const lab = await labOf(t);
	if (lab === undefined) return;
	const sallyport = await lab.startSallyport(t, both());
	for (const family of families) {
		for (const port of [443, 8443]) {
			const opened = fetch(lab, sallyport, { family, port });
			assert.match(opened.issuer, gatewayCa);
			assert.equal(opened.seenByServer, labAddresses.gateway[family]);
			const exempt = fetch(lab, sallyport, { family, port, name: exemptName });
			assert.deepEqual([exempt.issuer, exempt.seenByServer], [labCa, labAddresses.gateway[family]]);
		}
		// Not one of its ports: forwarded as if there were no gateway.
		assert.equal(fetch(lab, sallyport, { family, port: 9443 }).issuer, labCa);
	}
	const records = await eventually(() => {
		const found = sallyport.records();
		return found.length === 8 && found;
	}, "eight records");
	const { client, server } = labAddresses;
	for (const [listener, port] of [
		["transparent a", 443],
		["transparent b", 8443],
	] as const) {
		const own = records.filter((record) => record.listener === listener);
		assert.deepEqual(own.map(({ decision }) => decision).sort(), ["bypass", "bypass", "decrypt", "decrypt"]);
		for (const record of own) {
			const family = record.client.address.includes(":") ? "ipv6" : "ipv4";
			assert.equal(record.client.address, client[family]);
			assert.deepEqual([record.server.host, record.server.port], [server[family], port]);
		}
	}
});

test("R40: with preserve-source-address servers see the client, opened or not; nothing goes in circles", async (t) => {
	const lab = await labOf(t);
	if (lab === undefined) return;
	// The side of the servers is one of the listener's interfaces, too: what comes back must not be taken again.
	const sallyport = await lab.startSallyport(t, both("preserve-source-address;", "g-lan.0 g-net.0"));
	for (const family of families) {
		for (const port of [443, 8443]) {
			const opened = fetch(lab, sallyport, { family, port });
			assert.match(opened.issuer, gatewayCa);
			assert.equal(opened.seenByServer, labAddresses.client[family]);
			const exempt = fetch(lab, sallyport, { family, port, name: exemptName });
			assert.deepEqual([exempt.issuer, exempt.seenByServer], [labCa, labAddresses.client[family]]);
		}
	}
	// A router behind the gateway that sends back what the gateway sends it.
	lab.server.sysctl({ "ipv4/ip_forward": 1 });
	lab.gateway.ip("route add 198.51.100.0/24 via 192.0.2.10");
	const circled = lab.fetch(sallyport.caPem, { address: "198.51.100.9", maxSeconds: 3 });
	assert.notEqual(circled.status, 0);
	lab.gateway.ip("route del 198.51.100.0/24");
	lab.server.sysctl({ "ipv4/ip_forward": 0 });
	const records = await eventually(() => {
		const found = sallyport.records().filter(({ server }) => server.host === "198.51.100.9");
		return found.length > 0 && found;
	}, "the record of the session that goes in circles");
	assert.equal(records.length, 1);
});

test("R42: with the servers' own certificate neither end sees that a session is opened; its record tells", async (t) => {
	const lab = await labOf(t);
	if (lab === undefined) return;
	const sallyport = await lab.startSallyport(t, both("preserve-source-address;"), {
		certificates: { own: lab.identity },
		profile: "whitelist exempt; server-certificate own;",
	});
	const fetched = fetch(lab, sallyport);
	assert.deepEqual([fetched.issuer, fetched.seenByServer], [labCa, labAddresses.client.ipv4]);
	const { decision, inspection, clientLeg, serverLeg } = await eventually(() => sallyport.records()[0], "the record");
	assert.deepEqual([decision, inspection, clientLeg?.isOwnCertificate], ["decrypt", "inspected", true]);
	assert.equal(clientLeg?.certificateSha256, serverLeg?.certificateSha256);
});

test("F14: the gateway's own addresses and the listener itself are no servers", async (t) => {
	const lab = await labOf(t);
	if (lab === undefined) return;
	const sallyport = await lab.startSallyport(t, both());
	for (const address of ["10.1.0.1", "192.0.2.1", "2001:db8:2::1"]) {
		for (const port of [443, 8443, 15_443, 15_444]) {
			const { status, errors } = lab.fetch(sallyport.caPem, { address, port, maxSeconds: 5 });
			assert.ok([7, 35].includes(status), `${address} ${port}: ${errors}`);
		}
	}
	assert.deepEqual(sallyport.records(), []);
});

test("QUIC is refused at once, other datagrams pass", async (t) => {
	const lab = await labOf(t);
	if (lab === undefined) return;
	const sallyport = await lab.startSallyport(t, both());
	const { client, server } = labAddresses;
	const flows = families.flatMap((family) =>
		[443, 444].map((port) => ({ protocol: "udp", from: client[family], to: server[family], port })),
	);
	const probe = join(import.meta.dirname, "../support/probe-child.ts");
	const words = [process.execPath, "--disable-warning=ExperimentalWarning", probe];
	// The server's host refuses what nobody listens for: to see the difference it is silent.
	lab.server.run([
		peerPath("nft"),
		"table inet silent { chain c { type filter hook input priority 0; meta l4proto udp drop; }; }",
	]);
	const batch = { flows, answered: flows.map(({ port }) => port === 443) };
	const outcomes = JSON.parse(lab.client.run(words, `${JSON.stringify(batch)}\n`)) as Outcome[];
	assert.deepEqual(outcomes, ["reject", "silent", "reject", "silent"]);
	lab.server.run([peerPath("nft"), "delete table inet silent"]);
	assert.match(lab.gateway.run([peerPath("nft"), "list", "counters"]), /counter quic \{\s+packets [2-9]/);
	// Which were no QUIC.
	assert.deepEqual(sallyport.records(), []);
});

test("QUIC that is refused is recorded with the server's name, Chromium's as well; a flood makes few records", async (t) => {
	const lab = await labOf(t);
	if (lab === undefined || !requirePeers(t, ["chromium"])) return;
	const sallyport = await lab.startSallyport(t, both());
	const { server } = labAddresses;
	const home = mkdtempSync(join(tmpdir(), "sallyport-quic-"));
	const [program, ...words] = lab.client.inside([
		peerPath("chromium"),
		..."--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking".split(" "),
		..."--disable-component-update --disable-sync --enable-quic".split(" "),
		`--user-data-dir=${home}`,
		"--origin-to-force-quic-on=quic.test:443",
		`--host-resolver-rules=MAP quic.test ${server.ipv4}`,
		"https://quic.test/",
	]);
	const browser = new Program(spawn(program, words));
	t.after(async () => {
		browser.child.kill("SIGKILL");
		await browser.ended;
		rmSync(home, { recursive: true, force: true, maxRetries: 5 });
	});
	const quic = () => sallyport.records().filter(({ ja4 }) => ja4?.startsWith("q"));
	const [record] = await eventually(() => quic().length > 0 && quic(), "the record of the browser");
	assert.deepEqual(
		[record?.sni, record?.client.address, record?.server.address, record?.decision, record?.listener],
		["quic.test", labAddresses.client.ipv4, server.ipv4, "block", "transparent a"],
	);
	const flood = join(import.meta.dirname, "../support/quic-flood-child.ts");
	lab.client.run([process.execPath, "--disable-warning=ExperimentalWarning", flood, server.ipv6, "400"]);
	await eventually(() => quic().length > 10, "records of the flood");
	await new Promise((resolve) => setTimeout(resolve, 1_000));
	assert.ok(quic().length <= 61, `${quic().length} records`);
});

test("R14: at any port; a gateway that is killed lets nothing pass, and the next start clears what it left", async (t) => {
	const lab = await labOf(t);
	if (lab === undefined) return;
	const any = "transparent any { listen 15443; interfaces g-lan.0; ports any; preserve-source-address; }";
	const state = makeStateDirectory(t);
	const first = await lab.startSallyport(t, any, { state, mayLoseWorkers: true });
	for (const port of [443, 8443, 9443]) assert.match(fetch(lab, first, { port }).issuer, gatewayCa);
	assert.match(fetch(lab, first, { port: 9443, family: "ipv6" }).body, /s_server/);
	const inForce = lab.kernelState();
	assert.match(inForce, /tproxy/);

	// A worker that dies takes its sessions and nothing else.
	for (const worker of first.workers()) process.kill(worker, "SIGKILL");
	await eventually(() => first.events("WORKER_RESTARTED").length >= 2, "both workers again");
	assert.match(fetch(lab, first).issuer, gatewayCa);

	first.program.child.kill("SIGKILL");
	await first.program.ended;
	assert.equal(lab.kernelState(), inForce);
	assert.equal(lab.fetch(first.caPem, { maxSeconds: 5 }).status, 7, "refused, not forwarded");

	// The statement is gone by then, and so is what it made.
	const explicit = await startGateway(t, { state, inside: (words) => lab.gateway.inside(words) });
	assert.equal(lab.kernelState(), lab.untouched);
	assert.equal(explicit.events("PACKET_FILTER_CLEANED")[0]?.fields.found.length, 3);
	await explicit.stop();

	const second = await lab.startSallyport(t, any, { state });
	assert.match(fetch(lab, second).issuer, gatewayCa);
	await second.stop();
	assert.equal(lab.kernelState(), lab.untouched);
	assert.equal(fetch(lab, second).issuer, labCa);
});

test("without nft a commit is refused and names the package, and the explicit proxy goes on", async (t) => {
	const lab = await labOf(t);
	if (lab === undefined) return;
	const programs = mkdtempSync(join(tmpdir(), "programs-"));
	t.after(() => rmSync(programs, { recursive: true, force: true }));
	for (const program of ["ip", "sh"]) symlinkSync(peerPath(program), join(programs, program));
	const environment = { PATH: programs };
	const inside = (words: readonly [string, ...string[]]) => lab.gateway.inside(words);
	const sallyport = await startGateway(t, { environment, inside });
	const file = join(sallyport.state, "test.conf");
	const text = readFileSync(file, "utf8");
	writeFileSync(file, text.replace("gateway {", `gateway { ${both()}`));
	sallyport.program.child.kill("SIGUSR2");
	const [refused] = await eventually(() => {
		const events = sallyport.events("CONFIGURATION_REFUSED");
		return events.length > 0 && events;
	}, "the refusal");
	assert.match(refused?.fields.reason ?? "", /the program nft is not there; .* install the package nftables/);
	const { ipv4 } = sallyport.ports;
	const through = ["--silent", "--output", "/dev/null", "--write-out", "%{http_code}", `http://127.0.0.1:${ipv4}/`];
	assert.equal(lab.gateway.run([peerPath("curl"), "--disable", "--noproxy", "*", ...through]), "200");
	assert.equal(lab.kernelState(), lab.untouched);
	await sallyport.stop();

	const late = startProgram(t, ["start", "--state", sallyport.state, "--config", file], environment, "ignore", inside);
	assert.equal(await late.ended, 1);
	assert.match(late.errors, /^sallyport: the program nft is not there;/m);
});

test("R12: what is forwarded between zones is asked about by the policies, beside a transparent listener", async (t) => {
	const lab = await labOf(t);
	if (lab === undefined) return;
	const zones = `zones { security-zone lan { interfaces { g-lan.0; } } security-zone net { interfaces { g-net.0; } } }`;
	const sallyport = await lab.startSallyport(t, both("", "g-lan.0").replace(/transparent b.*/, ""), {
		top: `${labInterfaces} applications { application tests { protocol tcp; destination-port 9443; } }`,
		security: zones,
		policies: `policy no-tests { match { source-address any; destination-address any; application tests; from-zone lan; to-zone net; }
			then { reject; } }`,
	});
	assert.match(fetch(lab, sallyport).issuer, gatewayCa);
	assert.equal(fetch(lab, sallyport, { port: 8443 }).issuer, labCa);
	assert.equal(lab.fetch(sallyport.caPem, { port: 9443, maxSeconds: 5 }).status, 7, "refused");
	const command = startProgram(t, ["cli", "--state", sallyport.state, "-c", "show security policies hit-count"]);
	await command.ended;
	assert.match(command.output, /^1 +lan +net +no-tests +1 +Reject$/m);
	// One forwarded, one through the gateway.
	assert.match(command.output, /^2 +any +any +inspect-all +2 +Permit$/m);
});

/** Inside a test `after` would end the lab with that test. */
const ends: (() => void | Promise<void>)[] = [];
const owner = { after: (end: () => void | Promise<void>) => void ends.unshift(end) };
after(async () => {
	for (const end of ends) await end();
});
let shared: Promise<Lab> | undefined;

/** The same lab for every test of the file; undefined when the test is skipped. */
async function labOf(t: TestContext): Promise<Lab | undefined> {
	if (!requireNamespaces(t, labPeers)) return undefined;
	shared ??= makeLab(owner);
	return await shared;
}

function fetch(lab: Lab, sallyport: Gateway, options: FetchOptions = {}): Fetched {
	const fetched = lab.fetch(sallyport.caPem, options);
	assert.deepEqual([fetched.status, fetched.errors], [0, ""], sallyport.program.output);
	return fetched;
}
