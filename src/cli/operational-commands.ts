/** The commands of operational mode, as data. What each of them does stands with its handler. */

import { type DomainListHandler, domainListRequests, domainListShows } from "#cli/domain-list-commands.ts";
import type { ArgumentType, CommandNode, OptionNode } from "#cli/grammar.ts";
import { flowClears, flowShows, type IdpHandler, idpClears, idpRequests, idpShows } from "#cli/idp-commands.ts";
import {
	type IntelligenceHandler,
	intelligenceClears,
	intelligenceRequests,
	intelligenceShows,
} from "#cli/intelligence-commands.ts";
import { type PkiHandler, pkiClears, pkiRequests, pkiShows } from "#cli/pki-commands.ts";
import { ikeClears, ikeShows, ipsecClears, ipsecShows, type VpnHandler } from "#cli/vpn-commands.ts";
import { enumeration, integer, name, parsed, refused, text } from "#config/leaf-types.ts";
import { address, host, prefix } from "#config/network-types.ts";

/** What answers a command. The first ones are answered by the session itself, the others by the system around it. */
export type SessionHandler =
	| "clear-commit"
	| "configure"
	| "file-checksum"
	| "file-compare"
	| "file-copy"
	| "file-delete"
	| "file-list"
	| "file-rename"
	| "file-show"
	| "help-apropos"
	| "help-reference"
	| "help-topic"
	| "monitor-start"
	| "monitor-stop"
	| "monitor-list"
	| "ping"
	| "quit"
	| "set-cli"
	| "show-cli"
	| "show-cli-authorization"
	| "show-cli-history"
	| "show-configuration"
	| "show-rollback"
	| "start-shell"
	| "traceroute";

export type SystemHandler =
	| PkiHandler
	| DomainListHandler
	| IntelligenceHandler
	| VpnHandler
	| IdpHandler
	| "clear-log"
	| "clear-policy-hits"
	| "clear-proxy-certificate-cache"
	| "clear-proxy-sessions"
	| "clear-learned-bypass"
	| "clear-quarantine"
	| "clear-proxy-statistics"
	| "explain-session"
	| "logout"
	| "match-policies"
	| "rescue-delete"
	| "rescue-save"
	| "restart"
	| "show-alarms"
	| "show-commit"
	| "show-interface-devices"
	| "show-learned-bypass"
	| "show-quarantine"
	| "show-log"
	| "show-log-files"
	| "show-policies"
	| "show-policy-hits"
	| "show-processes"
	| "show-proxy-certificate-cache"
	| "show-proxy-counters"
	| "show-proxy-profiles"
	| "show-proxy-sessions"
	| "show-proxy-statistics"
	| "show-proxy-status"
	| "show-storage"
	| "show-uptime"
	| "show-users"
	| "show-version"
	| "test-decryption-policy";

export type OperationalHandler = SessionHandler | SystemHandler;

type Node = CommandNode<OperationalHandler>;

/** Names that completion asks the system for. */
function named(source: string, type: ArgumentType): ArgumentType {
	return { ...type, source };
}

const sessionId: ArgumentType = {
	name: "session-id",
	placeholder: "<session-id>",
	describes: "first digits of a session's id, or all 16",
	source: "sessions",
	parse: (typed) =>
		/^[0-9a-f]{1,16}$/i.test(typed)
			? parsed(typed.toLowerCase())
			: refused(`invalid session id '${typed.slice(0, 32)}'; expected 1 to 16 hexadecimal digits`),
	format: String,
};
const logFile = named("log-files", name({ max: 255, placeholder: "filename" }));
const rollbackNumber = integer({ min: 0, max: 49, placeholder: "number" });
const path = text({ min: 1, max: 1_024, placeholder: "path" });

const endableSessions: Readonly<Record<string, OptionNode>> = {
	source: { help: "Sessions of clients in this prefix", type: prefix() },
	server: {
		help: "Sessions to this host; *. before it covers every depth below",
		type: text({ min: 1, max: 255, placeholder: "host" }),
	},
	decision: {
		help: "What was decided",
		type: enumeration({
			decrypt: "Opened",
			bypass: "Relayed untouched",
			block: "Blocked",
			none: "Ended before the policy was asked",
		}),
	},
	policy: { help: "Decided by this security policy", type: text({ min: 1, max: 255, placeholder: "policy" }) },
};

