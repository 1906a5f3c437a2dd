/** `services ssl proxy`: how connections are opened. */
import { enumeration, integer, keyword, name, reference, text, union } from "#config/leaf-types.ts";
import { fileName, hostPattern, interfaceName, macAddress, prefix } from "#config/network-types.ts";
import { container, flag, leaf, leafList, list, type Snapshot } from "#config/schema.ts";
import { certificateReference } from "#pki/certificate-id.ts";
import { caName } from "#pki/schema.ts";
import { addressPaths } from "#policy/address-book-schema.ts";
import { clientAuthentication } from "#tls/client-authentication-schema.ts";
import {
	cipherList,
	crlActions,
	groupList,
	preferredCiphers,
	protocolVersionHelp,
	protocolVersions,
} from "#tls/tls-statements.ts";

const category = name({ placeholder: "category" });

const switchWords = enumeration({ enable: "On", disable: "Off" });

const logClasses = container({
	help: "Which sessions are recorded",
	children: {
		all: flag({ help: "Every session" }),
		info: flag({ help: "Information", engine: "not-yet" }),
		warning: flag({ help: "Sessions that were decrypted although their server is not trusted" }),
		errors: flag({ help: "Sessions that ended with a fault" }),
		"sessions-allowed": flag({ help: "Sessions that were decrypted" }),
		"sessions-dropped": flag({ help: "Sessions that were blocked" }),
		"sessions-ignored": flag({
			help: "Sessions that were relayed untouched for another reason than an exemption: overload, not TLS, a certificate that the server wants",
		}),
		"sessions-whitelisted": flag({
			help: "Sessions that were exempt from decryption",
			aliases: ["sessions-allowlisted"],
		}),
	},
});

