/** Names of application protocols in ALPN (RFC 7301), as far as the gateway makes a difference between them. */

/** True of HTTP/2 under any of its names: the older libraries of gRPC choose one of their own before `h2`. */
export function isHttp2Protocol(name: string): boolean {
	return name === "h2" || name === "grpc-exp";
}
