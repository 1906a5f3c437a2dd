/**
 * One flow of a datagram listener: what comes from one address and port of a client, and what answers it.
 *
 * A flow is a machine whose effects are calls of its ports: nothing is made per datagram.
 */
import type { Address } from "#base/address.ts";
import type { Fault } from "#base/fault.ts";
import type { Decision } from "#policy/evaluate.ts";
import type { ProxyProfile } from "#proxy/profile.ts";
import type { GatewayEvent } from "#telemetry/event-table.ts";
import type { SessionRecord } from "#telemetry/session-record.ts";

/** What a flow asks of its shell. */
export interface FlowPorts {
	sendClient(datagram: Uint8Array): void;
	sendServer(datagram: Uint8Array): void;
	/** Answered by `resolved` or `failed`. */
	resolve(host: string): void;
	/** A socket that hears this server alone; answered by `opened`, and by `failed` whenever the server is unreachable. */
	openServer(address: Address, port: number): void;
	tell(event: GatewayEvent): void;
	/** The client has proved that it receives at its address. Called once at most. */
	proved(): void;
	/** The record is whole. Called once. */
	ended(record: SessionRecord): void;
}

export interface DatagramFlow {
	/** The client has proved its address. */
	readonly isProven: boolean;
	/** The record is whole. What was refused stays a while, so that it is not begun again with each retransmission. */
	readonly isEnded: boolean;
	/** Nothing is left to do: the flow is to be forgotten. */
	readonly isGone: boolean;
	/** Undefined before there is one. */
	readonly decision: Decision<ProxyProfile> | undefined;
	/** True when the datagram begins another connection of the same client. */
	beginsAnew(datagram: Uint8Array): boolean;
	fromClient(datagram: Uint8Array, now: number): void;
	fromServer(datagram: Uint8Array, now: number): void;
	resolved(addresses: readonly Address[], now: number): void;
	opened(now: number): void;
	failed(fault: Fault, now: number): void;
	/** Called about once a second, or when `deadline` has come. */
	tick(now: number): void;
	/** When `tick` is due, in milliseconds. */
	readonly deadline: number;
	/** From outside: the gateway stops, or another connection has taken this one's place. */
	end(why: string, now: number): void;
}