const actions = container({
	help: "What happens in special cases",
	children: {
		"ignore-server-auth-failure": flag({
			help: {
				what: "Treat every server as trusted",
				loosened: "danger: anybody on the way to the server can impersonate it, and the client cannot see it",
			},
		}),
		"block-invalid-certificates": flag({
			help: "Block servers whose certificate is not trusted instead of warning the client",
		}),
		"block-expired-certificates": flag({
			help: "Block servers whose certificate, or one of its chain, has expired instead of warning the client",
		}),
		"send-tcp-reset": leaf(enumeration({ client: "To the client", server: "To the server", both: "To both" }), {
			help: "Who gets a TCP reset, and no page or alert, when a session is blocked: by inspection, by overload or for its server's certificate; a stream of HTTP/2 is blocked by itself",
		}),
		"disable-session-resumption": flag({ help: "A full handshake for every connection, on both legs" }),
		"disable-ocsp-stapling": flag({
			help: "Staple no OCSP responses to the certificates of server-certificate; where one names a responder they are fetched and stapled for clients that ask",
		}),
		renegotiation: leaf(
			enumeration({
				drop: "Refuse it with alert no_renegotiation, upon which peers end the session",
				"allow-secure": "Only by RFC 5746",
				allow: "Any; danger: an attacker can put a request of his own before that of the client",
			}),
			{
				help: {
					what: "What to do when a client or a server wants to negotiate anew amid a session of TLS 1.2 or before (TLS 1.3 has no renegotiation); one that shows another certificate by it, that speaks HTTP/2, or that does it more than three times in ten minutes is ended in any case",
					loosened: "danger: renegotiation has been a way to inject requests and to exhaust servers",
					source: "RFC 5746, RFC 9113 §9.2.1",
				},
				default: "drop",
			},
		),
		"non-tls-traffic": leaf(enumeration({ drop: "End the connection", pass: "Relay it uninspected" }), {
			help: {
				what: "What becomes of a tunnel that does not carry TLS",
				loosened: "danger: anything can pass uninspected",
			},
			default: "drop",
		}),
		"encrypted-client-hello": leaf(
			enumeration({
				refuse: "End the session with alert access_denied",
				log: "Open it under the name in clear, by which nothing is exempt then; clients come back without ECH; an event tells",
				pass: "Go by the name in clear, exemptions included",
			}),
			{
				help: {
					what: "What becomes of a session whose ClientHello was encrypted for a key that is known, so that the name in clear is not that of its server; what may be GREASE is never concerned",
					loosened: "danger: with pass, whoever hides a name behind one that is exempt is not opened",
					source: "RFC 9849",
				},
				default: "log",
			},
		),
		"sni-address-mismatch": leaf(
			enumeration({
				ignore: "Do not look",
				log: "The record tells it, and an event when the server's certificate is not trusted either",
				drop: "The server must be trusted, exempt or not; the session is ended otherwise",
			}),
			{
				help: {
					what: "What becomes of a session of a transparent listener whose client addressed a server that is not at an address of the name in its ClientHello; large providers give different addresses to different resolvers, so that a server with a valid certificate is never ended",
					loosened: "danger: with log and ignore, a client that names an exempt server reaches another one unopened",
				},
				default: "log",
			},
		),
		starttls: leaf(
			enumeration({
				drop: "End the connection",
				allow: "Open the session once both sides have agreed on TLS; without it mail passes in clear",
				require: "The same, but nobody logs in or sends mail before TLS, and a server that offers none is refused",
			}),
			{
				help: {
					what: "What becomes of SMTP, IMAP and POP3 that begin in clear",
					loosened: "danger: with allow, who is on the path can take the offer of TLS away, and mail passes in clear",
					source: "RFC 3207, RFC 2595, RFC 8314",
				},
				default: "drop",
			},
		),
		"client-certificate-request": leaf(
			enumeration({
				drop: "End the session",
				bypass: "Do not open the session; it is recorded",
				present: "Present the certificate of client-certificate",
			}),
			{
				help: {
					what: "What to do with a server that asks for the client's certificate",
					loosened: "danger: with bypass, a server can keep its sessions from being seen by asking",
				},
				default: "bypass",
			},
		),
		"domain-fronting": leaf(
			enumeration({
				drop: "Refuse it with status 421; in HTTP/2 the other streams go on",
				log: "Let it pass; it is recorded",
				allow: "Let it pass",
			}),
			{
				help: {
					what: "What becomes of an HTTP request for another name than its connection was asked for, when the server's certificate does not bear it",
					loosened:
						"danger: with log and allow, a client that names a permitted server reaches others that share its address, whatever policies say of them",
					source: "RFC 9110 §7.4",
				},
				default: "drop",
			},
		),
		"coalesced-requests": leaf(
			enumeration({
				drop: "Refuse it with status 421, upon which browsers make a connection for its name",
				log: "Let it pass; it is recorded",
				allow: "Let it pass",
			}),
			{
				help: {
					what: "What becomes of an HTTP request for another name than its connection was asked for, when the server's certificate bears both",
					loosened:
						"danger: with log and allow, policies decide by the first name alone; drop where they tell names of one certificate apart",
					source: "RFC 9113 §9.1.1",
				},
				default: "allow",
			},
		),
		"strip-alt-svc": flag({
			help: {
				what: "Take Alt-Svc out of responses and out of HTTP/2, so that browsers do not go on to HTTP/3 past the gateway",
				source: "RFC 7838",
			},
		}),
		crl: crlActions,
		ocsp: container({
			help: "Questions to responders about servers' certificates",
			children: {
				disable: flag({
					help: {
						what: "Ask no responder and no server for a stapled answer",
						loosened: "danger: revoked certificates are accepted unless a revocation list names them",
					},
				}),
				"if-unavailable": leaf(enumeration({ allow: "Go on; it is recorded", drop: "End the session" }), {
					help: {
						what: "What to do when neither responder nor revocation list gives an answer",
						loosened: "danger: with allow, who can cut the gateway off can use a revoked certificate",
					},
					default: "allow",
				}),
				timeout: leaf(integer({ min: 1, max: 60, unit: "seconds" }), {
					help: {
						what: "How long a session waits for all answers about its server, lists among them",
						grows: "the time that clients wait when responders are silent",
					},
					default: 5,
				}),
			},
		}),
		log: logClasses,
	},
});

