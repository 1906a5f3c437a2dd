/**
 * Packet logs of all workers, as files that other programs read:
 *
 *   packet-log/2026-11-30T10-29-00Z-SESSION-SIGNATURE.pcap
 *
 * Danger: what was said in the sessions stands there in clear.
 *
 * Bounds: `maxFiles` files, `maxOctets` of them together, the oldest go first; `maxPerMinute` new ones in a minute, so that
 * who attacks in a loop does not push out those of others at once.
 */
import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Address, formatAddress, parseAddress } from "#base/address.ts";
import { type CaptureEnds, encodeCapture } from "#capture/encode-capture.ts";
import type { PacketLogReport } from "#daemon/worker-packet-logs.ts";
import type { LoggedPiece } from "#inspect/packet-log.ts";
import { type CounterId, type GatewayEvent, gatewayEvent } from "#telemetry/event-table.ts";

export interface PacketLogDeskPorts {
	/** `packet-log/` of the state directory; made when it is needed. */
	readonly directory: string;
	readonly event: (event: GatewayEvent) => void;
	readonly count: (counter: CounterId, by: number) => void;
	readonly now: () => number;
}

export interface PacketLogLimits {
	readonly maxFiles: number;
	readonly maxOctets: number;
	readonly maxPerMinute: number;
}

export class PacketLogDesk {
	readonly #ports: PacketLogDeskPorts;
	readonly #limits: PacketLogLimits;
	#minute = 0;
	#written = 0;
	#isFailing = false;

	constructor(ports: PacketLogDeskPorts, limits = usualLimits) {
		this.#ports = ports;
		this.#limits = limits;
	}

	/** A worker tells a log. One that was taken over may say anything. */
	noted(report: PacketLogReport): void {
		const ends = endsOf(report);
		if (ends === undefined || !isWellFormed(report)) return;
		const now = this.#ports.now();
		if (!this.#mayWrite(now)) return this.#ports.count("packet_logs_dropped", 1);
		const { session, attacks, pieces } = report;
		const attack = (attacks[0] ?? "").slice(0, maxText);
		const file = `${new Date(now)
			.toISOString()
			.replace(/\.\d+Z$/, "Z")
			.replaceAll(":", "-")}-${session}-${numberOf(attack)}.pcap`;
		try {
			this.#write(file, encodeCapture(ends, pieces));
			this.#isFailing = false;
		} catch (error) {
			return this.#failed(error instanceof Error ? error.message : String(error), now);
		}
		this.#ports.count("packet_logs_written", 1);
		const client = formatAddress(ends.client.address);
		const facts = { session, client, attack, packets: pieces.length, file: join("packet-log", file) };
		this.#ports.event(gatewayEvent("PACKET_LOG_WRITTEN", now, facts));
	}

	#mayWrite(now: number): boolean {
		const minute = Math.floor(now / 60_000);
		if (minute !== this.#minute) this.#written = 0;
		this.#minute = minute;
		return ++this.#written <= this.#limits.maxPerMinute;
	}

	#write(file: string, octets: Uint8Array): void {
		const { directory } = this.#ports;
		mkdirSync(directory, { recursive: true, mode: 0o700 });
		this.#makeRoom(octets.length);
		writeFileSync(join(directory, file), octets, { mode: 0o600 });
	}

	/** Names begin with the time: their order is that of their age. */
	#makeRoom(octets: number): void {
		const { directory } = this.#ports;
		const kept = readdirSync(directory)
			.filter((name) => name.endsWith(".pcap"))
			.sort()
			.map((name) => ({ name, size: statSync(join(directory, name), { throwIfNoEntry: false })?.size ?? 0 }));
		let total = kept.reduce((sum, { size }) => sum + size, octets);
		let count = kept.length + 1;
		for (const { name, size } of kept) {
			if (total <= this.#limits.maxOctets && count <= this.#limits.maxFiles) return;
			rmSync(join(directory, name), { force: true });
			total -= size;
			count--;
		}
	}

	#failed(reason: string, now: number): void {
		this.#ports.count("packet_logs_dropped", 1);
		if (!this.#isFailing) this.#ports.event(gatewayEvent("PACKET_LOG_NOT_WRITTEN", now, { reason }));
		this.#isFailing = true;
	}
}

function endsOf({ transport, client, server }: PacketLogReport): CaptureEnds | undefined {
	const from = endOf(client);
	const to = endOf(server);
	if (from === undefined || to === undefined || (transport !== "tcp" && transport !== "udp")) return undefined;
	return { transport, client: from, server: to };
}

function endOf(end: PacketLogReport["client"] | undefined): { address: Address; port: number } | undefined {
	const address = typeof end?.address === "string" ? parseAddress(end.address) : undefined;
	const port = end?.port ?? -1;
	if (address === undefined || !Number.isInteger(port) || port < 0 || port > 65_535) return undefined;
	return { address, port };
}

function isWellFormed({ session, attacks, pieces }: PacketLogReport): boolean {
	if (typeof session !== "string" || !/^[0-9a-f]{1,32}$/.test(session)) return false;
	if (!Array.isArray(attacks) || attacks.some((attack) => typeof attack !== "string")) return false;
	return Array.isArray(pieces) && pieces.length <= maxPieces && pieces.every(isPiece);
}

function isPiece({ at, direction, offset, received, octets }: LoggedPiece): boolean {
	const numbers = [at, offset, received];
	if (!numbers.every((value) => Number.isSafeInteger(value) && value >= 0) || at > lastMoment) return false;
	return (direction === 0 || direction === 1) && octets instanceof Uint8Array && octets.length <= maxPiece;
}

function numberOf(attack: string): string {
	return /^\d{1,10}/.exec(attack)?.[0] ?? "0";
}

const usualLimits: PacketLogLimits = { maxFiles: 1_000, maxOctets: 268_435_456, maxPerMinute: 60 };
const maxPieces = 1_024;
const maxPiece = 65_000;
const maxText = 1_024;
/** Seconds of a capture file have 32 bits. */
const lastMoment = 4_294_967_295_000;
