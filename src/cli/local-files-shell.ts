/** Files of the terminal's host, with the rights of its user. Everything throws what the system says of it. */
import { createHash } from "node:crypto";
import {
	appendFileSync,
	constants,
	copyFileSync,
	createReadStream,
	lstatSync,
	readdirSync,
	readFileSync,
	renameSync,
	statSync,
	unlinkSync,
	writeFileSync,
} from "node:fs";
import { homedir } from "node:os";
import { basename, join, resolve } from "node:path";

/** Reads a file piece by piece; `~` is the user's directory. Throws what the system says of it. */
export async function* readLocalFile(file: string): AsyncIterable<string> {
	const path = localPath(file);
	if (!statSync(path).isFile()) throw new Error(`${file} is no file`);
	for await (const piece of createReadStream(path, { encoding: "utf8", highWaterMark: 65_536 })) yield String(piece);
}

/** Writes or adds to a file (0600 when it is new). */
export function writeLocalFile(file: string, text: string, how: "replace" | "append"): void {
	const path = localPath(file);
	if (how === "append") appendFileSync(path, text, { mode: 0o600 });
	else writeFileSync(path, text, { mode: 0o600 });
}

/** `file copy`: into a directory under the same name; another file is not overwritten. */
export function copyFile(from: string, to: string): void {
	copyFileSync(localPath(from), target(from, to), constants.COPYFILE_EXCL);
}

/** `file rename`: another file is not overwritten. */
export function renameFile(from: string, to: string): void {
	const [before, after] = [localPath(from), target(from, to)];
	if (lstatSync(after, { throwIfNoEntry: false }) !== undefined) throw new Error(`${to} exists; delete it first`);
	renameSync(before, after);
}

/** `file delete`: a file, never a directory. */
export function deleteFile(file: string): void {
	unlinkSync(localPath(file));
}

/** `file checksum`, in the form of Junos. */
export function checksum(file: string, algorithm: string): string {
	const name = algorithm.replace("-", "");
	const digest = createHash(name)
		.update(readFileSync(localPath(file)))
		.digest("hex");
	return `${name.toUpperCase()} (${localPath(file)}) = ${digest}\n`;
}

/** `~` is the user's directory. */
export function localPath(file: string): string {
	return file === "~" || file.startsWith("~/") ? join(homedir(), file.slice(1)) : resolve(file);
}

/** `file list`. */
export function listFiles(file: string): string {
	const path = localPath(file);
	const found = lstatSync(path);
	if (!found.isDirectory()) return `${path}\n`;
	const entries = readdirSync(path, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
	const lines = entries.map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name));
	return [`${path}:`, ...lines, `total files: ${entries.length}`, ""].join("\n");
}

function target(from: string, to: string): string {
	const path = localPath(to);
	return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
		? join(path, basename(localPath(from)))
		: path;
}
