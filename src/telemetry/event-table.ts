/**
 * Every event the product can report and every counter it keeps: one row each. The reference pages are generated from
 * these tables. An event is what the operator or an auditor must be able to read later; what became of one connection
 * is a session record, and what went wrong in it is a fault.
 */

import { visibleText } from "#telemetry/display-text.ts";

/** Severities of RFC 5424 §6.2.1, as far as they are used. */
export type Severity = "alert" | "critical" | "error" | "warning" | "notice" | "info";

/** What a field holds: `time` is milliseconds since 1970, `texts` a list. */
export type FieldKind = "text" | "texts" | "number" | "time";

export interface EventTableRow {
	readonly severity: Severity;
	readonly fields: Readonly<Record<string, FieldKind>>;
	/** The sentence, each `{field}` replaced by the field's value. */
	readonly text: string;
	/** What it means and what to do about it. */
	readonly help: string;
	/** The field by which the stored event is found again. */
	readonly key?: string;
	/** More fields by whose values stored events are found; of `texts` each. */
	readonly tags?: readonly string[];
}

export interface CounterTableRow {
	/** A counter only grows; a gauge says how many there are now. */
	readonly kind: "counter" | "gauge";
	readonly unit: string;
	readonly help: string;
}

const attackFields = {
	session: "text",
	client: "text",
	server: "text",
	port: "number",
	policy: "text",
	rule: "text",
	attack: "text",
	severity: "text",
	action: "text",
	count: "number",
} as const;
const attackText =
	"session {session} of {client} to {server} port {port}: attack {attack} ({severity}) was {action} by rule {rule} of idp policy {policy}; {count} times";

