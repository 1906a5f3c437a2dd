/**
 * The socket of a datagram listener: gives each datagram to its flow, and begins one for each ClientHello of a stranger.
 *
 * One worker has these listeners: the kernel spreads datagrams over the sockets of an address by a hash that changes when a worker
 * ends or comes, and all flows would lose their way then.
 */
import { createSocket, type RemoteInfo, type Socket, type SocketOptions } from "node:dgram";
import { formatEndpoint, parseAddress } from "#base/address.ts";
import { FaultError, fault } from "#base/fault.ts";
import type { Decision } from "#policy/evaluate.ts";
import type { DatagramPlan } from "#proxy/compile-datagram.ts";
import type { DatagramFlow, FlowPorts } from "#proxy/datagram-flow.ts";
import { type FlowOwner, FlowShell } from "#proxy/datagram-flow-shell.ts";
import { beginsFlow, type FlowPlace, FlowTable } from "#proxy/flow-table.ts";
import type { ProxyProfile } from "#proxy/profile.ts";
import type { Resolver } from "#proxy/resolver-shell.ts";
import type { SessionClient } from "#proxy/session-event.ts";
import type { GatewayEvent } from "#telemetry/event-table.ts";
import type { SessionRecord } from "#telemetry/session-record.ts";

/** A flow that a worker takes on. */
export interface AdmittedFlow {
	readonly resolver: Resolver;
	begin(ports: FlowPorts): DatagramFlow;
	/** The flow has ended. */
	released(): void;
}

/** What a listener asks of its worker. */
export interface DatagramListenerPorts {
	/** Undefined when the worker takes no more on. */
	admit(plan: DatagramPlan, client: SessionClient, now: number): AdmittedFlow | undefined;
	tell(event: GatewayEvent): void;
	ended(record: SessionRecord, decision: Decision<ProxyProfile> | undefined): void;
	/** A datagram that is of no flow and begins none, or that there is no room for. */
	strayed(): void;
	/** A flow that proved nothing gave way to others, or left no record for there were too many such. */
	unrecorded(): void;
}

export class DatagramListener {
	/** Another of the same address may take its place. */
	plan: DatagramPlan;
	readonly #ports: DatagramListenerPorts;
	readonly #socket: Socket;
	readonly #table = new FlowTable<FlowShell>();
	readonly #owner: FlowOwner;
	#unprovenRecords = 0;

	constructor(plan: DatagramPlan, ports: DatagramListenerPorts) {
		this.plan = plan;
		this.#ports = ports;
		const isIpv6 = plan.listen.host.includes(":");
		// Clients are known by address: without this, each datagram would wait for a look-up, and the last ones of a flow get lost.
		const lookup: SocketOptions["lookup"] = (address, _, callback) => callback(null, address, isIpv6 ? 6 : 4);
		this.#socket = createSocket({ type: isIpv6 ? "udp6" : "udp4", lookup, ...(isIpv6 ? { ipv6Only: true } : {}) });
		this.#owner = {
			sendClient: (datagram, { source, port }) => this.#send(datagram, source, port),
			tell: (event) => ports.tell(event),
			proved: (flow) => this.#table.proved(flow, flow.place)?.machine.end("its client began another", Date.now()),
			ended: (flow, record) => this.#ended(flow, record),
		};
	}

	/** Listens. Rejects with a `FaultError` that names the address and the remedy. */
	async open(): Promise<void> {
		const { host: address, port } = this.plan.listen;
		const { promise, resolve, reject } = Promise.withResolvers<void>();
		const socket = this.#socket;
		socket.once("error", (error: NodeJS.ErrnoException) => reject(listenFault(this.plan, error)));
		socket.bind({ address, port, exclusive: true }, resolve);
		await promise;
		socket.removeAllListeners("error");
		// What ICMP tells of one client must not end the others.
		socket.on("error", ignoreError);
		socket.on("message", (datagram, from) => this.#received(datagram, from));
	}

	/** Ends the flows too: without the socket their clients are not heard. */
	close(why: string): void {
		const now = Date.now();
		for (const flow of [...this.#table.flows()]) this.#endFlow(flow, why, now);
		this.#socket.close();
	}

	/** Called about once a second. */
	tick(now: number): void {
		this.#unprovenRecords = 0;
		for (const flow of [...this.#table.flows()]) {
			if (flow.machine.deadline <= now) flow.machine.tick(now);
			this.#settle(flow);
		}
	}

	#received(datagram: Uint8Array, { address: source, port }: RemoteInfo): void {
		// Nobody can be answered there, and the runtime throws at the attempt.
		if (port === 0) return this.#ports.strayed();
		const now = Date.now();
		const key = `${source} ${port}`;
		const flow = this.#table.find(key, datagram) ?? this.#begin({ key, source, port }, datagram, now);
		if (flow === undefined) return this.#ports.strayed();
		const other = this.#table.findOther(key, datagram);
		flow.machine.fromClient(datagram, now);
		this.#settle(flow);
		if (other === undefined) return;
		other.machine.fromClient(datagram, now);
		this.#settle(other);
	}

	#begin(place: FlowPlace, datagram: Uint8Array, now: number): FlowShell | undefined {
		const address = parseAddress(place.source);
		if (address === undefined || !beginsFlow(this.plan.way, datagram)) return undefined;
		if (!this.#table.mayBegin(place.source)) return undefined;
		const reachedAt = formatEndpoint(this.plan.listen);
		const admitted = this.#ports.admit(this.plan, { address, port: place.port, reachedAt }, now);
		if (admitted === undefined) return undefined;
		const { resolver } = admitted;
		const flow = new FlowShell(
			place,
			this.#owner,
			resolver,
			(ports) => admitted.begin(ports),
			() => admitted.released(),
		);
		const displaced = this.#table.add(place, flow);
		if (displaced !== undefined) {
			displaced.isDisplaced = true;
			displaced.machine.end("it gave way to others", now);
		}
		return flow;
	}

	#settle(flow: FlowShell): void {
		if (flow.machine.isGone) this.#table.remove(flow, flow.place);
	}

	#endFlow(flow: FlowShell, why: string, now: number): void {
		flow.machine.end(why, now);
		this.#settle(flow);
	}

	#ended({ isDisplaced, machine }: FlowShell, record: SessionRecord): void {
		// Whoever forges addresses must not fill the event store.
		const isUnproven = !machine.isProven;
		const isTooMany = isUnproven && ++this.#unprovenRecords > maxUnprovenRecords;
		if (isDisplaced || isTooMany) return this.#ports.unrecorded();
		this.#ports.ended(record, machine.decision);
	}

	#send(datagram: Uint8Array, source: string, port: number): void {
		if (this.#socket.getSendQueueSize() > maxQueuedOctets) return;
		this.#socket.send(datagram, port, source, ignoreError);
	}
}

function listenFault({ listen, path }: DatagramPlan, { code, message: cause }: NodeJS.ErrnoException): FaultError {
	const where = `UDP address ${formatEndpoint(listen)}`;
	if (code === "EADDRINUSE") {
		const message = `${where} is already in use; stop the program that listens there or change '${path} listen'`;
		return new FaultError(fault("ADDRESS_IN_USE", message, { cause }));
	}
	const message = `${where} cannot be listened at: ${cause}; change '${path} listen'`;
	return new FaultError(fault("ADDRESS_UNUSABLE", message, { cause }));
}

function ignoreError(): void {}

/** Of all flows, waiting for the system to take them. */
const maxQueuedOctets = 4_194_304;
/** In about a second. */
const maxUnprovenRecords = 100;
