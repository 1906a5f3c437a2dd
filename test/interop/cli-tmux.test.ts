/** The command line in a terminal of another make: tmux between the keys and the screen. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { projectRoot } from "../../scripts/source-files.ts";
import { eventually, type Gateway, startGateway } from "../support/gateway.ts";
import { peerPath, requirePeers } from "../support/peers.ts";

/** A window of tmux in which `sallyport cli` runs. */
class Window {
	readonly #name: string;

	constructor(t: TestContext, gateway: Gateway, columns: number, rows: number) {
		this.#name = `cli-${process.pid}-${Window.#count++}`;
		const program = join(projectRoot, "src/daemon/cli.ts");
		const command = `exec ${process.execPath} --disable-warning=ExperimentalWarning ${program} cli --state ${gateway.state}`;
		this.#tmux("-f", "/dev/null", "new-session", "-d", "-x", String(columns), "-y", String(rows), command);
		t.after(() => {
			try {
				this.#tmux("kill-server");
			} catch {
				// The window is gone with its program.
			}
		});
	}

	static #count = 0;

	/** Types text as it is. */
	type(text: string): this {
		this.#tmux("send-keys", "-l", "--", text);
		return this;
	}

	/** Presses keys by their names in tmux: Enter, Tab, Up, C-r. */
	press(...keys: readonly string[]): this {
		this.#tmux("send-keys", ...keys);
		return this;
	}

	resize(columns: number, rows: number): void {
		this.#tmux("resize-window", "-x", String(columns), "-y", String(rows));
	}

	/** Pastes as a terminal does, marked. */
	paste(text: string): void {
		this.#tmux("set-buffer", text);
		this.#tmux("paste-buffer", "-p");
	}

	get lines(): string[] {
		return this.#tmux("capture-pane", "-p")
			.split("\n")
			.map((line) => line.trimEnd());
	}

	/** Where the cursor is, counted from 0. */
	get cursor(): string {
		return this.#tmux("display-message", "-p", "#{cursor_x},#{cursor_y}").trim();
	}

	/** Waits until this is the last line that is not empty. */
	endsWith(text: string): Promise<void> {
		return this.#until((lines) => lines.findLast((line) => line !== "") === text, `${text} at the end`);
	}

	/** Waits until the screen shows the text. */
	shows(text: string): Promise<void> {
		return this.#until((lines) => lines.join("\n").includes(text), text);
	}

	async #until(isThere: (lines: readonly string[]) => boolean, what: string): Promise<void> {
		try {
			await eventually(() => isThere(this.lines), what);
		} catch {
			throw new Error(`waited in vain for ${what}; the screen:\n${this.lines.join("\n")}`);
		}
	}

	/** A server that hangs fails the call that it hangs in, and not the whole run. */
	#tmux(...args: readonly string[]): string {
		return execFileSync(peerPath("tmux"), ["-L", this.#name, ...args], {
			encoding: "utf8",
			stdio: ["ignore", "pipe", "pipe"],
			timeout: 20_000,
		});
	}
}

async function sitDown(t: TestContext, columns = 100, rows = 30): Promise<{ window: Window; gateway: Gateway }> {
	const gateway = await startGateway(t, { top: "system { host-name gw; }" });
	const window = new Window(t, gateway, columns, rows);
	await window.endsWith("root@gw>");
	return { window, gateway };
}

test("R260: keys in, screen out: completion, help, errors, configuration, commit", async (t) => {
	if (!requirePeers(t, ["tmux"])) return;
	const { window, gateway } = await sitDown(t);
	window.type("sh ver").press("Enter");
	await window.shows("root@gw> show ver\nSallyport: ");
	window.type("bogus").press("Enter");
	await window.shows("root@gw> bogus\n         ^\nunknown command.");
	window.press("C-l").type("conf").press("Enter");
	await window.endsWith("root@gw#");
	window.type("set sys").press("Tab");
	await window.endsWith("root@gw# set system");
	window.type("host?");
	await window.shows("Possible completions:\n  host-name            Name of this host");
	await window.endsWith("root@gw# set system host");
	window.type("-name lab").press("Enter").type("show | compare").press("Enter");
	await window.shows("[edit system]\n-  host-name gw;\n+  host-name lab;");
	window.type("commit and-quit").press("Enter");
	await window.shows("commit complete\nExiting configuration mode");
	await window.endsWith("root@lab>");
	assert.match(readFileSync(join(gateway.state, "sallyport.conf"), "utf8"), /host-name lab;/);
	window.type("quit").press("Enter");
});

