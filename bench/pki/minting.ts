/** Leaves minted by one process and signed by another, as a worker and `managed` do it, the issuance log included. */
import { fork } from "node:child_process";
import { join } from "node:path";
import { openDaemonLog } from "#daemon/daemon-log.ts";
import { trustedCaId, trustedRsaCaId } from "#daemon/default-configuration.ts";
import { KeyService } from "#daemon/key-service.ts";
import { parseConfiguration } from "#daemon/load-configuration.ts";
import { SigningDesk } from "#daemon/signing-desk.ts";
import { openStateDirectory } from "#daemon/state-directory.ts";
import type { ToManaged, ToWorker } from "#daemon/worker-protocol.ts";
import type { LeafKeyClass } from "#pki/leaf-key-class.ts";
import { defaultLeafSettings } from "#proxy/leaf-settings.ts";
import { Counters } from "#telemetry/counters.ts";
import { openEventStore } from "#telemetry/event-store-shell.ts";
import { formatEvent } from "#telemetry/event-table.ts";
import type { MintOrder, MintReport } from "./minter.ts";

/** Seconds for the leaves of one round. */
export interface MintingSample {
	readonly leaves: number;
	readonly wallSeconds: number;
	/** CPU of the main thread of each side. */
	readonly minterSeconds: number;
	readonly signerSeconds: number;
}

export class MintingBench {
	readonly #desk: SigningDesk;
	readonly #store: ReturnType<typeof openEventStore>;
	readonly #child = fork(join(import.meta.dirname, "minter.ts"), [], { serialization: "advanced" });
	#rounds = 0;

	/** Everything of it lies in `directory`. */
	constructor(directory: string) {
		const state = openStateDirectory(directory);
		const log = openDaemonLog(state.log, () => undefined);
		const keys = new KeyService(state);
		keys.open(parseConfiguration("", "bench", new Set()).config, Date.now());
		this.#store = openEventStore({ file: state.eventStore, retentionDays: 30, maxSizeMib: 1_024 });
		this.#desk = new SigningDesk({
			keys,
			counters: new Counters(),
			// As `managed` does it.
			event: (event) => {
				this.#store.appendEvents([event]);
				log.info({ event: event.id, ...event.fields }, formatEvent(event));
			},
		});
		this.#desk.use([trustedCaId, trustedRsaCaId], defaultLeafSettings);
	}

	/** One round; every leaf is for names that were not there before. */
	measure(keyClass: LeafKeyClass, count: number, atOnce: number): Promise<MintingSample> {
		const id = keyClass === "rsa2048" || keyClass === "rsa3072" ? trustedRsaCaId : trustedCaId;
		const ca = this.#desk.signingCas().find((one) => one.id === id);
		if (ca === undefined) throw new Error(`there is no CA ${id}`);
		const child = this.#child;
		let before: NodeJS.CpuUsage | undefined;
		return new Promise((resolve) => {
			const hear = (message: (ToManaged & { readonly type: "sign" }) | MintReport): void => {
				if (message.type === "sign") {
					this.#desk.sign(message, 1, (answer: ToWorker) => void child.send(answer));
					// After the first request, which warms up.
					before ??= process.threadCpuUsage();
					return;
				}
				child.off("message", hear);
				const { user, system } = process.threadCpuUsage(before);
				const { wallSeconds, cpuSeconds: minterSeconds } = message;
				resolve({ leaves: count, wallSeconds, minterSeconds, signerSeconds: (user + system) / 1e6 });
			};
			child.on("message", hear);
			child.send({ type: "mint", ca, keyClass, count, atOnce, round: ++this.#rounds } satisfies MintOrder);
		});
	}

	/** How many issuances are in the log, once all are written. */
	async close(): Promise<number> {
		this.#child.disconnect();
		await this.#store.close();
		return this.#store.stats().eventsStored;
	}
}