const sessionOptions: Readonly<Record<string, OptionNode>> = {
	...endableSessions,
	fault: { help: "Ended in this fault, or in any", type: text({ min: 1, max: 64, placeholder: "code" }) },
	findings: { help: "Only sessions in which inspection found something" },
	since: {
		help: "Open at this moment or later: 10m, 2h, 3d or a date",
		type: text({ min: 1, max: 40, placeholder: "time" }),
	},
	until: { help: "Begun by this moment", type: text({ min: 1, max: 40, placeholder: "time" }) },
	last: { help: "How many of the newest", type: integer({ min: 1, max: 9_999_999, placeholder: "number" }) },
};

const policyOptions: Readonly<Record<string, OptionNode>> = {
	"from-zone": { help: "Zone of the client", type: name() },
	"to-zone": { help: "Zone of the server", type: name() },
	"policy-name": { help: "Name of the policy", type: name() },
};

const proxy: Node = {
	help: "TLS proxy",
	children: {
		"certificate-cache": {
			help: "Certificates that are kept for the next sessions",
			run: "show-proxy-certificate-cache",
			options: {
				last: { help: "How many of each worker", type: integer({ min: 1, max: 4_096, placeholder: "number" }) },
			},
		},
		...domainListShows,
		counters: { help: "Every counter, dead workers included", run: "show-proxy-counters" },
		"learned-bypass": {
			help: "Servers that are not opened because clients refused it",
			run: "show-learned-bypass",
		},
		profile: {
			help: "TLS proxy profiles in use",
			run: "show-proxy-profiles",
			options: { detail: { help: "Also versions, suites and groups of both legs" } },
		},
		sessions: { help: "What became of connections, newest last", run: "show-proxy-sessions", options: sessionOptions },
		statistics: { help: "Sessions and handshakes", run: "show-proxy-statistics" },
		status: { help: "Listeners, workers, and how full they are", run: "show-proxy-status" },
	},
};

const fingerprint: ArgumentType = {
	name: "ja3",
	placeholder: "<ja3>",
	describes: "32 hexadecimal digits",
	parse: (typed) =>
		/^[0-9a-f]{32}$/i.test(typed)
			? parsed(typed.toLowerCase())
			: refused(`invalid fingerprint '${typed.slice(0, 40)}'; expected 32 hexadecimal digits`),
	format: String,
};
const matchOptions: Readonly<Record<string, OptionNode>> = {
	from: { help: "Address of the client", type: address(), mandatory: true },
	to: { help: "Address of the server", type: address() },
	"destination-port": { help: "Port of the server", type: integer({ min: 1, max: 65_535, placeholder: "port" }) },
	sni: { help: "Server name in the ClientHello", type: host() },
	host: { help: "Name that the client asked the proxy for", type: host() },
	ja3: { help: "Fingerprint of the ClientHello (JA3), for feeds", type: fingerprint },
	"from-zone": { help: "Zone of the client; that of its address when absent", type: name() },
};

