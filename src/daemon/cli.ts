/** The `sallyport` command: picks the sub-command and sets the exit status. */

import { runCli } from "#daemon/cli-command.ts";
import { runInspectPcap } from "#daemon/inspect-pcap-command.ts";
import { runReload } from "#daemon/reload-command.ts";
import { type CommandOutput, runExplain, runSessions } from "#daemon/sessions-command.ts";
import { runStart } from "#daemon/start-command.ts";
import { runTrustCommands } from "#daemon/trust-commands.ts";
import { floorMajor, productVersion } from "#daemon/version.ts";

const help = `Sallyport ${productVersion}: TLS inspection gateway

Usage: sallyport COMMAND [OPTIONS]

  start      run the gateway in the foreground
  cli        the command line of the running gateway, as on an SRX
  reload     have the running gateway read its configuration again
  sessions   list what became of connections; --follow to watch
  explain    tell one session's whole story in sentences
  trust-commands
             how each kind of client comes to trust the CA
  inspect-pcap
             a file of captured packets through rules of intrusion detection
  version    print the version

sallyport COMMAND --help tells a command's options.
`;

const commands: Readonly<Record<string, (args: readonly string[], io: CommandOutput) => Promise<number>>> = {
	start: runStart,
	cli: runCli,
	reload: runReload,
	sessions: runSessions,
	explain: runExplain,
	"trust-commands": runTrustCommands,
	"inspect-pcap": runInspectPcap,
	version: async (_, io) => {
		io.stdout.write(
			`sallyport ${productVersion} (node ${process.versions.node}, openssl ${process.versions.openssl})\n`,
		);
		return 0;
	},
	help: async (_, io) => {
		io.stdout.write(help);
		return 0;
	},
};

async function main(): Promise<number> {
	const [word = "help", ...args] = process.argv.slice(2);
	if (Number.parseInt(process.versions.node, 10) < floorMajor) {
		process.stderr.write(
			`sallyport: Node ${process.versions.node} is too old; expected ${floorMajor} or newer; run it with npm start, which brings its own\n`,
		);
		return 1;
	}
	const name = word === "--help" || word === "-h" ? "help" : word === "--version" ? "version" : word;
	const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
	if (command === undefined) {
		process.stderr.write(`sallyport: no command "${word}"; expected ${Object.keys(commands).join(", ")}\n`);
		return 2;
	}
	return await command(args, {
		stdout: process.stdout,
		stderr: process.stderr,
		isTerminal: process.stdout.isTTY === true,
		columns: process.stdout.columns ?? 120,
		environment: process.env,
	});
}

try {
	// Exit explicitly: what a command left running must not keep the process.
	process.exit(await main());
} catch (error) {
	const isUsage = (error as { code?: string }).code?.startsWith("ERR_PARSE_ARGS") === true;
	process.stderr.write(
		`sallyport: ${error instanceof Error ? (isUsage ? error.message : error.stack) : String(error)}\n`,
	);
	process.exit(isUsage ? 2 : 1);
}
