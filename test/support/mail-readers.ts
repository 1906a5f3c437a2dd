/** Conversations of mail behind TLS through a reader: what messages it cuts out. */
import { stopped } from "#mail/dot-reader.ts";
import type { MailDirection, MailReader, MessageSink } from "#mail/mail-reader.ts";
import type { Turn } from "./mail-talk.ts";

/** A message and how far it got. */
export interface SeenMessage {
	readonly direction: MailDirection;
	readonly coding: string | undefined;
	text: string;
	isOver: boolean;
}

export interface Followed {
	readonly messages: readonly SeenMessage[];
	readonly lost: string | undefined;
	/** Octets of the client that still wait. */
	readonly waiting: string;
	readonly reader: MailReader;
}

class Seen implements MessageSink {
	readonly messages: SeenMessage[] = [];

	messageBegin(direction: MailDirection, coding: string | undefined): boolean {
		this.messages.push({ direction, coding, text: "", isOver: false });
		return false;
	}

	messageOctets(direction: MailDirection, octets: Uint8Array): boolean {
		const message = this.messages.findLast((one) => one.direction === direction);
		if (message === undefined || message.isOver) throw new Error("octets outside a message");
		message.text += Buffer.from(octets).toString("latin1");
		return false;
	}

	messageEnd(direction: MailDirection): boolean {
		const message = this.messages.findLast((one) => one.direction === direction);
		if (message !== undefined) message.isOver = true;
		return false;
	}
}

/** Lets both sides speak, each turn in pieces of the sizes (in turn); what the client says waits where the reader holds it. */
export function follow(
	open: (sink: MessageSink) => MailReader,
	turns: readonly Turn[],
	sizes: readonly number[] = [],
): Followed {
	const seen = new Seen();
	const reader = open(seen);
	let waiting: Buffer = Buffer.alloc(0);
	let piece = 0;
	let isStopped = false;
	const client = () => {
		const read = reader.fromClient(waiting);
		isStopped = read === stopped;
		waiting = isStopped ? Buffer.alloc(0) : waiting.subarray(read);
	};
	for (const [side, text] of turns) {
		const octets = Buffer.from(text, "latin1");
		for (let at = 0; at < octets.length && !isStopped; ) {
			const size = Math.max(1, sizes[piece++ % Math.max(1, sizes.length)] ?? octets.length);
			const chunk = octets.subarray(at, at + size);
			at += size;
			if (side === "client") {
				const isHeld = waiting.length > 0;
				waiting = Buffer.concat([waiting, chunk]);
				if (!isHeld) client();
			} else {
				isStopped = reader.fromServer(chunk);
				while (!isStopped && waiting.length > 0 && !reader.isClientHeld) client();
			}
		}
	}
	return { messages: seen.messages, lost: reader.lost, waiting: waiting.toString("latin1"), reader };
}
