/** One exchange that this end begins: what it sends, and what it does with the answer. Types alone. */
import type { IkeSa } from "#ike/v2/ike-sa.ts";
import type { RetransmitSettings } from "#ike/v2/request-window.ts";
import type { Payload } from "#ike/wire/payload.ts";

export interface Task {
	readonly kind:
		| "create-child"
		| "rekey-child"
		| "delete-child"
		| "rekey-ike"
		| "delete-ike"
		| "liveness"
		| "move"
		| "reach";
	readonly exchange: number;
	/** The payloads; undefined when the task has become pointless. */
	build(sa: IkeSa, now: number): readonly Payload[] | undefined;
	/** How it is sent again when not as any other. */
	retransmit?(sa: IkeSa): RetransmitSettings | undefined;
	/** Takes the answer, authentic and well-formed; gives the exchange that has to follow before any other, if one has. */
	finish(sa: IkeSa, payloads: readonly Payload[], now: number): Task | undefined;
}
