/**
 * `npm run demo`: origins on loopback, the gateway before them, real requests with curl, and a table of what became of
 * each with the rule that decided. Needs no network. Exit status 1 when anything went otherwise than it should.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createSecureServer as createHttp2Server } from "node:http2";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo, Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SessionReader } from "#telemetry/session-reader-shell.ts";
import type { SessionRecord } from "#telemetry/session-record.ts";
import { freePort } from "../test/support/gateway.ts";
import { type Made, makeCertificate } from "../test/support/make-certificate.ts";

interface Story {
	readonly says: string;
	readonly host: string;
	/** What curl is expected to meet: a status, or a word of its complaint. */
	readonly expect: { readonly status?: number; readonly refusal?: RegExp };
	readonly decision: string;
	readonly arguments?: readonly string[];
	readonly path?: string;
	/** Trust nobody's certificate: the client goes on in spite of a warning, as a careless user would. */
	readonly isCareless?: boolean;
}

interface Result {
	readonly story: Story;
	/** curl's status code, and its complaint when it has one. */
	readonly seen: { readonly status: number; readonly text: string };
}

const eicar = ["X5O!P%@AP[4\\PZX54(P^)7CC)7}$", "EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"].join("");
const day = 86_400_000;

const stories: readonly Story[] = [
	{ says: "a good site", host: "good.demo.test", expect: { status: 200 }, decision: "decrypt" },
	{
		says: "a good site, TLS 1.2",
		host: "good.demo.test",
		expect: { status: 200 },
		decision: "decrypt",
		arguments: ["--tls-max", "1.2"],
	},
	{
		says: "a good site, HTTP/2",
		host: "h2.demo.test",
		expect: { status: 200 },
		decision: "decrypt",
		arguments: ["--http2"],
	},
	{
		says: "an expired certificate",
		host: "expired.demo.test",
		expect: { refusal: /issuer|expired/ },
		decision: "decrypt",
	},
	{
		says: "the same, warning ignored",
		host: "expired.demo.test",
		expect: { status: 200 },
		decision: "decrypt",
		isCareless: true,
	},
	{
		says: "a self-signed certificate",
		host: "self-signed.demo.test",
		expect: { refusal: /issuer/ },
		decision: "decrypt",
	},
	{
		says: "a certificate for another name",
		host: "wrong-name.demo.test",
		expect: { refusal: /issuer|name/ },
		decision: "decrypt",
	},
	{
		says: "a download of the EICAR test file",
		host: "virus.demo.test",
		path: "/eicar.com",
		expect: { status: 403 },
		decision: "decrypt",
	},
	{
		says: "an upload of the EICAR test file",
		host: "good.demo.test",
		expect: { status: 403 },
		decision: "decrypt",
		arguments: ["--data-binary", eicar],
	},
	{ says: "an exempt site", host: "www.bank.demo.test", expect: { status: 200 }, decision: "bypass" },
	{ says: "a forbidden site", host: "forbidden.demo.test", expect: { refusal: /403/ }, decision: "block" },
	{ says: "a name that does not exist", host: "nowhere.invalid", expect: { refusal: /502/ }, decision: "none" },
];

async function main(): Promise<number> {
	if (spawnSync("curl", ["--version"]).error !== undefined) {
		console.error("demo: curl is missing; install it (apt-get install curl) and run npm run demo again");
		return 1;
	}
	const directory = mkdtempSync(join(tmpdir(), "sallyport-demo-"));
	const servers: Server[] = [];
	let gateway: ChildProcess | undefined;
	try {
		console.log("Starting origins on loopback and the gateway before them ...\n");
		const { root, ports } = await startOrigins(servers);
		const state = join(directory, "state");
		mkdirSync(join(state, "trust"), { recursive: true });
		writeFileSync(join(state, "trust", "demo-root.pem"), root.pem);
		const clientTrust = join(directory, "demo-root.pem");
		writeFileSync(clientTrust, root.pem);
		const configuration = join(directory, "demo.conf");
		const proxyPort = await freePort();
		writeFileSync(configuration, demoConfiguration(proxyPort, [...ports.keys()]));
		const started = await startGateway(state, configuration, proxyPort);
		gateway = started.child;
		const results: Result[] = [];
		for (const story of stories) {
			const port = ports.get(story.host) ?? 443;
			const trust = story.decision === "bypass" ? clientTrust : join(state, "ca.pem");
			results.push({ story, seen: await request(story, started.proxy, port, trust) });
		}
		await stop(gateway);
		gateway = undefined;
		const reader = new SessionReader(join(state, "events.sqlite"));
		const records = reader.newest({}, stories.length).map(({ record }) => record);
		reader.close();
		return report(results, records);
	} finally {
		if (gateway !== undefined) await stop(gateway);
		for (const server of servers) server.close();
		rmSync(directory, { recursive: true, force: true });
	}
}

