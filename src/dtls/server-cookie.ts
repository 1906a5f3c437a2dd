/**
 * The cookie that a server has a client prove its address by, read from the server's datagram.
 *
 *     HelloVerifyRequest   server_version (2) | cookie <0..2^8-1>                           (RFC 6347 §4.2.1)
 *     HelloRetryRequest    ... | extension cookie (44): cookie <1..2^16-1>                  (RFC 9147 §5.1, RFC 8446 §4.2.2)
 */
import { equalBytes, Reader } from "#base/bytes.ts";
import { decodeDtlsRecord } from "#dtls/record.ts";
import { extensionType } from "#tls/extension-types.ts";
import { contentType } from "#tls/record.ts";
import { retryRandom } from "#tls/server-hello.ts";

/** The cookie, which is not empty; undefined when the datagram holds none. */
export function cookieOffered(datagram: Uint8Array): Uint8Array | undefined {
	const decoded = decodeDtlsRecord(datagram);
	if (decoded.kind !== "done") return undefined;
	const { type, epoch, fragment } = decoded.value;
	if (type !== contentType.handshake || epoch !== 0) return undefined;
	const reader = new Reader(fragment);
	const message = reader.u8();
	const size = reader.u24();
	reader.take(2);
	// A server does not split these: it keeps nothing to send the rest from.
	if (reader.u24() !== 0 || reader.u24() !== size) return undefined;
	const body = reader.sub(size);
	if (reader.isShort) return undefined;
	const cookie =
		message === helloVerifyType ? verifyCookie(body) : message === serverHelloType ? retryCookie(body) : none;
	return cookie.length > 0 ? cookie : undefined;
}

function verifyCookie(body: Reader): Uint8Array {
	body.u16();
	return body.take(body.u8());
}

function retryCookie(body: Reader): Uint8Array {
	body.u16();
	if (!equalBytes(body.take(32), retryRandom)) return none;
	body.take(body.u8());
	body.take(3);
	const extensions = body.sub(body.u16());
	while (extensions.remaining > 0) {
		const type = extensions.u16();
		const value = extensions.sub(extensions.u16());
		if (type === extensionType.cookie) return value.take(value.u16());
	}
	return none;
}

const serverHelloType = 2;
const helloVerifyType = 3;
const none = new Uint8Array(0);
