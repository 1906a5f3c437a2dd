import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { type TestContext, test } from "node:test";
import type { ReadStream, WriteStream } from "node:tty";
import { connectTerminal } from "#cli/socket-client-shell.ts";
import { runTerminal } from "#cli/terminal-shell.ts";
import { type ServerOptions, startServer } from "../../test/support/cli-server.ts";
import { eventually } from "../../test/support/gateway.ts";
import { Screen } from "../../test/support/screen.ts";

/** What the shell knows of a terminal. */
class Keyboard extends PassThrough {
	isRaw = false;
	setRawMode(isRaw: boolean): this {
		this.isRaw = isRaw;
		return this;
	}
}
class Glass extends PassThrough {
	columns = 80;
	rows = 10;
}

interface Desk {
	readonly keyboard: Keyboard;
	readonly glass: Glass;
	readonly screen: Screen;
	readonly over: Promise<boolean>;
	shows(text: string): Promise<void>;
}

async function sitDown(t: TestContext, options: ServerOptions = {}): Promise<Desk> {
	const { place } = await startServer(t, options);
	const description = { isInteractive: true, columns: 80, rows: 10, user: "" };
	const socket = await connectTerminal(place, description);
	const [keyboard, glass, screen] = [new Keyboard(), new Glass(), new Screen(80, 10)];
	glass.setEncoding("utf8").on("data", (text: string) => screen.write(text));
	const over = runTerminal(socket, keyboard as unknown as ReadStream, glass as unknown as WriteStream);
	const shows = async (text: string): Promise<void> => {
		await eventually(() => screen.lines.some((line) => line.includes(text)), `"${text}" on ${screen.lines.join("\n")}`);
	};
	await shows("admin@gw>");
	return { keyboard, glass, screen, over, shows };
}

test("the terminal is raw while the session lasts, and as before afterwards", async (t) => {
	const { keyboard, over, shows } = await sitDown(t);
	assert.equal(keyboard.isRaw, true);
	keyboard.write("conf\r");
	await shows("Entering configuration mode");
	keyboard.write("exit\r");
	await shows("Exiting configuration mode");
	keyboard.write("quit\r");
	assert.equal(await over, true);
	assert.equal(keyboard.isRaw, false);
});

test("a resized window counts from then on; output pages by its size", async (t) => {
	const log = Array.from({ length: 40 }, (_, index) => `line ${index}\n`).join("");
	const { keyboard, glass, over, shows } = await sitDown(t, { handlers: { "show-log": () => log } });
	keyboard.write("show log messages\r");
	await shows("---(more 22%)---");
	keyboard.write("q");
	await shows("admin@gw>");
	glass.rows = 21;
	glass.emit("resize");
	keyboard.write("show log messages\r");
	await shows("---(more 50%)---");
	keyboard.write("qquit\r");
	assert.equal(await over, true);
});

test("files, programs and names are those of this side", async (t) => {
	const directory = mkdtempSync(join(tmpdir(), "terminal-"));
	t.after(() => rmSync(directory, { recursive: true, force: true }));
	writeFileSync(join(directory, "in.conf"), "system { location here; }");
	const { keyboard, over, shows } = await sitDown(t, { handlers: { "show-log": () => "from 192.0.2.1\n" } });
	keyboard.write(`file show ${directory}/in.conf\r`);
	await shows("system { location here; }");
	keyboard.write(`configure\rload merge ${directory}/in.conf\r`);
	await shows("load complete");
	keyboard.write(`load merge ${directory}/none\r`);
	await shows("error: ENOENT");
	keyboard.write(`save ${directory}/out.conf\r`);
	await shows("of configuration to");
	assert.match(readFileSync(join(directory, "out.conf"), "utf8"), /location here;/);
	keyboard.write(`run show log messages | save ${directory}/none/x\r`);
	await shows("error: ENOENT");
	keyboard.write("run show log messages | resolve\r");
	await shows("from ");
	keyboard.write("rollback\rexit\rquit\r");
	assert.equal(await over, true);
});

test("a terminal that is gone ends the session", async (t) => {
	const { keyboard, over } = await sitDown(t);
	keyboard.end();
	assert.equal(await over, false);
	assert.equal(keyboard.isRaw, false);
});
