/**
 * The least that a TLS bridge in plain Node can be: CONNECT, the origin's certificate verified by OpenSSL, one fixed
 * certificate for the client, octets relayed. The floor that the gateway's own cost is measured against.
 *
 * Arguments: port, origin CA file, certificate file, key file.
 */
import { readFileSync } from "node:fs";
import net from "node:net";
import tls from "node:tls";

const [port = "", originCaFile = "", certificateFile = "", keyFile = ""] = process.argv.slice(2);
const originContext = tls.createSecureContext({ ca: readFileSync(originCaFile), ecdhCurve: "X25519" });
const clientContext = tls.createSecureContext({ cert: readFileSync(certificateFile), key: readFileSync(keyFile) });
const highWaterMark = 1024 * 1024;

net
	.createServer({ noDelay: true }, (client) => {
		client.on("error", () => undefined);
		client.once("data", (head) => {
			const [, host = "", originPort = ""] =
				/^CONNECT ([^: ]+):([0-9]+) HTTP\/1\.1\r\n/.exec(head.toString("latin1")) ?? [];
			client.pause();
			client.write("HTTP/1.1 200 Connection established\r\n\r\n");
			bridge(client, host, Number(originPort));
		});
	})
	.listen(Number(port), "127.0.0.1", 4096);

function bridge(client: net.Socket, servername: string, originPort: number): void {
	const options = { servername, secureContext: originContext, ALPNProtocols: ["http/1.1"], highWaterMark };
	const origin = tls.connect({ ...options, host: "127.0.0.1", port: originPort });
	origin.on("error", () => client.destroy());
	origin.once("secureConnect", () => {
		const secured = new tls.TLSSocket(client, {
			isServer: true,
			secureContext: clientContext,
			ALPNProtocols: ["http/1.1"],
			highWaterMark,
		} as tls.TLSSocketOptions);
		secured.on("error", () => origin.destroy());
		origin.on("error", () => secured.destroy());
		secured.pipe(origin).pipe(secured);
	});
}
