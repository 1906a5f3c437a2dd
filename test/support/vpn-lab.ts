/**
 * A gateway and a peer with the internet between them, as in the manual's examples of route-based VPNs, each host in a
 * network namespace of its own. Everything goes with its owner.
 *
 *     host 10.10.10.10 -- 10.10.10.1 gateway 1.1.1.2 -- 1.1.1.1 internet 2.2.2.1 -- 2.2.2.2 peer, 192.168.168.10 on its loopback
 *
 * The gateway is Sallyport as its processes; the peer is strongSwan with ESP in user space, or another Sallyport.
 */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { runCli } from "#daemon/cli-command.ts";
import { defaultConfiguration } from "#daemon/default-configuration.ts";
import { eventually, type Gateway, type GatewayOptions, type Owner, startGateway } from "./gateway.ts";
import { connect, makeNamespaces, type Namespace } from "./namespaces.ts";
import { peerPath } from "./peers.ts";
import { type SwanCredentials, strongswanSettings, writeSwanCredentials } from "./strongswan.ts";

/** The programs that must be there. */
export const vpnLabPeers = ["charon-systemd", "swanctl", "ip", "nft", "setpriv", "ping"];

export interface VpnLab {
	readonly host: Namespace;
	readonly gateway: Namespace;
	readonly internet: Namespace;
	readonly peer: Namespace;
}

export async function makeVpnLab(owner: Owner): Promise<VpnLab> {
	const names = ["host", "gateway", "internet", "peer"];
	const [host, gateway, internet, peer] = (await makeNamespaces(owner, names)) as Namespace[];
	if (host === undefined || gateway === undefined || internet === undefined || peer === undefined)
		throw new Error("a namespace is missing");
	connect(
		{ namespace: host, device: "lan", addresses: ["10.10.10.10/24"] },
		{ namespace: gateway, device: "lan", addresses: ["10.10.10.1/24"] },
	);
	connect(
		{ namespace: gateway, device: "wan", addresses: ["1.1.1.2/30", "2001:db8:1::2/64"] },
		{ namespace: internet, device: "near", addresses: ["1.1.1.1/30", "2001:db8:1::1/64"] },
	);
	connect(
		{ namespace: internet, device: "far", addresses: ["2.2.2.1/30", "2001:db8:2::1/64"] },
		{ namespace: peer, device: "wan", addresses: ["2.2.2.2/30", "2001:db8:2::2/64"] },
	);
	host.ip("route add default via 10.10.10.1");
	gateway.ip("route add default via 1.1.1.1", "route add default via 2001:db8:1::1");
	peer.ip(
		"route add default via 2.2.2.1",
		"route add default via 2001:db8:2::1",
		"address add 192.168.168.10/32 dev lo",
		"address add 192.168.168.1/32 dev lo",
	);
	for (const router of [gateway, internet, peer])
		router.sysctl({ "ipv4/ip_forward": 1, "ipv6/conf/all/forwarding": 1 });
	return { host, gateway, internet, peer };
}

/** `set` lines of the manual's IKEv2 example (4.2) as they are written, behind what its interfaces are here on Linux. */
export const manualExample: readonly string[] = [
	"set interfaces ge-0/0/0 device lan",
	"set interfaces ge-0/0/3 device wan",
	...["net", "ike", "ipsec", "policies", "flow"].flatMap((part) =>
		readFileSync(join(import.meta.dirname, `../data/junos/route-based-ikev2-set-${part}.txt`), "utf8")
			.trimEnd()
			.split("\n"),
	),
];

/** What strongSwan is told of the same tunnel. `more` and `child` are further settings. */
export function chicago(more = "", child = "", secret = "395psksecr3t"): string {
	return `connections { t {
  version = 2
  local_addrs = 2.2.2.2
  remote_addrs = 1.1.1.2
  proposals = aes128-sha1-modp1024
  ${more}
  local { auth = psk
    id = 2.2.2.2 }
  remote { auth = psk
    id = 1.1.1.2 }
  children { c { local_ts = 0.0.0.0/0
    remote_ts = 0.0.0.0/0
    esp_proposals = aes128-sha1-modp1024
    ${child} } } } }
secrets { ike-1 { secret = "${secret}" } }
`;
}

