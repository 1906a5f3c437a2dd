/** Conversations of mail through a machine: what each side says, and what comes out. */
import type { MailMachine } from "#mail/mail-step.ts";

/** What one side says; "client" and "server" in the order of time. */
export type Turn = readonly ["client" | "server", string];

/** What came out of a conversation: the octets for each side, and how it ended. */
export interface Talk {
	readonly toServer: string;
	readonly toClient: string;
	/** "go-on", "upgrade", "clear", or the code of the fault. */
	readonly end: string;
	/** The turn in which it ended, -1 when it did not. */
	readonly endedAt: number;
}

/** Lets both sides speak, each turn in pieces of the sizes (in turn); the last size serves for the rest. */
export function talk(machine: MailMachine, turns: readonly Turn[], sizes: readonly number[] = []): Talk {
	let toServer = "";
	let toClient = "";
	let piece = 0;
	for (const [index, [side, text]] of turns.entries()) {
		const octets = Buffer.from(text, "latin1");
		for (let at = 0; at < octets.length; ) {
			const size = Math.max(1, sizes[piece++ % Math.max(1, sizes.length)] ?? octets.length);
			const chunk = octets.subarray(at, at + size);
			at += size;
			const step = side === "client" ? machine.fromClient(chunk) : machine.fromServer(chunk);
			toServer += Buffer.concat(step.toServer).toString("latin1");
			toClient += Buffer.concat(step.toClient).toString("latin1");
			if (step.next.kind === "go-on") continue;
			const end = step.next.kind === "refuse" ? step.next.fault.code : step.next.kind;
			return { toServer, toClient, end, endedAt: index };
		}
	}
	return { toServer, toClient, end: "go-on", endedAt: -1 };
}
