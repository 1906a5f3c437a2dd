/** The bridge of node-bridge.ts, run by the same Node as the gateway. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeAuthority, makeServerCertificate } from "../../certificates.ts";
import { freePort, startProgram, waitForPort } from "../../processes.ts";
import { atTime, type PeerKind, type PeerSurroundings, type RunningPeer, type ServedCase } from "../peer.ts";

export const plainNode: PeerKind = {
	name: "plain node",
	version: () => `Node ${process.version}, OpenSSL ${process.versions.openssl}`,
	missing: () => undefined,
	start,
};

async function start({ directory, cases, time }: PeerSurroundings): Promise<RunningPeer> {
	const issued = makeServerCertificate(directory, makeAuthority(directory, "node-ca"));
	const ports = new Map<ServedCase, number>();
	for (const served of cases) ports.set(served, await freePort());
	const file = join(directory, "bridges.json");
	const bridges = [...ports].map(([{ host, port: originPort, rootsFile }, port]) => ({
		host,
		originPort,
		rootsFile,
		port,
	}));
	writeFileSync(file, JSON.stringify(bridges));
	const script = join(import.meta.dirname, "../node-bridge.ts");
	const logFile = join(directory, "node.log");
	const args = [script, file, issued.keyFile, issued.certificateFile];
	const program = startProgram(...atTime(time, process.execPath, args), { logFile });
	for (const port of ports.values()) await waitForPort(port, program, logFile);
	return { way: async (served) => ({ kind: "direct", port: ports.get(served) ?? 0 }), stop: program.stop };
}
