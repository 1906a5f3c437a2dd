/**
 * A socket to a subsystem of the kernel: requests with their answers, and messages that come by themselves. Needs
 * CAP_NET_ADMIN for whatever changes something.
 */
import { endianness } from "node:os";
import type { Linux } from "#base/linux.ts";
import {
	decodeNetlink,
	encodeNetlink,
	type NetlinkAnswer,
	type NetlinkMessage,
	type NetlinkRequest,
} from "#base/netlink.ts";

export class NetlinkSocket {
	readonly #linux: Linux;
	readonly #descriptor: number;
	readonly #into = new Uint8Array(datagramOctets);
	#sequence = 0;

	/** `groups`: bits of those whose messages `take` answers. Throws a `LinuxError` where the kernel has no such subsystem. */
	constructor(linux: Linux, subsystem: "route" | "xfrm", groups = 0) {
		this.#linux = linux;
		this.#descriptor = linux.openNetlink(subsystem, groups);
	}

	/** The kernel answers before `send` returns; of a list it gives more whenever some was received. */
	request(request: NetlinkRequest): NetlinkAnswer {
		this.#sequence = (this.#sequence + 1) % 0x1_0000_0000;
		this.#linux.send(this.#descriptor, encodeNetlink(request, this.#sequence, isLittleEndian));
		const bodies: Uint8Array[] = [];
		for (let count = 0; count < maxDatagrams; count++) {
			const messages = this.#receive();
			if (messages === undefined) break;
			for (const message of messages === "lost" ? [] : messages) {
				if (message.sequence !== this.#sequence) continue;
				if (message.kind === "message") bodies.push(message.body);
				else return { errorNumber: message.errorNumber, text: message.kind === "end" ? "" : message.text, bodies };
			}
		}
		return { errorNumber: noAnswer, text: "the kernel did not answer", bodies };
	}

	/** What came by itself since the last time; `lost`: the kernel had no room for some of it. */
	take(): readonly Extract<NetlinkMessage, { readonly kind: "message" }>[] | "lost" {
		const all: Extract<NetlinkMessage, { readonly kind: "message" }>[] = [];
		for (let count = 0; count < maxDatagrams; count++) {
			const messages = this.#receive();
			if (messages === "lost") return "lost";
			if (messages === undefined) break;
			for (const message of messages) if (message.kind === "message") all.push(message);
		}
		return all;
	}

	close(): void {
		this.#linux.close(this.#descriptor);
	}

	/** Undefined when there is nothing. */
	#receive(): readonly NetlinkMessage[] | "lost" | undefined {
		const octets = this.#linux.receive(this.#descriptor, this.#into);
		if (octets === undefined || octets === "lost") return octets;
		const decoded = decodeNetlink(this.#into.slice(0, octets), isLittleEndian);
		return decoded.kind === "done" ? decoded.value : [];
	}
}

const isLittleEndian = endianness() === "LE";
const datagramOctets = 65_536;
/** Of a list of 4,096 associations there are fewer; of what comes by itself the rest waits for the next time. */
const maxDatagrams = 4_096;
/** ENODATA. */
const noAnswer = 61;