/** Sallyport in the gateway's namespace, with nothing but its default configuration and a host name. */
export async function startVpnGateway(owner: Owner, at: Namespace, options: GatewayOptions = {}): Promise<Gateway> {
	// The peers' data plane is made for ours in user space, whatever the kernel of the machine can do.
	const plane = "security { ipsec { data-plane user-space; } }";
	return await startGateway(owner, {
		inside: (words) => at.inside(words),
		configuration: () =>
			`${defaultConfiguration(false)}system { host-name gw; } services { gateway { workers 1; } } ${plane}\n`,
		...options,
	});
}

/** Runs commands of the command line; answers what they print. Throws when one of them fails. */
export async function command(gateway: Gateway, ...lines: readonly string[]): Promise<string> {
	const [output, complaints] = [collect(), collect()];
	const io = { stdout: output.stream, stderr: complaints.stream, isTerminal: false, columns: 0, environment: {} };
	const words = lines.flatMap((line) => ["-c", line]);
	const status = await runCli(["--state", gateway.state, ...words], io);
	if (status !== 0 || complaints.text() !== "")
		throw new Error(`${lines.join("; ")}: ${output.text()}${complaints.text()}`);
	return output.text();
}

function collect() {
	const stream = new PassThrough();
	const parts: Buffer[] = [];
	stream.on("data", (part: Buffer) => parts.push(part));
	return { stream, text: () => Buffer.concat(parts).toString() };
}

/** Commits statements; answers what the commit printed. */
export function commit(gateway: Gateway, lines: readonly string[]): Promise<string> {
	return command(gateway, "configure", ...lines, "commit and-quit");
}

/** strongSwan in the peer's namespace. */
export class Charon {
	readonly #folder: string;
	readonly #process: ChildProcess;

	static async start(owner: Owner, at: Namespace, connection: string, credentials?: SwanCredentials): Promise<Charon> {
		const folder = mkdtempSync(join(tmpdir(), "charon-"));
		mkdirSync(join(folder, "swanctl"));
		if (credentials !== undefined) writeSwanCredentials(folder, credentials);
		// Routes of the main table go first: those for 0.0.0.0/0 would take the datagrams of IKE, too.
		writeFileSync(join(folder, "strongswan.conf"), strongswanSettings(folder, "routing_table_prio = 40000"));
		writeFileSync(join(folder, "swanctl/swanctl.conf"), connection);
		const [program, ...words] = at.inside([peerPath("setpriv"), "--pdeathsig", "KILL", peerPath("charon-systemd")]);
		const child = spawn(program as string, words, {
			env: { ...process.env, STRONGSWAN_CONF: join(folder, "strongswan.conf") },
			stdio: "ignore",
		});
		const charon = new Charon(folder, child);
		owner.after(async () => {
			await charon.kill();
			rmSync(folder, { recursive: true, force: true });
		});
		await eventually(() => existsSync(join(folder, "charon.vici")), "charon's socket");
		await charon.control("--load-all", "--noprompt");
		// The device is there by now; what is routed to it goes into the tunnel.
		at.ip(
			"route replace 10.10.10.0/24 dev ipsec0 src 192.168.168.1",
			"route replace 10.11.11.0/24 dev ipsec0 src 192.168.168.1",
		);
		return charon;
	}

	constructor(folder: string, child: ChildProcess) {
		this.#folder = folder;
		this.#process = child;
	}

