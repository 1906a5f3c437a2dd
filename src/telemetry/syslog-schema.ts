/** `system syslog`: where the messages of the system itself go, by facility and severity. */
import { enumeration, integer, keyword, name, regularExpression, size, union } from "#config/leaf-types.ts";
import { address, fileName, host, port } from "#config/network-types.ts";
import { container, flag, leaf, list } from "#config/schema.ts";

/** The facilities by which messages can be marked, with the word that RFC 5424 has for each. */
export const localFacilities = {
	authorization: "auth",
	daemon: "daemon",
	ftp: "ftp",
	kernel: "kern",
	user: "user",
	local0: "local0",
	local1: "local1",
	local2: "local2",
	local3: "local3",
	local4: "local4",
	local5: "local5",
	local6: "local6",
	local7: "local7",
};

const facilities = {
	any: "All of them",
	authorization: "Logins and permissions",
	"change-log": "Changes of the configuration",
	"conflict-log": "Configuration that contradicts the platform",
	daemon: "The processes of the system",
	dfc: "Dynamic flow capture",
	external: "Programs that were added",
	firewall: "Packet filter",
	ftp: "File transfer",
	"interactive-commands": "Commands of the command line and the API",
	kernel: "Kernel",
	ntp: "Time",
	pfe: "Forwarding",
	security: "Security",
	user: "User processes",
};

const severities = {
	any: "All of them",
	emergency: "The system cannot be used",
	alert: "Something must be done at once",
	critical: "Critical conditions",
	error: "Errors",
	warning: "Warnings",
	notice: "Conditions that are normal but of note",
	info: "Information",
	none: "Nothing of this facility",
};

const contents = list({
	help: "Facility and the least severity that is written",
	unnamed: true,
	layout: "line",
	keys: { facility: enumeration(facilities) },
	children: { severity: leaf(enumeration(severities), { help: "Severity", unnamed: true, mandatory: true }) },
});

const match = leaf(regularExpression(), { help: "Only messages that match are written" });

const archive = container({
	help: "How files are rotated",
	layout: "line",
	alternatives: [{ of: ["world-readable", "no-world-readable"] }],
	children: {
		size: leaf(size({ min: 65_536, max: 1_073_741_824 }), {
			help: { what: "Size at which a file is rotated; 1m when absent", grows: "disk space, times the number of files" },
		}),
		files: leaf(integer({ min: 1, max: 1_000 }), {
			help: { what: "How many rotated files are kept; 10 when absent", grows: "disk space" },
		}),
		"world-readable": flag({
			help: {
				what: "Every user of this host may read the files",
				loosened: "danger: addresses and names of users in the logs are open to everybody on this host",
			},
		}),
		"no-world-readable": flag({ help: "Only those with permission may read the files; so without this statement" }),
	},
});

const structuredData = container({
	help: "RFC 5424 with structured data",
	presence: true,
	layout: "line",
	children: { brief: flag({ help: "Without the English text" }) },
});

export const systemSyslog = container({
	help: "Messages of the system itself",
	engine: "not-yet",
	children: {
		archive,
		user: list({
			help: "Users to whose terminals messages are written",
			keys: { name: union([keyword("*", "Every user who is logged in"), name()]) },
			children: { contents, match },
		}),
		host: list({
			help: "A collector of system messages",
			keys: { name: host() },
			children: {
				contents,
				match,
				"facility-override": leaf(enumeration(localFacilities), { help: "Facility of every message" }),
				"log-prefix": leaf(name({ max: 32 }), { help: "Word before every message" }),
				port: leaf(port(), { help: "Port", default: 514 }),
				"source-address": leaf(address(), { help: "Address that messages are sent from" }),
				"explicit-priority": flag({ help: "Write facility and severity into the message" }),
				"exclude-hostname": flag({ help: "Leave the host name out of the message" }),
				"allow-duplicates": flag({ help: "Send each message even when it repeats the one before" }),
				"structured-data": structuredData,
			},
		}),
		file: list({
			help: "A file in the log directory",
			keys: { name: fileName({ mayHavePath: false }) },
			children: {
				contents,
				match,
				archive,
				"explicit-priority": flag({ help: "Write facility and severity into the message" }),
				"allow-duplicates": flag({ help: "Write each message even when it repeats the one before" }),
				"structured-data": structuredData,
			},
		}),
		console: container({ help: "The system's console", children: { contents } }),
		"time-format": container({
			help: "What a time stamp holds",
			layout: "line",
			children: { year: flag({ help: "The year" }), millisecond: flag({ help: "Milliseconds" }) },
		}),
		"source-address": leaf(address(), { help: "Address that messages are sent from" }),
		"log-rotate-frequency": leaf(integer({ min: 1, max: 59, unit: "minutes" }), {
			help: "How often sizes are looked at",
			default: 15,
		}),
		"allow-duplicates": flag({ help: "Write each message even when it repeats the one before" }),
	},
});
