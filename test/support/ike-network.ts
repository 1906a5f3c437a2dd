/**
 * Two or more endpoints of IKE on one virtual clock, with a network between them that can lose, delay, repeat and reorder
 * datagrams and translate addresses. The same seed gives the same run.
 */
import { createSecretKey, type KeyObject } from "node:crypto";
import { type Address, formatAddress, parseAddress, parsePrefix } from "#base/address.ts";
import { textIdentity } from "#ike/auth/identity.ts";
import { signWith } from "#ike/auth/signature.ts";
import { espProposal, ikeProposal } from "#ike/crypto/proposal.ts";
import type { LoggedAssociation } from "#ike/decryption-table.ts";
import { Endpoint } from "#ike/endpoint.ts";
import type { ChildConfig, Connection, Path } from "#ike/v2/connection.ts";
import type { ChildAssociation, EngineEffect, EngineEvent } from "#ike/v2/engine-event.ts";
import { prefixSelector } from "#ike/v2/narrow-selectors.ts";
import { defaultSettings, type EngineSettings } from "#ike/v2/settings.ts";
import { seededRandom } from "./seeded-random.ts";

export interface NetworkOptions {
	readonly seed?: string;
	/** Of a thousand datagrams. */
	readonly lost?: number;
	readonly repeated?: number;
	/** Milliseconds on the way, at least and at most; different ones reorder. */
	readonly delay?: readonly [number, number];
}

/** An event as it was given to an endpoint, and what it answered. */
export interface Played {
	readonly now: number;
	readonly event: EngineEvent;
	readonly effects: readonly EngineEffect[];
}

/** One endpoint with its data plane as a list. */
export class Node {
	readonly name: string;
	/** Another one when the node moves. */
	address: Address;
	readonly endpoint: Endpoint;
	readonly played: Played[] = [];
	readonly installed = new Map<number, ChildAssociation>();
	readonly reports: string[] = [];
	keepalives = 0;
	readonly loggedKeys: LoggedAssociation[] = [];
	/** What signs for this end. */
	signer: KeyObject | undefined;
	/** Why peers are refused when they are asked about. */
	refusal: string | undefined;
	/** Signatures and answers about peers are given so many milliseconds later. */
	signingTime = 0;

	constructor(name: string, address: Address, endpoint: Endpoint) {
		this.name = name;
		this.address = address;
		this.endpoint = endpoint;
	}

	/** How many reports there are of a kind. */
	count(kind: string): number {
		return this.reports.filter((one) => one.startsWith(`${kind}:`)).length;
	}

	get phases(): readonly string[] {
		return this.endpoint.describe().map(({ phase }) => phase);
	}
}

interface Flight {
	readonly at: number;
	readonly order: number;
	readonly to: Node;
	readonly event: EngineEvent;
}

/** What a datagram on the way becomes: itself, another, or nothing. */
export type Meddler = (datagram: Uint8Array, from: Node, path: Path) => Uint8Array | undefined;

export class Network {
	now = 1_700_000_000_000;
	readonly nodes: Node[] = [];
	meddler: Meddler = (datagram) => datagram;
	/** Addresses that others see in the place of the own one. */
	readonly translated = new Map<string, { readonly address: Address; readonly portShift: number }>();
	sent = 0;
	/** What was asked about peers' certificates. */
	readonly checks: string[] = [];
	lost: number;
	readonly #options: Required<NetworkOptions>;
	readonly #random: (octets: number) => Uint8Array;
	#flights: Flight[] = [];
	#order = 0;

	constructor(options: NetworkOptions = {}) {
		this.#options = { seed: "net", lost: 0, repeated: 0, delay: [5, 5], ...options };
		this.#random = seededRandom(`network ${this.#options.seed}`);
		this.lost = this.#options.lost;
	}

	/** Adds an endpoint at an address. */
	add(name: string, address: string, connections: readonly Connection[], settings: Partial<EngineSettings> = {}): Node {
		const random = seededRandom(`${name} ${this.#options.seed}`);
		const endpoint = new Endpoint(connections, { ...defaultSettings, ...settings }, random);
		const node = new Node(name, addressOf(address), endpoint);
		this.nodes.push(node);
		return node;
	}

	/** Gives an endpoint an event now. */
	give(node: Node, event: EngineEvent): void {
		const effects = node.endpoint.step(event, this.now);
		node.played.push({ now: this.now, event, effects });
		for (const effect of effects) this.#perform(node, effect);
	}

