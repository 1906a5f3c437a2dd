/** The bridge of plain-node-proxy.ts, run by the same Node as the gateway. */
import { join } from "node:path";
import { makeAuthority, makeServerCertificate } from "../certificates.ts";
import { freePort, startProgram, waitForPort } from "../processes.ts";
import type { SubjectKind } from "../subject.ts";

export const plainNode: SubjectKind = {
	name: "plain-node",
	version: () => `Node ${process.version}, bench/plain-node-proxy.ts`,
	missing: () => undefined,
	start: async ({ directory, originCaFile, originPorts }) => {
		const authority = makeAuthority(directory, "plain-node-ca");
		const issued = makeServerCertificate(directory, authority);
		const port = await freePort();
		const logFile = join(directory, "plain-node.log");
		const script = join(import.meta.dirname, "../plain-node-proxy.ts");
		const program = startProgram(
			process.execPath,
			[script, String(port), originCaFile, issued.certificateFile, issued.keyFile],
			{ logFile },
		);
		await waitForPort(port, program, logFile);
		return {
			name: "plain-node",
			pids: program.pids,
			stop: program.stop,
			target: (face) => ({
				kind: "connect",
				host: "127.0.0.1",
				port,
				originPort: originPorts[face],
				caFile: authority.certificateFile,
			}),
		};
	},
};