const show: Node = {
	help: "Show system information",
	permission: "view",
	children: {
		cli: {
			help: "Settings of this session",
			run: "show-cli",
			children: {
				authorization: { help: "What this user may do", run: "show-cli-authorization" },
				history: { help: "Commands that were entered", run: "show-cli-history" },
			},
		},
		configuration: {
			help: "Configuration in force",
			run: "show-configuration",
			rest: "statement",
			permission: "view-configuration",
		},
		interfaces: {
			help: "Interfaces",
			children: {
				devices: { help: "Device of Linux behind each interface", run: "show-interface-devices" },
			},
		},
		log: {
			help: "Log files, or one of them",
			run: "show-log-files",
			permission: "trace",
			value: { name: "file", type: logFile, node: { help: "Name of a log file", run: "show-log" } },
		},
		security: {
			help: "Security",
			children: {
				flow: flowShows,
				idp: idpShows,
				ike: ikeShows,
				ipsec: ipsecShows,
				inspection: {
					help: "What goes before signatures",
					children: { quarantine: { help: "Hosts that are shut off", run: "show-quarantine" } },
				},
				intelligence: intelligenceShows,
				"match-policies": {
					help: "Policy that a connection would meet",
					run: "match-policies",
					options: {
						"source-ip": { help: "Address of the client", type: address(), mandatory: true },
						"destination-ip": { help: "Address of the server", type: address(), mandatory: true },
						"destination-port": {
							help: "Port of the server",
							type: integer({ min: 1, max: 65_535, placeholder: "port" }),
							mandatory: true,
						},
						"source-port": { help: "Port of the client", type: integer({ min: 1, max: 65_535, placeholder: "port" }) },
						protocol: { help: "Protocol", type: enumeration({ tcp: "TCP" }) },
						"from-zone": { help: "Zone of the client", type: name() },
						"to-zone": { help: "Zone of the server", type: name() },
						"server-name": { help: "Server name in the ClientHello", type: host() },
						sni: { help: "The same", type: host() },
					},
				},
				pki: pkiShows,
				policies: {
					help: "Policies in the order in which they are tried",
					run: "show-policies",
					options: { ...policyOptions, detail: { help: "What their names mean" } },
					children: {
						"hit-count": { help: "How many sessions each decided", run: "show-policy-hits", options: policyOptions },
					},
				},
			},
		},
		services: { help: "Services", children: { ssl: { help: "TLS", children: { proxy } } } },
		system: {
			help: "System",
			children: {
				alarms: { help: "What needs attention now", run: "show-alarms" },
				commit: { help: "Commits and who made them", run: "show-commit" },
				processes: {
					help: "Processes of the gateway",
					run: "show-processes",
					options: { extensive: { help: "Times and memory too" } },
				},
				rollback: {
					help: "An earlier configuration",
					permission: "rollback",
					value: {
						name: "number",
						type: rollbackNumber,
						node: { help: "Number of the configuration", run: "show-rollback" },
					},
					children: {
						compare: {
							help: "Difference between two earlier configurations",
							value: {
								name: "number",
								type: rollbackNumber,
								node: {
									help: "Number of the older configuration",
									value: {
										name: "other",
										type: rollbackNumber,
										node: { help: "Number of the newer one", run: "show-rollback" },
									},
								},
							},
						},
					},
				},
				storage: { help: "Space used in the state directory", run: "show-storage" },
				uptime: { help: "Time, and since when the gateway runs", run: "show-uptime" },
				users: { help: "Who is on the command line", run: "show-users" },
			},
		},
		version: { help: "Versions of the product and what it runs on", run: "show-version" },
	},
};

const setCli: Node = {
	help: "Settings of this session",
	children: {
		"complete-on-space": {
			help: "Whether SPACE completes words",
			value: {
				name: "complete-on-space",
				type: enumeration({ on: "SPACE completes", off: "SPACE is a blank" }),
				node: { help: "on or off", run: "set-cli" },
			},
		},
		"idle-timeout": {
			help: "Minutes without a key until the session ends",
			run: "set-cli",
			value: {
				name: "idle-timeout",
				type: integer({ min: 0, max: 100_000, unit: "minutes" }),
				node: { help: "Minutes; 0 is never", run: "set-cli" },
			},
		},
		prompt: {
			help: "Prompt of operational mode",
			value: {
				name: "prompt",
				type: text({ max: 64, placeholder: "prompt" }),
				node: { help: "Text of the prompt", run: "set-cli" },
			},
		},
		"screen-length": {
			help: "Lines of the screen",
			value: {
				name: "screen-length",
				type: integer({ min: 0, max: 100_000, placeholder: "lines" }),
				node: { help: "Lines; 0 prints without pause", run: "set-cli" },
			},
		},
		"screen-width": {
			help: "Columns of the screen",
			value: {
				name: "screen-width",
				type: integer({ min: 0, max: 1_024, placeholder: "columns" }),
				node: { help: "Columns; 0 is unlimited", run: "set-cli" },
			},
		},
		timestamp: {
			help: "Time before the output of each command",
			run: "set-cli",
			children: { disable: { help: "No time", run: "set-cli" } },
		},
	},
};

