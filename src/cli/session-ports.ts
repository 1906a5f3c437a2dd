/** What a session of the command line needs from the system around it. */
import type { Access } from "#cli/access.ts";
import type { CandidateAnswer, CandidateState } from "#config/candidate.ts";
import type { CandidateEvent } from "#config/candidate-machine.ts";
import type { CommitRecord } from "#config/commit.ts";

/** Who sits at the other end. */
export interface SessionIdentity {
	/** Unique while the process runs; the name of the editor too. */
	readonly id: string;
	readonly user: string;
	/** `p0`: how `status` names the terminal. */
	readonly terminal: string;
	readonly processId: number;
	readonly isInteractive: boolean;
}

/** The configuration: what it is, and changes of candidates. Reading it costs nothing. */
export interface ConfigurationPort {
	candidates(): CandidateState;
	change(event: CandidateEvent): CandidateAnswer;
	/** The line above the banner while a commit waits to be confirmed. */
	pendingLine(now: number): string | undefined;
	/** The commit that is in force. */
	lastCommit(): CommitRecord;
}

export interface SessionPorts {
	readonly configuration: ConfigurationPort;
	/** Asked anew for each command: classes may change while a user is there. */
	access(): Access;
	hostName(): string;
	/** Lines for a terminal before its first prompt; empty for none. */
	greeting(): string;
	/** Names that begin with `prefix`, for completion: `log-files`, `sessions`, `users`, `session-pids`. */
	names(source: string, prefix: string): readonly string[];
}
