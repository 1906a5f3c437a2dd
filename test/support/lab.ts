/**
 * A small network of three hosts, for tests and for `npm run lab`: a client, the gateway as its router, servers behind it.
 *
 *     client 10.1.0.2 -- 10.1.0.1 g-lan [gateway] g-net 192.0.2.1 -- 192.0.2.10 server
 *            2001:db8:1::2                                            2001:db8:2::10
 *
 * nginx answers at ports 443 and 8443 with the address that it sees as the client's, `openssl s_server` at 9443.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Gateway, type GatewayOptions, type Owner, Program, startGateway } from "./gateway.ts";
import { connect, makeNamespaces, type Namespace } from "./namespaces.ts";
import { TestCa } from "./origins.ts";
import { peerPath } from "./peers.ts";

export const labPeers = ["nft", "nginx", "curl", "openssl"];

/** Addresses of the hosts; those of the gateway are the ones that servers see. */
export const labAddresses = {
	client: { ipv4: "10.1.0.2", ipv6: "2001:db8:1::2" },
	gateway: { ipv4: "192.0.2.1", ipv6: "2001:db8:2::1" },
	server: { ipv4: "192.0.2.10", ipv6: "2001:db8:2::10" },
} as const;

/** Names of the server: sessions to the first are opened, those to the second are exempt. */
export const openName = "open.lab.test";
export const exemptName = "exempt.lab.test";

/** What a client saw, and what the server said. */
export interface Fetched {
	/** Exit status of curl. */
	readonly status: number;
	/** Common name of the issuer of the certificate that the client was shown. */
	readonly issuer: string;
	/** The address that the server saw as the client's; empty when it does not tell. */
	readonly seenByServer: string;
	/** Octets of the body. */
	readonly body: string;
	readonly errors: string;
}

export interface FetchOptions {
	readonly family?: "ipv4" | "ipv6";
	readonly port?: number;
	readonly name?: string;
	/** What the request asks for, instead of the name. */
	readonly host?: string;
	/** Where the name leads to, instead of to the server. */
	readonly address?: string;
	readonly maxSeconds?: number;
}

export class Lab {
	readonly client: Namespace;
	readonly gateway: Namespace;
	readonly server: Namespace;
	readonly ca = new TestCa("Lab");
	/** Of the servers. */
	readonly identity = this.ca.identity([openName, exemptName]);
	/** What the gateway's host held before there was a gateway. */
	readonly untouched: string;
	readonly #folder: string;
	readonly #owner: Owner;

	constructor(owner: Owner, folder: string, [client, gateway, server]: readonly [Namespace, Namespace, Namespace]) {
		this.#owner = owner;
		this.#folder = folder;
		this.client = client;
		this.gateway = gateway;
		this.server = server;
		this.untouched = this.kernelState();
	}

	/** Starts Sallyport as the router; it ends with its owner. It trusts the CA of the lab. */
	async startSallyport(owner: Owner, transparent: string, options: GatewayOptions = {}): Promise<Gateway> {
		return await startGateway(owner, {
			trust: this.ca.root.pem,
			profile: "whitelist exempt;",
			inside: (words) => this.gateway.inside(words),
			...options,
			gateway: `workers 2; ${transparent} ${options.gateway ?? ""}`,
			security: `address-book { global { address exempt dns-name ${exemptName}; } } ${options.security ?? ""}`,
		});
	}

