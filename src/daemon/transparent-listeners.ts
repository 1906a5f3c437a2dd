/** The transparent listeners of a worker: those of a new configuration are opened, those that are gone are closed. */
import type { Linux } from "#base/linux.ts";
import { openLinux } from "#base/linux-shell.ts";
import type { TransparentPlan } from "#proxy/compile-transparent.ts";
import { TransparentListener, type TransparentListenerPorts } from "#proxy/transparent-listener-shell.ts";

export class TransparentListeners {
	readonly #ports: TransparentListenerPorts;
	readonly #isShared: boolean;
	#listeners: readonly TransparentListener[] = [];
	#linux: Linux | undefined;

	/** `isShared` lets several processes listen at one port. */
	constructor(ports: TransparentListenerPorts, isShared: boolean) {
		this.#ports = ports;
		this.#isShared = isShared;
	}

	/** The C library; undefined before there was a listener. */
	get linux(): Linux | undefined {
		return this.#linux;
	}

	/** Opens the listeners that are new, then closes those that are gone. On a `FaultError` nothing has changed. */
	async listenAt(plans: readonly TransparentPlan[]): Promise<void> {
		const kept = this.#listeners.filter((listener) => plans.some((plan) => isSame(plan, listener.plan)));
		const missing = plans.filter((plan) => !kept.some((listener) => isSame(plan, listener.plan)));
		const fresh: TransparentListener[] = [];
		try {
			for (const plan of missing) {
				this.#linux ??= await openLinux();
				const listener = new TransparentListener(plan, this.#linux, this.#ports);
				fresh.push(listener);
				await listener.open(this.#isShared);
			}
		} catch (error) {
			for (const listener of fresh) void listener.close();
			throw error;
		}
		for (const listener of this.#listeners) if (!kept.includes(listener)) void listener.close();
		this.#listeners = [...kept, ...fresh];
	}

	/** Accepts nobody any more; the sessions go on. */
	async close(): Promise<void> {
		await Promise.all(this.#listeners.map((listener) => listener.close()));
	}
}

/** What else a plan says is asked when a connection is taken. */
function isSame(one: TransparentPlan, other: TransparentPlan): boolean {
	return one.name === other.name && one.mode === other.mode && one.port === other.port;
}
