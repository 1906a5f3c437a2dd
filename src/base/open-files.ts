/** How many files, sockets among them, a process may have open. */

/**
 * The soft limit in the text of `/proc/self/limits`; undefined when there is none, or the text is another.
 *
 * Source: proc_pid_limits(5).
 */
export function openFilesLimit(limits: string): number | undefined {
	const soft = /^Max open files +(\d+) /m.exec(limits)?.[1];
	return soft === undefined ? undefined : Number(soft);
}

/** The sessions that so many files are enough for: each is two sockets, and the process itself needs some. */
export function sessionsOfFiles(limit: number): number {
	return Math.max(1, Math.floor((limit - ownFiles) / filesOfSession));
}

const filesOfSession = 2;
/** Listeners, pipes, look-ups, fetches of revocation and what else is no session. */
const ownFiles = 256;
