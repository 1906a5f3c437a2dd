/** `show system ...` and `show version`. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { cpus, freemem, loadavg, totalmem, uptime } from "node:os";
import { join } from "node:path";
import { utc } from "#config/commit.ts";
import type { CommandWorld } from "#daemon/gateway-view.ts";
import { ruleAlarms } from "#daemon/idp-handlers.ts";
import { feedAlarms } from "#daemon/show-intelligence.ts";
import { productVersion } from "#daemon/version.ts";
import { visibleText } from "#telemetry/display-text.ts";
import { shortOctets } from "#telemetry/format-session.ts";

/** `show version`. */
export function showVersion(isJson: boolean): string {
	const { node, openssl, v8 } = process.versions;
	if (isJson) return `${JSON.stringify({ sallyport: productVersion, node, openssl, v8 }, undefined, 4)}\n`;
	return `Sallyport: ${productVersion}\nNode: ${node}\nOpenSSL: ${openssl}\nV8: ${v8}\n`;
}

/** `show system uptime`. */
export function showUptime(world: CommandWorld, isJson: boolean): string {
	const now = Date.now();
	const { startedAt, configuration } = world.gateway;
	const booted = now - uptime() * 1_000;
	const { time, user } = configuration.record;
	if (isJson)
		return `${JSON.stringify({ now, booted: Math.round(booted), started: startedAt, configured: time, by: user }, undefined, 4)}\n`;
	const users = world.terminals().length;
	return [
		`Current time: ${utc(now)}`,
		`System booted: ${utc(booted)} (${ago(now - booted)} ago)`,
		`Gateway started: ${utc(startedAt)} (${ago(now - startedAt)} ago)`,
		`Last configured: ${utc(time)} (${ago(now - time)} ago) by ${visibleText(user)}`,
		`${users} user${users === 1 ? "" : "s"}, load averages: ${loadavg()
			.map((load) => load.toFixed(2))
			.join(", ")}`,
		"",
	].join("\n");
}

/** `show system users`. */
export function showUsers(world: CommandWorld, isJson: boolean): string {
	const now = Date.now();
	const rows = world.terminals().map(({ identity, since, lastActive, doing }) => ({
		user: identity.user,
		terminal: identity.terminal,
		pid: identity.processId,
		since,
		idleSeconds: Math.floor((now - lastActive) / 1_000),
		doing,
	}));
	if (isJson) return `${JSON.stringify(rows, undefined, 4)}\n`;
	const lines = rows.map(({ user, terminal, pid, since, idleSeconds, doing }) =>
		[
			visibleText(user).padEnd(16),
			terminal.padEnd(6),
			String(pid).padEnd(8),
			utc(since).slice(0, 19),
			String(Math.floor(idleSeconds / 60)).padStart(5),
			` ${visibleText(doing)}`,
		].join(" "),
	);
	return `${["USER             TTY    PID      SINCE (UTC)          IDLE  WHAT", ...lines].join("\n")}\n`;
}

/** `show system processes`. */
export function showProcesses(world: CommandWorld, isExtensive: boolean): string {
	const processes = [
		{ name: "managed", processId: process.pid },
		...world.gateway
			.workerViews()
			.flatMap(({ number, processId }) => (processId === undefined ? [] : [{ name: `worker ${number}`, processId }])),
		...[world.gateway.vpns.processId].flatMap((processId) =>
			processId === undefined ? [] : [{ name: "iked", processId }],
		),
	];
	const lines = processes.map(({ name, processId }) => {
		const { state, seconds, resident } = statusOf(processId);
		const more = isExtensive ? ` ${clock(seconds).padStart(10)} ${shortOctets(resident).padStart(8)}` : "";
		return `${String(processId).padStart(8)}  ${state.padEnd(5)}${more}  ${name}`;
	});
	if (!isExtensive) return `${["     PID  STATE  PROCESS", ...lines].join("\n")}\n`;
	const memory = `Memory: ${shortOctets(totalmem())} total, ${shortOctets(freemem())} free; ${cpus().length} processors`;
	return `${[memory, "     PID  STATE       TIME   MEMORY  PROCESS", ...lines].join("\n")}\n`;
}

/** `show system storage`. */
export function showStorage(world: CommandWorld): string {
	const { path } = world.gateway.state;
	const rows = readdirSync(path)
		.sort()
		.map((name) => `${shortOctets(sizeOf(join(path, name), 0)).padStart(10)}  ${visibleText(name)}`);
	return `${[`${path}:`, ...rows].join("\n")}\n`;
}

/** `show system alarms`. */
export function showAlarms(world: CommandWorld): string {
	const alarms = alarmsOf(world);
	if (alarms.length === 0) return "No alarms currently active\n";
	const lines = alarms.map(({ at, level, text }) => `${utc(at)}  ${level.padEnd(5)}  ${visibleText(text)}`);
	const head = `${alarms.length} alarm${alarms.length === 1 ? "" : "s"} currently active`;
	return `${[head, "Alarm time               Class  Description", ...lines].join("\n")}\n`;
}

interface Alarm {
	readonly at: number;
	readonly level: "Major" | "Minor";
	readonly text: string;
}

function alarmsOf({ gateway }: CommandWorld): readonly Alarm[] {
	const now = Date.now();
	const alarms: Alarm[] = [];
	for (const { number, isListening, startedAt } of gateway.workerViews())
		if (!isListening) alarms.push({ at: startedAt, level: "Major", text: `worker ${number} does not run` });
	const { records_dropped: dropped } = gateway.counters();
	if (dropped > 0)
		alarms.push({ at: now, level: "Major", text: `${dropped} records were lost: the event store could not take them` });
	const { configuration, startedAt } = gateway;
	for (const { at = startedAt, level, text } of gateway.certificates.alarms()) alarms.push({ at, level, text });
	alarms.push(...gateway.trust.alarms());
	for (const alarm of [...feedAlarms(gateway.feeds.views()), ...ruleAlarms(gateway.rules.views())])
		alarms.push({ ...alarm, level: "Minor" });
	if (configuration.pendingLine !== undefined)
		alarms.push({ at: configuration.record.time, level: "Minor", text: configuration.pendingLine.slice(2) });
	if (!configuration.hasRescue) alarms.push({ at: startedAt, level: "Minor", text: "Rescue configuration is not set" });
	return alarms;
}

/** From /proc: the state, processor seconds, resident octets. */
function statusOf(processId: number): { readonly state: string; readonly seconds: number; readonly resident: number } {
	try {
		const text = readFileSync(`/proc/${processId}/stat`, "utf8");
		// The name in brackets may hold anything.
		const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
		const ticks = Number(fields[11]) + Number(fields[12]);
		return { state: fields[0] ?? "?", seconds: ticks / ticksPerSecond, resident: Number(fields[21]) * pageOctets };
	} catch {
		return { state: "?", seconds: 0, resident: 0 };
	}
}

function sizeOf(path: string, depth: number): number {
	const found = statSync(path, { throwIfNoEntry: false });
	if (found === undefined) return 0;
	if (!found.isDirectory() || depth > deepest) return found.size;
	return readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name), depth + 1), 0);
}

function ago(milliseconds: number): string {
	const seconds = Math.max(0, Math.floor(milliseconds / 1_000));
	const days = Math.floor(seconds / 86_400);
	return `${days > 0 ? `${days}d ` : ""}${clock(seconds % 86_400)}`;
}

function clock(seconds: number): string {
	const parts = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60, Math.floor(seconds) % 60];
	return parts.map((part) => String(part).padStart(2, "0")).join(":");
}

const ticksPerSecond = 100;
const pageOctets = 4_096;
const deepest = 4;
