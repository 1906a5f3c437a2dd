/**
 * The buffers that a rule can look into: parts of a message, each under the keyword of Suricata that selects it (sticky
 * buffers), and under the modifier that sends one content back there (`content:"x"; http_uri;`).
 */

/** Which way the octets of a buffer travel. */
export type BufferSide = "to-server" | "to-client" | "both";

/**
 * When a buffer is whole: with the head, as the body goes on, at a message of the TLS handshake, at any octets; of mail with the
 * head of the message, and with its end.
 */
export type BufferStage =
	| "head"
	| "body"
	| "client-hello"
	| "server-hello"
	| "certificate"
	| "mail"
	| "mail-end"
	| "stream";

/** "mail": any protocol of it. */
export type BufferProtocol = "http" | "tls" | "smtp" | "mail" | "any";

export interface BufferRow {
	readonly side: BufferSide;
	readonly stage: BufferStage;
	readonly protocol: BufferProtocol;
	/** Other keywords that select it. */
	readonly also: readonly string[];
	/** The keyword that sends the content before it there. */
	readonly modifier?: string;
	/** How much rarer a pattern is there than in a body; for choosing what is searched for first. */
	readonly weight: number;
	readonly about: string;
}

function http(
	side: BufferSide,
	weight: number,
	also: readonly string[],
	about: string,
	more: Partial<BufferRow> = {},
): BufferRow {
	return { side, stage: "head", protocol: "http", also, weight, about, ...more };
}

function tls(
	stage: "client-hello" | "server-hello" | "certificate",
	also: readonly string[],
	about: string,
): BufferRow {
	return {
		side: stage === "client-hello" ? "to-server" : "to-client",
		stage,
		protocol: "tls",
		also,
		weight: 1,
		about,
	};
}

function mail(about: string, protocol: "smtp" | "mail" = "mail", stage: "mail" | "mail-end" = "mail"): BufferRow {
	return { side: protocol === "smtp" ? "to-server" : "both", stage, protocol, also: [], weight: 1, about };
}

