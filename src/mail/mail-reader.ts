/**
 * What the readers of the mail protocols share: they follow a connection behind its TLS, change nothing, and cut messages out of it.
 *
 * A reader never lets the client run ahead of what its octets mean: where a reply decides that, the rest waits for the reply.
 */

export type MailProtocol = "smtp" | "imap" | "pop3";

/** 0 is to the server, 1 to the client. */
export type MailDirection = 0 | 1;

/** Takes messages, in each direction one after another. Each answers true to stop; octets are valid during the call. */
export interface MessageSink {
	/** The next octets are of a message; `coding` is how they are encoded, where they are the body of a part alone. */
	messageBegin(direction: MailDirection, coding: string | undefined): boolean;
	messageOctets(direction: MailDirection, octets: Uint8Array): boolean;
	messageEnd(direction: MailDirection): boolean;
}

/** Of a message: what the client gives itself as a name, and what stands behind MAIL FROM and RCPT TO, without parameters. */
export interface Envelope {
	readonly helo: string | undefined;
	readonly from: string | undefined;
	readonly recipients: readonly string[];
}

export interface MailReader {
	/**
	 * Reads octets of the client; answers how many, fewer when the rest waits for the server, or `stopped`: the sink stopped, or
	 * `refused` says why the connection is not to go on.
	 */
	fromClient(octets: Uint8Array): number;
	/** Reads octets of the server, all of them; true where `fromClient` answers `stopped`. */
	fromServer(octets: Uint8Array): boolean;
	/** The client's next octets wait for a reply. */
	readonly isClientHeld: boolean;
	/**
	 * Both sides compress (RFC 4978) behind so many of the server's octets that were read last; they are not read beyond it then, and
	 * the reader is given decoded octets from there on.
	 */
	readonly compressedFrom?: number | undefined;
	/** What two programs would read differently: behind it, messages could go by unseen. */
	readonly refused: string | undefined;
	/** Why nothing is understood any more; what follows is not read. */
	readonly lost: string | undefined;
	/** What SMTP says around the message at hand. */
	readonly envelope?: Envelope;
	/** What a client can be told that its message, or the one for it, is refused; undefined amid other octets for it. */
	refusal(direction: MailDirection, text: string): string | undefined;
}