	/** Lets so many milliseconds pass. */
	run(milliseconds: number): void {
		const end = this.now + milliseconds;
		for (let steps = 0; ; steps++) {
			if (steps > 200_000) throw new Error("the network does not come to rest");
			const flight = this.#flights.reduce<Flight | undefined>(
				(best, one) =>
					best === undefined || one.at < best.at || (one.at === best.at && one.order < best.order) ? one : best,
				undefined,
			);
			const waiting = this.nodes.map((node) => ({ node, at: Math.max(this.now, node.endpoint.deadline()) }));
			const [timer] = waiting.sort((a, b) => a.at - b.at);
			const next = Math.min(flight?.at ?? Number.POSITIVE_INFINITY, timer?.at ?? Number.POSITIVE_INFINITY);
			if (next > end) break;
			this.now = next;
			if (flight !== undefined && flight.at === next) {
				this.#flights = this.#flights.filter((one) => one !== flight);
				this.give(flight.to, flight.event);
			} else if (timer !== undefined) this.give(timer.node, { type: "time-passed" });
		}
		this.now = end;
	}

	#perform(node: Node, effect: EngineEffect): void {
		switch (effect.type) {
			case "send-datagram":
				this.#deliver(node, effect.datagram, effect.path);
				break;
			case "send-keepalive":
				node.keepalives++;
				break;
			case "install-child":
				node.installed.set(effect.association.inboundSpi, effect.association);
				break;
			case "remove-child":
				node.installed.delete(effect.inboundSpi);
				break;
			case "move-child": {
				const child = node.installed.get(effect.inboundSpi);
				const { path, isEncapsulated } = effect;
				if (child !== undefined) node.installed.set(effect.inboundSpi, { ...child, path, isEncapsulated });
				break;
			}
			case "report":
				node.reports.push(`${effect.what}: ${effect.text}`);
				break;
			case "sign": {
				const signature = node.signer && signWith(effect.scheme, node.signer, effect.octets);
				this.#fly(node, this.now + node.signingTime, { type: "signed", sa: effect.sa, signature });
				break;
			}
			case "danger-log-keys":
				node.loggedKeys.push(effect.association);
				break;
			case "check-peer": {
				this.checks.push(`${node.name} ${effect.isAgain ? "again" : "first"} ${effect.path.length}`);
				this.#fly(node, this.now + node.signingTime, { type: "peer-checked", sa: effect.sa, refusal: node.refusal });
				break;
			}
		}
	}

	#deliver(from: Node, sent: Uint8Array, path: Path): void {
		this.sent++;
		const datagram = this.meddler(sent, from, path);
		if (datagram === undefined || this.#draw(1_000) < this.lost) return;
		const source = this.translated.get(formatAddress(from.address));
		const seen = {
			address: source?.address ?? from.address,
			port: path.local.port + (source?.portShift ?? 0),
		};
		const to = this.nodes.find((one) => {
			const translation = this.translated.get(formatAddress(one.address));
			return isSame(translation?.address ?? one.address, path.remote.address);
		});
		if (to === undefined) return;
		const shift = this.translated.get(formatAddress(to.address))?.portShift ?? 0;
		const local = { address: to.address, port: path.remote.port - shift };
		const times = this.#draw(1_000) < this.#options.repeated ? 2 : 1;
		for (let copy = 0; copy < times; copy++) {
			const [least, most] = this.#options.delay;
			const at = this.now + least + this.#draw(most - least + 1);
			const event = { type: "datagram-received", path: { local, remote: seen }, datagram } as const;
			this.#fly(to, at, event);
		}
	}

	#fly(to: Node, at: number, event: EngineEvent): void {
		this.#flights.push({ at, order: this.#order++, to, event });
	}

	#draw(limit: number): number {
		const [a, b, c] = this.#random(3) as unknown as [number, number, number];
		return (a * 65_536 + b * 256 + c) % limit;
	}
}

/** A child for two prefixes. */
export function childConfig(local: string, remote: string, more: Partial<ChildConfig> = {}): ChildConfig {
	return {
		name: "lan",
		localSelectors: [prefixSelector(prefixOf(local))],
		remoteSelectors: [prefixSelector(prefixOf(remote))],
		proposals: [espProposal("aes-256-gcm", undefined)],
		lifetime: 3_600_000,
		...more,
	};
}

/** A connection with a pre-shared key between two addresses. */
export function connection(local: string, remote: string | undefined, more: Partial<Connection> = {}): Connection {
	const key = createSecretKey(Buffer.from("a secret of both ends"));
	return {
		name: "peer",
		local: addressOf(local),
		remote: remote === undefined ? undefined : [addressOf(remote)],
		localIdentity: textIdentity(local),
		remoteIdentity: remote === undefined ? { kind: "danger-any" } : { kind: "exactly", identity: textIdentity(remote) },
		localAuthentication: { kind: "shared-key", key },
		remoteAuthentication: { kind: "shared-key", key },
		proposals: [ikeProposal("aes-256-gcm", "sha-256", "group19")],
		lifetime: 28_800_000,
		children: [],
		startsImmediately: false,
		hasNatTraversal: true,
		natKeepalive: 5_000,
		...more,
	};
}

/** Two endpoints that know each other, `a` and `b`, with one child between their networks. */
export function makePair(
	options: NetworkOptions = {},
	more: {
		readonly a?: Partial<Connection>;
		readonly b?: Partial<Connection>;
		readonly child?: Partial<ChildConfig>;
		readonly settings?: Partial<EngineSettings>;
	} = {},
): { readonly network: Network; readonly a: Node; readonly b: Node } {
	const network = new Network(options);
	const ofA = connection(addressA, addressB, {
		children: [childConfig("10.1.0.0/16", "10.2.0.0/16", more.child)],
		...more.a,
	});
	const ofB = connection(addressB, addressA, {
		children: [childConfig("10.2.0.0/16", "10.1.0.0/16", more.child)],
		...more.b,
	});
	const a = network.add("a", addressA, [ofA], more.settings);
	const b = network.add("b", addressB, [ofB], more.settings);
	return { network, a, b };
}

/** Asks `node` for the child, and lets enough time pass on a good network. */
export function bringUp(network: Network, node: Node, milliseconds = 1_000): void {
	network.give(node, { type: "tunnel-wanted", connection: "peer", child: "lan" });
	network.run(milliseconds);
}

export const addressA = "192.0.2.1";
export const addressB = "192.0.2.2";

export function addressOf(text: string): Address {
	const address = parseAddress(text);
	if (address === undefined) throw new Error(`no address: ${text}`);
	return address;
}

function prefixOf(text: string) {
	const prefix = parsePrefix(text);
	if (prefix === undefined) throw new Error(`no prefix: ${text}`);
	return prefix;
}

function isSame(one: Address, other: Address): boolean {
	return formatAddress(one) === formatAddress(other);
}
