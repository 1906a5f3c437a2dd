/**
 * How connections come to the transparent listeners: the rules that hand them over, in the JSON of libnftables-json(5).
 *
 *     prerouting (mangle)   packets of our own sockets -> here; own connections, own addresses -> left alone;
 *                           what a listener takes -> its socket (TPROXY); where it does not listen -> reset
 *     prerouting (nat)      what a listener takes by translation -> its port (REDIRECT)
 *     input                 such a port answers nobody who was not translated
 *     output                connections that the gateway makes are remembered as its own
 *     forward               QUIC of these clients is refused, so that they come back over TCP
 *
 * Where nobody listens connections are reset and not forwarded: a gateway that crashed lets nothing pass unseen.
 */
import { divertMark } from "#base/packet-mark.ts";
import { deviceOf } from "#firewall/interface-device.ts";
import type { Interfaces } from "#firewall/interfaces-schema.ts";
import type { NftJson } from "#firewall/nft-addresses.ts";
import { type QuicRefusal, refusalPrefix } from "#firewall/refused-quic.ts";
import type { PortRange } from "#policy/application-types.ts";
import type { ProxyConfig } from "#proxy/schema.ts";

/** What connections come from. */
export interface DivertConfig {
	readonly interfaces: Interfaces;
	readonly services: { readonly gateway: Pick<ProxyConfig["services"]["gateway"], "transparent"> };
}

/** One transparent listener, as the packet filter sees it. */
export interface DivertListener {
	readonly name: string;
	readonly mode: "tproxy" | "redirect";
	/** Where it listens. */
	readonly port: number;
	/** Devices of Linux at which its clients arrive. */
	readonly devices: readonly string[];
	/** Destination ports that it takes; undefined for every port. */
	readonly ports: readonly PortRange[] | undefined;
	readonly refusesQuic: boolean;
}

/** Interfaces without a device have no clients; a commit warns of them. */
export function divertListeners({ interfaces, services }: DivertConfig): readonly DivertListener[] {
	return [...services.gateway.transparent].flatMap(([name, statement]) => {
		const devices = statement.interfaces.flatMap((one) => deviceOf(interfaces, one) ?? []);
		if (devices.length === 0) return [];
		const ports = statement.ports.filter((one) => one !== "any");
		return [
			{
				name,
				mode: statement.mode,
				port: statement.listen,
				devices: [...new Set(devices)].sort(),
				ports: ports.length < statement.ports.length ? undefined : ports,
				refusesQuic: statement.quic === "reject",
			},
		];
	});
}

/** Chains and rules, to be added to a table that is empty; nothing when nobody listens. */
export function divertCommands(
	listeners: readonly DivertListener[],
	families: readonly IpFamily[],
	ownMark: number,
): readonly NftJson[] {
	if (listeners.length === 0) return [];
	const chains = Object.entries(hooks).map(([name, hook]) => ({ add: { chain: { ...table, name, ...hook } } }));
	const refusing = listeners.filter(({ refusesQuic }) => refusesQuic);
	return [
		...chains,
		...rulesBefore(ownMark),
		...listeners.flatMap((one) => takingRules(one, families)),
		...refusing.flatMap(quicRules),
	];
}

/** HTTP/3: UDP to port 443, whoever sends it. */
const isQuic: NftJson = is({ payload: { protocol: "udp", field: "dport" } }, 443);

/** Of rules that log. The same number as that of the routing rule and table. */
export const packetLogGroup = 23_057;

/**
 * What becomes of it where these matches hold, one list of expressions a rule: some of it is logged for the records; all of it is
 * counted, and answered so that the client tries TCP at once.
 */
export function refusedQuic(matches: readonly NftJson[], refusal: QuicRefusal): readonly (readonly NftJson[])[] {
	const log = { prefix: refusalPrefix(refusal), group: packetLogGroup, snaplen: 2_048, "queue-threshold": 1 };
	return [
		[...matches, isQuic, { limit: { rate: 100, burst: 200, per: "second" } }, { log }],
		[...matches, isQuic, { counter: "quic" }, { reject: { type: "icmpx", expr: "port-unreachable" } }],
	];
}