const events = {
	GATEWAY_STARTED: {
		severity: "notice",
		fields: { version: "text", addresses: "texts", workers: "number" },
		text: "gateway {version} started with {workers} workers; listening on {addresses}",
		help: "The gateway accepts connections from now on.",
	},
	GATEWAY_STOPPED: {
		severity: "notice",
		fields: { reason: "text", uptimeSeconds: "number" },
		text: "gateway stopped after {uptimeSeconds} s: {reason}",
		help: "A clean end. A start without this event before it means that the gateway was killed or lost power.",
	},
	IDP_RULES_LOADED: {
		severity: "info",
		fields: { rules: "number", disabled: "number" },
		text: "{rules} rules of intrusion detection were loaded, {disabled} were not",
		help: "Each worker loads them. Rules that were not loaded hold a keyword that is not understood: sallyport inspect-pcap --rules FILE names it.",
	},
	IDP_RULES_UNREADABLE: {
		severity: "error",
		fields: { reason: "text" },
		text: "the rules of intrusion detection cannot be read: {reason}",
		help: "Sessions of idp policies are treated by security idp sensor-configuration failure-action: ended, or passed uninspected.",
	},
	IDP_RULES_FETCHED: {
		severity: "info",
		fields: { from: "text", octets: "number", rules: "number", disabled: "number", leftOut: "number" },
		text: "rules of {from} were fetched and are others: {octets} octets, {rules} rules, {disabled} are not understood, {leftOut} would read files of this host and were left out",
		help: "Workers load them for new sessions; IDP_RULES_LOADED follows of each.",
		key: "from",
	},
	IDP_RULES_NOT_FETCHED: {
		severity: "error",
		fields: { from: "text", reason: "text" },
		text: "rules of {from} were not fetched: {reason}",
		help: "Those that were fetched before stay in force. It is tried again after a minute, then ever later up to update-interval; the same reason is told once.",
		key: "from",
	},
	IDP_RULES_STALE: {
		severity: "warning",
		fields: { from: "text", since: "text" },
		text: "rules of {from} are old: their server last said at {since} that they are the newest",
		help: "Three update intervals have passed without an answer. They stay in force; IDP_RULES_NOT_FETCHED says why there are no others.",
		key: "from",
	},
	WORKER_STARTED: {
		severity: "info",
		fields: { worker: "number", processId: "number" },
		text: "worker {worker} started as process {processId}",
		help: "One worker per core holds TLS sessions.",
	},
	WORKER_DIED: {
		severity: "error",
		fields: { worker: "number", processId: "number", reason: "text" },
		text: "worker {worker} (process {processId}) died: {reason}; its sessions are lost, the others go on",
		help: "The worker is started again. If it repeats, report the reason and the last lines of the daemon log.",
	},
	WORKER_RESTARTED: {
		severity: "warning",
		fields: { worker: "number", processId: "number", restarts: "number" },
		text: "worker {worker} restarted as process {processId}; restarts since the gateway started: {restarts}",
		help: "The worker accepts connections again.",
	},
	SESSION_OVERLOAD: {
		severity: "warning",
		fields: { worker: "number", capacity: "number", refused: "number" },
		text: "worker {worker} holds {capacity} sessions, as many as it may; refused since the last report: {refused}",
		help: "New connections get an error until others close. Raise the session limit if memory allows, or add cores.",
	},
	OPEN_FILES_LOW: {
		severity: "warning",
		fields: { worker: "number", limit: "number", capacity: "number", wanted: "number" },
		text: "worker {worker} may open {limit} files, which is enough for {capacity} sessions at a time; services gateway maximum-sessions is {wanted}",
		help: "A session takes two. Further clients are refused as with maximum-sessions. Raise the limit of open files of the service (LimitNOFILE of systemd, ulimit -n of a shell), or lower maximum-sessions.",
	},
	INSPECTION_LIMIT_REACHED: {
		severity: "critical",
		fields: { worker: "number", capacity: "number", action: "text", sessions: "number" },
		text: "TLS inspection reached the critical threshold of concurrent sessions: worker {worker} decrypts {capacity}, as many as it may; action: {action}; sessions concerned since the last report: {sessions}",
		help: "The limit is services ssl proxy global-config maximum-sessions, shared out among the workers. What was let pass was not inspected. Raise the limit if memory allows, add cores, or find out who opens so many.",
	},
	INSPECTION_LIMIT_LEFT: {
		severity: "notice",
		fields: { worker: "number", capacity: "number", sessions: "number" },
		text: "worker {worker} decrypts clearly less than {capacity} sessions again; sessions that were not decrypted meanwhile: {sessions}",
		help: "New sessions are decrypted again.",
	},
	CLIENT_LIMIT_REACHED: {
		severity: "warning",
		fields: { worker: "number", client: "text", capacity: "number", refused: "number" },
		text: "client {client} holds {capacity} sessions of worker {worker}, as many as one client may; refused since the last report: {refused}",
		help: "The limit is services gateway maximum-sessions-per-client. One client cannot take the sessions of all others; raise it for a proxy or a translator of addresses behind which many clients stand.",
	},
	MEMORY_HIGH: {
		severity: "critical",
		fields: { worker: "number", used: "number", mark: "number", action: "text", sessions: "number" },
		text: "worker {worker} uses {used} MiB of memory, more than its mark of {mark} MiB; new sessions: {action}; sessions concerned since the last report: {sessions}",
		help: "The limit is services gateway memory-high-water. What was let pass was not inspected. Give the host more memory, lower the limits of sessions, or restart the worker.",
	},
	MEMORY_NORMAL: {
		severity: "notice",
		fields: { worker: "number", used: "number", mark: "number", sessions: "number" },
		text: "worker {worker} uses {used} MiB of memory again, clearly below its mark of {mark} MiB; sessions concerned meanwhile: {sessions}",
		help: "New sessions are decrypted again.",
	},
	EXEMPT_NAME_MISMATCH: {
		severity: "warning",
		fields: { name: "text", server: "text", port: "number", rule: "text", presented: "texts" },
		text: 'server {server} port {port} is relayed untouched as {name} by policy "{rule}", and its certificate does not bear that name; it bears {presented}',
		help: "A client names an exempt server and reaches another. Look at the client, or have the certificate decide: global-config sni-trust verify-certificate.",
		key: "name",
	},
	DOMAIN_FRONTING: {
		severity: "warning",
		fields: { session: "text", rule: "text", client: "text", host: "text", asked: "text", action: "text" },
		text: 'session {session} of {client}, policy "{rule}", asked for {asked}, and within it for {host}, which the certificate of the server does not bear; action: {action}',
		help: "A client names one server and means another that shares its address. Once a session. The action is that of the profile: actions domain-fronting.",
		key: "session",
		tags: ["host"],
	},
	ENCRYPTED_CLIENT_HELLO: {
		severity: "notice",
		fields: { session: "text", client: "text", server: "text", name: "text", action: "text" },
		text: "client {client} hides the name of its server at {server} behind {name} (Encrypted ClientHello); session {session} is {action}",
		help: "Policies cannot go by a name that they do not see. A client that is opened under the name in clear learns that its server knows no ECH, and comes back with the true name. Not told of GREASE.",
		key: "session",
	},
	SNI_ADDRESS_MISMATCH: {
		severity: "warning",
		fields: { session: "text", client: "text", server: "text", name: "text", reason: "text" },
		text: "client {client} named {name} and went to {server}, which is no address of that name, and its certificate is not trusted: {reason}; session {session}",
		help: "A client says one name and reaches another server, or this host's resolver answers otherwise than the client's. Look at the client; actions sni-address-mismatch drop ends such sessions.",
		key: "session",
	},
	REPUTATION_MATCHED: {
		severity: "warning",
		fields: {
			session: "text",
			client: "text",
			rule: "text",
			because: "text",
			feed: "text",
			action: "text",
			tls: "text",
		},
		text: "session {session} of {client}: {because}; {rule}: {action} (feed {feed}, TLS {tls})",
		help: "An entry of a feed of security intelligence matched, and its rule says log. tls names version and suite where a request was read in opened traffic; addresses and names are judged before.",
		key: "session",
		tags: ["feed"],
	},
	HOST_QUARANTINED: {
		severity: "warning",
		fields: { client: "text", why: "text", until: "text" },
		text: "client {client} is shut off until {until}: {why}",
		help: "A signature whose rule has an ip-action matched. clear security inspection quarantine lets the host go.",
		key: "client",
	},
	IP_ACTION_CREATED: {
		severity: "warning",
		fields: { target: "text", action: "text", client: "text", why: "text", until: "text" },
		text: "ip-action {action} of {target} until {until}, after an attack of {client}: {why}",
		help: "The rule of the signature says log-create. show security flow ip-action shows what holds, clear security flow ip-action ends it.",
		key: "client",
	},
	IP_ACTION_APPLIED: {
		severity: "notice",
		fields: { target: "text", action: "text", connections: "number", why: "text" },
		text: "ip-action {action} of {target} was applied to {connections} connections: {why}",
		help: "The rule of the signature says log. Each worker tells what it counted, about once a second.",
	},
	IDP_ATTACK: {
		severity: "warning",
		fields: attackFields,
		text: attackText,
		help: "The rule says notification log-attacks. Equal attacks that follow each other fast are one event with their count: security idp sensor-configuration log suppression. The same stands in eve.json, with the request.",
		key: "session",
		tags: ["client", "attack"],
	},
	IDP_ATTACK_ALERT: {
		severity: "alert",
		fields: attackFields,
		text: attackText,
		help: "The rule says notification log-attacks alert; otherwise as IDP_ATTACK.",
		key: "session",
		tags: ["client", "attack"],
	},
	PACKET_LOG_WRITTEN: {
		severity: "notice",
		fields: { session: "text", client: "text", attack: "text", packets: "number", file: "text" },
		text: "session {session} of {client}: {packets} packets around attack {attack} stand in {file}",
		help: "The rule says notification packet-log. The file lies in the state directory; what was said stands in it in clear: delete it when it has served.",
		key: "session",
	},
	PACKET_LOG_NOT_WRITTEN: {
		severity: "error",
		fields: { reason: "text" },
		text: "packet logs cannot be written: {reason}",
		help: "Told once until it goes again; sessions go on. Free space on the disk of the state directory.",
	},
	FEED_LOADED: {
		severity: "info",
		fields: { feed: "text", entries: "number", refused: "number", unsupported: "number" },
		text: "feed {feed}: {entries} entries were loaded, {refused} are none, {unsupported} patterns are not understood",
		help: "Each worker reads it, and again when the file has changed (update-interval).",
		key: "feed",
	},
	FEED_FETCHED: {
		severity: "info",
		fields: { feed: "text", octets: "number", entries: "number", refused: "number", unsupported: "number" },
		text: "feed {feed} was fetched and is another one: {octets} octets, {entries} entries, {refused} are none, {unsupported} patterns are not understood",
		help: "Workers read it now; FEED_LOADED follows of each.",
		key: "feed",
	},
	FEED_NOT_FETCHED: {
		severity: "error",
		fields: { feed: "text", reason: "text" },
		text: "feed {feed} was not fetched: {reason}",
		help: "What was fetched before goes on matching. It is tried again after a minute, then ever later up to update-interval; the same reason is told once.",
		key: "feed",
	},
	FEED_STALE: {
		severity: "warning",
		fields: { feed: "text", since: "text" },
		text: "feed {feed} is old: its server last said at {since} that it is the newest",
		help: "Three update intervals have passed without an answer. It goes on matching; FEED_NOT_FETCHED says why there is no other.",
		key: "feed",
	},
	FEED_UNREADABLE: {
		severity: "error",
		fields: { feed: "text", reason: "text" },
		text: "feed {feed} cannot be read: {reason}",
		help: "What was read of this file before goes on matching; without that nothing does, until the file is there and readable.",
		key: "feed",
	},
	SESSION_PERMITTED: {
		severity: "info",
		fields: { session: "text", rule: "text", client: "text", server: "text", port: "number", decision: "text" },
		text: 'session {session} of {client} to {server} port {port} began: policy "{rule}", {decision}',
		help: "The policy says log session-init. The record of the session follows when it ends.",
		key: "session",
	},
	SESSION_DENIED: {
		severity: "info",
		fields: { session: "text", rule: "text", client: "text", server: "text", port: "number" },
		text: 'session {session} of {client} to {server} port {port} was denied by policy "{rule}"',
		help: "The policy says log session-init.",
		key: "session",
	},
	CA_CREATED: {
		severity: "notice",
		fields: { ca: "text", sha256: "text", notAfter: "time" },
		text: 'created CA "{ca}" with fingerprint {sha256}; it ends {notAfter}',
		help: "Install the certificate of the trusted CA on the clients; never that of the untrusted CA.",
		key: "sha256",
	},
	CA_EXPIRY_NEAR: {
		severity: "warning",
		fields: { ca: "text", sha256: "text", notAfter: "time", daysLeft: "number" },
		text: 'CA "{ca}" (fingerprint {sha256}) ends {notAfter}, in {daysLeft} days; distribute its successor now',
		help: "Clients must trust the next CA before this one ends, or every decrypted connection fails on that day.",
		key: "sha256",
	},
	CA_EXPIRED: {
		severity: "alert",
		fields: { ca: "text", sha256: "text", notAfter: "time" },
		text: 'CA "{ca}" (fingerprint {sha256}) ended {notAfter}; clients refuse what it signed; replace it',
		help: "No certificate is issued under an expired CA. Create or import a new CA and distribute it.",
		key: "sha256",
	},
	CERTIFICATE_ISSUED: {
		severity: "info",
		fields: {
			names: "texts",
			serial: "text",
			leafSha256: "text",
			originSha256: "text",
			ca: "text",
			caSha256: "text",
			notAfter: "time",
			worker: "number",
			session: "text",
		},
		text: 'CA "{ca}" ({caSha256}) issued {leafSha256}, serial {serial}, until {notAfter}, for {names}, after the server certificate {originSha256}; worker {worker} asked, for session {session}',
		help: "The issuance log: each certificate that this gateway forged and the validated server certificate it stands for.",
		key: "leafSha256",
		tags: ["names", "originSha256", "serial"],
	},
	ISSUANCE_REFUSED: {
		severity: "error",
		fields: { names: "texts", originSha256: "text", worker: "number", reason: "text" },
		text: "refused to issue a certificate for {names} (server certificate {originSha256}) to worker {worker}: {reason}",
		help: "The key store signs only leaves that follow its rules. A worker that asks for others is faulty or hostile.",
		key: "originSha256",
	},
	CONFIGURATION_LOADED: {
		severity: "notice",
		fields: { file: "text", sha256: "text" },
		text: "configuration {file} loaded (SHA-256 {sha256})",
		help: "Connections opened from now on follow this configuration.",
	},
	CONFIGURATION_REFUSED: {
		severity: "error",
		fields: { file: "text", reason: "text" },
		text: "configuration {file} refused: {reason}; the configuration before it stays in force",
		help: "Correct what the reason names and load it again.",
	},
	CERTIFICATE_EXPIRY_NEAR: {
		severity: "warning",
		fields: { certificate: "text", sha256: "text", notAfter: "time", daysLeft: "number" },
		text: 'certificate "{certificate}" (fingerprint {sha256}) ends {notAfter}, in {daysLeft} days; replace it before',
		help: "Told once a day, from security pki expiry-warning days before the end. request security pki local-certificate replace keeps every statement that names it.",
		key: "sha256",
	},
	CERTIFICATE_EXPIRED: {
		severity: "error",
		fields: { certificate: "text", sha256: "text", notAfter: "time" },
		text: 'certificate "{certificate}" (fingerprint {sha256}) ended {notAfter}; peers refuse it; load a new one',
		help: "Told once a day.",
		key: "sha256",
	},
	KEY_STORE_ACCESSED: {
		severity: "notice",
		fields: { change: "text", user: "text" },
		text: "keys and certificates of the gateway, by {user}: {change}",
		help: "The record of who made, loaded, exported, replaced or deleted keys and certificates.",
	},
	AUTHORITY_EXPIRY_NEAR: {
		severity: "warning",
		fields: { profile: "text", subject: "text", sha256: "text", notAfter: "time", daysLeft: "number" },
		text: "certificate {subject} of ca-profile {profile} (fingerprint {sha256}) ends {notAfter}, in {daysLeft} days; load its successor",
		help: "Told once a day, from security pki expiry-warning days before the end. From the end on servers below it are not trusted: request security pki ca-certificate replace.",
		key: "sha256",
	},
	AUTHORITY_EXPIRED: {
		severity: "error",
		fields: { profile: "text", subject: "text", sha256: "text", notAfter: "time" },
		text: "certificate {subject} of ca-profile {profile} (fingerprint {sha256}) ended {notAfter}; servers below it are not trusted; replace or clear it",
		help: "Told once a day.",
		key: "sha256",
	},
	ROOTS_EXPIRED: {
		severity: "info",
		fields: { store: "text", count: "number", subjects: "texts" },
		text: "{count} certificates of {store} have expired and vouch for nothing: {subjects}",
		help: "Told once a day. Bundles of public roots hold expired ones for a while; show security pki default-trust-store lists those of the default store.",
	},
	TRUST_CHANGED: {
		severity: "notice",
		fields: { change: "text", user: "text" },
		text: "what is trusted was changed by {user}: {change}",
		help: "New sessions are judged by the certificates that are loaded now; show security pki ca-certificate lists them.",
	},
	BYPASS_LEARNED: {
		severity: "warning",
		fields: { host: "text", port: "number", sni: "text", profile: "text", clients: "number", until: "time" },
		text: "{clients} clients refused the certificate minted for {host} port {port} (server name {sni}); profile {profile} relays it untouched until {until}",
		help: "Its application pins certificates, or the clients do not trust the CA. Exempt the server for good, or forget it by clear services ssl proxy learned-bypass; many at once may be somebody's way around inspection.",
		key: "host",
	},
	DOMAIN_LIST_CHANGED: {
		severity: "notice",
		fields: { change: "text", user: "text" },
		text: "lists of domains were changed by {user}: {change}",
		help: "New sessions follow the lists that are loaded now; show services ssl proxy categories tells them.",
	},
	ORIGIN_VALIDATION_DISAGREEMENT: {
		severity: "warning",
		fields: { host: "text", originSha256: "text", ours: "text", openssl: "text" },
		text: "server certificate {originSha256} of {host} is judged differently: the gateway says {ours}, OpenSSL says {openssl}; treated as not trusted",
		help: "Trusted needs both verdicts. Look at the chain that the server sends, and at the configured trusted CAs.",
		key: "originSha256",
	},
	SERVER_CERTIFICATE_REVOKED: {
		severity: "warning",
		fields: { subject: "text", originSha256: "text", answer: "text", source: "text", reason: "text" },
		text: "server certificate {originSha256} ({subject}) is not trusted: {reason} ({answer}, by {source})",
		help: "Its authority revoked it or a certificate above it, does not know it, or it demands a stapled answer that did not come. Clients are warned or blocked.",
		key: "originSha256",
	},
	REVOCATION_UNAVAILABLE: {
		severity: "warning",
		fields: { subject: "text", originSha256: "text", reason: "text", action: "text" },
		text: "whether server certificate {originSha256} ({subject}) was revoked could not be found out: {reason}; sessions: {action}",
		help: "Responder and lists gave no answer that counts. Check that this host reaches them; actions ocsp if-unavailable of the profile says what becomes of sessions meanwhile.",
		key: "originSha256",
	},
	STAPLE_UNAVAILABLE: {
		severity: "warning",
		fields: { certificate: "text", sha256: "text", reason: "text", meanwhile: "text" },
		text: "no OCSP response about certificate {certificate} ({sha256}) can be fetched: {reason}; stapled meanwhile: {meanwhile}",
		help: "It is tried again at growing intervals; clients without a stapled response ask the responder themselves. Check that this host reaches it, or set actions disable-ocsp-stapling.",
		key: "sha256",
	},
	STAPLE_DEMAND_UNMET: {
		severity: "error",
		fields: { certificate: "text", sha256: "text", reason: "text" },
		text: "certificate {certificate} ({sha256}) demands a stapled OCSP response (must-staple), and there is none: {reason}; clients refuse it",
		help: "Browsers that know must-staple end the handshake. Have the responder reached, or load a certificate without the demand.",
		key: "sha256",
	},
	STAPLE_AVAILABLE: {
		severity: "notice",
		fields: { certificate: "text", sha256: "text", until: "time" },
		text: "an OCSP response about certificate {certificate} ({sha256}) is stapled again, until {until}",
		help: "The responder answered after it had failed.",
		key: "sha256",
	},
	CHAIN_REPAIRED: {
		severity: "info",
		fields: { subject: "text", originSha256: "text", fetchedFrom: "texts" },
		text: "the chain of server certificate {originSha256} ({subject}) was repaired with certificates from {fetchedFrom}",
		help: "The server does not send the intermediate certificates that it should; tell its operator.",
		key: "originSha256",
	},
	STORE_RETENTION_APPLIED: {
		severity: "info",
		fields: { file: "text", sessions: "number", events: "number", reason: "text" },
		text: "event store {file} removed its oldest {sessions} session records and {events} events: {reason}",
		help: "Retention by age and by size. Raise the limits, or send records to a syslog server, to keep more.",
	},
	STORE_FULL: {
		severity: "alert",
		fields: { file: "text", reason: "text" },
		text: "event store {file} cannot grow: {reason}; records wait in memory until there is room; free space on its disk",
		help: "Traffic goes on. Once the queue in memory is full, records are dropped and counted.",
	},
	STORE_UNWRITABLE: {
		severity: "alert",
		fields: { file: "text", reason: "text" },
		text: "event store {file} cannot be written: {reason}; records wait in memory; check its directory and disk",
		help: "Traffic goes on. Once the queue in memory is full, records are dropped and counted.",
	},
	STORE_WRITABLE_AGAIN: {
		severity: "notice",
		fields: { file: "text", outageSeconds: "number", dropped: "number" },
		text: "event store {file} is written again after {outageSeconds} s; records dropped meanwhile: {dropped}",
		help: "What waited in memory has been stored.",
	},
	PACKET_FILTER_CHANGED: {
		severity: "notice",
		fields: { listeners: "texts", forwarded: "text" },
		text: "packet filter: connections are handed to transparent {listeners}; security policies {forwarded} asked about forwarded traffic",
		help: "What the packet filter of Linux does for the gateway from now on: its table is inet sallyport.",
	},
	PACKET_FILTER_CLEANED: {
		severity: "notice",
		fields: { found: "texts" },
		text: "packet filter: a gateway that did not stop cleanly had left {found}; taken away",
		help: "While no gateway ran, connections of the clients of transparent listeners were reset.",
	},
	PACKET_FILTER_LOST: {
		severity: "error",
		fields: { outcome: "text" },
		text: "packet filter: another program took away the gateway's table; {outcome}",
		help: "Meanwhile connections passed unseen. Look for a program that flushes the ruleset, such as nftables.service.",
	},
	FORWARDED_NOT_FILTERED: {
		severity: "warning",
		fields: { reason: "text" },
		text: "security policies are not asked about forwarded traffic: {reason}",
		help: "There are zones, but what Linux forwards between their interfaces passes without policies. The reason says what to change.",
	},
	IKED_STARTED: {
		severity: "info",
		fields: { processId: "number" },
		text: "the process of VPNs started as process {processId}",
		help: "It holds IKE, ESP and the tunnel interfaces, and runs while the configuration has VPNs or units of st0.",
	},
	IKED_DIED: {
		severity: "error",
		fields: { processId: "number", reason: "text" },
		text: "the process of VPNs (process {processId}) died: {reason}; its tunnels are down, their traffic is refused",
		help: "It is started again, and tunnels come up anew. If it repeats, report the reason and the last lines of the daemon log.",
	},
	VPN_NOT_RUN: {
		severity: "warning",
		fields: { vpn: "text", reason: "text" },
		text: 'VPN "{vpn}" is not run: {reason}',
		help: "The other VPNs are. What the reason says is looked at again every ten seconds and after each commit.",
	},
	IKE_ESTABLISHED: {
		severity: "notice",
		fields: { gateway: "text", detail: "text" },
		text: 'IKE gateway "{gateway}": association established {detail}',
		help: "Both ends have proved who they are.",
	},
	IKE_CLOSED: {
		severity: "notice",
		fields: { gateway: "text", detail: "text" },
		text: 'IKE gateway "{gateway}": association closed: {detail}',
		help: "Its tunnels are down with it. With establish-tunnels immediately it is begun again.",
	},
	IKE_PEER_DEAD: {
		severity: "warning",
		fields: { gateway: "text", detail: "text" },
		text: 'IKE gateway "{gateway}": peer is gone: {detail}',
		help: "Dead peer detection, or another request without an answer. Its tunnels are down; traffic, or establish-tunnels immediately, begins anew, at the next of the peer's addresses when there are several.",
	},
	IKE_NEGOTIATION_FAILED: {
		severity: "warning",
		fields: { gateway: "text", reason: "text" },
		text: 'IKE gateway "{gateway}": negotiation failed: {reason}',
		help: "Compare the offers of both ends, which the side that answers knows: proposals, groups, identities, pre-shared keys, proxy identities.",
	},
	VPN_TUNNEL_UP: {
		severity: "notice",
		fields: { gateway: "text", detail: "text" },
		text: 'IKE gateway "{gateway}": tunnel up: {detail}',
		help: "SPIs of this end and of the peer, and the traffic that was agreed.",
	},
	VPN_TUNNEL_DOWN: {
		severity: "notice",
		fields: { gateway: "text", detail: "text" },
		text: 'IKE gateway "{gateway}": tunnel down: {detail}',
		help: "Its traffic is lost until there is another one.",
	},
	VPN_MONITOR_DOWN: {
		severity: "warning",
		fields: { vpn: "text", detail: "text" },
		text: 'VPN "{vpn}" carries nothing: {detail}',
		help: "Its vpn-monitor: the routes over its tunnel interface are taken away, the tunnel is negotiated anew. As long as nothing comes back that is done again.",
	},
	VPN_MONITOR_UP: {
		severity: "notice",
		fields: { vpn: "text", detail: "text" },
		text: 'VPN "{vpn}" carries traffic again: {detail}',
		help: "Its routes are back.",
	},
	VPN_REKEYED: {
		severity: "info",
		fields: { gateway: "text", detail: "text" },
		text: 'IKE gateway "{gateway}": new keys: {detail}',
		help: "Traffic went on meanwhile.",
	},
	VPN_DATA_PLANE: {
		severity: "notice",
		fields: { plane: "text", reason: "text" },
		text: "packets of tunnels are carried by {plane}: {reason}",
		help: "The kernel is faster, where it has ESP and what is configured fits it; `set security ipsec data-plane` chooses. `show security ipsec statistics` says it, too.",
	},
	KERNEL_TUNNELS_CLEARED: {
		severity: "notice",
		fields: { count: "number" },
		text: "{count} associations, policies and devices of tunnels that a killed process left in the kernel were taken away",
		help: "Until then the kernel went on with the associations that stood. The tunnels come up anew.",
	},
	ESP_PLANE_FAILED: {
		severity: "error",
		fields: { reason: "text" },
		text: "what carries the packets of tunnels failed: {reason}; all tunnels are deleted and made anew",
		help: "It has begun again; the associations of IKE stand. Keys are never used on, as the number of the last packet is not known. If it repeats, report the reason.",
	},
	ESP_CIPHERS_SLOW: {
		severity: "warning",
		fields: { reason: "text" },
		text: "packets of tunnels are encrypted in a slower way: {reason}",
		help: "The OpenSSL within the runtime could not be called for packets, or did not give the known answers of its test. Tunnels work, at a fraction of the speed.",
	},
	ESP_ASSOCIATION_REFUSED: {
		severity: "error",
		fields: { spi: "text", reason: "text" },
		text: "the association of ESP {spi} cannot be carried: {reason}; it is deleted",
		help: "Its tunnel is tried again like any that ended. Choose other algorithms when the reason names one; 4,096 associations are the most there may be.",
	},
	ESP_UNKNOWN_SPI: {
		severity: "notice",
		fields: { packets: "number", spi: "text" },
		text: "{packets} packets of ESP had an SPI that no tunnel has, the last {spi}",
		help: "Told once a minute at most. A few come after a restart, from a peer that still uses its old association; many are a flood, or a peer that does not notice.",
	},
	IKE_KEY_LOG_ON: {
		severity: "warning",
		fields: { file: "text" },
		text: "danger: keys of IKE are written to {file}",
		help: "Statement key-log of security ike traceoptions. Who reads the file reads the negotiations that were recorded; delete statement and file when the search is over.",
	},
	IKE_KEY_LOG_OFF: {
		severity: "notice",
		fields: { file: "text" },
		text: "keys of IKE are not written to {file} any more",
		help: "The file is still there: delete it.",
	},
	TUNNEL_ROUTES_CLEARED: {
		severity: "notice",
		fields: { count: "number" },
		text: "{count} routes over tunnel interfaces that a gateway had left were taken away",
		help: "The gateway before did not stop cleanly; they refused the traffic of its tunnels meanwhile.",
	},
	SESSIONS_CLEARED: {
		severity: "notice",
		fields: { count: "number", which: "text", user: "text" },
		text: "{count} sessions were ended by {user}: {which}",
		help: "The command clear services ssl proxy sessions. Their records say that they were cleared.",
	},
	STORE_MOVED_ASIDE: {
		severity: "error",
		fields: { file: "text", to: "text", reason: "text" },
		text: "event store {file} was moved to {to}: {reason}; a fresh one was made",
		help: "Nothing was deleted. Read the old file with the sqlite3 program (.recover) and remove it when done.",
	},
	STORE_DISAPPEARED: {
		severity: "error",
		fields: { file: "text" },
		text: "event store {file} was removed or replaced while in use; a new one is used from now on",
		help: "Another program moved or deleted the file. Records written since then may be missing from the new file.",
	},
	RECORDS_DROPPED: {
		severity: "alert",
		fields: { count: "number", reason: "text" },
		text: "{count} records were dropped: {reason}",
		help: "These session records or events are lost. Look for the event that says why the store could not keep up.",
	},
} as const satisfies Record<string, EventTableRow>;

