/**
 * What the relay asks about the decrypted octets of one connection. One implementation knows HTTP/1.1, one knows
 * nothing but octets; the relay does not care.
 *
 * The answer per chunk is a number, so that a chunk costs no object.
 */
import type { Finding, InspectionState } from "#telemetry/session-record.ts";

/** The chunk travels on as it is. */
export const forward = 0;
/** Nothing travels yet: the octets are held until more is known. */
export const hold = 1;
/** What stands in `released` travels, in order; it may hold the chunk or a part of it. */
export const release = 2;
/** Nothing further travels: see `stop`. */
export const stop = 3;

export type StreamAnswer = typeof forward | typeof hold | typeof release | typeof stop;

/** Why the stream was stopped and what the client is told. */
export interface StreamStop {
	/** A whole HTTP answer for the client, when none had begun; otherwise the connection is cut. */
	readonly answer: Uint8Array | undefined;
	/** Last words for the server; without them it is closed at once. */
	readonly toServer?: Uint8Array;
	readonly why: string;
	readonly faultCode?: string;
}

export interface PlaintextStream {
	/** Octets to send on after an answer of `release`; the relay empties it. */
	readonly released: Uint8Array[];
	/** What the stream says itself to either side, behind `released` and after any answer but `stop`; the relay empties it. */
	readonly toClient?: Uint8Array[];
	readonly toServer?: Uint8Array[];
	/** Set after an answer of `stop`. */
	readonly stop: StreamStop | undefined;
	readonly requests: number;
	readonly findings: readonly Finding[];
	readonly inspection: InspectionState;
	/** True when octets of the client wait inside for the server's answer: read no more of the client until it is false. */
	readonly isClientWaiting: boolean;
	fromClient(chunk: Uint8Array): StreamAnswer;
	/** Asked after octets of the server while the client waits: goes on with what waits, or answers hold. */
	clientMayGoOn(): StreamAnswer;
	fromServer(chunk: Uint8Array): StreamAnswer;
	/** The client will send nothing more; answers forward, release or stop. */
	clientEnded(): StreamAnswer;
	serverEnded(): StreamAnswer;
	/** Told about once a second. */
	secondPassed?(): void;
	/** The connection is over: frees what is held. */
	close(): void;
}
