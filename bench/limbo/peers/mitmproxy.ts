/** mitmproxy in regular mode, the server verified; an addon says where a name is and which roots may vouch for it. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { mitmproxy as benchmarked } from "../../peers/mitmproxy.ts";
import { freePort, startProgram, waitForPort } from "../../processes.ts";
import { atTime, type PeerKind, type PeerSurroundings, type RunningPeer } from "../peer.ts";

export const mitmproxy: PeerKind = {
	name: "mitmproxy",
	version: () => benchmarked.version(),
	missing: () => benchmarked.missing(),
	start,
};

async function start({ directory, cases, time }: PeerSurroundings): Promise<RunningPeer> {
	const configuration = join(directory, "conf");
	mkdirSync(configuration);
	const script = join(directory, "limbo.py");
	writeFileSync(script, addon(cases.map(({ port, rootsFile }) => [port, rootsFile])));
	const port = await freePort();
	const logFile = join(directory, "mitmproxy.log");
	const args = [
		...["--quiet", "--listen-host", "127.0.0.1", "--listen-port", String(port), "--scripts", script],
		...["--set", `confdir=${configuration}`, "--set", "flow_detail=0"],
	];
	const program = startProgram(...atTime(time, "mitmdump", args), { logFile, cwd: directory });
	await waitForPort(port, program, logFile);
	return { way: async () => ({ kind: "connect", port }), stop: program.stop };
}

/** Cases are asked one after another, so that the option is that of the case at hand. */
function addon(roots: readonly (readonly [number, string])[]): string {
	return `
import ipaddress
from mitmproxy import ctx

ROOTS = {${roots.map(([port, file]) => `${port}: ${JSON.stringify(file)}`).join(", ")}}


def server_connect(data):
    host, port = data.server.address[:2]
    ctx.options.ssl_verify_upstream_trusted_ca = ROOTS[port]
    data.server.sni = host
    try:
        ipaddress.ip_address(host)
    except ValueError:
        data.server.address = ("127.0.0.1", port)
`;
}