const counters = {
	sessions_opened: { kind: "counter", unit: "sessions", help: "Connections accepted." },
	sessions_active: { kind: "gauge", unit: "sessions", help: "Connections open now." },
	sessions_decrypted: { kind: "counter", unit: "sessions", help: "Sessions that the policy decrypted." },
	sessions_uninspected: {
		kind: "counter",
		unit: "sessions",
		help: "Sessions that were decrypted and in which nothing looked inside.",
	},
	sessions_allowed_after_error: {
		kind: "counter",
		unit: "sessions",
		help: "Sessions that were decrypted although their server is not trusted.",
	},
	sessions_bypassed: { kind: "counter", unit: "sessions", help: "Sessions relayed untouched, for whatever reason." },
	sessions_exempt: { kind: "counter", unit: "sessions", help: "Of these, those of exempt clients and servers." },
	sessions_unmet: {
		kind: "counter",
		unit: "sessions",
		help: "Of these, those whose policy asked to open them while something that it needs was not given.",
	},
	sessions_ignored: { kind: "counter", unit: "sessions", help: "Of these, those that no policy asked to open." },
	sessions_blocked: { kind: "counter", unit: "sessions", help: "Sessions blocked by policy or inspection." },
	sessions_failed: { kind: "counter", unit: "sessions", help: "Sessions that ended in a fault." },
	failed_versions: { kind: "counter", unit: "sessions", help: "Of these, those without a common version of TLS." },
	failed_ciphers: { kind: "counter", unit: "sessions", help: "Of these, those without a common cipher suite." },
	failed_options: {
		kind: "counter",
		unit: "sessions",
		help: "Of these, those without a common group or signature scheme.",
	},
	failed_client_handshakes: {
		kind: "counter",
		unit: "sessions",
		help: "Of these, those whose client spoke no TLS or failed in its handshake.",
	},
	failed_client_trust: {
		kind: "counter",
		unit: "sessions",
		help: "Of these, those whose client did not trust the certificate it was shown.",
	},
	failed_server_connections: {
		kind: "counter",
		unit: "sessions",
		help: "Of these, those whose server has no address or was not reached.",
	},
	failed_server_handshakes: {
		kind: "counter",
		unit: "sessions",
		help: "Of these, those whose server failed in its handshake; it may want a client certificate.",
	},
	failed_server_certificates: {
		kind: "counter",
		unit: "sessions",
		help: "Of these, those that ended for the server's certificate or its revocation.",
	},
	failed_system: {
		kind: "counter",
		unit: "sessions",
		help: "Of these, those that ended for want of memory, files or a signing CA, or by a bug.",
	},
	connections_strayed: {
		kind: "counter",
		unit: "connections",
		help: "Connections to a transparent listener itself, past the packet filter; they are reset.",
	},
	datagrams_strayed: {
		kind: "counter",
		unit: "datagrams",
		help: "Datagrams to a datagram listener that are of no flow and begin none, or that there was no room for.",
	},
	datagram_flows_unrecorded: {
		kind: "counter",
		unit: "sessions",
		help: "Flows of unproven clients that gave way to others, or were too many to be recorded.",
	},
	sessions_overloaded: { kind: "counter", unit: "sessions", help: "Connections refused because the worker was full." },
	decryptions_overloaded: {
		kind: "counter",
		unit: "sessions",
		help: "Sessions that were not decrypted for want of room or memory.",
	},
	client_handshakes: { kind: "counter", unit: "handshakes", help: "TLS handshakes completed with clients." },
	client_resumptions: { kind: "counter", unit: "handshakes", help: "Of these, resumed ones." },
	server_handshakes: { kind: "counter", unit: "handshakes", help: "TLS handshakes completed with servers." },
	server_resumptions: { kind: "counter", unit: "handshakes", help: "Of these, resumed ones." },
	octets_to_server: { kind: "counter", unit: "octets", help: "Payload octets passed from clients to servers." },
	octets_to_client: { kind: "counter", unit: "octets", help: "Payload octets passed from servers to clients." },
	octets_decrypted: {
		kind: "counter",
		unit: "octets",
		help: "Of the payload octets of both directions, those of sessions that were decrypted.",
	},
	http_requests: { kind: "counter", unit: "requests", help: "HTTP requests seen in decrypted sessions." },
	requests_fronted: {
		kind: "counter",
		unit: "requests",
		help: "Requests for another name than their connection was asked for, which its certificate does not bear.",
	},
	findings: { kind: "counter", unit: "findings", help: "Matches of inspection services." },
	attacks_found: { kind: "counter", unit: "attacks", help: "Signatures of intrusion detection that matched." },
	attacks_blocked: { kind: "counter", unit: "attacks", help: "Of these, those that ended an exchange." },
	attacks_logged: { kind: "counter", unit: "events", help: "Events of attacks (notification log-attacks)." },
	attacks_put_together: {
		kind: "counter",
		unit: "attacks",
		help: "Attacks that were told in one event with an equal one.",
	},
	packet_logs_written: { kind: "counter", unit: "files", help: "Captures around attacks (notification packet-log)." },
	packet_logs_dropped: {
		kind: "counter",
		unit: "files",
		help: "Captures that were too many in a minute, or could not be written.",
	},
	ip_actions_created: { kind: "counter", unit: "entries", help: "Attacks that shut something off (ip-action)." },
	ip_actions_applied: { kind: "counter", unit: "connections", help: "Connections that an ip-action was applied to." },
	certificates_issued: { kind: "counter", unit: "certificates", help: "Leaf certificates signed for workers." },
	issuances_refused: { kind: "counter", unit: "certificates", help: "Leaf certificates that the key store refused." },
	leaf_cache_hits: { kind: "counter", unit: "look-ups", help: "Sessions that reused a leaf already signed." },
	origin_disagreements: { kind: "counter", unit: "certificates", help: "Server chains judged differently by OpenSSL." },
	servers_revoked: { kind: "counter", unit: "sessions", help: "Servers whose certificate or issuer was revoked." },
	servers_status_refused: {
		kind: "counter",
		unit: "sessions",
		help: "Servers whose certificate its responder does not know, or that lack the stapled answer they must send.",
	},
	servers_status_unavailable: {
		kind: "counter",
		unit: "sessions",
		help: "Servers about whose revocation nothing could be learned.",
	},
	server_chains_repaired: { kind: "counter", unit: "sessions", help: "Servers whose missing issuers were fetched." },
	status_fetches: { kind: "counter", unit: "fetches", help: "Answers, lists and issuers fetched, or tried to." },
	status_fetch_failures: { kind: "counter", unit: "fetches", help: "Of these, failed ones." },
	worker_restarts: { kind: "counter", unit: "restarts", help: "Workers that died and were started again." },
	sessions_stored: { kind: "counter", unit: "records", help: "Session records written to the event store." },
	events_stored: { kind: "counter", unit: "events", help: "Events written to the event store." },
	records_dropped: {
		kind: "counter",
		unit: "records",
		help: "Session records and events lost because of a full queue.",
	},
	store_failures: { kind: "counter", unit: "attempts", help: "Writes to the event store that failed." },
	records_expired: { kind: "counter", unit: "records", help: "Records and events removed by retention." },
} as const satisfies Record<string, CounterTableRow>;

