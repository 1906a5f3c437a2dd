/** The datagram listeners of a worker: those of a new configuration are opened, those that are gone are closed. */
import { formatEndpoint } from "#base/address.ts";
import type { DatagramPlan } from "#proxy/compile-datagram.ts";
import { DatagramListener, type DatagramListenerPorts } from "#proxy/datagram-listener-shell.ts";

export class DatagramListeners {
	readonly #ports: DatagramListenerPorts;
	#listeners: readonly DatagramListener[] = [];

	constructor(ports: DatagramListenerPorts) {
		this.#ports = ports;
	}

	/**
	 * Opens the listeners that are new, then closes those that are gone; who stays at its address keeps its flows. On a
	 * `FaultError` nothing has changed.
	 */
	async listenAt(plans: readonly DatagramPlan[]): Promise<void> {
		const before = new Map(this.#listeners.map((listener) => [formatEndpoint(listener.plan.listen), listener]));
		const next: DatagramListener[] = [];
		const fresh: DatagramListener[] = [];
		try {
			for (const plan of plans) {
				const kept = before.get(formatEndpoint(plan.listen));
				const listener = kept ?? new DatagramListener(plan, this.#ports);
				next.push(listener);
				if (kept !== undefined) continue;
				fresh.push(listener);
				await listener.open();
			}
		} catch (error) {
			for (const listener of fresh) listener.close("");
			throw error;
		}
		next.forEach((listener, index) => {
			listener.plan = plans[index] ?? listener.plan;
		});
		for (const listener of this.#listeners) if (!next.includes(listener)) listener.close("its listener was removed");
		this.#listeners = next;
	}

	/** Called about once a second. */
	tick(now: number): void {
		for (const listener of this.#listeners) listener.tick(now);
	}

	close(why: string): void {
		for (const listener of this.#listeners) listener.close(why);
		this.#listeners = [];
	}
}