export type IpFamily = "ipv4" | "ipv6";

/**
 * What is not taken: packets of sockets that are here, connections to and from addresses of this host, and those that the
 * gateway made from a client's address and a router sent back to it.
 */
function rulesBefore(ownMark: number): readonly NftJson[] {
	const fibType = (side: "saddr" | "daddr"): NftJson => is({ fib: { result: "type", flags: [side] } }, "local");
	const isOwn = [is({ ct: { key: "mark" } }, ownMark), is({ ct: { key: "direction" } }, "original")];
	return [
		rule("divert", is({ socket: { key: "transparent" } }, 1), ...mark(divertMark), accept),
		rule("divert", ...isOwn, leave),
		...(["divert", "translate"] as const).flatMap((chain) => [
			rule(chain, fibType("saddr"), leave),
			rule(chain, fibType("daddr"), leave),
		]),
		rule("own", is({ meta: { key: "mark" } }, ownMark), { mangle: { key: { ct: { key: "mark" } }, value: ownMark } }),
	];
}

/** The rules that take connections of a listener's clients. */
function takingRules(listener: DivertListener, families: readonly IpFamily[]): readonly NftJson[] {
	const taken = [arrivesAt(listener.devices), toPorts(listener.ports)];
	if (listener.mode === "redirect") {
		return [
			rule("translate", ...taken, { redirect: { port: listener.port } }),
			rule("guard", is(dport, listener.port), not({ ct: { key: "status" } }, "dnat"), reset),
		];
	}
	// Packets of connections that began before are taken, too: half a connection cannot be inspected.
	const tproxy = families.map((family) => {
		const { nftFamily: name, address: addr } = loopback[family];
		const hand = { tproxy: { family: name, addr, port: listener.port } };
		return rule("divert", is({ meta: { key: "nfproto" } }, family), ...taken, hand, ...mark(divertMark), accept);
	});
	return [...tproxy, rule("divert", ...taken, reset)];
}

function quicRules({ devices, name }: DivertListener): readonly NftJson[] {
	return refusedQuic([arrivesAt(devices)], { kind: "listener", name }).map((expr) => rule("quic", ...expr));
}

function arrivesAt(devices: readonly string[]): NftJson {
	return is({ meta: { key: "iifname" } }, { set: devices });
}

function toPorts(ports: readonly PortRange[] | undefined): NftJson {
	if (ports === undefined) return is({ meta: { key: "l4proto" } }, 6);
	return is(dport, { set: ports.map(({ from, to }) => (from === to ? from : { range: [from, to] })) });
}

function rule(chain: keyof typeof hooks, ...expr: readonly NftJson[]): NftJson {
	return { add: { rule: { ...table, chain, expr } } };
}

function is(left: NftJson, right: unknown): NftJson {
	return { match: { op: "==", left, right } };
}

function not(left: NftJson, right: unknown): NftJson {
	return { match: { op: "!", left, right } };
}

function mark(value: number): readonly NftJson[] {
	return [{ mangle: { key: { meta: { key: "mark" } }, value } }];
}

const table = { family: "inet", table: "sallyport" } as const;
const dport = { payload: { protocol: "tcp", field: "dport" } } as const;
const accept = { accept: null } as const;
const leave = { return: null } as const;
const reset = { reject: { type: "tcp reset" } } as const;
const loopback = {
	ipv4: { nftFamily: "ip", address: "127.0.0.1" },
	ipv6: { nftFamily: "ip6", address: "::1" },
} as const;

/** Priorities are those that nft calls mangle, dstnat and filter. */
const hooks = {
	divert: { type: "filter", hook: "prerouting", prio: -150, policy: "accept" },
	translate: { type: "nat", hook: "prerouting", prio: -100, policy: "accept" },
	guard: { type: "filter", hook: "input", prio: 0, policy: "accept" },
	own: { type: "filter", hook: "output", prio: -150, policy: "accept" },
	quic: { type: "filter", hook: "forward", prio: -1, policy: "accept" },
} as const;