export type EventId = keyof typeof events;
export type CounterId = keyof typeof counters;

interface FieldValues {
	text: string;
	texts: readonly string[];
	number: number;
	time: number;
}
type FieldsOf<Id extends EventId> = {
	readonly [Name in keyof (typeof events)[Id]["fields"]]: FieldValues[(typeof events)[Id]["fields"][Name] & FieldKind];
};

/** What happened, when (milliseconds since 1970), and the values that tell it. It is stored and sent as JSON. */
export interface GatewayEvent<Id extends EventId = EventId> {
	readonly id: Id;
	readonly at: number;
	readonly fields: FieldsOf<Id>;
}

/** The tables by name. */
export const eventTable: Readonly<Record<EventId, EventTableRow>> = events;
export const counterTable: Readonly<Record<CounterId, CounterTableRow>> = counters;

/** Makes an event of a row of the table; the compiler checks its fields. */
export function gatewayEvent<Id extends EventId>(id: Id, at: number, fields: FieldsOf<Id>): GatewayEvent<Id> {
	return { id, at, fields };
}

/**
 * The event as one line of text, control characters escaped. An event read back from another version of the product
 * may have an unknown id or other fields; then the line shows what there is.
 */
export function formatEvent(event: { readonly id: string; readonly fields: object }): string {
	const row = rowOf(event.id);
	const values = Object.entries(event.fields) as [string, unknown][];
	if (row === undefined) {
		const pairs = values.map(([name, value]) => `${name}=${formatValue(value, undefined)}`);
		return visibleText([event.id, ...pairs].join(" "));
	}
	const byName = new Map(values);
	return visibleText(
		row.text.replace(/\{(\w+)\}/g, (_, name: string) => formatValue(byName.get(name), row.fields[name])),
	);
}