	/** Other connections from now on. */
	async load(connection: string): Promise<void> {
		writeFileSync(join(this.#folder, "swanctl/swanctl.conf"), connection);
		await this.control("--load-all", "--noprompt");
	}

	/** Runs swanctl; answers what it printed. */
	control(...words: readonly string[]): Promise<string> {
		const [first = "", ...rest] = words;
		const env = {
			...process.env,
			STRONGSWAN_CONF: join(this.#folder, "strongswan.conf"),
			SWANCTL_DIR: join(this.#folder, "swanctl"),
		};
		const socket = `unix://${join(this.#folder, "charon.vici")}`;
		return new Promise((resolve) => {
			const all = [first, "--uri", socket, ...rest];
			execFile(peerPath("swanctl"), all, { env, timeout: 20_000 }, (_, out, err) => resolve(`${out}${err}`));
		});
	}

	log(): string {
		const file = join(this.#folder, "log");
		return existsSync(file) ? readFileSync(file, "utf8") : "";
	}

	async kill(): Promise<void> {
		if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
		const ended = new Promise((resolve) => this.#process.once("exit", resolve));
		this.#process.kill("SIGKILL");
		await ended;
	}
}

/** Has a router drop what it forwards, until the answer is called: everything, or what `match` says. */
export function cutOff(router: Namespace, match = ""): () => void {
	const nft = (words: readonly string[], input = "") => router.run([peerPath("nft"), ...words], input);
	nft(["-f", "-"], `table inet cut {\n chain c {\n type filter hook forward priority 0\n ${match} drop\n }\n}\n`);
	return () => void nft(["delete", "table", "inet", "cut"]);
}

/** A web server that gives the files of a folder, and the same for every method; its base address. */
export async function serveFiles(owner: Owner, at: Namespace, address: string, folder: string): Promise<string> {
	const server = startNode(owner, at, `(${fileServer})(${JSON.stringify({ address, folder })})`);
	await new Promise((resolve) => server.stdout?.once("data", resolve));
	return `http://${address}:8080/`;
}

/** True when an echo comes back. */
export function pings(from: Namespace, to: string, ...words: readonly string[]): boolean {
	return from.try([peerPath("ping"), "-c", "1", "-W", "1", ...words, to]).status === 0;
}

/** Sends octets from the host behind the gateway to one behind the peer over TCP, and has them sent back. */
export async function echoes(owner: Owner, lab: VpnLab, octets: number): Promise<boolean> {
	const server = startNode(owner, lab.peer, echoServer);
	await new Promise((resolve) => server.stdout?.once("data", resolve));
	const client = startNode(owner, lab.host, `${echoClient}(${octets})`);
	let said = "";
	client.stdout?.on("data", (chunk: Buffer) => {
		said += chunk;
	});
	await new Promise((resolve) => client.once("close", resolve));
	server.kill("SIGKILL");
	return said === "same";
}

function startNode(owner: Owner, at: Namespace, program: string) {
	const [first, ...rest] = at.inside([process.execPath, "-e", program]);
	const child = spawn(first as string, rest, { stdio: ["ignore", "pipe", "inherit"] });
	owner.after(() => void child.kill("SIGKILL"));
	return child;
}

const echoServer = `require("net").createServer({ allowHalfOpen: true }, (socket) => socket.on("error", () => {}).pipe(socket))
	.listen(7000, "192.168.168.10", () => console.log("up"))`;
const fileServer = `({ address, folder }) => require("http").createServer((request, response) => {
	request.resume();
	require("fs").readFile(folder + request.url, (error, octets) => error ? response.writeHead(404).end() : response.end(octets));
}).listen(8080, address, () => console.log("up"))`;
const echoClient = `(function echo(octets) {
	const sent = require("crypto").randomBytes(octets), back = [];
	const socket = require("net").connect(7000, "192.168.168.10", () => socket.end(sent));
	socket.setTimeout(20000, () => socket.destroy());
	socket.on("error", () => {}).on("data", (chunk) => back.push(chunk));
	socket.on("close", () => process.stdout.write(Buffer.concat(back).equals(sent) ? "same" : "other"));
})`;
