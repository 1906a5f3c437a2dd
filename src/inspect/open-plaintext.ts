/** Which reader the plaintext of a connection gets: by the service that its profile names, or by what its ends agreed upon. */
import type { HeadEdits } from "#http/field-edit.ts";
import { GreetingStream } from "#inspect/greeting-stream.ts";
import { Http1Stream } from "#inspect/http1-stream.ts";
import { Http2Stream } from "#inspect/http2-stream.ts";
import { MailStream } from "#inspect/mail-stream.ts";
import { OpaqueStream } from "#inspect/opaque-stream.ts";
import type { PlaintextStream } from "#inspect/plaintext-stream.ts";
import type { InspectionService } from "#inspect/service.ts";
import { UnnamedProtocolStream } from "#inspect/unnamed-protocol-stream.ts";
import type { MailProtocol } from "#mail/mail-reader.ts";
import { isHttp2Protocol } from "#tls/application-protocol.ts";

/** `decrypted-service` of a profile (R117, R129). */
export type DecryptedService = "http" | MailProtocol | "other";

/** What a reader needs; `alpn` is undefined when nothing was agreed upon. */
export interface PlaintextFacts {
	readonly alpn: string | undefined;
	/** The mail protocol whose greeting came before TLS was agreed upon. */
	readonly mail?: MailProtocol | undefined;
	/** What the profile says is within TLS; found out when undefined. */
	readonly service?: DecryptedService | undefined;
	readonly sessionId: string;
	readonly maxDecodedOctets: number;
	/** What is changed in heads; nothing when undefined. Where requests are changed, nothing but HTTP passes. */
	readonly edits?: HeadEdits | undefined;
}

/** Opens the reader; undefined when no service would look at what it reads, and it would change nothing. */
export function openPlaintext(
	services: readonly InspectionService[],
	{ alpn, mail, service, sessionId, maxDecodedOctets, edits }: PlaintextFacts,
): PlaintextStream | undefined {
	if (services.length === 0 && edits === undefined) return undefined;
	const openHttp1 = () => new Http1Stream(services, sessionId, maxDecodedOctets, edits);
	const openHttp2 = () => new Http2Stream(services, sessionId, maxDecodedOctets, edits);
	const isHttp2 = alpn !== undefined && isHttp2Protocol(alpn);
	if (edits?.request !== undefined) return isHttp2 ? openHttp2() : openHttp1();
	// A service that is named is the only one whose filters apply (R118).
	const openOpaque = () => new OpaqueStream(services, service !== undefined);
	// Who looks at names alone has nothing to see in mail.
	const looksInside = services.some(({ isNameCheck }) => isNameCheck !== true);
	const openMail = (protocol: MailProtocol) =>
		looksInside
			? new MailStream(protocol, services, { sessionId, isGreeted: mail !== undefined, maxDecodedOctets })
			: openOpaque();
	if (service === "other") return openOpaque();
	if (service !== undefined && service !== "http") return openMail(service);
	if (mail !== undefined) return service === undefined ? openMail(mail) : openOpaque();
	if (isHttp2) return openHttp2();
	const openOther = () => (service === undefined ? new GreetingStream(openMail, openOpaque) : openOpaque());
	if (alpn === "http/1.1" || alpn === "http/1.0") return openHttp1();
	// Servers speak HTTP/1.1 under other names too: `http/0.9` of nginx, and whatever else nobody here knows.
	return new UnnamedProtocolStream(openHttp1, openOther);
}
