/** User and password in a request to a proxy: `Proxy-Authorization: Basic` (RFC 7617, RFC 9110 §11.7). */
import { Secret } from "#base/secret.ts";

export interface Credentials {
	readonly user: string;
	readonly password: Secret;
}

/** Reads the value of the field; undefined when it is of another scheme, or malformed. */
export function readBasicCredentials(value: string): Credentials | undefined {
	const encoded = /^basic +([A-Za-z0-9+/]+={0,2})[ \t]*$/i.exec(value.trim())?.[1];
	if (encoded === undefined || encoded.length > maxEncoded) return undefined;
	const text = Buffer.from(encoded, "base64").toString("utf8");
	const colon = text.indexOf(":");
	if (colon === -1 || /\p{Cc}/u.test(text)) return undefined;
	return { user: text.slice(0, colon), password: new Secret(text.slice(colon + 1)) };
}

/** The credentials among the lines of a head; undefined when there are none, or more than one. */
export function credentialsOf(lines: readonly string[]): Credentials | undefined {
	const values = lines.flatMap((line) => {
		const colon = line.indexOf(":");
		return line.slice(0, colon).toLowerCase() === "proxy-authorization" ? [line.slice(colon + 1)] : [];
	});
	const [value] = values;
	return value === undefined || values.length > 1 ? undefined : readBasicCredentials(value);
}

/** What a client that lacks them is told (RFC 7617 §2.1). */
export const basicChallenge = 'Proxy-Authenticate: Basic realm="Sallyport", charset="UTF-8"\r\n';
/** 255 octets of each, as SOCKS5 has them, and a colon. */
const maxEncoded = 1_024;
