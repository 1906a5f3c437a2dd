/** Squid with ssl_bump, the server verified; started anew for each set of roots, since it has one for all servers. */
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { isIP } from "node:net";
import { join } from "node:path";
import { makeAuthority } from "../../certificates.ts";
import { squid as benchmarked, certificateProgram, unprivilegedUser } from "../../peers/squid.ts";
import { freePort, type Program, runProgram, startProgram, waitForPort } from "../../processes.ts";
import { atTime, type PeerKind, type PeerSurroundings, type RunningPeer, type ServedCase } from "../peer.ts";

export const squid: PeerKind = {
	name: "squid",
	version: () => benchmarked.version(),
	missing: () => benchmarked.missing(),
	start,
};

async function start({ directory, cases, time }: PeerSurroundings): Promise<RunningPeer> {
	const authority = makeAuthority(directory, "squid-ca");
	const database = join(directory, "certificates");
	runProgram(certificateProgram, ["-c", "-s", database, "-M", "4MB"], directory);
	const names = new Set(cases.map(({ host }) => host).filter((host) => isIP(host) === 0));
	writeFileSync(join(directory, "hosts"), `127.0.0.1 ${[...names].join(" ")}\n`);
	const user = unprivilegedUser();
	let running: { readonly roots: string; readonly port: number; readonly program: Program } | undefined;
	const way = async (served: ServedCase) => {
		const roots = readFileSync(served.rootsFile, "utf8");
		if (running?.roots === roots) return { kind: "connect" as const, port: running.port };
		await running?.program.stop();
		const port = await freePort();
		copyFileSync(served.rootsFile, join(directory, "roots.pem"));
		writeFileSync(join(directory, "squid.conf"), configuration(directory, port, authority, database));
		if (user !== undefined) runProgram("chown", ["-R", `${user.uid}:${user.gid}`, directory], directory);
		const logFile = join(directory, "squid.log");
		const args = ["-N", "-f", join(directory, "squid.conf")];
		const options = { logFile, cwd: directory, ...(user === undefined ? {} : { user }) };
		const program = startProgram(...atTime(time, "squid", args), options);
		await waitForPort(port, program, logFile);
		running = { roots, port, program };
		return { kind: "connect" as const, port };
	};
	return { way, stop: async () => running?.program.stop() };
}

function configuration(
	directory: string,
	port: number,
	authority: { readonly certificateFile: string; readonly keyFile: string },
	database: string,
): string {
	return `
http_port 127.0.0.1:${port} ssl-bump cert=${authority.certificateFile} key=${authority.keyFile} generate-host-certificates=on
sslcrtd_program ${certificateProgram} -s ${database} -M 4MB
sslcrtd_children 1 startup=1 idle=1
tls_outgoing_options cafile=${directory}/roots.pem default-ca=off
acl hello at_step SslBump1
acl certificate at_step SslBump2
ssl_bump peek hello
ssl_bump stare certificate
ssl_bump bump all
http_access allow all
hosts_file ${directory}/hosts
cache deny all
cache_mem 0
access_log none
cache_log ${directory}/cache.log
cache_store_log none
logfile_rotate 0
pid_filename none
coredump_dir ${directory}
pinger_enable off
shutdown_lifetime 0
visible_hostname squid.bench
`;
}