/** Starts one origin per host and answers their ports and the root that signed the honest ones. */
async function startOrigins(servers: Server[]): Promise<{ root: Made; ports: Map<string, number> }> {
	const root = makeCertificate({ subject: "O=Demo,CN=Demo Root", isCa: true });
	const leaf = (name: string, more: object = {}) =>
		makeCertificate({ subject: `CN=${name}`, names: [name], issuer: root, ...more });
	const now = Date.now();
	const origins: readonly (readonly [string, Made])[] = [
		["good.demo.test", leaf("good.demo.test")],
		["h2.demo.test", leaf("h2.demo.test")],
		["expired.demo.test", leaf("expired.demo.test", { notBefore: now - 60 * day, notAfter: now - 2 * day })],
		[
			"self-signed.demo.test",
			makeCertificate({ subject: "CN=self-signed.demo.test", names: ["self-signed.demo.test"] }),
		],
		["wrong-name.demo.test", leaf("elsewhere.demo.test")],
		["virus.demo.test", leaf("virus.demo.test")],
		["www.bank.demo.test", leaf("www.bank.demo.test")],
		["forbidden.demo.test", leaf("forbidden.demo.test")],
	];
	const ports = new Map<string, number>();
	for (const [name, made] of origins) ports.set(name, await startOrigin(servers, name, made));
	return { root, ports };
}

async function startOrigin(servers: Server[], name: string, made: Made): Promise<number> {
	const tls = { key: made.keyPem, cert: made.pem };
	const body = name === "virus.demo.test" ? eicar : `hello from ${name}\n`;
	const server: Server =
		name === "h2.demo.test"
			? createHttp2Server(tls, (_, outgoing) => outgoing.end(body))
			: createHttpsServer(tls, (incoming, outgoing) => {
					incoming.resume();
					outgoing.end(body);
				});
	servers.push(server);
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	return (server.address() as AddressInfo).port;
}

function demoConfiguration(proxyPort: number, hosts: readonly string[]): string {
	const mappings = hosts.map((host) => `    static-host-mapping ${host} inet 127.0.0.1;`).join("\n");
	return `system {
${mappings}
}
services {
    gateway {
        explicit-proxy demo { listen 127.0.0.1:${proxyPort}; }
        workers 1;
    }
    ssl {
        proxy {
            profile inspect {
                root-ca sallyport-ca;
                untrusted-root-ca sallyport-untrusted-ca;
                decryption-policy exemptions;
                actions { log { all; } }
            }
            decryption-policy exemptions { never-decrypt-domains *.bank.demo.test; }
        }
    }
}
security {
    address-book global {
        address forbidden dns-name forbidden.demo.test;
    }
    inspection { pattern-policy standard { patterns eicar; } }
    policies {
        global {
            policy no-forbidden-sites {
                match { source-address any; destination-address forbidden; application any; }
                then { reject; }
            }
            policy inspect-all {
                match { source-address any; destination-address any; application any; }
                then { permit { application-services { ssl-proxy { profile-name inspect; } pattern-policy standard; } } }
            }
        }
    }
}
`;
}

async function startGateway(
	state: string,
	configuration: string,
	proxyPort: number,
): Promise<{ child: ChildProcess; proxy: string }> {
	const cli = join(import.meta.dirname, "../src/daemon/cli.ts");
	const child = spawn(
		process.execPath,
		[...process.execArgv, cli, "start", "--state", state, "--config", configuration],
		{
			stdio: ["ignore", "pipe", "inherit"],
		},
	);
	await new Promise<void>((resolve, reject) => {
		child.stdout?.on("data", (octets: Buffer) => octets.toString().includes("is running") && resolve());
		child.on("exit", (code) => reject(new Error(`the gateway ended with status ${code} before it ran`)));
	});
	child.removeAllListeners("exit");
	return { child, proxy: `http://127.0.0.1:${proxyPort}` };
}

