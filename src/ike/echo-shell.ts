/** Echo requests through the device of a tunnel interface, and the answers that come back through it. */
import { randomBytes, randomInt } from "node:crypto";
import type { Socket } from "node:net";
import type { Address } from "#base/address.ts";
import type { Linux } from "#base/linux.ts";
import { type EchoMark, encodeEchoRequest, readEchoReply } from "#ike/echo.ts";
import { readPackets } from "#ike/packet-descriptor-shell.ts";

export interface EchoPath {
	readonly device: string;
	readonly source: Address;
	readonly destination: Address;
}

export class EchoSocket {
	readonly #linux: Linux;
	readonly #descriptor: number;
	readonly #socket: Socket;
	readonly #path: EchoPath;
	readonly #mark: EchoMark;

	/** `answered` hears the sequence number of each answer. Rejects with what Linux says. */
	static async open(linux: Linux, path: EchoPath, answered: (sequence: number) => void): Promise<EchoSocket> {
		const mark = { identifier: randomInt(0x1_0000), token: randomBytes(tokenOctets) };
		const family = familyOf(path);
		const { source: local, destination: remote, device } = path;
		const descriptor = linux.echoSocket({ local, remote, device });
		const socket = await readPackets(descriptor, "the socket of echo requests", (packet) => {
			const sequence = readEchoReply(family, mark, packet);
			if (sequence !== undefined) answered(sequence);
		});
		return new EchoSocket(linux, { descriptor, socket, path, mark });
	}

	constructor(
		linux: Linux,
		parts: {
			readonly descriptor: number;
			readonly socket: Socket;
			readonly path: EchoPath;
			readonly mark: EchoMark;
		},
	) {
		this.#linux = linux;
		this.#descriptor = parts.descriptor;
		this.#socket = parts.socket;
		this.#path = parts.path;
		this.#mark = parts.mark;
	}

	/** What cannot be sent is lost. */
	send(sequence: number): void {
		if (this.#socket.destroyed) return;
		const request = encodeEchoRequest(familyOf(this.#path), this.#mark, sequence);
		try {
			this.#linux.send(this.#descriptor, request);
		} catch {
			// No device, or no way: the same as a request without an answer.
		}
	}

	close(): void {
		this.#socket.destroy();
	}
}

function familyOf({ destination }: EchoPath): 4 | 6 {
	return destination.octets.length === 4 ? 4 : 6;
}

const tokenOctets = 16;
