/** Reads files that somebody named: regular ones of a bounded size, so that no name makes the process wait or run full. */
import { closeSync, constants, fstatSync, openSync, readSync, writeFileSync } from "node:fs";

/**
 * The octets of a regular file, also through a symbolic link.
 *
 * Bounds: at most `maxOctets`, whatever the file says of its size or becomes meanwhile. A FIFO is never waited for.
 * Faults: throws one sentence that names the file.
 */
export function readBoundedFile(file: string, maxOctets: number): Buffer {
	const descriptor = open(file);
	try {
		const found = fstatSync(descriptor);
		if (found.isDirectory()) throw new Error(`${file} is a directory; expected a file`);
		if (!found.isFile()) throw new Error(`${file} is a device, FIFO or socket; expected a regular file`);
		if (found.size > maxOctets) throw new Error(`${file} has ${found.size} octets; at most ${maxOctets} are read`);
		return readAll(descriptor, file, maxOctets, found.size);
	} finally {
		closeSync(descriptor);
	}
}

/** Writes a file that is not there yet, nor a link to another. Throws one sentence that names the file. */
export function writeNewFile(file: string, octets: string | Uint8Array, mode: number): void {
	try {
		writeFileSync(file, octets, { mode, flag: "wx" });
	} catch (error) {
		const { code = "", message } = error as NodeJS.ErrnoException;
		throw new Error(`${file} ${writeReasons[code] ?? `cannot be written: ${message}`}`);
	}
}

function open(file: string): number {
	try {
		return openSync(file, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
	} catch (error) {
		const { code = "", message } = error as NodeJS.ErrnoException;
		throw new Error(`${file} ${reasons[code] ?? `cannot be opened: ${message}`}`);
	}
}

function readAll(descriptor: number, file: string, maxOctets: number, size: number): Buffer {
	// One more than it says, so that its end is seen; files of /proc say 0.
	let octets = Buffer.alloc(Math.max(size + 1, smallestBuffer));
	let filled = 0;
	for (;;) {
		const count = readSync(descriptor, octets, filled, octets.length - filled, null);
		filled += count;
		if (filled > maxOctets)
			throw new Error(`${file} has more than ${maxOctets} octets, which is the most that is read`);
		if (count === 0) return octets.subarray(0, filled);
		if (filled === octets.length) octets = Buffer.concat([octets], octets.length * 2);
	}
}

const reasons: Readonly<Record<string, string>> = {
	EACCES: "may not be read by the user that the gateway runs as",
	ELOOP: "is a symbolic link that leads in a circle",
	ENAMETOOLONG: "is too long for the name of a file",
	ENOENT: "does not exist on the gateway",
	ENOTDIR: "does not exist on the gateway: a part of its path is no directory",
	ENXIO: "is a device, FIFO or socket; expected a regular file",
};
const writeReasons: Readonly<Record<string, string>> = {
	EACCES: "may not be written by the user that the gateway runs as",
	EEXIST: "exists already; name a new file",
	ENAMETOOLONG: "is too long for the name of a file",
	ENOENT: "cannot be written: its directory does not exist on the gateway",
	ENOTDIR: "cannot be written: a part of its path is no directory",
};
const smallestBuffer = 4_096;
