/** What is said of a session of which one side let the time pass. */
import { type Fault, fault } from "#base/fault.ts";

/** `server` is what was to be connected to. */
export function lateConnect(server: string): Fault {
	return fault("SERVER_CONNECT_TIMEOUT", `server ${server} did not answer in time`);
}

/** `octets` is how many came of a ClientHello. */
export function lateHello(client: string, octets: number): Fault {
	return fault("CLIENT_HELLO_TIMEOUT", `client ${client} did not send a ClientHello in time; got ${octets} octets`);
}

/** `octets` is how many came of a PROXY header. */
export function lateProxyHeader(proxy: string, octets: number): Fault {
	return fault("PROXY_HEADER_MALFORMED", `proxy ${proxy} did not send its PROXY header in time; got ${octets} octets`);
}

/** Mail, before TLS. */
export function lateMail(client: string, server: string): Fault {
	return fault("SESSION_IDLE_TIMEOUT", `neither client ${client} nor server ${server} went on in time before TLS`);
}
