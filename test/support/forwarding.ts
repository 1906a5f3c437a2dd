/**
 * A host that forwards between four networks, of four zones, and what is at both ends of it.
 *
 *     clients 10.1.0.10-13 -- trust --+        +-- dmz -- 10.3.0.10-13 servers
 *                                     |gateway |
 *     clients 10.2.0.10-13 -- guest --+        +-- net -- 10.4.0.10-13 servers
 *
 * The same with 2001:db8:N::10-13. Servers answer at every port of TCP and at those of UDP that are given.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Owner } from "./gateway.ts";
import { connect, makeNamespaces, type Namespace } from "./namespaces.ts";
import { peerPath } from "./peers.ts";
import type { Outcome, ProbeBatch } from "./probe-child.ts";

export interface ForwardingRig {
	readonly gateway: Namespace;
	probe(batch: ProbeBatch): Promise<readonly Outcome[]>;
}

/** Zones by their networks; each has an interface `g-ZONE` at the gateway. */
export const zoneNetworks = { trust: 1, guest: 2, dmz: 3, net: 4 } as const;
export type ZoneName = keyof typeof zoneNetworks;

/** The addresses of clients or servers in a zone. */
export function hostsOf(zone: ZoneName, family: 4 | 6): readonly string[] {
	const network = zoneNetworks[zone];
	const hosts = ["10", "11", "12", "13"];
	return hosts.map((host) => (family === 4 ? `10.${network}.0.${host}` : `2001:db8:${network}::${host}`));
}

/** The statements of the gateway's interfaces and zones. */
export function zoneStatements(): { readonly interfaces: string; readonly zones: string } {
	const names = Object.keys(zoneNetworks) as ZoneName[];
	const units = names.map((zone) => {
		const [ipv4, ipv6] = gatewayAddresses(zone);
		return `g-${zone} { unit 0 { family { inet { address ${ipv4}; } inet6 { address ${ipv6}; } } } }`;
	});
	return {
		interfaces: `interfaces { ${units.join(" ")} }`,
		zones: `zones { ${names.map((zone) => `security-zone ${zone} { interfaces { g-${zone}.0; } }`).join(" ")} }`,
	};
}

export async function makeForwardingRig(owner: Owner, udpPorts: readonly number[]): Promise<ForwardingRig> {
	const [clients, gateway, servers] = (await makeNamespaces(owner, ["clients", "gateway", "servers"])) as [
		Namespace,
		Namespace,
		Namespace,
	];
	for (const [zone, network] of Object.entries(zoneNetworks) as [ZoneName, number][]) {
		const namespace = network <= 2 ? clients : servers;
		const addresses = [...hostsOf(zone, 4).map((one) => `${one}/24`), ...hostsOf(zone, 6).map((one) => `${one}/64`)];
		connect(
			{ namespace: gateway, device: `g-${zone}`, addresses: gatewayAddresses(zone) },
			{ namespace, device: `x-${zone}`, addresses },
		);
		// What comes from a network's addresses goes by that network's router.
		namespace.ip(
			`rule add from 10.${network}.0.0/24 lookup ${network}`,
			`route add default via 10.${network}.0.1 table ${network}`,
		);
		const ip6 = [peerPath("ip"), "-6"];
		namespace.run([...ip6, "rule", "add", "from", `2001:db8:${network}::/64`, "lookup", String(network)]);
		const route = ["route", "add", "default", "via", `2001:db8:${network}::1`, "dev", `x-${zone}`];
		namespace.run([...ip6, ...route, "table", String(network)]);
	}
	gateway.sysctl({ "ipv4/ip_forward": 1, "ipv6/conf/all/forwarding": 1 });
	// Refusals are not to be limited.
	gateway.sysctl({ "ipv4/icmp_ratelimit": 0, "ipv6/icmp/ratelimit": 0 });
	const translation = "chain c { type nat hook prerouting priority -100; meta l4proto tcp redirect to :9000; }";
	servers.run([peerPath("nft"), `table inet answer { ${translation}; }`]);
	const hosts = (["dmz", "net"] as const).flatMap((zone) => [...hostsOf(zone, 4), ...hostsOf(zone, 6)]);
	const answering = startChild(owner, servers, ["answer-child.ts", "9000", hosts.join(","), udpPorts.join(",")]);
	await once(answering.stdout as NodeJS.ReadableStream, "data");
	const prober = startChild(owner, clients, ["probe-child.ts"]);
	const answers = createInterface({ input: prober.stdout as NodeJS.ReadableStream });
	const dead = once(prober, "exit").then((): never => {
		throw new Error("the program that probes has ended");
	});
	dead.catch(() => undefined);
	return {
		gateway,
		probe: async (batch) => {
			const answer = once(answers, "line") as Promise<[string]>;
			prober.stdin?.write(`${JSON.stringify(batch)}\n`);
			return JSON.parse((await Promise.race([answer, dead]))[0]) as readonly Outcome[];
		},
	};
}

function gatewayAddresses(zone: ZoneName): readonly [string, string] {
	const network = zoneNetworks[zone];
	return [`10.${network}.0.1/24`, `2001:db8:${network}::1/64`];
}

function startChild(owner: Owner, namespace: Namespace, [file = "", ...args]: readonly string[]): ChildProcess {
	const node = [process.execPath, "--disable-warning=ExperimentalWarning", join(import.meta.dirname, file), ...args];
	const [program, ...rest] = namespace.inside(node);
	const child = spawn(program, rest, { stdio: ["pipe", "pipe", "inherit"] });
	owner.after(async () => {
		if (child.exitCode !== null) return;
		child.kill("SIGKILL");
		await once(child, "exit");
	});
	return child;
}