const profile = list({
	help: "How a connection is opened",
	keys: { name: name({ max: 128, also: " " }) },
	children: {
		description: leaf(text(), { help: "Text" }),
		"root-ca": leaf(certificateReference, { help: "Certificate that signs leaves for trusted servers" }),
		"untrusted-root-ca": leaf(certificateReference, {
			help: "Certificate that signs leaves for servers whose chain is not trusted, so that the client warns; without it they are blocked",
		}),
		"root-ca-rsa": leaf(certificateReference, {
			help: "Certificate with an RSA key that signs those of the leaves that have an RSA key, as leaves of servers with RSA keys do; root-ca signs them when absent",
		}),
		"untrusted-root-ca-rsa": leaf(certificateReference, {
			help: "The same for servers whose chain is not trusted; untrusted-root-ca signs them when absent",
		}),
		"server-certificate": leafList(certificateReference, {
			help: "Certificates of the servers behind this gateway, chosen by the name that the client asks for",
			maxValues: 1_000,
		}),
		"trusted-ca": leafList(
			union([
				keyword("all", "Public roots, every CA profile and every CA profile group"),
				keyword("default", "Public roots: the default trust store"),
				caName,
			]),
			{
				help: "Who may vouch for servers: CA profiles, CA profile groups and trusted CA groups by name",
				default: ["all"],
			},
		),
		"protocol-version": leaf(protocolVersions, {
			help: protocolVersionHelp("Versions of both legs; those of tls-grade when absent"),
		}),
		"server-protocol-version": leaf(protocolVersions, {
			help: protocolVersionHelp(
				"Versions of the leg to the server, whatever the client offers; when absent, those of protocol-version that the client offers too",
			),
		}),
		"preferred-ciphers": preferredCiphers,
		"custom-ciphers": cipherList("Suites of both legs with preferred-ciphers custom, best first"),
		"server-custom-ciphers": cipherList(
			"Suites of the leg to the server, whatever the client offers; when absent, those of both legs that the client offers too",
		),
		groups: groupList("Key exchange groups of both legs, best first; those of tls-grade when absent"),
		"server-groups": groupList("Key exchange groups of the leg to the server; those of groups when absent"),
		"tls-grade": leaf(
			enumeration({
				strict: "TLS 1.3, and TLS 1.2 with ephemeral keys and AEAD",
				compatible: "Adds TLS 1.2 with CBC suites",
				legacy: "The set of older appliances as far as OpenSSL has it: RSA key transport, TLS 1.0 and 1.1, SHA-1",
			}),
			{
				help: {
					what: "Which versions, suites and groups both legs may use where no other statement says it",
					loosened: "danger: known attacks on old suites (checklist grade C)",
				},
				default: "strict",
			},
		),
		"certificate-validation": leaf(
			enumeration({
				strict: "Every rule of the web PKI's baseline requirements",
				"web-pki": "What browsers insist on",
				lenient: "What old private PKIs need",
			}),
			{
				help: {
					what: "How strictly servers' certificate chains are validated",
					loosened: "danger: certificates that no browser accepts count as trusted",
				},
				default: "web-pki",
			},
		),
		"minimum-key-length": leaf(integer({ min: 512, max: 16_384, unit: "bits" }), {
			help: {
				what: "Servers with a shorter RSA key count as not trusted; 2048 when absent",
				loosened: "danger: keys of 1024 bits and less can be broken",
			},
		}),
		whitelist: leafList(reference(addressPaths, { placeholder: "address-name" }), {
			help: "Address-book entries that are never decrypted",
			aliases: ["allowlist"],
		}),
		"whitelist-url-categories": leafList(category, {
			help: "Categories of servers that are never decrypted; their lists are imported",
			aliases: ["allowlist-url-categories"],
		}),
		"decryption-policy": leaf(reference("services ssl proxy decryption-policy"), {
			help: "What is exempt from decryption",
		}),
		"never-decrypt-source": leafList(prefix(), { help: "Clients whose connections are never decrypted" }),
		"always-decrypt-source": leafList(prefix(), { help: "Clients whose connections are decrypted whatever is exempt" }),
		"decrypted-service": leaf(
			enumeration({ http: "HTTP", imap: "IMAP", pop3: "POP3", smtp: "SMTP", other: "None of these" }),
			{
				help: {
					what: "Protocol within TLS: filters of this one apply, and with other those that look at octets alone; found out from the traffic when absent",
					loosened:
						"danger: another protocol than the one named is searched as octets, and files in it are not decoded",
				},
			},
		),
		"downgrade-http2": flag({
			help: "Offer servers HTTP/1.1 where clients offer HTTP/2, so that both speak it; clients of HTTP/2 alone then fail",
		}),
		"client-authentication": clientAuthentication,
		"client-certificate": container({
			help: "Certificates that are presented to servers that ask",
			children: {
				server: list({
					help: "Servers by name, and the certificate for them",
					unnamed: true,
					layout: "line",
					keys: { pattern: hostPattern() },
					children: {
						certificate: leaf(certificateReference, { help: "Certificate", unnamed: true, mandatory: true }),
					},
				}),
			},
		}),
		"learned-bypass": container({
			help: {
				what: "Stop opening sessions to a server that clients refuse to reach through the gateway (pinned certificates); nothing is learned without this statement",
				loosened: "danger: whoever controls a few clients can have a server exempted; keep the numbers",
			},
			presence: true,
			children: {
				disable: flag({ help: "Learn nothing" }),
				clients: leaf(integer({ min: 1, max: 1_000 }), {
					help: "Different clients that must have refused",
					default: 3,
				}),
				lifetime: leaf(integer({ min: 60, max: 2_592_000, unit: "seconds" }), {
					help: "How long it is remembered",
					default: 86_400,
				}),
				maximum: leaf(integer({ min: 1, max: 100_000, placeholder: "servers" }), {
					help: { what: "Servers at one time; the oldest goes first", grows: "memory, by about 200 octets a server" },
					default: 1_000,
				}),
			},
		}),
		"enable-flow-tracing": flag({
			help: "Trace sessions of this profile with the flag selected-profile",
			engine: "not-yet",
		}),
		"mirror-decrypt-traffic": container({
			help: {
				what: "A copy of what was decrypted, for other tools",
				loosened: "danger: whoever reads the interface or the file reads what users believe to be encrypted",
			},
			engine: "not-yet",
			children: {
				interface: leaf(interfaceName("required"), { help: "Interface that it leaves by" }),
				"destination-mac-address": leaf(macAddress(), { help: "Station on that interface that it is for" }),
				"pcap-file": leaf(fileName(), { help: "File it is written to" }),
				"only-after-security-policies-enforcement": flag({ help: "Only of sessions that inspection has let pass" }),
			},
		}),
		actions,
	},
});

