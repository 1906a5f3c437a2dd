/** Which reader the plaintext of a connection gets, by the protocol that its ends agreed upon. */
import type { HeadEdits } from "#http/field-edit.ts";
import { Http1Stream } from "#inspect/http1-stream.ts";
import { Http2Stream } from "#inspect/http2-stream.ts";
import { OpaqueStream } from "#inspect/opaque-stream.ts";
import type { PlaintextStream } from "#inspect/plaintext-stream.ts";
import type { InspectionService } from "#inspect/service.ts";
import { UnnamedProtocolStream } from "#inspect/unnamed-protocol-stream.ts";
import { isHttp2Protocol } from "#tls/application-protocol.ts";

/** What a reader needs; `alpn` is undefined when nothing was agreed upon. */
export interface PlaintextFacts {
	readonly alpn: string | undefined;
	readonly sessionId: string;
	readonly maxDecodedOctets: number;
	/** What is changed in heads; nothing when undefined. Where requests are changed, nothing but HTTP passes. */
	readonly edits?: HeadEdits | undefined;
}

/** Opens the reader; undefined when no service would look at what it reads, and it would change nothing. */
export function openPlaintext(
	services: readonly InspectionService[],
	{ alpn, sessionId, maxDecodedOctets, edits }: PlaintextFacts,
): PlaintextStream | undefined {
	if (services.length === 0 && edits === undefined) return undefined;
	const openHttp = () => new Http1Stream(services, sessionId, maxDecodedOctets, edits);
	const openOther = () => new OpaqueStream(services);
	if (alpn !== undefined && isHttp2Protocol(alpn)) return new Http2Stream(services, sessionId, maxDecodedOctets, edits);
	if (edits?.request !== undefined) return openHttp();
	if (alpn === undefined) return new UnnamedProtocolStream(openHttp, openOther);
	return alpn === "http/1.1" || alpn === "http/1.0" ? openHttp() : openOther();
}
