/** `sallyport cli`: the command line of the running gateway, for a person at a terminal and for scripts. */
import { userInfo } from "node:os";
import { ReadStream, WriteStream } from "node:tty";
import { parseArgs } from "node:util";
import { commandsIn } from "#cli/script-machine.ts";
import { linesOf, runScript } from "#cli/script-shell.ts";
import { connectTerminal, NoGatewayError } from "#cli/socket-client-shell.ts";
import { socketPlace } from "#cli/socket-place-shell.ts";
import { runTerminal } from "#cli/terminal-shell.ts";
import type { CommandOutput } from "#daemon/sessions-command.ts";
import { stateDirectoryPath } from "#daemon/state-directory.ts";

const help = `Usage: sallyport cli [-c "COMMAND; COMMAND ..."] [--stop-on-error] [--user NAME] [--state DIR]

The command line of the running gateway, as on an SRX: ? lists what may follow, TAB and SPACE complete.

  -c, --command    run these commands and exit; may be given several times
  --stop-on-error  end a script at its first command that fails
  --user NAME      work as this user, with the user's login class (root and the gateway's owner only)
  --state DIR      the gateway's state directory (default: $SALLYPORT_STATE, else var/ in the checkout)

Without a terminal the commands are read from standard input, one a line. The exit status is 1 when one of them failed.

Examples:
  sallyport cli
  sallyport cli -c "show services ssl proxy statistics"
  sallyport cli -c "configure; set system host-name gw; commit and-quit"
  sallyport cli < changes.txt
`;

/** Answers the exit status: 0, 1 when a command failed, 2 when there is no gateway to talk to. */
export async function runCli(args: readonly string[], io: CommandOutput): Promise<number> {
	const { values } = parseArgs({
		args: [...args],
		options: {
			command: { type: "string", short: "c", multiple: true },
			"stop-on-error": { type: "boolean" },
			user: { type: "string" },
			state: { type: "string" },
			help: { type: "boolean", short: "h" },
		},
	});
	if (values.help) {
		io.stdout.write(help);
		return 0;
	}
	const environment = io.environment ?? process.env;
	const { stdin, stdout } = process;
	const terminal = values.command === undefined && stdin instanceof ReadStream && stdout instanceof WriteStream;
	const description = {
		isInteractive: terminal,
		columns: terminal ? stdout.columns : 0,
		rows: terminal ? stdout.rows : 0,
		user: values.user ?? behindSudo(environment),
	};
	try {
		const socket = await connectTerminal(socketPlace(stateDirectoryPath(values.state, environment)), description);
		if (terminal) return (await runTerminal(socket, stdin, stdout)) ? 0 : 1;
		const lines =
			values.command === undefined ? linesOf(stdin) : values.command.flatMap((text) => [...commandsIn(text)]).values();
		const streams = { output: io.stdout, complaints: io.stderr };
		const isOk = await runScript(socket, lines, streams, { stopsOnError: values["stop-on-error"] === true });
		return isOk ? 0 : 1;
	} catch (error) {
		if (!(error instanceof NoGatewayError)) throw error;
		io.stderr.write(`sallyport: ${error.message}\n`);
		return 2;
	}
}

/** Behind sudo the user is the one who called it, and so the class that holds. */
function behindSudo(environment: NodeJS.ProcessEnv): string {
	const caller = environment.SUDO_USER ?? "";
	return caller !== "" && caller !== "root" && userInfo().uid === 0 ? caller : "";
}