async function stop(child: ChildProcess): Promise<void> {
	if (child.exitCode !== null) return;
	const ended = new Promise((resolve) => child.once("exit", resolve));
	child.kill("SIGTERM");
	await ended;
}

/** One request with curl; answers what the user of curl sees. */
async function request(story: Story, proxy: string, port: number, trust: string): Promise<Result["seen"]> {
	const url = `https://${story.host}:${port}${story.path ?? "/"}`;
	const options = [
		"--silent",
		"--show-error",
		...["--max-time", "15"],
		...["--proxy", proxy],
		...["--noproxy", ""],
		...["--write-out", "\n%{http_code}"],
	];
	const trustOptions = story.isCareless ? ["--insecure"] : ["--cacert", trust];
	const child = spawn("curl", [...options, ...trustOptions, ...(story.arguments ?? []), url]);
	let output = "";
	let complaint = "";
	child.stdout.on("data", (octets: Buffer) => (output += octets.toString()));
	child.stderr.on("data", (octets: Buffer) => (complaint += octets.toString()));
	await new Promise((resolve) => child.once("close", resolve));
	return { status: Number(output.split("\n").at(-1)), text: complaint.split("\n")[0] ?? "" };
}

function report(results: readonly Result[], records: readonly SessionRecord[]): number {
	let wrong = 0;
	const rows = results.map(({ story, seen }, index) => {
		const record = records[index];
		const { status, refusal } = story.expect;
		const isSeen = status === undefined ? refusal?.test(seen.text) === true : seen.status === status;
		const isRight = isSeen && record?.decision === story.decision;
		if (!isRight) wrong++;
		const shown = seen.text === "" ? `${seen.status}` : seen.text.replace(/^curl: \(\d+\) /, "");
		const fact =
			record?.serverTrust === undefined || record.serverTrust === "trusted" ? record?.fact : record.serverTrust;
		const finding = record?.findings.find(({ verdict }) => verdict === "block");
		return {
			mark: isRight ? "ok" : "WRONG",
			what: story.says,
			curl: shown,
			decision: record?.decision ?? "no record",
			rule: record?.rule === "" ? "-" : (record?.rule ?? "-"),
			because:
				finding === undefined
					? fact === ""
						? (record?.faultCode ?? "")
						: (fact ?? "")
					: `${finding.service} "${finding.name}" in the ${finding.where}`,
		};
	});
	const titles = {
		mark: "",
		what: "REQUEST",
		decision: "DECISION",
		rule: "RULE",
		curl: "WHAT CURL SAW",
		because: "BECAUSE",
	};
	const limits = { mark: 5, what: 34, decision: 8, rule: 20, curl: 46, because: 90 };
	const names = Object.keys(limits) as (keyof typeof limits)[];
	const widths = names.map((name) =>
		Math.min(limits[name], Math.max(...[titles, ...rows].map((row) => row[name].length))),
	);
	const total = widths.reduce((sum, width) => sum + width + 2, -2);
	// Where the table does not fit, what curl saw and the reason stand on a line of their own.
	const isNarrow = total > (process.stdout.columns ?? total);
	for (const row of [titles, ...rows]) {
		const cells = names.map((name, index) => fit(row[name], widths[index] ?? 0));
		const line = isNarrow ? cells.slice(0, 4) : cells;
		console.log(line.join("  ").trimEnd());
		if (isNarrow && row !== titles)
			console.log(`      ${row.curl}; because ${row.because}`.slice(0, process.stdout.columns));
	}
	console.log(
		wrong === 0
			? `\nAll ${rows.length} as they should be.`
			: `\n${wrong} of ${rows.length} went otherwise than they should.`,
	);
	return wrong === 0 ? 0 : 1;
}

function fit(text: string, width: number): string {
	return (text.length > width ? `${text.slice(0, width - 1)}…` : text).padEnd(width);
}

process.exit(await main());
