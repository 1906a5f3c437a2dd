/**
 * One end of a DTLS 1.2 connection, as its owner drives it: datagrams in, the time, data out. What the messages of the
 * handshake mean says the end itself.
 */
import { Association, type AssociationPorts } from "#dtls/association.ts";
import type { HandshakeMessage } from "#dtls/handshake.ts";

export abstract class DtlsConnection {
	protected readonly association: Association;

	/** `maxDatagram`: octets of the longest datagram of a handshake. */
	constructor(ports: Omit<AssociationPorts, "message">, maxDatagram: number) {
		this.association = new Association(
			{
				send: (datagram) => ports.send(datagram),
				message: (message, now) => this.message(message, now),
				data: (octets, now) => ports.data(octets, now),
				ended: (end, now) => ports.ended(end, now),
			},
			maxDatagram,
		);
	}

	/** A whole message of the handshake, in order. */
	protected abstract message(message: HandshakeMessage, now: number): void;

	get isEstablished(): boolean {
		return this.association.isEstablished;
	}

	get isEnded(): boolean {
		return this.association.isEnded;
	}

	/** When `tick` is due. */
	get deadline(): number {
		return this.association.deadline;
	}

	receive(datagram: Uint8Array, now: number): void {
		this.association.receive(datagram, now);
	}

	tick(now: number): void {
		this.association.tick(now);
	}

	/** Sends a datagram of the application; false when that cannot be. */
	write(octets: Uint8Array): boolean {
		return this.association.write(octets);
	}

	close(now: number): void {
		this.association.close(now);
	}
}
