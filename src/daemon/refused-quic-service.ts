/** Session records of the QUIC that the packet filter refuses, as part of `managed`: it has the privilege, and the event store. */
import { randomBytes } from "node:crypto";
import { openLinux } from "#base/linux-shell.ts";
import { packetLogGroup } from "#firewall/divert-ruleset.ts";
import { PacketLog } from "#firewall/packet-log-shell.ts";
import { RefusedQuic } from "#firewall/refused-quic.ts";
import type { SessionRecord } from "#telemetry/session-record.ts";

export interface RefusedQuicOptions {
	/** Only who holds the packet filter hears what it logs. */
	readonly holdsPacketFilter: () => boolean;
	readonly record: (record: SessionRecord) => void;
	readonly failed: (reason: string) => void;
}

export class RefusedQuicService {
	readonly #options: RefusedQuicOptions;
	readonly #quic = new RefusedQuic(() => randomBytes(8).toString("hex"));
	#log: PacketLog | undefined;

	constructor(options: RefusedQuicOptions) {
		this.#options = options;
	}

	/** Without it QUIC is refused as ever, and only counted. */
	async start(): Promise<void> {
		if (!this.#options.holdsPacketFilter()) return;
		try {
			this.#log = new PacketLog(await openLinux(), packetLogGroup, (prefix, packet) => {
				const record = this.#quic.packet(prefix, packet, Date.now());
				if (record !== undefined) this.#options.record(record);
			});
		} catch (error) {
			const reason = error instanceof Error ? error.message : String(error);
			this.#options.failed(
				`QUIC that is refused is counted and not recorded: ${reason}; expected group ${packetLogGroup} of the packet log (nfnetlink_log) for this gateway alone`,
			);
		}
	}

	stop(): void {
		this.#log?.close();
		this.#log = undefined;
	}
}
