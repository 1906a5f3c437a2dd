/** A server of the command line over a real socket, with a system in memory behind it. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Linux } from "#base/linux.ts";
import { accessOfClass, type LoginClass, predefinedClasses } from "#cli/access.ts";
import type { ConnectionPorts } from "#cli/connection-shell.ts";
import { type SocketPlace, socketPlace } from "#cli/socket-place-shell.ts";
import { CliServer } from "#cli/socket-server-shell.ts";
import { candidateOf } from "#config/candidate.ts";
import { pendingLine } from "#config/commit-machine.ts";
import { CliSystem, type SystemOptions } from "./cli-session.ts";
import type { Owner } from "./gateway.ts";

export interface RunningServer {
	readonly place: SocketPlace;
	readonly server: CliServer;
	readonly system: CliSystem;
	readonly reports: string[];
	/** Those who end what is followed. */
	readonly followers: Map<string, (text: string) => void>;
}

export interface ServerOptions extends SystemOptions {
	readonly admit?: ConnectionPorts["admit"];
	readonly handle?: ConnectionPorts["handle"];
	/** The directory below which the socket lies; a new one otherwise. */
	readonly directory?: string;
	/** How the kernel is reached, when not as usual. */
	readonly openLinux?: () => Promise<Pick<Linux, "peerCredentials">>;
}

/** Starts a server; it ends with its owner. */
export async function startServer(owner: Owner, options: ServerOptions = {}): Promise<RunningServer> {
	const system = new CliSystem(options);
	const directory = options.directory ?? mkdtempSync(join(tmpdir(), "cli-"));
	const place = socketPlace(directory);
	const reports: string[] = [];
	const followers = new Map<string, (text: string) => void>();
	const access = accessOfClass("super-user", predefinedClasses["super-user"] as LoginClass);
	const server = new CliServer(
		place,
		{
			admit: (userId, user) =>
				options.admit?.(userId, user) ?? {
					user: user === "" ? "admin" : user,
					ports: {
						configuration: {
							candidates: () => system.candidates,
							change: (event) => system.edit(event),
							pendingLine: (now) => pendingLine(system.commits, now),
							lastCommit: () => system.commits.active.record,
						},
						access: () => access,
						hostName: () => "gw",
						greeting: () => "",
						names: () => [],
					},
				},
			handle: (request) =>
				options.handle?.(request) ?? [system.handlers[request.handler]?.(request.values, request.isJson) ?? ""],
			commit: async (editor, order) => {
				const found = system.candidates.editors.get(editor);
				if (found === undefined) return { ok: false, lines: ["error: not in configuration mode"] };
				const tree = candidateOf(system.candidates, found);
				const request = { ...order, editor, user: found.user, tree };
				return system.commit({ type: "commit-requested", request }) ?? { ok: false, lines: [] };
			},
			clearScheduledCommit: async () => system.commit({ type: "schedule-cleared", editor: "x" })?.lines ?? [],
			stored: (which) =>
				which === "rescue" ? system.rescue : which === "factory" ? undefined : system.earlier[which - 1],
			follow: (file, onText) => {
				if (file === "none") throw new Error("no such file");
				followers.set(file, onText);
				return () => followers.delete(file);
			},
			report: (severity, text) => reports.push(`${severity}: ${text}`),
		},
		options.openLinux,
	);
	await server.listen();
	owner.after(async () => {
		await server.close();
		rmSync(directory, { recursive: true, force: true });
	});
	return { place, server, system, reports, followers };
}
