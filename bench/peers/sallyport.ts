/** The gateway itself, started as a user starts it: once with HTTP inspection, once relaying decrypted octets unseen. */
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort, startProgram, waitForOutput } from "../processes.ts";
import type { Subject, SubjectKind, Surroundings } from "../subject.ts";

/** What one kind has and the others do not. */
interface Parts {
	readonly ruleFile?: string;
	/** More of the profile's actions. */
	readonly actions?: string;
}

const openNames = "domain-fronting allow; coalesced-requests allow;";

export const sallyport: SubjectKind = kind("sallyport", "pattern-policy standard;");

/** With signatures of a file besides. */
export function sallyportWithRules(ruleFile: string): SubjectKind {
	return kind("sallyport-rules", "pattern-policy standard; idp-policy all;", { ruleFile });
}

/** Nothing looks at what is within, not at the names of requests either. */
export const sallyportOpaque: SubjectKind = kind("sallyport-opaque", "utm-policy none;", { actions: openNames });

/** The arguments after `node bin/sallyport.mjs`. */
function startArguments(stateDirectory: string): string[] {
	return ["start", "--state", stateDirectory];
}

/** The configuration of a first start, with the benchmark's listener; without a pattern policy nothing is looked into. */
function configuration(port: number, services: string, { ruleFile, actions = "" }: Parts): string {
	const rules = ruleFile === undefined ? "" : `rules { file ${ruleFile}; }`;
	return `
services {
	gateway {
		explicit-proxy bench { listen 127.0.0.1:${port}; permit-local-targets; }
		timeouts { idle 3600; }
		workers 1;
	}
	ssl {
		proxy {
			profile inspect {
				root-ca sallyport-ca;
				untrusted-root-ca sallyport-untrusted-ca;
				trusted-ca all;
				decryption-policy exemptions;
				actions { log { all; } ${actions} }
			}
			decryption-policy exemptions { never-decrypt-domains [ bank.example *.bank.example ]; }
		}
	}
}
security {
	policies {
		global {
			policy inspect-all {
				match { source-address any; destination-address any; application any; }
				then { permit { application-services { ssl-proxy { profile-name inspect; } ${services} } } }
			}
		}
	}
	inspection { pattern-policy standard { patterns eicar; } }
	utm { utm-policy none; }
	idp {
		${rules}
		idp-policy all { rulebase-ips { rule all { match { attacks { predefined-attack-groups all; } } then { action { no-action; } } } } }
	}
	log { event-store { retention 30; maximum-size 1024; } }
}
`;
}

function kind(name: string, services: string, parts: Parts = {}): SubjectKind {
	return {
		name,
		version: () => `Sallyport ${packageVersion()}, Node ${process.version}`,
		missing: () => (existsSync(entry) && existsSync(composition) ? undefined : "src/daemon/cli.ts is absent"),
		start: (surroundings) => start(name, services, parts, surroundings),
	};
}

async function start(
	name: string,
	services: string,
	parts: Parts,
	{ directory, originCaFile, originPorts }: Surroundings,
): Promise<Subject> {
	const port = await freePort();
	writeFileSync(join(directory, "sallyport.conf"), configuration(port, services, parts), { mode: 0o600 });
	mkdirSync(join(directory, "trust"));
	copyFileSync(originCaFile, join(directory, "trust", "bench-origin.pem"));
	const logFile = join(directory, "output.log");
	const program = startProgram(process.execPath, [entry, ...startArguments(directory)], { logFile, cwd: root });
	// Before it says so the port may be open for a moment: the gateway tries whether it can have it.
	await waitForOutput(" is running", program, logFile);
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
