/** The daemon's own log: JSON lines in a file of the state directory, warnings and errors also for the person at the terminal. */
import { chmodSync, closeSync, openSync } from "node:fs";
import { type DestinationStream, destination, type Logger, pino } from "pino";

/** A log that writes to `file` (mode 0600) synchronously, so that nothing is lost when the process dies. */
export function openDaemonLog(file: string): Logger {
	closeSync(openSync(file, "a", 0o600));
	chmodSync(file, 0o600);
	const stream: DestinationStream = destination({ dest: file, sync: true, append: true });
	return pino({ base: { pid: process.pid }, timestamp: pino.stdTimeFunctions.isoTime }, stream);
}
