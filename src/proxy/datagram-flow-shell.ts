/** The sockets of one flow of a datagram listener: its client's is the listener's, its server's its own. */
import { createSocket, type Socket } from "node:dgram";
import { type Address, formatAddress, formatEndpoint } from "#base/address.ts";
import { fault } from "#base/fault.ts";
import type { DatagramFlow, FlowPorts } from "#proxy/datagram-flow.ts";
import type { FlowPlace } from "#proxy/flow-table.ts";
import type { Resolver } from "#proxy/resolver-shell.ts";
import type { GatewayEvent } from "#telemetry/event-table.ts";
import type { SessionRecord } from "#telemetry/session-record.ts";

/** What a flow's shell asks of its listener. */
export interface FlowOwner {
	sendClient(datagram: Uint8Array, to: FlowPlace): void;
	tell(event: GatewayEvent): void;
	proved(flow: FlowShell): void;
	ended(flow: FlowShell, record: SessionRecord): void;
}

export class FlowShell implements FlowPorts {
	readonly place: FlowPlace;
	/** It gave way to others before it was proven: it leaves no record. */
	isDisplaced = false;
	readonly #owner: FlowOwner;
	readonly #resolver: Resolver;
	readonly #release: () => void;
	readonly #machine: DatagramFlow;
	#server: Socket | undefined;

	/** `begin` makes the flow for these ports; `release` is called when it has ended. */
	constructor(
		place: FlowPlace,
		owner: FlowOwner,
		resolver: Resolver,
		begin: (ports: FlowPorts) => DatagramFlow,
		release: () => void,
	) {
		this.place = place;
		this.#owner = owner;
		this.#resolver = resolver;
		this.#release = release;
		this.#machine = begin(this);
	}

	get machine(): DatagramFlow {
		return this.#machine;
	}

	beginsAnew(datagram: Uint8Array): boolean {
		return this.#machine.beginsAnew(datagram);
	}

	sendClient(datagram: Uint8Array): void {
		this.#owner.sendClient(datagram, this.place);
	}

	sendServer(datagram: Uint8Array): void {
		const server = this.#server;
		// A server's socket that takes no more: the network may lose datagrams, and so may we.
		if (server === undefined || server.getSendQueueSize() > maxQueuedOctets) return;
		server.send(datagram, ignoreError);
	}

	resolve(host: string): void {
		this.#resolver.resolve(host, Date.now(), (resolution) => {
			const now = Date.now();
			if (resolution.kind === "failed") this.#machine.failed(resolution.fault, now);
			else this.#machine.resolved(resolution.addresses, now);
		});
	}

	openServer(address: Address, port: number): void {
		const host = formatAddress(address);
		const socket = createSocket({ type: address.octets.length === 4 ? "udp4" : "udp6" });
		this.#server = socket;
		socket.on("message", (datagram) => this.#machine.fromServer(datagram, Date.now()));
		socket.on("error", (error: NodeJS.ErrnoException) => this.#unreachable(host, port, error));
		socket.on("connect", () => this.#machine.opened(Date.now()));
		socket.connect(port, host);
	}

	tell(event: GatewayEvent): void {
		this.#owner.tell(event);
	}

	proved(): void {
		this.#owner.proved(this);
	}

	ended(record: SessionRecord): void {
		const server = this.#server;
		this.#server = undefined;
		server?.removeAllListeners();
		server?.on("error", ignoreError);
		server?.close();
		this.#release();
		this.#owner.ended(this, record);
	}

	/** The network says that nobody listens there (ICMP), or the host has no way there. */
	#unreachable(host: string, port: number, { code, message }: NodeJS.ErrnoException): void {
		const cause = code ?? message;
		const text = `server ${formatEndpoint({ host, port })} could not be reached: ${cause}; check that it runs and that this host has a route to it`;
		this.#machine.failed(fault("SERVER_UNREACHABLE", text, { cause }), Date.now());
	}
}

function ignoreError(): void {}

/** Of one flow, waiting for the system to take them. */
const maxQueuedOctets = 262_144;
