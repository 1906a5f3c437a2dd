/** HAProxy as a TLS bridge: for each case a port, a CA file, the name to verify and to send. */
import { writeFileSync } from "node:fs";
import { isIP } from "node:net";
import { join } from "node:path";
import { makeAuthority, makeServerCertificate } from "../../certificates.ts";
import { haproxy as benchmarked } from "../../peers/haproxy.ts";
import { freePort, startProgram, waitForPort } from "../../processes.ts";
import { atTime, type PeerKind, type PeerSurroundings, type RunningPeer, type ServedCase } from "../peer.ts";

export const haproxy: PeerKind = {
	name: "haproxy",
	version: () => benchmarked.version(),
	missing: () => benchmarked.missing(),
	start,
};

async function start({ directory, cases, time }: PeerSurroundings): Promise<RunningPeer> {
	const { bundleFile } = makeServerCertificate(directory, makeAuthority(directory, "haproxy-ca"));
	const ports = new Map<ServedCase, number>();
	for (const served of cases) ports.set(served, await freePort());
	const configFile = join(directory, "haproxy.cfg");
	writeFileSync(configFile, configuration(ports, bundleFile));
	const logFile = join(directory, "haproxy.log");
	const program = startProgram(...atTime(time, "haproxy", ["-db", "-f", configFile]), { logFile, cwd: directory });
	for (const port of ports.values()) await waitForPort(port, program, logFile);
	return { way: async (served) => ({ kind: "direct", port: ports.get(served) ?? 0 }), stop: program.stop };
}

function configuration(ports: ReadonlyMap<ServedCase, number>, bundleFile: string): string {
	const bridges = [...ports].map(([served, port], index) => {
		const { host, rootsFile } = served;
		const name = isIP(host) === 0 ? `verifyhost ${host} sni str(${host})` : `verifyhost ${host}`;
		const address = isIP(host) === 6 ? `ipv6@[::1]:${served.port}` : `127.0.0.1:${served.port}`;
		return `
listen case-${index}
	bind 127.0.0.1:${port} ssl crt ${bundleFile} alpn http/1.1
	server origin ${address} ssl verify required ca-file ${rootsFile} ${name}`;
	});
	return `
global
	nbthread 1
defaults
	mode tcp
	timeout connect 5s
	timeout client 10s
	timeout server 10s
	retries 0
${bridges.join("\n")}
`;
}
