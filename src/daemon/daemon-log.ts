/** The daemon's own log: JSON lines in a file of the state directory, warnings and errors also for the person at the terminal. */
import { chmodSync, closeSync, openSync } from "node:fs";
import { destination, type Logger, pino } from "pino";

/**
 * A log that writes to `file` (mode 0600) synchronously, so that nothing is lost when the process dies.
 *
 * A line that cannot be written (the disk is full) waits and goes out before the next one; `onTrouble` is told once per
 * outage. It must not log.
 *
 * Bounds: `maxWaitingOctets` wait; lines that find no room are dropped.
 */
export function openDaemonLog(file: string, onTrouble: (reason: string) => void): Logger {
	closeSync(openSync(file, "a", 0o600));
	chmodSync(file, 0o600);
	const stream = destination({ dest: file, sync: true, append: true, maxLength: maxWaitingOctets });
	let isFailing = false;
	stream.on("error", (error: Error) => {
		if (!isFailing) onTrouble(error.message);
		isFailing = true;
	});
	stream.on("write", () => {
		isFailing = false;
	});
	return pino({ base: { pid: process.pid }, timestamp: pino.stdTimeFunctions.isoTime }, stream);
}

const maxWaitingOctets = 1_048_576;
