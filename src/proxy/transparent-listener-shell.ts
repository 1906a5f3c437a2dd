/** The sockets of a worker that accept what the packet filter hands over, each connection with where it was going. */
import { createServer, type Server, type Socket } from "node:net";
import { type Address, formatAddress, isLoopback, parseAddress } from "#base/address.ts";
import { FaultError, fault } from "#base/fault.ts";
import { type Linux, LinuxError } from "#base/linux.ts";
import type { AddressPort } from "#base/socket-address.ts";
import type { TransparentPlan } from "#proxy/compile-transparent.ts";
import { relayHighWaterMark } from "#tls/engine-shell.ts";

export interface TransparentListenerPorts {
	/** `destination` is the address and port that the client connected to. */
	taken(plan: TransparentPlan, socket: Socket, destination: AddressPort): void;
	/** Somebody connected to the listener itself, or was gone before it could be seen where to; it is closed. */
	strayed(plan: TransparentPlan): void;
}

/** One listener: a socket of each family that this host speaks. All workers share the port (SO_REUSEPORT). */
export class TransparentListener {
	readonly plan: TransparentPlan;
	readonly #linux: Linux;
	readonly #ports: TransparentListenerPorts;
	readonly #servers: Server[] = [];

	constructor(plan: TransparentPlan, linux: Linux, ports: TransparentListenerPorts) {
		this.plan = plan;
		this.#linux = linux;
		this.#ports = ports;
	}

	/** Listens. Rejects with a `FaultError` that names the port and the remedy; then no socket is left. */
	async open(isShared: boolean): Promise<void> {
		try {
			for (const family of [4, 6] as const) await this.#open(family, isShared);
			if (this.#servers.length === 0) throw new LinuxError("socket", "EAFNOSUPPORT");
		} catch (error) {
			await this.close();
			throw listenFault(this.plan, error);
		}
	}

	/** Accepts nobody any more; the sessions go on. */
	async close(): Promise<void> {
		const closing = this.#servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve)));
		await Promise.all(closing);
	}

	async #open(family: 4 | 6, isShared: boolean): Promise<void> {
		const fd = this.#listeningSocket(family, isShared);
		if (fd === undefined) return;
		const options = { allowHalfOpen: true, noDelay: true, highWaterMark: relayHighWaterMark };
		const server = createServer(options, (socket) => this.#accepted(socket, family));
		await new Promise<void>((resolve, reject) => {
			server.once("error", reject);
			server.listen({ fd, backlog }, () => {
				server.removeAllListeners("error");
				// A failing accept (too many open files) must not end the worker.
				server.on("error", () => undefined);
				resolve();
			});
		});
		this.#servers.push(server);
	}

	/** Undefined when this host does not speak the family. */
	#listeningSocket(family: 4 | 6, isShared: boolean): number | undefined {
		const { mode, port } = this.plan;
		const isTransparent = mode === "tproxy";
		// A translated connection arrives at an address of its interface; the others are handed to a socket by name, which
		// nobody outside this host can reach.
		const text = isTransparent ? loopback[family] : anyAddress[family];
		const address = parseAddress(text) as Address;
		try {
			return this.#linux.listeningSocket({ address, port, isTransparent, isShared, backlog });
		} catch (error) {
			const isAbsent = error instanceof LinuxError && absent.has(error.code);
			if (family === 6 && isAbsent) return undefined;
			throw error;
		}
	}

	#accepted(socket: Socket, family: 4 | 6): void {
		const destination = this.#destinationOf(socket, family);
		if (destination !== undefined && !this.#isHere(socket, destination)) {
			return this.#ports.taken(this.plan, socket, destination);
		}
		socket.on("error", () => undefined);
		socket.resetAndDestroy();
		this.#ports.strayed(this.plan);
	}

	/** Undefined when the client is gone again already. */
	#destinationOf(socket: Socket, family: 4 | 6): AddressPort | undefined {
		const address = parseAddress(socket.localAddress ?? "");
		if (address === undefined) return undefined;
		if (this.plan.mode === "tproxy") return { address, port: socket.localPort ?? 0 };
		const { fd } = (socket as unknown as { readonly _handle: { readonly fd: number } })._handle;
		try {
			return this.#linux.originalDestination(fd, family);
		} catch {
			return undefined;
		}
	}

	/**
	 * True for a connection that nobody took: it was going to the listener. A connection that was taken by TPROXY has the
	 * same destination as local address, but that is never an address of the listener.
	 */
	#isHere(socket: Socket, { address, port }: AddressPort): boolean {
		if (port !== this.plan.port) return false;
		return this.plan.mode === "tproxy" ? isLoopback(address) : formatAddress(address) === socket.localAddress;
	}
}

function listenFault({ name, path: statement, port, mode }: TransparentPlan, error: unknown): FaultError {
	const path = `${statement} listen`;
	const cause = error instanceof Error ? error.message : String(error);
	const code = error instanceof LinuxError ? error.code : undefined;
	if (code === "EADDRINUSE") {
		const message = `port ${port} is already in use; stop the program that listens there or change '${path}'`;
		return new FaultError(fault("ADDRESS_IN_USE", message, { cause }));
	}
	const remedy =
		code === "EPERM"
			? "run the gateway as root or with CAP_NET_ADMIN"
			: `change '${path}', or see whether this kernel can do mode ${mode}`;
	const message = `port ${port} cannot be listened at for ${name}: ${cause}; ${remedy}`;
	return new FaultError(fault("ADDRESS_UNUSABLE", message, { cause }));
}

const backlog = 1_024;
const loopback = { 4: "127.0.0.1", 6: "::1" } as const;
const anyAddress = { 4: "0.0.0.0", 6: "::" } as const;
/** IPv6 is not in the kernel, or switched off. */
const absent = new Set(["EAFNOSUPPORT", "EADDRNOTAVAIL", "ENOPROTOOPT"]);
