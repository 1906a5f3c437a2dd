/**
 * Hears of packets that rules of the packet filter log to a group. Needs CAP_NET_ADMIN; one program of a network namespace has a group.
 *
 * The socket has no event of its own in Node: it is emptied a few times a second, so many messages at a time. What does not fit into
 * its buffer until then is dropped by the kernel; the packets themselves never wait.
 */
import { endianness } from "node:os";
import { type Linux, LinuxError } from "#base/linux.ts";
import { decodePacketLog, type PacketLogMessage, packetLogRequests } from "#firewall/packet-log.ts";

export class PacketLog {
	readonly #linux: Linux;
	readonly #descriptor: number;
	readonly #into = new Uint8Array(messageOctets);
	readonly #timer: NodeJS.Timeout;
	readonly #heard: (prefix: string, packet: Uint8Array) => void;

	/** `packet` is a view that is over with the call. Throws a `LinuxError` when the group cannot be had. */
	constructor(linux: Linux, group: number, heard: (prefix: string, packet: Uint8Array) => void) {
		this.#linux = linux;
		this.#heard = heard;
		this.#descriptor = linux.openNetfilter();
		try {
			for (const request of packetLogRequests(group, snapOctets, isLittleEndian)) {
				linux.send(this.#descriptor, request);
				this.#answered();
			}
		} catch (error) {
			linux.close(this.#descriptor);
			throw error;
		}
		this.#timer = setInterval(() => this.#empty(), emptyMs).unref();
	}

	close(): void {
		clearInterval(this.#timer);
		this.#linux.close(this.#descriptor);
	}

	/** The kernel answers a request before `send` returns. */
	#answered(): void {
		for (const message of this.#next() ?? []) {
			if (message.kind === "answer" && message.errorNumber !== 0)
				throw new LinuxError(
					"log group",
					message.errorNumber === notPermitted ? "EPERM" : `error ${message.errorNumber}`,
				);
		}
	}

	#empty(): void {
		for (let count = 0; count < maxMessages; count++) {
			const messages = this.#next();
			if (messages === undefined) return;
			for (const message of messages) if (message.kind === "packet") this.#heard(message.prefix, message.packet);
		}
	}

	/** Undefined when there is nothing more. */
	#next(): readonly PacketLogMessage[] | undefined {
		const octets = this.#linux.receive(this.#descriptor, this.#into);
		if (octets === undefined) return undefined;
		const decoded = octets === "lost" ? undefined : decodePacketLog(this.#into.subarray(0, octets), isLittleEndian);
		return decoded?.kind === "done" ? decoded.value : [];
	}
}

const isLittleEndian = endianness() === "LE";
/** A datagram of QUIC has hardly more than an Ethernet frame holds. */
const snapOctets = 2_048;
const messageOctets = 16_384;
const emptyMs = 100;
const maxMessages = 128;
/** The privilege is missing, or another program has the group. */
const notPermitted = 1;
