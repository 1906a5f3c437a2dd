/** What is compared: a program between a client and the servers, or a client alone. */
import type { LimboCase } from "./cases.ts";

/** A case whose server runs. */
export interface ServedCase extends LimboCase {
	/** Its server's port of 127.0.0.1 and ::1. */
	readonly port: number;
	/** What the server answers and nobody else knows. */
	readonly secret: string;
	readonly rootsFile: string;
}

/** How a client gets to a case's server through a peer. */
export interface Way {
	/** `connect`: HTTP CONNECT first; `direct`: TLS at once. */
	readonly kind: "connect" | "direct";
	readonly port: number;
}

export interface PeerSurroundings {
	/** A directory of its own that is removed afterwards. */
	readonly directory: string;
	readonly cases: readonly ServedCase[];
	/** The time that the program believes it is; undefined is today. */
	readonly time: string | undefined;
}

/** A running peer. */
export interface RunningPeer {
	/** Asked before each case, one after another. */
	way(served: ServedCase): Promise<Way>;
	stop(): Promise<void>;
}

/** A peer that can be started. `missing` says why it cannot be compared here. */
export interface PeerKind {
	readonly name: string;
	version(): string;
	missing(): string | undefined;
	start(surroundings: PeerSurroundings): Promise<RunningPeer>;
}

/** The command under another clock: its wall clock stands still at `time`, its timers run. */
export function atTime(
	time: string | undefined,
	command: string,
	args: readonly string[],
): readonly [string, readonly string[]] {
	if (time === undefined) return [command, args];
	const clock = ["FAKETIME_DONT_FAKE_MONOTONIC=1", "TZ=UTC", "faketime", "-f", time];
	return ["env", [...clock, command, ...args]];
}
