/**
 * The directory of the socket of the command line: the owner's alone (0700), and so is the socket (0600), so that only the
 * owner and root get through. The terminal, for its part, looks that both belong to the user whose gateway it means to talk to.
 */
import { chmodSync, lstatSync, mkdirSync, openSync, rmSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";

/** Where everything of the command line's socket lies, below the state directory. */
export interface SocketPlace {
	readonly directory: string;
	readonly socket: string;
}

export function socketPlace(stateDirectory: string): SocketPlace {
	const directory = join(stateDirectory, "cli");
	return { directory, socket: join(directory, "socket") };
}

/** Makes the directory (0700) and removes a socket that was left behind. Throws when something else stands there. */
export function preparePlace({ directory, socket }: SocketPlace): void {
	mkdirSync(directory, { recursive: true, mode: 0o700 });
	if (!lstatSync(directory).isDirectory()) throw new Error(`${directory} is no directory`);
	chmodSync(directory, 0o700);
	const left = lstatSync(socket, { throwIfNoEntry: false });
	if (left !== undefined && !left.isSocket()) throw new Error(`${socket} is no socket; move it away`);
	rmSync(socket, { force: true });
}

/**
 * Throws unless socket and directory belong to `expected` (or to root), and nobody else may write there.
 */
export function checkPlace({ directory, socket }: SocketPlace, expected: number): void {
	const holder = lstatSync(directory);
	if (!holder.isDirectory()) throw new Error(`${directory} is no directory; expected the one that the gateway makes`);
	if ((holder.mode & 0o022) !== 0) throw new Error(`${directory} can be written by others; its mode should be 0700`);
	for (const [path, { uid }] of [
		[directory, holder],
		[socket, lstatSync(socket)],
	] as const) {
		if (uid !== expected && uid !== 0) throw new Error(`${path} belongs to user ${uid}, not to user ${expected}`);
	}
	if (!lstatSync(socket).isSocket()) throw new Error(`${socket} is no socket`);
}

/** The owner of the directory. */
export function ownerOf(directory: string): number {
	return statSync(directory).uid;
}

/**
 * A path of the socket that fits an address (108 octets): itself, or one over a descriptor of its directory, which is
 * then open as long as the process runs.
 */
export function addressOf(socket: string): string {
	if (Buffer.byteLength(socket) <= longestAddress) return socket;
	return `/proc/self/fd/${openSync(dirname(socket), "r")}/${basename(socket)}`;
}

const longestAddress = 100;
