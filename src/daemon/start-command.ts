/** `sallyport start`: runs the gateway in the foreground until it is told to stop. */
import { join, relative } from "node:path";
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
	const proxies = plan.listeners
		.filter(({ way }) => way.kind === "explicit")
		.map(({ listen }) => `http://${formatEndpoint(listen)}`);
	const command = here(join(import.meta.dirname, "../../bin/sallyport.mjs"));
	const isDefault = state.path === stateDirectoryPath(undefined, {});
	const stateOption = isDefault ? "" : ` --state ${here(state.path)}`;
	const transparent = plan.transparent.map(({ name, port }) => `${name} (port ${port})`);
	const vpns = [...(managed.configuration.config?.security.ipsec.vpn.keys() ?? [])];
	const hasProxy = proxies.length > 0;
	const tryIt = `curl --proxy ${proxies[0]} --cacert ${here(state.caCertificate)} https://example.com/`;
	const rows = [
		...(hasProxy ? [["Proxy", proxies.join("  ")]] : []),
		...(transparent.length > 0 ? [["Packet filter", `hands over to ${transparent.join(", ")}`]] : []),
		...(vpns.length > 0 ? [["VPNs", vpns.join(", ")]] : []),
		...noticeOf(plan.policy.rules),
		["CA certificate", here(state.caCertificate)],
		...(plan.onboarding === undefined || !hasProxy ? [] : [["Clients", `trust it with the steps at ${proxies[0]}/`]]),
		["Configuration", `${here(managed.configurationFile)}  (after a change: ${command} reload${stateOption})`],
		...(hasProxy ? [["Try it", tryIt]] : []),
		["Look", `${command} sessions --follow${stateOption}`],
		["Stop", "Ctrl-C"],
	];
	const lines = rows.map(([name, value]) => `  ${(name ?? "").padEnd(16)}${value}\n`).join("");
	return `Sallyport ${productVersion} is running with ${managed.workers.size} workers.\n\n${lines}\n`;
}

/** Whoever starts it reads, before the first connection, whose connections will be decrypted. */
function noticeOf(rules: Managed["plan"]["policy"]["rules"]): readonly (readonly [string, string])[] {
	const names = rules.filter(({ profile, unopened }) => profile !== undefined && unopened === undefined);
	if (names.length === 0) return [];
	const shown = names.slice(0, mostNames).map(({ name }) => name);
	const more = names.length > mostNames ? ` and ${names.length - mostNames} more` : "";
	return [["Decrypts", `connections of policy ${shown.join(", ")}${more}; the people whose they are must know of it`]];
}

/** A path as it can be pasted into a shell here: relative where that is shorter, quoted where it must be. */
function here(path: string): string {
	const short = relative(process.cwd(), path);
	const text = short.startsWith("..") || short.length >= path.length || process.cwd() === "/" ? path : short;
	return /^[\w./@:+,=-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/**
 * Resolves at the first signal to stop; another one a second later, when somebody has lost patience, ends the process at
 * once. One that follows at once is the same wish, sent to the whole process group.
 */
function stopSignal(): Promise<string> {
	return new Promise((resolve) => {
		let since = 0;
		for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
			process.on(signal, () => {
				if (since !== 0 && Date.now() - since > patienceMs) process.exit(1);
				if (since === 0) since = Date.now();
				resolve(`signal ${signal}`);
			});
		}
	});
}

const patienceMs = 1_000;
const mostNames = 3;
