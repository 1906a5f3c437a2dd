/** The gateway itself, started as a user starts it: once with HTTP inspection, once relaying decrypted octets unseen. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort, startProgram, waitForPort } from "../processes.ts";
import type { Subject, SubjectKind, Surroundings } from "../subject.ts";

export const sallyport: SubjectKind = kind("sallyport", "http");
export const sallyportOpaque: SubjectKind = kind("sallyport-opaque", "other");

/** The arguments after `node bin/sallyport.mjs`. */
function startArguments(stateDirectory: string): string[] {
	return ["start", "--state", stateDirectory];
}

/** What a user would write into the state directory's sallyport.conf. */
function configuration(port: number, originCaFile: string, decryptedService: "http" | "other"): string {
	return `
services {
	gateway {
		explicit-proxy bench { listen 127.0.0.1:${port}; profile bench; }
	}
	ssl {
		proxy {
			profile bench {
				decrypted-service ${decryptedService};
			}
		}
	}
}
security {
	pki { default-trust-store { file ${originCaFile}; } }
}
`;
}

function kind(name: string, decryptedService: "http" | "other"): SubjectKind {
	return {
		name,
		version: () => `Sallyport ${packageVersion()}, Node ${process.version}`,
		missing: () => (existsSync(entry) && existsSync(composition) ? undefined : `${composition} is absent`),
		start: (surroundings) => start(name, decryptedService, surroundings),
	};
}

async function start(
	name: string,
	decryptedService: "http" | "other",
	{ directory, originCaFile, originPorts }: Surroundings,
): Promise<Subject> {
	const port = await freePort();
	writeFileSync(join(directory, "sallyport.conf"), configuration(port, originCaFile, decryptedService), {
		mode: 0o600,
	});
	const logFile = join(directory, "output.log");
	const program = startProgram(process.execPath, [entry, ...startArguments(directory)], { logFile, cwd: root });
	await waitForPort(port, program, logFile);
	return {
		name,
		pids: program.pids,
		stop: program.stop,
		target: (face) => ({
			kind: "connect",
			host: "127.0.0.1",
			port,
			originPort: originPorts[face],
			caFile: join(directory, "ca.pem"),
		}),
	};
}

function packageVersion(): string {
	return (JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string }).version;
}

const root = join(import.meta.dirname, "../..");
const entry = join(root, "bin/sallyport.mjs");
const composition = join(root, "src/daemon/cli.ts");
