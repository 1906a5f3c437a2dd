import assert from "node:assert/strict";
import { test } from "node:test";
import { permissions } from "#cli/access.ts";
import { listCommands, parseCommand } from "#cli/grammar.ts";
import { operationalCommands } from "#cli/operational-commands.ts";
import { splitLine } from "#cli/parse-line.ts";

function handlerOf(line: string): string {
	const split = splitLine(line);
	assert.ok(split.ok);
	const parsed = parseCommand(operationalCommands, split.parts[0].words, () => true, line.length);
	return parsed.ok ? parsed.handler : `${parsed.at} ${parsed.message}`;
}

test("R261: what an SRX administrator types first is there", () => {
	const wanted: Readonly<Record<string, string>> = {
		"show services ssl proxy statistics": "show-proxy-statistics",
		"show services ssl proxy status": "show-proxy-status",
		"show services ssl proxy certificate-cache last 3": "show-proxy-certificate-cache",
		"clear services ssl proxy certificate-cache": "clear-proxy-certificate-cache",
		"show services ssl proxy counters": "show-proxy-counters",
		"show services ssl proxy sessions source 10.0.0.0/8 last 20": "show-proxy-sessions",
		"clear services ssl proxy statistics": "clear-proxy-statistics",
		"show configuration | display set": "show-configuration",
		"show configuration services ssl": "show-configuration",
		"show system commit": "show-commit",
		"show system rollback 3": "show-rollback",
		"show system alarms": "show-alarms",
		"show system uptime": "show-uptime",
		"show system users": "show-users",
		"show system processes extensive": "show-processes",
		"show log": "show-log-files",
		"show log messages": "show-log",
		"monitor start messages": "monitor-start",
		"monitor stop": "monitor-stop",
		"request system configuration rescue save": "rescue-save",
		"request system logout pid 1088": "logout",
		"show security match-policies source-ip 10.0.0.1 destination-ip 192.0.2.1 destination-port 443": "match-policies",
		"explain session 3f9c": "explain-session",
		"test decryption-policy from 10.0.0.1 to 192.0.2.1 sni www.example": "test-decryption-policy",
		"restart gateway": "restart",
		"ping www.example count 3": "ping",
		"traceroute 192.0.2.1": "traceroute",
		"file checksum sha-256 /var/tmp/x": "file-checksum",
		"file compare files /var/tmp/x /var/tmp/y": "file-compare",
		"file copy /var/tmp/x /var/tmp/y": "file-copy",
		"file delete /var/tmp/x": "file-delete",
		"file list /var/tmp": "file-list",
		"file rename /var/tmp/x /var/tmp/y": "file-rename",
		"file show /var/tmp/x": "file-show",
		"set cli screen-length 0": "set-cli",
		"set cli complete-on-space off": "set-cli",
		"help apropos ssl": "help-apropos",
		"configure exclusive": "configure",
		"start shell": "start-shell",
		quit: "quit",
	};
	for (const [line, handler] of Object.entries(wanted))
		assert.equal(handlerOf(line.split(" | ")[0] as string), handler, line);
});

test("values are checked before anything runs", () => {
	assert.match(handlerOf("explain session xyz"), /^16 invalid session id 'xyz'/);
	assert.match(handlerOf("request system logout pid abc"), /^26 Invalid numeric value/);
	assert.match(handlerOf("test decryption-policy to 10.0.0.1"), /missing argument/);
	assert.match(handlerOf("set cli screen-length 100001"), /not within range/);
});

test("every command has help, and a permission that exists", () => {
	for (const { syntax, help, permission } of listCommands(operationalCommands)) {
		assert.notEqual(help, "", syntax);
		if (permission !== undefined) assert.ok(Object.hasOwn(permissions, permission), syntax);
	}
});
