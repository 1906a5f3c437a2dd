/** nghttpx as a bridge of HTTP/2: one certificate for the one name, each stream forwarded, encrypted again, the origin verified. */
import { join } from "node:path";
import { makeAuthority, makeServerCertificate } from "../certificates.ts";
import { freePort, startProgram, versionLine, waitForPort } from "../processes.ts";
import { originName, type Subject, type SubjectKind, type Surroundings } from "../subject.ts";

export const nghttpx: SubjectKind = {
	name: "nghttpx",
	version: () => versionLine("nghttpx", ["--version"]) ?? "absent",
	missing: () =>
		versionLine("nghttpx", ["--version"]) === undefined ? "nghttpx is absent; install nghttp2-proxy" : undefined,
	start,
};

async function start({ directory, originCaFile, originPorts }: Surroundings): Promise<Subject> {
	const authority = makeAuthority(directory, "nghttpx-ca");
	const issued = makeServerCertificate(directory, authority);
	const port = await freePort();
	const logFile = join(directory, "nghttpx.log");
	const program = startProgram(
		"nghttpx",
		[
			...[`--frontend=127.0.0.1,${port}`, "--workers=1", `--cacert=${originCaFile}`, "--conf=/dev/null"],
			`--backend=127.0.0.1,${originPorts["not-resuming"]};;tls;proto=h2;sni=${originName}`,
			...["--accesslog-file=/dev/null", issued.keyFile, issued.certificateFile],
		],
		{ logFile, cwd: directory },
	);
	await waitForPort(port, program, logFile);
	return {
		name: "nghttpx",
		pids: program.pids,
		stop: program.stop,
		target: (face) => ({
			kind: "direct",
			host: "127.0.0.1",
			port,
			originPort: originPorts[face],
			caFile: authority.certificateFile,
		}),
	};
}