const decryptionPolicy = list({
	help: "What is exempt from decryption",
	keys: { name: name({ max: 128, also: " " }) },
	children: {
		description: leaf(text(), { help: "Text" }),
		"never-decrypt-categories": leafList(category, {
			help: "Categories of servers that are never decrypted, such as finance and health; their lists are imported",
		}),
		"category-overrides": leafList(hostPattern(), {
			help: "Server names that are decrypted although their category, or a recommendation, exempts them",
		}),
		"never-decrypt-domains": leafList(hostPattern(), {
			help: "Server names that are never decrypted; *.company.com covers every depth below company.com",
		}),
		"never-decrypt-domain-list": leafList(name({ placeholder: "list" }), {
			help: "Long lists of server names that are never decrypted, as request services ssl proxy decryption-policy import loads them",
			maxValues: 32,
		}),
		"use-recommended-exemptions": flag({
			help: "Also exempt the servers of the list that is shipped",
		}),
	},
});

const cacheTimeout = (what: string, preset: number) =>
	leaf(integer({ min: 60, max: 86_400, unit: "seconds" }), { help: { what, grows: "memory" }, default: preset });

const globalConfig = container({
	help: "What holds for all profiles",
	children: {
		"session-cache-timeout": cacheTimeout("How long sessions can be resumed", 3_600),
		"certificate-cache-timeout": cacheTimeout("How long a leaf that was signed is used again", 3_600),
		"disable-cert-cache": flag({ help: "Sign a leaf for every session" }),
		"invalidate-cache-on-crl-update": flag({ help: "Forget all leaves when a revocation list is new" }),
		"maximum-certificate-lifetime": leaf(integer({ min: 2, max: 825, unit: "days" }), {
			help: {
				what: "The longest validity of a leaf, from its begin to its end; the server's own is never exceeded",
				loosened:
					"danger: a leaf key that was stolen serves so much longer, and Apple's clients refuse more than 825 days",
			},
			default: 47,
		}),
		"maximum-sessions": leaf(integer({ min: 1, max: 10_000_000 }), {
			help: {
				what: "Concurrent decrypted sessions, shared out among the workers; any number when absent",
				grows: "memory, by about 100 KiB a session",
			},
		}),
		"overload-action": leaf(
			enumeration({ bypass: "Let further sessions pass unopened; it is recorded", block: "Block further sessions" }),
			{
				help: {
					what: "What to do when there are more, or memory-high-water is passed",
					loosened: "danger: with bypass, who opens many sessions has the others pass unseen",
				},
				default: "bypass",
			},
		),
		"ech-configuration": leafList(text(), {
			help: {
				what: "Keys of Encrypted ClientHello (an ECHConfigList in base64) that are known beside those of HTTPS records, to tell hidden names from GREASE",
				source: "RFC 9849, RFC 9848",
			},
			maxValues: 32,
		}),
		"sni-trust": leaf(
			enumeration({
				"trust-exempt-sni": "The name that the client asks for decides",
				"verify-certificate": "The server's certificate must bear the name",
			}),
			{
				help: {
					what: "What decides that a server is exempt by its name",
					loosened:
						"danger: with trust-exempt-sni, a client that names an exempt server is not opened wherever it goes",
				},
				default: "trust-exempt-sni",
			},
		),
	},
});

/** `services ssl proxy`. */
export const sslProxy = container({
	help: "TLS inspection",
	children: {
		"client-inspection": leaf(switchWords, {
			help: "Open connections of this network's clients to servers elsewhere, where policies say so",
			default: "enable",
		}),
		"server-inspection": leaf(switchWords, {
			help: "Open connections of clients elsewhere to this network's servers, where policies say so",
			default: "enable",
		}),
		"global-config": globalConfig,
		profile,
		"decryption-policy": decryptionPolicy,
	},
});

/** A checked `services ssl proxy`. */
export type SslProxy = Snapshot<typeof sslProxy>;

/** A checked profile. */
export type SslProxyProfile = NonNullable<ReturnType<SslProxy["profile"]["get"]>>;