test("editing keys and history leave the line and the cursor where they should be", async (t) => {
	if (!requirePeers(t, ["tmux"])) return;
	const { window } = await sitDown(t, 40, 20);
	window.type("show log messages | match text-that-goes-over-the-edge");
	await window.shows("root@gw> show log messages | match text-\nthat-goes-over-the-edge");
	window.press("C-a").type("X");
	await window.shows("root@gw> Xshow log messages | match text\n-that-goes-over-the-edge");
	assert.equal(window.cursor.split(",")[0], "10");
	window.press("C-u").type("show cli").press("Enter");
	await window.shows("CLI complete-on-space set to on");
	window.press("Up");
	await window.endsWith("root@gw> show cli");
	window.press("C-w").type("version").press("Enter");
	await window.shows("OpenSSL: ");
	window.press("C-r").type("cli");
	await window.endsWith("(history search 'cli'): show cli");
	window.press("C-g").press("C-c");
	await window.endsWith("root@gw>");
	window.type("abc").press("Escape", "b").type("-");
	await window.endsWith("root@gw> -abc");
});

test("the pager stops at the height of the window, and follows its size", async (t) => {
	if (!requirePeers(t, ["tmux"])) return;
	const { window } = await sitDown(t, 80, 12);
	window.type("show configuration").press("Enter");
	await window.shows("---(more");
	assert.equal(window.lines.filter((line) => line !== "").length, 12);
	window.type(" ");
	await eventually(() => !window.lines[0]?.startsWith("## Last commit"), "the next screen");
	window.type("q");
	await window.endsWith("root@gw>");
	window.resize(80, 40);
	// When the program hears of it is its own affair: it is asked again until it has.
	await eventually(async () => {
		window.press("C-l").type("show configuration").press("Enter");
		await window.shows("---(more");
		if (window.lines.filter((line) => line !== "").length > 30) return true;
		window.press("q");
		await window.endsWith("root@gw>");
		return undefined;
	}, "a taller screen");
	window.press("q").type("show configuration | match domain | count").press("Enter");
	await window.shows("Count: 0 lines");
});

test("pasted statements are taken as they are", async (t) => {
	if (!requirePeers(t, ["tmux"])) return;
	const { window } = await sitDown(t);
	window.type("configure").press("Enter");
	await window.endsWith("root@gw#");
	window.paste('set system host-name pasted\nset system login message "who? me"\nshow system login\n');
	await window.shows('message "who? me";');
	window.type("rollback 0").press("Enter").type("exit").press("Enter");
	await window.endsWith("root@gw>");
});

test("two windows see each other; commit confirmed rolls back by itself in both", async (t) => {
	if (!requirePeers(t, ["tmux"])) return;
	const { window, gateway } = await sitDown(t);
	const other = new Window(t, gateway, 100, 30);
	await other.endsWith("root@gw>");
	window.type("configure").press("Enter");
	await window.endsWith("root@gw#");
	other.type("configure").press("Enter");
	await other.shows("Users currently editing the configuration:\n  root terminal p0");
	other.type("exit").press("Enter").type("show system users").press("Enter");
	await other.shows("configuration mode");
	window.type("set system host-name short").press("Enter").type("commit confirmed 1").press("Enter");
	await window.shows(
		"commit confirmed will be automatically rolled back in 1 minute unless confirmed\ncommit complete",
	);
	await window.shows("# commit confirmed will be rolled back in 1 minute\n[edit]\nroot@short#");
	window.type("commit").press("Enter");
	await window.shows("commit complete\n\n[edit]\nroot@short#");
	other.type("request system logout pid ?");
	await other.shows("Process id, as show system users tells it");
});
