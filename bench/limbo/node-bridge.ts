/**
 * The least that a client in plain Node is: `tls.connect` with the case's roots, the rest as it is by default; what comes
 * back is handed on to whoever asked. Argument: a JSON file with the cases by port.
 */
import { readFileSync } from "node:fs";
import net, { isIP } from "node:net";
import tls from "node:tls";

interface Bridge {
	readonly port: number;
	readonly host: string;
	readonly originPort: number;
	readonly rootsFile: string;
}

const [file = "", keyFile = "", certificateFile = ""] = process.argv.slice(2);
const bridges = JSON.parse(readFileSync(file, "utf8")) as readonly Bridge[];
const own = tls.createSecureContext({ key: readFileSync(keyFile), cert: readFileSync(certificateFile) });

for (const bridge of bridges) net.createServer((client) => open(client, bridge)).listen(bridge.port, "127.0.0.1");

function open(client: net.Socket, { host, originPort, rootsFile }: Bridge): void {
	client.on("error", () => undefined);
	const isName = isIP(host) === 0;
	const origin = tls.connect({
		host: isName ? "127.0.0.1" : host,
		port: originPort,
		ca: readFileSync(rootsFile),
		...(isName ? { servername: host } : {}),
	});
	origin.on("error", () => client.destroy());
	origin.once("secureConnect", () => {
		const secured = new tls.TLSSocket(client, { isServer: true, secureContext: own });
		secured.on("error", () => origin.destroy());
		secured.pipe(origin).pipe(secured);
	});
}
