/** `sallyport reload`: checks the configuration file and has the running gateway read it again. */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { FaultError } from "#base/fault.ts";
import { KeyService } from "#daemon/key-service.ts";
import { loadConfiguration } from "#daemon/load-configuration.ts";
import type { CommandOutput } from "#daemon/sessions-command.ts";
import { stateDirectoryLayout, stateDirectoryPath } from "#daemon/state-directory.ts";

const help = `Usage: sallyport reload [--state DIR]

Checks DIR/sallyport.conf and has the running gateway read it again. New sessions follow it at once, running ones go on as
they are. When the file has an error nothing changes, and the error is told. The number of workers changes with a restart.

  --state DIR   the gateway's state directory (default: $SALLYPORT_STATE, else var/ in the checkout)
`;

/** Answers the exit status. */
export async function runReload(args: readonly string[], io: CommandOutput): Promise<number> {
	const options = { state: { type: "string" }, help: { type: "boolean" } } as const;
	const { values } = parseArgs({ args: [...args], options });
	if (values.help) {
		io.stdout.write(help);
		return 0;
	}
	const state = stateDirectoryLayout(stateDirectoryPath(values.state, io.environment));
	const processId = runningGateway(state.lock);
	if (processId === undefined) {
		io.stderr.write(
			`sallyport: no gateway runs on state directory ${state.path}; start one with sallyport start --state DIR\n`,
		);
		return 1;
	}
	try {
		const { warnings } = loadConfiguration(state.configuration, new KeyService(state).signerIds());
		for (const warning of warnings) io.stderr.write(`${warning}\n`);
	} catch (error) {
		if (!(error instanceof FaultError)) throw error;
		io.stderr.write(`sallyport: ${error.message.replace(/ and start again$/, " and reload again")}\n`);
		return 1;
	}
	process.kill(processId, "SIGUSR2");
	io.stdout.write(`The gateway (process ${processId}) reads ${state.configuration} again.\n`);
	return 0;
}

/** The process id in the lock file, when that process is a gateway. */
function runningGateway(lock: string): number | undefined {
	try {
		const processId = Number.parseInt(readFileSync(lock, "utf8"), 10);
		return readFileSync(`/proc/${processId}/cmdline`, "utf8").includes("daemon/cli.ts") ? processId : undefined;
	} catch {
		return undefined;
	}
}