const request: Node = {
	help: "Ask the system to do something",
	permission: "maintenance",
	children: {
		security: {
			help: "Security",
			children: { idp: idpRequests, intelligence: intelligenceRequests, pki: pkiRequests },
		},
		services: {
			help: "Services",
			children: {
				ssl: {
					help: "TLS",
					children: { proxy: { help: "TLS proxy", children: { "decryption-policy": domainListRequests } } },
				},
			},
		},
		system: {
			help: "System",
			children: {
				configuration: {
					help: "Configuration",
					children: {
						rescue: {
							help: "Rescue configuration",
							children: {
								delete: { help: "Delete the rescue configuration", run: "rescue-delete" },
								save: { help: "Save the configuration in force as the rescue configuration", run: "rescue-save" },
							},
						},
					},
				},
				logout: {
					help: "End the session of a user",
					children: {
						pid: {
							help: "By process id",
							value: {
								name: "pid",
								type: named("session-pids", integer({ min: 1, max: 4_194_304, placeholder: "pid" })),
								node: { help: "Process id, as show system users tells it", run: "logout" },
							},
						},
						user: {
							help: "By name: all of the user's sessions",
							value: { name: "user", type: named("users", name()), node: { help: "Name of the user", run: "logout" } },
						},
					},
				},
			},
		},
	},
};

const monitor: Node = {
	help: "Follow a log file on this screen",
	permission: "trace",
	children: {
		list: { help: "Files that are followed", run: "monitor-list" },
		start: {
			help: "Begin to show new lines of a file",
			value: { name: "file", type: logFile, node: { help: "Name of a log file", run: "monitor-start" } },
		},
		stop: {
			help: "Stop showing new lines",
			run: "monitor-stop",
			value: { name: "file", type: logFile, node: { help: "Name of a log file", run: "monitor-stop" } },
		},
	},
};

/** `file copy FROM TO` and its like. */
function fromTo(help: string, run: OperationalHandler): Node {
	return {
		help,
		value: {
			name: "from",
			type: path,
			node: { help: "File", value: { name: "to", type: path, node: { help: "Other file", run } } },
		},
	};
}

const file: Node = {
	help: "Files of this host, with the rights of this user",
	permission: "maintenance",
	children: {
		checksum: {
			help: "Checksum of a file",
			value: {
				name: "algorithm",
				type: enumeration({ md5: "MD5", sha1: "SHA-1", "sha-256": "SHA-256" }),
				node: { help: "", value: { name: "path", type: path, node: { help: "File", run: "file-checksum" } } },
			},
		},
		compare: {
			help: "Compare files",
			children: { files: fromTo("Differences between two files", "file-compare") },
		},
		copy: fromTo("Copy a file", "file-copy"),
		delete: {
			help: "Delete a file",
			value: { name: "path", type: path, node: { help: "File", run: "file-delete" } },
		},
		list: {
			help: "List files",
			run: "file-list",
			value: { name: "path", type: path, node: { help: "Directory or file", run: "file-list" } },
		},
		rename: fromTo("Give a file another name", "file-rename"),
		show: {
			help: "Print a file",
			value: { name: "path", type: path, node: { help: "File", run: "file-show" } },
		},
	},
};

const help: Node = {
	help: "Find commands and statements",
	children: {
		apropos: {
			help: "Everything whose name or help has a word",
			run: "help-apropos",
			rest: "words",
			mustHaveRest: true,
		},
		reference: {
			help: "Statement with its values, default and limits",
			run: "help-reference",
			rest: "words",
			mustHaveRest: true,
		},
		topic: { help: "What a statement does", run: "help-topic", rest: "words", mustHaveRest: true },
	},
};

