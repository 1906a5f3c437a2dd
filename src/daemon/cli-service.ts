/** The command line's side of `managed`: who may come in as whom, and what their sessions can ask. */
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { type Access, accessOfClass, type LoginClass, predefinedClasses } from "#cli/access.ts";
import type { ConnectionPorts } from "#cli/connection-shell.ts";
import type { SessionPorts } from "#cli/session-ports.ts";
import { socketPlace } from "#cli/socket-place-shell.ts";
import { CliServer } from "#cli/socket-server-shell.ts";
import { handleCommand } from "#daemon/cli-handlers.ts";
import type { CommandWorld, GatewayView } from "#daemon/gateway-view.ts";
import { loginGreeting } from "#daemon/login-greeting.ts";
import { followLog, logFiles } from "#daemon/show-log.ts";
import { recentSessionIds } from "#daemon/show-proxy.ts";
import { showAlarms } from "#daemon/show-system.ts";

export class CliService {
	readonly #gateway: GatewayView;
	readonly #server: CliServer;
	readonly #world: CommandWorld;

	constructor(gateway: GatewayView, report: ConnectionPorts["report"]) {
		this.#gateway = gateway;
		const server = new CliServer(socketPlace(gateway.state.path), {
			admit: (userId, user) => this.#admit(userId, user),
			handle: (request) => handleCommand(this.#world, request),
			commit: (editor, order) => gateway.configuration.commit(editor, order),
			clearScheduledCommit: () => gateway.configuration.clearSchedule(),
			stored: (which) => gateway.configuration.stored(which),
			follow: (file, onText) => followLog(gateway.state.log, file, onText),
			report,
		});
		this.#server = server;
		this.#world = {
			gateway,
			terminals: () => server.connections(),
			evict: (fits, text) => server.evict(fits, text),
			cleared: undefined,
		};
	}

	/** Rejects when the socket cannot be made. */
	listen(): Promise<void> {
		return this.#server.listen();
	}

	close(): Promise<void> {
		return this.#server.close();
	}

	/** Tells every terminal. */
	broadcast(text: string): void {
		this.#server.broadcast(`\n${text}\n`);
	}

	/** Only root and the owner of this gateway come in. Both may work as somebody else, whose class then holds. */
	#admit(userId: number, wanted: string): ReturnType<ConnectionPorts["admit"]> {
		const own = userName(userId);
		if (userId !== 0 && userId !== process.getuid?.())
			return { refusal: `user ${own} is neither root nor the owner of this gateway; run sallyport cli with sudo` };
		const user = wanted === "" ? own : wanted;
		// The owner holds the files of the configuration anyway.
		const fallback = user === own ? "super-user" : undefined;
		if (this.#classOf(user, fallback) === undefined)
			return {
				refusal: `user ${user} has no account here; root may make one: sallyport cli --user root, then set system login user ${user} class CLASS`,
			};
		return { user, ports: this.#portsOf(user, fallback) };
	}

	#portsOf(user: string, fallback: string | undefined): SessionPorts {
		const { configuration } = this.#gateway;
		let known: { readonly of: unknown; readonly access: Access } | undefined;
		return {
			configuration: {
				candidates: () => configuration.candidates,
				change: (event) => configuration.edit(event),
				pendingLine: () => configuration.pendingLine,
				lastCommit: () => configuration.record,
			},
			// Asked for each command and each statement: made anew only when the configuration is another one.
			access: () => {
				const { config } = configuration;
				if (known === undefined || known.of !== config) known = { of: config, access: this.#accessOf(user, fallback) };
				return known.access;
			},
			greeting: () => this.#greeting(user, fallback),
			hostName: () => configuration.config?.system.hostName ?? hostname().split(".", 1)[0] ?? "sallyport",
			names: (source, prefix) => this.#names(source, prefix),
		};
	}

	#greeting(user: string, fallback: string | undefined): string {
		const login = this.#gateway.configuration.config?.system.login;
		if (login === undefined) return "";
		const [className = ""] = this.#classOf(user, fallback) ?? [];
		return loginGreeting(login, className, () => showAlarms(this.#world));
	}

	#accessOf(user: string, fallback: string | undefined): Access {
		const [name, loginClass] = this.#classOf(user, fallback) ?? ["unauthorized", { permissions: [] }];
		return accessOfClass(name, loginClass);
	}

	/** The class of a user; root is always super-user. */
	#classOf(user: string, fallback: string | undefined): readonly [string, LoginClass] | undefined {
		const login = this.#gateway.configuration.config?.system.login;
		const name = user === "root" ? "super-user" : (login?.user.get(user)?.class ?? fallback);
		if (name === undefined) return undefined;
		const loginClass =
			login?.class.get(name) ?? (Object.hasOwn(predefinedClasses, name) ? predefinedClasses[name] : undefined);
		return loginClass === undefined ? undefined : [name, loginClass];
	}

	#names(source: string, prefix: string): readonly string[] {
		switch (source) {
			case "log-files":
				return logFiles(this.#gateway.state.log, prefix);
			case "sessions":
				return recentSessionIds(this.#world, prefix);
			case "session-pids":
				return this.#server
					.connections()
					.map(({ identity }) => String(identity.processId))
					.filter((id) => id.startsWith(prefix));
			case "users":
				return [...new Set(this.#server.connections().map(({ identity }) => identity.user))].filter((name) =>
					name.startsWith(prefix),
				);
			case "feeds":
				return startingWith(
					this.#gateway.plan.feeds.map(({ name }) => name),
					prefix,
				);
			case "categories":
				return startingWith(this.#gateway.domainLists.directory.names("category"), prefix);
			case "domain-lists":
				return startingWith(this.#gateway.domainLists.directory.names("domain-list"), prefix);
			case "decryption-policies":
				return startingWith(
					[...(this.#gateway.configuration.config?.services.ssl.proxy.decryptionPolicy.keys() ?? [])],
					prefix,
				);
			default:
				return [...this.#gateway.trust.names(source), ...this.#gateway.certificates.names(source)].filter((name) =>
					name.startsWith(prefix),
				);
		}
	}
}

function startingWith(names: readonly string[], prefix: string): readonly string[] {
	return names.filter((name) => name.startsWith(prefix));
}

/** The name of a user of this host; its number when it has none. */
function userName(userId: number): string {
	try {
		for (const line of readFileSync("/etc/passwd", "utf8").split("\n")) {
			const [name, , id] = line.split(":");
			if (name !== undefined && Number(id) === userId && id !== "") return name;
		}
	} catch {
		// A host without the file has users all the same.
	}
	return userId === 0 ? "root" : `uid${userId}`;
}
