/**
 * The port that every inspection service implements: the pipeline feeds it the plaintext of one connection, it answers
 * with findings.
 */
import type { RequestHead, ResponseHead } from "#http/head.ts";
import type { Envelope } from "#mail/mail-reader.ts";
import type { InspectionState } from "#telemetry/session-record.ts";

/** What the record says of a session that these look at. */
export function inspectionBy(services: readonly InspectionService[]): InspectionState {
	return services.every(({ isNameCheck }) => isNameCheck === true) ? "decrypted, not inspected" : "inspected";
}

/** Where in the plaintext octets were seen. The order is the index into per-place state. */
export const places = [
	"url",
	"request-headers",
	"request-body",
	"response-headers",
	"response-body",
	"stream-to-server",
	"stream-to-client",
] as const;
export type Place = (typeof places)[number];

/** What the client is told; `location`: where it is sent instead. */
export type BlockAnswer =
	| { readonly status: 403 | 421; readonly sentence: string }
	| { readonly status: 302; readonly sentence: string; readonly location: string };

/** What a service found. `block` ends the exchange; `report` is recorded only. */
export interface ServiceFinding {
	readonly name: string;
	readonly place: Place;
	readonly verdict: "block" | "report";
	/** What the client is told of a block; that its content was blocked, when absent. */
	readonly answer?: BlockAnswer;
}

/**
 * A service's view of one connection. Octets are views that are valid during the call only.
 *
 * Bounds: an implementation keeps a constant amount per connection and never a body.
 */
export interface ServiceConnection {
	/** Told first where the protocol is known: one of mail, or "other" for one that nobody is to recognize. */
	speaks?(protocol: "smtp" | "imap" | "pop3" | "other"): void;
	requestHead?(head: RequestHead): ServiceFinding | undefined;
	/** `request`: the one that it answers. */
	responseHead?(head: ResponseHead, request: RequestHead): ServiceFinding | undefined;
	/** The head of a message of mail, one character an octet; `envelope` is what SMTP says around it. */
	mailHead?(direction: 0 | 1, envelope: Envelope | undefined, head: string): ServiceFinding | undefined;
	/** The message is over. */
	mailEnd?(direction: 0 | 1): ServiceFinding | undefined;
	/** Octets of HTTP/1.1 as they come, before anything of them is told otherwise. 0 is to the server, 1 to the client. */
	raw?(direction: 0 | 1, octets: Uint8Array): ServiceFinding | undefined;
	/** Octets of a place in order; content codings are undone. Called often. */
	octets(place: Place, octets: Uint8Array): ServiceFinding | undefined;
	/** The place's octets are complete; the next ones begin a new unit. */
	ended(place: Place): ServiceFinding | undefined;
	/** What was found beside the last answer; taken by asking. */
	others?(): readonly ServiceFinding[];
}

/** A service as it was configured; opened once per inspected connection. */
export interface InspectionService {
	/** The name that records show. */
	readonly name: string;
	/** It looks at names and not into content: a session that nothing else looks at counts as not inspected (R182). */
	readonly isNameCheck?: boolean;
	/** It decides about requests before any other service looks at them. */
	readonly stage?: "policy" | "reputation" | "quarantine";
	open(): ServiceConnection;
}
