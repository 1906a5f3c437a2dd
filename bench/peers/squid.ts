/** Squid with `ssl_bump`: generated certificates, one worker, nothing cached, the origin verified. */
import { copyFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeAuthority } from "../certificates.ts";
import { freePort, runProgram, startProgram, versionLine, waitForPort } from "../processes.ts";
import type { Subject, SubjectKind, Surroundings } from "../subject.ts";

export const squid: SubjectKind = {
	name: "squid",
	version: () => versionLine("squid", ["-v"])?.replace("Squid Cache: ", "Squid ") ?? "absent",
	missing: () =>
		existsSync(certificateProgram) ? undefined : `${certificateProgram} is absent; install squid-openssl`,
	start,
};

async function start(surroundings: Surroundings): Promise<Subject> {
	const { directory } = surroundings;
	const authority = makeAuthority(directory, "squid-ca");
	const database = join(directory, "certificates");
	runProgram(certificateProgram, ["-c", "-s", database, "-M", "4MB"], directory);
	const port = await freePort();
	const configFile = join(directory, "squid.conf");
	writeFileSync(configFile, configuration(surroundings, port, authority, database));
	copyFileSync(surroundings.originCaFile, join(directory, "origin-ca.pem"));
	const user = unprivilegedUser();
	if (user !== undefined) runProgram("chown", ["-R", `${user.uid}:${user.gid}`, directory], directory);
	const logFile = join(directory, "squid.log");
	const program = startProgram("squid", ["-N", "-f", configFile], {
		logFile,
		cwd: directory,
		...(user === undefined ? {} : { user }),
	});
	await waitForPort(port, program, logFile);
	return {
		name: "squid",
		pids: program.pids,
		stop: program.stop,
		target: (face) => ({
			kind: "connect",
			host: "127.0.0.1",
			port,
			originPort: surroundings.originPorts[face],
			caFile: authority.certificateFile,
		}),
	};
}

/** Bumped after the origin's certificate was seen and verified, so that the generated one follows it. */
function configuration(
	surroundings: Surroundings,
	port: number,
	authority: { readonly certificateFile: string; readonly keyFile: string },
	database: string,
): string {
	const { directory } = surroundings;
	return `
http_port 127.0.0.1:${port} ssl-bump cert=${authority.certificateFile} key=${authority.keyFile} generate-host-certificates=on dynamic_cert_mem_cache_size=4MB
sslcrtd_program ${certificateProgram} -s ${database} -M 4MB
sslcrtd_children 2 startup=1 idle=1
tls_outgoing_options cafile=${directory}/origin-ca.pem default-ca=off
acl hello at_step SslBump1
acl certificate at_step SslBump2
ssl_bump peek hello
ssl_bump stare certificate
ssl_bump bump all
http_access allow all
cache deny all
cache_mem 0
access_log none
cache_log ${directory}/cache.log
cache_store_log none
logfile_rotate 0
pid_filename none
coredump_dir ${directory}
max_filedescriptors 16384
workers 1
pinger_enable off
client_idle_pconn_timeout 1 hour
server_idle_pconn_timeout 1 hour
client_lifetime 1 day
read_timeout 1 hour
shutdown_lifetime 0
visible_hostname squid.bench
`;
}

/** Squid does not run as root: its Debian account instead. */
export function unprivilegedUser(): { uid: number; gid: number } | undefined {
	if (process.getuid?.() !== 0) return undefined;
	const line = readFileSync("/etc/passwd", "utf8")
		.split("\n")
		.find((each) => each.startsWith("proxy:"));
	const [, , uid, gid] = line?.split(":") ?? [];
	return uid === undefined || gid === undefined ? undefined : { uid: Number(uid), gid: Number(gid) };
}

export const certificateProgram = "/usr/lib/squid/security_file_certgen";
