/** HAProxy as a TLS bridge: one certificate for the one name, relayed as octets, encrypted again, the origin verified. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Issued, makeAuthority, makeServerCertificate } from "../certificates.ts";
import { freePort, startProgram, versionLine, waitForPort } from "../processes.ts";
import { originName, type Subject, type SubjectKind, type Surroundings } from "../subject.ts";

export const haproxy: SubjectKind = {
	name: "haproxy",
	version: () => versionLine("haproxy", ["-v"])?.replace(/ - .*$/, "") ?? "absent",
	missing: () => (versionLine("haproxy", ["-v"]) === undefined ? "haproxy is absent; install haproxy" : undefined),
	start,
};

async function start(surroundings: Surroundings): Promise<Subject> {
	const { directory } = surroundings;
	const authority = makeAuthority(directory, "haproxy-ca");
	const issued = makeServerCertificate(directory, authority);
	const ports = { resuming: await freePort(), "not-resuming": await freePort() };
	const configFile = join(directory, "haproxy.cfg");
	writeFileSync(configFile, configuration(surroundings, ports, issued));
	const logFile = join(directory, "haproxy.log");
	const program = startProgram("haproxy", ["-db", "-f", configFile], { logFile, cwd: directory });
	for (const port of Object.values(ports)) await waitForPort(port, program, logFile);
	return {
		name: "haproxy",
		pids: program.pids,
		stop: program.stop,
		target: (face) => ({
			kind: "direct",
			host: "127.0.0.1",
			port: ports[face],
			originPort: surroundings.originPorts[face],
			caFile: authority.certificateFile,
		}),
	};
}

function configuration(
	{ originCaFile, originPorts }: Surroundings,
	ports: Surroundings["originPorts"],
	issued: Issued,
): string {
	const bridge = (face: keyof typeof ports) => `
listen ${face}
	bind 127.0.0.1:${ports[face]} ssl crt ${issued.bundleFile} alpn http/1.1
	server origin 127.0.0.1:${originPorts[face]} ssl verify required ca-file ${originCaFile} verifyhost ${originName} sni str(${originName})
`;
	return `
global
	maxconn 4000
	nbthread 1
	ssl-default-bind-options ssl-min-ver TLSv1.2
defaults
	mode tcp
	timeout connect 10s
	timeout client 1h
	timeout server 1h
${bridge("resuming")}
${bridge("not-resuming")}
`;
}