/** Every buffer by its keyword. */
export const bufferTable = {
	payload: {
		side: "both",
		stage: "stream",
		protocol: "any",
		also: ["pkt_data"],
		weight: 0.8,
		about: "octets of the connection as they come; `pkt_data` goes back to it",
	},
	"http.method": http("to-server", 0.2, [], "method of the request", { modifier: "http_method" }),
	"http.uri": http("to-server", 1, [], "target of the request, normalised", { modifier: "http_uri" }),
	"http.uri.raw": http("to-server", 1, [], "target of the request as sent", { modifier: "http_raw_uri" }),
	"http.request_line": http("to-server", 0.9, ["http_request_line"], "first line of the request"),
	"http.response_line": http("to-client", 0.4, ["http_response_line"], "first line of the response"),
	"http.header": http("both", 0.9, [], "header lines, white space around values taken away, without cookies", {
		modifier: "http_header",
	}),
	"http.header.raw": http("both", 0.9, [], "header lines as sent", { modifier: "http_raw_header" }),
	"http.cookie": http("both", 1, [], "value of Cookie or Set-Cookie", { modifier: "http_cookie" }),
	"http.user_agent": http("to-server", 1, [], "value of User-Agent", { modifier: "http_user_agent" }),
	"http.host": http("to-server", 1, [], "name of the host in lower case, without port", { modifier: "http_host" }),
	"http.host.raw": http("to-server", 1, [], "host as sent", { modifier: "http_raw_host" }),
	"http.accept": http("to-server", 0.4, ["http_accept"], "value of Accept"),
	"http.accept_enc": http("to-server", 0.3, ["http_accept_enc"], "value of Accept-Encoding"),
	"http.accept_lang": http("to-server", 0.4, ["http_accept_lang"], "value of Accept-Language"),
	"http.referer": http("to-server", 1, ["http_referer"], "value of Referer"),
	"http.connection": http("to-server", 0.3, ["http_connection"], "value of Connection"),
	"http.content_type": http("both", 0.3, ["http_content_type"], "value of Content-Type"),
	"http.content_len": http("both", 0.3, ["http_content_len"], "value of Content-Length"),
	"http.start": http("both", 0.8, ["http_start"], "first line and header lines, with the empty line"),
	"http.protocol": http("both", 0.1, ["http_protocol"], "protocol of the first line, such as HTTP/1.1"),
	"http.header_names": http("both", 0.8, ["http_header_names"], "names of the header lines, each in a line"),
	"http.request_body": http("to-server", 0.8, [], "body of the request", {
		stage: "body",
		modifier: "http_client_body",
	}),
	"http.response_body": http("to-client", 0.7, [], "body of the response, codings undone", {
		stage: "body",
		modifier: "http_server_body",
	}),
	"http.stat_code": http("to-client", 0.1, [], "status of the response", { modifier: "http_stat_code" }),
	"http.stat_msg": http("to-client", 0.3, [], "text behind the status", { modifier: "http_stat_msg" }),
	"http.server": http("to-client", 0.4, [], "value of Server"),
	"http.location": http("to-client", 0.9, [], "value of Location"),
	"file.data": http(
		"both",
		0.7,
		["file_data"],
		"body of the response, or of the request where the rule says to_server; parts of mail, decoded, in rules of smtp, imap and pop3",
		{
			stage: "body",
		},
	),
	"file.name": http("both", 0.9, [], "name of the file: of Content-Disposition, else the path"),
	"tls.sni": tls("client-hello", ["tls_sni"], "server name of the ClientHello"),
	"ja3.hash": tls("client-hello", ["ja3_hash"], "JA3 of the client"),
	"ja3.string": tls("client-hello", ["ja3_string"], "what JA3 is made of"),
	"ja3s.hash": tls("server-hello", [], "JA3S of the server"),
	"ja3s.string": tls("server-hello", [], "what JA3S is made of"),
	"tls.cert_subject": tls("certificate", ["tls_cert_subject"], "subject of the server's certificate"),
	"tls.cert_issuer": tls("certificate", ["tls_cert_issuer"], "issuer of the server's certificate"),
	"tls.cert_serial": tls("certificate", ["tls_cert_serial"], "serial number, upper-case octets with colons"),
	"tls.cert_fingerprint": tls("certificate", ["tls_cert_fingerprint"], "SHA-1, lower-case octets with colons"),
	"tls.certs": tls("certificate", [], "each certificate of the chain in DER"),
	"smtp.helo": mail("name that the client gives itself: HELO or EHLO", "smtp"),
	"smtp.mail_from": mail("sender of the envelope, as it stands behind MAIL FROM", "smtp"),
	"smtp.rcpt_to": mail("each recipient of the envelope, as it stands behind RCPT TO", "smtp"),
	"email.from": mail("From of a message; fields are compared as sent, and decoded where they are encoded"),
	"email.subject": mail("Subject of a message"),
	"email.to": mail("To of a message"),
	"email.cc": mail("Cc of a message"),
	"email.date": mail("Date of a message"),
	"email.message_id": mail("Message-ID of a message"),
	"email.x_mailer": mail("X-Mailer of a message"),
	"email.received": mail("each Received of a message"),
	"email.url": mail("each address with http, https, ftp or smb in the parts of a message, decoded", "mail", "mail-end"),
} as const satisfies Readonly<Record<string, BufferRow>>;

export type BufferName = keyof typeof bufferTable;

/** The names in the order of the table; a buffer's number is its index. */
export const bufferNames = Object.keys(bufferTable) as readonly BufferName[];

/** Sticky keywords to buffers. */
export const stickyBuffers: ReadonlyMap<string, BufferName> = new Map(
	bufferNames.flatMap((name) => [
		...(name === "payload" ? [] : [[name, name] as const]),
		...bufferTable[name].also.map((keyword) => [keyword, name] as const),
	]),
);

/** Modifiers of the content before them to buffers. */
export const bufferModifiers: ReadonlyMap<string, BufferName> = new Map(
	bufferNames.flatMap((name) => {
		const { modifier } = bufferTable[name] as BufferRow;
		return modifier === undefined ? [] : [[modifier, name] as const];
	}),
);
