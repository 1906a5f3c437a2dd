/** The `openssl` command and other programs inside a folder of their own. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Owner } from "./gateway.ts";
import { peerPath } from "./peers.ts";

/** A folder that is removed after the test, or after all of a file. */
export class OpenSslFolder {
	readonly folder = mkdtempSync(join(tmpdir(), "sallyport-pki-"));

	constructor(owner: Owner) {
		owner.after(() => rmSync(this.folder, { recursive: true }));
	}

	/** Writes a file and gives back its name. */
	write(file: string, content: string | Uint8Array): string {
		writeFileSync(join(this.folder, file), content);
		return file;
	}

	read(file: string): Buffer {
		return readFileSync(join(this.folder, file));
	}

	/** Makes a folder inside and gives back its name. */
	newFolder(name: string): string {
		mkdirSync(join(this.folder, name));
		return name;
	}

	/** Runs openssl in the folder; standard output. Throws with standard error when it fails. */
	run(...args: readonly string[]): string {
		return this.program("openssl", ...args);
	}

	/** Runs openssl with the words of one line. */
	line(text: string): string {
		return this.run(...text.split(" "));
	}

	/** Runs another program in the folder. */
	program(name: string, ...args: readonly string[]): string {
		return execFileSync(peerPath(name), args, { cwd: this.folder, encoding: "utf8", stdio: "pipe", timeout: 20_000 });
	}
}
