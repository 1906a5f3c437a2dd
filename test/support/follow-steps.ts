/** A client that does what `sallyport trust-commands` prints, command by command, in a home of its own. */
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type Gateway, type Owner, Program, runProgram } from "./gateway.ts";

/** One kind of client, as the command's JSON tells it. */
export interface PrintedSteps {
	readonly name: string;
	/** The command that saves the certificate. */
	readonly save: string;
	readonly steps: readonly {
		readonly says: string;
		readonly run?: string;
		readonly file?: { readonly path: string; readonly text: string };
		readonly isAlternative?: true;
	}[];
	readonly check?: string;
}

export class FollowingClient {
	readonly home: string;
	readonly steps: PrintedSteps;
	readonly checkUrl: string;
	readonly #owner: Owner;

	constructor(owner: Owner, steps: PrintedSteps, checkUrl: string) {
		this.#owner = owner;
		this.steps = steps;
		this.checkUrl = checkUrl;
		this.home = mkdtempSync(join(tmpdir(), "sallyport-client-"));
		// A browser's process may outlive the one that was started, and write once more.
		owner.after(() => rmSync(this.home, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }));
	}

	/** The commands of the steps, those that save the certificate first; alternatives are left out. */
	get commands(): string {
		const runs = this.steps.steps.flatMap(({ run, isAlternative }) =>
			run === undefined || isAlternative === true ? [] : [run],
		);
		return [this.steps.save, ...runs].join("\n");
	}

	/** The check's command, with another URL in the place of the test's. */
	visit(url: string): string {
		return (this.steps.check ?? "").replaceAll(this.checkUrl, url);
	}

	/** Runs a script as this client would: in its home, with nothing in the environment that others left there. */
	async shell(script: string): Promise<{ readonly status: number | null; readonly output: string }> {
		const child = spawn("/bin/sh", ["-eu", "-c", script], { cwd: this.home, env: this.environment });
		const program = new Program(child);
		this.#owner.after(() => void child.kill("SIGKILL"));
		return { status: await program.ended, output: program.output };
	}

	/** This Node comes first: it is the one whose steps are meant. */
	get environment(): NodeJS.ProcessEnv {
		const path = [dirname(process.execPath), "/usr/local/sbin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];
		return { HOME: this.home, PATH: path.join(":"), LANG: "C.UTF-8" };
	}

	/** Writes the file of a step into `folder`, its text changed by `edit`. */
	writeFile(folder: string, edit: (text: string) => string = (text) => text): void {
		for (const { file } of this.steps.steps) {
			if (file === undefined) continue;
			const path = join(folder, file.path);
			mkdirSync(dirname(path), { recursive: true });
			writeFileSync(path, edit(file.text));
		}
	}
}

/** The client whose steps `sallyport trust-commands --for NAME` prints for this gateway. */
export async function followingClient(owner: Owner, gateway: Gateway, name: string): Promise<FollowingClient> {
	const args = ["trust-commands", "--state", gateway.state, "--for", name, "--json"];
	const { status, output } = await runProgram(owner, args);
	if (status !== 0) throw new Error(output);
	const told = JSON.parse(output) as { check: string; clients: PrintedSteps[] };
	return new FollowingClient(owner, told.clients[0] as PrintedSteps, `${told.check}trust.txt`);
}
