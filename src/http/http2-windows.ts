/**
 * The window of the whole connection towards the client: what the server may still send, and a reserve out of which the
 * gateway's own answers are paid (RFC 9113 §5.2).
 *
 * Windows travel end to end, so an octet of our own would make the server overrun the client. What a client gives beyond
 * the first 65,535 octets is therefore kept back up to the size of the reserve; a client that never gives more gets
 * answers without a body.
 */
export class ClientWindow {
	/** What the server may still send on the connection. */
	serverCredit = initialWindow;
	/** What the client would take and the server does not know of. */
	reserve = 0;

	/** The client gives `increment` octets; answers how many the server is told of. */
	give(increment: number): number {
		const excess = this.serverCredit + this.reserve + increment - initialWindow;
		const kept = Math.max(0, Math.min(increment, excess, reserveOctets - this.reserve));
		this.reserve += kept;
		this.serverCredit += increment - kept;
		return increment - kept;
	}

	/** The server sent octets that count. */
	take(octets: number): void {
		this.serverCredit -= octets;
	}

	/** Octets of the server that the client never sees are given back to the server. */
	giveBack(octets: number): void {
		this.serverCredit += octets;
	}

	/** Pays octets of our own; false when they cannot be. */
	spend(octets: number): boolean {
		if (octets > this.reserve) return false;
		this.reserve -= octets;
		return true;
	}
}

/** RFC 9113 §6.9.2. */
export const initialWindow = 65_535;
/** About ten block pages. */
const reserveOctets = 16_384;
