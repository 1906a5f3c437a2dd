/** `sallyport start`: runs the gateway in the foreground until it is told to stop. */
import { relative } from "node:path";
import { parseArgs } from "node:util";
import { formatEndpoint } from "#base/address.ts";
import { FaultError } from "#base/fault.ts";
import { Managed } from "#daemon/managed.ts";
import type { CommandOutput } from "#daemon/sessions-command.ts";
import { stateDirectoryPath } from "#daemon/state-directory.ts";
import { productVersion } from "#daemon/version.ts";

export const startHelp = `Usage: sallyport start [--state DIR] [--config FILE]

Runs the gateway in the foreground. Ctrl-C ends it; sallyport reload has it read its configuration again.

  --state DIR     directory for configuration, keys, certificates, records and log
                  (default: $SALLYPORT_STATE, else var/ in the checkout; made if missing)
  --config FILE   configuration to run instead of DIR/sallyport.conf
`;

/** Answers the exit status. */
export async function runStart(args: readonly string[], io: CommandOutput): Promise<number> {
	const options = { state: { type: "string" }, config: { type: "string" }, help: { type: "boolean" } } as const;
	const { values } = parseArgs({ args: [...args], options });
	if (values.help) {
		io.stdout.write(startHelp);
		return 0;
	}
	const stopped = stopSignal();
	let managed: Managed | undefined;
	try {
		managed = new Managed({
			statePath: stateDirectoryPath(values.state, io.environment),
			configurationFile: values.config,
		});
		await managed.start();
	} catch (error) {
		if (!(error instanceof FaultError)) throw error;
		io.stderr.write(`sallyport: ${error.message}\n`);
		await managed?.stop("it could not start");
		return 1;
	}
	const running = managed;
	process.on("SIGUSR2", () => void running.reload());
	for (const warning of managed.warnings) io.stderr.write(`${warning}\n`);
	io.stdout.write(welcome(managed));
	const reason = await stopped;
	io.stdout.write("\nStopping ...\n");
	await managed.stop(reason);
	io.stdout.write("Stopped.\n");
	return 0;
}

function welcome(managed: Managed): string {
	const { plan, state } = managed;
	const proxies = plan.listeners.map(({ listen }) => `http://${formatEndpoint(listen)}`);
	const here = (path: string) => {
		const short = relative(process.cwd(), path);
		return short.startsWith("..") ? path : short;
	};
	const rows = [
		["Proxy", `${proxies.join("  ")}  (HTTP CONNECT, ${managed.workers.length} workers)`],
		["CA certificate", here(state.caCertificate)],
		["Configuration", here(managed.configurationFile)],
		["Try it", `curl --proxy ${proxies[0]} --cacert ${here(state.caCertificate)} https://example.com/`],
		["Look", "bin/sallyport.mjs sessions --follow"],
		["Stop", "Ctrl-C"],
	];
	return `Sallyport ${productVersion} is running.\n\n${rows.map(([name, value]) => `  ${(name ?? "").padEnd(16)}${value}\n`).join("")}\n`;
}

/** Resolves at the first signal to stop; a second one while stopping ends the process at once. */
function stopSignal(): Promise<string> {
	return new Promise((resolve) => {
		let isStopping = false;
		for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
			process.on(signal, () => {
				if (isStopping) process.exit(1);
				isStopping = true;
				resolve(`signal ${signal}`);
			});
		}
	});
}