	/** Fetches `/` with curl at the client, which trusts both CAs: the one of the lab and `trusted`, PEM. */
	fetch(
		trusted: string,
		{ family = "ipv4", port = 443, name = openName, host, address, maxSeconds = 20 }: FetchOptions = {},
	): Fetched {
		const bundle = join(this.#folder, "client-trust.pem");
		writeFileSync(bundle, `${trusted}\n${this.ca.root.pem}`);
		const at = address ?? labAddresses.server[family];
		const curl = [
			peerPath("curl"),
			"--disable",
			"--silent",
			"--show-error",
			"--verbose",
			"--noproxy",
			"*",
			"--http1.1",
		];
		const target = ["--resolve", `${name}:${port}:${at.includes(":") ? `[${at}]` : at}`, `https://${name}:${port}/`];
		const { status, output, errors } = this.client.try([
			...curl,
			"--max-time",
			String(maxSeconds),
			"--cacert",
			bundle,
			...(host === undefined ? [] : ["--header", `Host: ${host}`]),
			...target,
		]);
		return {
			status,
			issuer: /^\*\s+issuer: .*CN ?= ?([^;,\n]+)/m.exec(errors)?.[1]?.trim() ?? "",
			seenByServer: /^seen (\S+)$/m.exec(output)?.[1] ?? "",
			body: output,
			errors: errors
				.split("\n")
				.filter((line) => line.startsWith("curl:"))
				.join("\n"),
		};
	}

	/** Everything that the packet filter and the routing of the gateway's host hold, but what Linux adds by itself in time. */
	kernelState(): string {
		const [nft, ip] = [peerPath("nft"), peerPath("ip")];
		const words = [
			[nft, "list", "ruleset"],
			[ip, "rule"],
			[ip, "-6", "rule"],
			[ip, "route", "show", "table", "all"],
			[ip, "-6", "route", "show", "table", "all"],
		];
		const lines = words
			.map((command) => this.gateway.run(command))
			.join("\n")
			.split("\n");
		return lines.filter((line) => !/fe80:|ff00:/.test(line)).join("\n");
	}

	async startServers(): Promise<void> {
		writeFileSync(join(this.#folder, "chain.pem"), this.identity.cert);
		writeFileSync(join(this.#folder, "key.pem"), this.identity.key);
		writeFileSync(join(this.#folder, "nginx.conf"), nginxConfiguration(this.#folder));
		const nginx = ["-e", "stderr", "-p", this.#folder, "-c", join(this.#folder, "nginx.conf")];
		this.#serve([peerPath("nginx"), ...nginx]);
		const files = [
			"-cert",
			join(this.#folder, "chain.pem"),
			"-cert_chain",
			join(this.#folder, "chain.pem"),
			"-key",
			join(this.#folder, "key.pem"),
		];
		// It listens for one family at a time.
		for (const family of ["-4", "-6"]) {
			this.#serve([peerPath("openssl"), "s_server", family, "-accept", "9443", "-www", "-quiet", ...files]);
		}
		await this.#isServed([443, 8443, 9443]);
	}

	#serve(words: readonly string[]): void {
		const [program, ...rest] = this.server.inside(words);
		const child = spawn(program, rest, {
			stdio: ["ignore", "pipe", "pipe"],
			env: { ...process.env, OPENSSL_CONF: "/dev/null" },
		});
		const running = new Program(child);
		this.#owner.after(async () => {
			child.kill("SIGKILL");
			await running.ended;
		});
	}

	async #isServed(ports: readonly number[]): Promise<void> {
		const until = Date.now() + 15_000;
		for (const port of ports) {
			const hex = `:${port.toString(16).toUpperCase().padStart(4, "0")} `;
			const isThere = () =>
				["tcp", "tcp6"].every((table) => this.server.run(["/bin/cat", `/proc/net/${table}`]).includes(hex));
			while (!isThere()) {
				if (Date.now() > until) throw new Error(`nobody listens at port ${port} of the lab's server`);
				await new Promise((resolve) => setTimeout(resolve, 30));
			}
		}
	}
}

/** The three hosts with their wires, and the servers. All of it goes with its owner. */
export async function makeLab(owner: Owner): Promise<Lab> {
	const folder = mkdtempSync(join(tmpdir(), "sallyport-lab-"));
	owner.after(() => rmSync(folder, { recursive: true, force: true }));
	const [client, gateway, server] = (await makeNamespaces(owner, ["client", "gateway", "server"])) as [
		Namespace,
		Namespace,
		Namespace,
	];
	const { client: c, gateway: g, server: s } = labAddresses;
	connect(
		{ namespace: client, device: "c0", addresses: [`${c.ipv4}/24`, `${c.ipv6}/64`] },
		{ namespace: gateway, device: "g-lan", addresses: ["10.1.0.1/24", "2001:db8:1::1/64"] },
	);
	connect(
		{ namespace: gateway, device: "g-net", addresses: [`${g.ipv4}/24`, `${g.ipv6}/64`] },
		{ namespace: server, device: "s0", addresses: [`${s.ipv4}/24`, `${s.ipv6}/64`] },
	);
	client.ip("route add default via 10.1.0.1", "route add default via 2001:db8:1::1");
	server.ip(`route add default via ${g.ipv4}`, `route add default via ${g.ipv6}`);
	gateway.sysctl({ "ipv4/ip_forward": 1, "ipv6/conf/all/forwarding": 1 });
	const lab = new Lab(owner, folder, [client, gateway, server]);
	await lab.startServers();
	return lab;
}

/** Statements of the gateway's interfaces. */
export const labInterfaces = `interfaces {
	g-lan { unit 0 { family { inet { address 10.1.0.1/24; } inet6 { address 2001:db8:1::1/64; } } } }
	g-net { unit 0 { family { inet { address 192.0.2.1/24; } inet6 { address 2001:db8:2::1/64; } } } }
}`;

function nginxConfiguration(folder: string): string {
	const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
		(name) => `${name}_temp_path ${join(folder, name)};`,
	);
	const listen = [443, 8443].map((port) => `listen ${port} ssl; listen [::]:${port} ssl;`);
	return `
		daemon off;
		master_process off;
		pid ${join(folder, "nginx.pid")};
		events { worker_connections 64; }
		http {
			access_log off;
			${temporary.join("\n")}
			ssl_certificate ${join(folder, "chain.pem")};
			ssl_certificate_key ${join(folder, "key.pem")};
			ssl_protocols TLSv1.2 TLSv1.3;
			server { ${listen.join(" ")} default_type text/plain; location / { return 200 "seen $remote_addr\\n"; } }
		}
	`;
}
