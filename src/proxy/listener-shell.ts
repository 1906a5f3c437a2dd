/** The listening sockets of a worker: accepts clients and hands each to a session. */
import { createServer, type Server, type Socket } from "node:net";
import { formatEndpoint, parseAddress } from "#base/address.ts";
import { FaultError, fault } from "#base/fault.ts";
import type { ListenerPlan } from "#proxy/compile-listeners.ts";
import { relayHighWaterMark } from "#tls/engine-shell.ts";

/** One listener. All workers listen at the same address; the kernel spreads the clients (SO_REUSEPORT). */
export class Listener {
	readonly plan: ListenerPlan;
	readonly #server: Server;

	constructor(plan: ListenerPlan, onClient: (plan: ListenerPlan, socket: Socket) => void) {
		this.plan = plan;
		const options = { allowHalfOpen: true, noDelay: true, highWaterMark: relayHighWaterMark };
		this.#server = createServer(options, (socket) => onClient(plan, socket));
	}

	/** Listens. Rejects with a `FaultError` that names the address and the remedy. */
	open(isShared: boolean): Promise<void> {
		const { host, port } = this.plan.listen;
		return new Promise((resolve, reject) => {
			this.#server.once("error", (error: NodeJS.ErrnoException) => reject(listenFault(this.plan, error)));
			this.#server.listen({ host, port, reusePort: isShared, backlog: 1024, ipv6Only: true }, () => {
				this.#server.removeAllListeners("error");
				// A failing accept (too many open files) must not end the worker.
				this.#server.on("error", () => undefined);
				resolve();
			});
		});
	}

	/** Accepts nobody any more; the sessions go on. */
	close(): Promise<void> {
		return new Promise((resolve) => this.#server.close(() => resolve()));
	}
}

/**
 * True when a connection to the address ends at one of the gateway's own listeners. The unspecified address is the host
 * itself; a listener at the unspecified address may have any.
 */
export function isListenerAddress(plans: readonly Pick<ListenerPlan, "listen">[], host: string, port: number): boolean {
	const isWildcard = (text: string) => parseAddress(text)?.octets.every((octet) => octet === 0) === true;
	const isHere = isWildcard(host);
	return plans.some(
		({ listen }) => listen.port === port && (listen.host === host || isHere || isWildcard(listen.host)),
	);
}

function listenFault(plan: ListenerPlan, error: NodeJS.ErrnoException): FaultError {
	const where = formatEndpoint(plan.listen);
	const path = `${plan.path} listen`;
	if (error.code === "EADDRINUSE") {
		const message = `address ${where} is already in use; stop the program that listens there or change '${path}'`;
		return new FaultError(fault("ADDRESS_IN_USE", message, { cause: error.message }));
	}
	const message = `address ${where} cannot be listened at: ${error.message}; change '${path}'`;
	return new FaultError(fault("ADDRESS_UNUSABLE", message, { cause: error.message }));
}
