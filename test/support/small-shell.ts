/**
 * A small process that runs commands, one after the other. In a Linux whose processes are expensive (User Mode Linux) a fork of
 * a large one takes long.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";

/** Runs a command of the shell to its end and answers what it printed, errors too. Calls must not overlap. */
export type RunCommand = (command: string) => Promise<string>;

/** `words`: the command that becomes the shell, as `ip netns exec NAME sh`. It ends with this process. */
export function smallShell(words: readonly [string, ...string[]] = ["sh"]): RunCommand {
	const [program, ...rest] = words;
	const shell = spawn(program, rest, { stdio: ["pipe", "pipe", "inherit"] });
	let said = "";
	shell.stdout.on("data", (chunk: Buffer) => {
		said += chunk;
	});
	return async (command) => {
		said = "";
		shell.stdin.write(`{ ${command}\n} 2>&1 < /dev/null; echo "${endMark}"\n`);
		while (!said.endsWith(`${endMark}\n`)) await once(shell.stdout, "data");
		return said.slice(0, -endMark.length - 1);
	};
}

const endMark = "@@end@@";
