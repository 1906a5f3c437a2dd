/** mitmproxy as `mitmdump`: regular mode, quiet, keeps no flows, the origin verified. */
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { freePort, startProgram, versionLine, waitForPort } from "../processes.ts";
import type { Subject, SubjectKind, Surroundings } from "../subject.ts";

export const mitmproxy: SubjectKind = {
	name: "mitmproxy",
	version: () => versionLine("mitmdump", ["--version"]) ?? "absent",
	missing: () =>
		versionLine("mitmdump", ["--version"]) === undefined ? "mitmdump is absent; install mitmproxy" : undefined,
	start,
};

async function start({ directory, originCaFile, originPorts }: Surroundings): Promise<Subject> {
	const configurationDirectory = join(directory, "conf");
	mkdirSync(configurationDirectory);
	const port = await freePort();
	const logFile = join(directory, "mitmproxy.log");
	const program = startProgram(
		"mitmdump",
		[
			...["--quiet", "--listen-host", "127.0.0.1", "--listen-port", String(port)],
			...["--set", `confdir=${configurationDirectory}`, "--set", "flow_detail=0"],
			...["--set", `ssl_verify_upstream_trusted_ca=${originCaFile}`, "--set", "stream_large_bodies=1m"],
		],
		{ logFile, cwd: directory },
	);
	await waitForPort(port, program, logFile);
	const caFile = join(configurationDirectory, "mitmproxy-ca-cert.pem");
	if (!existsSync(caFile)) throw new Error("mitmproxy made no CA certificate");
	return {
		name: "mitmproxy",
		pids: program.pids,
		stop: program.stop,
		target: (face) => ({ kind: "connect", host: "127.0.0.1", port, originPort: originPorts[face], caFile }),
	};
}
