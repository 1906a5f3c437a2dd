/** The gateway itself with one of its validation profiles: a CA profile, an SSL proxy profile and a policy for each case. */
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { isIP } from "node:net";
import { join } from "node:path";
import { sallyport as benchmarked } from "../../peers/sallyport.ts";
import { freePort, startProgram, waitForOutput } from "../../processes.ts";
import { atTime, type PeerKind, type PeerSurroundings, type RunningPeer, type ServedCase } from "../peer.ts";

export function sallyport(validation: "strict" | "web-pki" | "lenient"): PeerKind {
	return {
		name: `sallyport ${validation}`,
		version: () => benchmarked.version(),
		missing: () => benchmarked.missing(),
		start: (surroundings) => start(validation, surroundings),
	};
}

async function start(validation: string, { directory, cases, time }: PeerSurroundings): Promise<RunningPeer> {
	const port = await freePort();
	writeFileSync(join(directory, "sallyport.conf"), configuration(validation, port, cases), { mode: 0o600 });
	mkdirSync(join(directory, "trust"));
	for (const [index, { rootsFile }] of cases.entries())
		copyFileSync(rootsFile, join(directory, `trust/case-${index}.pem`));
	const logFile = join(directory, "output.log");
	const program = startProgram(...atTime(time, process.execPath, [entry, "start", "--state", directory]), {
		logFile,
		cwd: root,
	});
	await waitForOutput(" is running", program, logFile);
	return { way: async () => ({ kind: "connect", port }), stop: program.stop };
}

/** Without an untrusted-root-ca a server that is not trusted is blocked. */
function configuration(validation: string, port: number, cases: readonly ServedCase[]): string {
	const each = (text: (served: ServedCase, index: number) => string) => cases.map(text).join("\n");
	const names = new Set(cases.map(({ host }) => host).filter((host) => isIP(host) === 0));
	return `
system {
	${[...names].map((name) => `static-host-mapping ${name} { inet 127.0.0.1; }`).join("\n")}
}
services {
	gateway { explicit-proxy limbo { listen 127.0.0.1:${port}; permit-local-targets; } workers 1; }
	ssl { proxy {
		${each((_, index) => `profile case-${index} { root-ca sallyport-ca; trusted-ca case-${index}; certificate-validation ${validation}; actions { log { all; } } }`)}
	} }
}
applications {
	${each(({ port: to }, index) => `application case-${index} { protocol tcp; destination-port ${to}; }`)}
}
security {
	policies { global {
		${each((_, index) => `policy case-${index} { match { source-address any; destination-address any; application case-${index}; } then { permit { application-services { ssl-proxy { profile-name case-${index}; } pattern-policy standard; } } } }`)}
	} }
	inspection { pattern-policy standard { patterns eicar; } }
}
`;
}

const root = join(import.meta.dirname, "../../..");
const entry = join(root, "bin/sallyport.mjs");