/** Operational mode. */
export const operationalCommands: Node = {
	help: "",
	children: {
		clear: {
			help: "Clear counters and the like",
			permission: "clear",
			children: {
				log: {
					help: "Empty a log file",
					value: { name: "file", type: logFile, node: { help: "Name of a log file", run: "clear-log" } },
				},
				security: {
					help: "Security",
					children: {
						flow: flowClears,
						idp: idpClears,
						ike: ikeClears,
						ipsec: ipsecClears,
						intelligence: intelligenceClears,
						pki: pkiClears,
						inspection: {
							help: "What goes before signatures",
							children: {
								quarantine: {
									help: "Let hosts go that signatures have shut off",
									run: "clear-quarantine",
									options: { address: { help: "Only this one", type: address() } },
								},
							},
						},
						policies: {
							help: "Policies",
							children: {
								"hit-count": {
									help: "How many sessions each decided, back to zero",
									run: "clear-policy-hits",
									options: policyOptions,
								},
							},
						},
					},
				},
				services: {
					help: "Services",
					children: {
						ssl: {
							help: "TLS",
							children: {
								proxy: {
									help: "TLS proxy",
									children: {
										"certificate-cache": {
											help: "Forget every certificate: the next session of each server gets a new one",
											run: "clear-proxy-certificate-cache",
										},
										"learned-bypass": {
											help: "Open the sessions of servers again that clients refused to have opened",
											run: "clear-learned-bypass",
											options: {
												server: { help: "Only of this host", type: text({ min: 1, max: 255, placeholder: "host" }) },
											},
										},
										sessions: {
											help: "End sessions that run, those of datagrams left out: all of them, or those that fit",
											run: "clear-proxy-sessions",
											options: { ...endableSessions, session: { help: "Only the one of this id", type: sessionId } },
										},
										statistics: { help: "Counters back to zero", run: "clear-proxy-statistics" },
									},
								},
							},
						},
					},
				},
				system: {
					help: "System",
					permission: "configure",
					children: { commit: { help: "Forget the commit that is to be done later", run: "clear-commit" } },
				},
			},
		},
		configure: {
			help: "Change the configuration",
			permission: "configure",
			run: "configure",
			children: {
				exclusive: { help: "Nobody else changes it meanwhile", run: "configure" },
				private: { help: "In a copy of one's own", run: "configure" },
			},
		},
		edit: { help: "Change the configuration", permission: "configure", run: "configure", hidden: true },
		exit: { help: "End the session", run: "quit" },
		explain: {
			help: "Tell the story of a connection",
			permission: "view",
			children: {
				session: {
					help: "A session by its id",
					value: {
						name: "session",
						type: sessionId,
						node: { help: "Id, or its first digits", run: "explain-session" },
					},
				},
			},
		},
		file,
		help,
		monitor,
		ping: {
			help: "Ask a host for an echo",
			permission: "network",
			value: {
				name: "host",
				type: host(),
				node: {
					help: "Name or address",
					run: "ping",
					options: {
						count: { help: "How many requests", type: integer({ min: 1, max: 10_000, placeholder: "count" }) },
						inet6: { help: "Over IPv6" },
						interface: { help: "Interface to leave by", type: name({ max: 15 }) },
						rapid: { help: "Five requests at once" },
						size: { help: "Octets of a request", type: integer({ min: 0, max: 65_468, unit: "octets" }) },
						source: { help: "Address to send from", type: address() },
					},
				},
			},
		},
		quit: { help: "End the session", run: "quit" },
		request,
		restart: {
			help: "Restart a process",
			permission: "reset",
			children: {
				gateway: {
					help: "Workers that hold TLS sessions; their sessions end",
					run: "restart",
					options: { worker: { help: "Only this one", type: integer({ min: 1, max: 1_024, placeholder: "number" }) } },
				},
			},
		},
		set: { help: "Settings of this session", children: { cli: setCli } },
		show,
		start: {
			help: "Start a program",
			permission: "shell",
			children: { shell: { help: "A shell of this host", run: "start-shell" } },
		},
		test: {
			help: "Try without doing",
			permission: "view",
			children: {
				"decryption-policy": {
					help: "What would become of a connection, and why",
					run: "test-decryption-policy",
					options: matchOptions,
				},
			},
		},
		traceroute: {
			help: "Routers on the way to a host",
			permission: "network",
			value: {
				name: "host",
				type: host(),
				node: {
					help: "Name or address",
					run: "traceroute",
					options: {
						inet6: { help: "Over IPv6" },
						source: { help: "Address to send from", type: address() },
						ttl: { help: "Most routers on the way", type: integer({ min: 1, max: 128, placeholder: "count" }) },
					},
				},
			},
		},
	},
};