/** The row's severity; `notice` for an event of another version. */
export function severityOf(id: string): Severity {
	return rowOf(id)?.severity ?? "notice";
}

/** The value by which the stored event is found again, where its row names one. */
export function eventKey(event: { readonly id: string; readonly fields: object }): string | undefined {
	const name = rowOf(event.id)?.key;
	if (name === undefined) return undefined;
	const value: unknown = new Map(Object.entries(event.fields)).get(name);
	return typeof value === "string" ? value : undefined;
}

/** The values by which the stored event is found besides, in lower case. */
export function eventTags(event: { readonly id: string; readonly fields: object }): readonly string[] {
	const names = rowOf(event.id)?.tags;
	if (names === undefined) return [];
	const fields = event.fields as Readonly<Record<string, unknown>>;
	const tags = new Set<string>();
	for (const name of names) {
		const value = fields[name];
		for (const text of Array.isArray(value) ? value : [value])
			if (typeof text === "string") tags.add(text.toLowerCase());
	}
	return [...tags];
}

function rowOf(id: string): EventTableRow | undefined {
	return Object.hasOwn(eventTable, id) ? eventTable[id as EventId] : undefined;
}

function formatValue(value: unknown, kind: FieldKind | undefined): string {
	if (value === undefined || value === null) return "?";
	if (kind === "time" && typeof value === "number") return formatTime(value);
	if (Array.isArray(value)) return value.length === 0 ? "none" : value.map(String).join(", ");
	return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function formatTime(at: number): string {
	if (!Number.isFinite(at) || Math.abs(at) > latestTime) return "?";
	return new Date(at).toISOString().replace(/\.\d+Z$/, "Z");
}

/** The largest time a Date holds (ECMA-262 §21.4.1.1). */
const latestTime = 8_640_000_000_000_000;
