/** `sallyport inspect-pcap`: a file of captured packets through rules of intrusion detection. */
import { parseArgs } from "node:util";
import { formatAddress, formatEndpoint } from "#base/address.ts";
import { readBoundedFile } from "#base/bounded-file-shell.ts";
import { readCapture } from "#capture/capture-file.ts";
import { type CaptureFigures, CaptureInspection, type OnAlert } from "#capture/inspect-capture.ts";
import { decodeKeyLog, type KeyLog, maxKeyLogOctets } from "#capture/key-log.ts";
import type { CommandOutput } from "#daemon/sessions-command.ts";
import { readRuleFiles } from "#daemon/signature-sets.ts";
import { type EveFlow, eveAlert } from "#inspect/eve.ts";
import { DatasetStore } from "#signature/dataset-store.ts";
import { defaultVariables } from "#signature/rule-address.ts";
import { countProblems, type RuleSet } from "#signature/rule-set.ts";
import { SignatureEngine, toServer } from "#signature/signature-engine.ts";
import type { Alert } from "#signature/signature-flow.ts";
import { visibleText } from "#telemetry/display-text.ts";
import { localTime } from "#telemetry/format-session.ts";

const help = `Usage: sallyport inspect-pcap FILE --rules FILE [--rules FILE ...] [--keylog FILE]
                              [--variable NAME=VALUE ...] [--json]

Compares captured traffic with rules in the rule language of Suricata and prints a line for each alert. FILE is a pcap
or pcapng file. HTTP, mail and the handshakes of TLS are read; of other connections the octets are compared. With a key log
TLS is decrypted where it holds the secrets, and what is inside is read as if it had been captured in clear.

  --rules FILE            rules; what is not understood is counted and named on the error output
  --keylog FILE           secrets that a client or server wrote down (SSLKEYLOGFILE): TLS 1.3, and TLS 1.2 with AES-GCM
                          or ChaCha20-Poly1305; what is not decrypted is counted by why. Danger: whoever has this file
                          and the capture reads the connections
  --variable NAME=VALUE   a variable of the rules such as HOME_NET=10.0.0.0/8; addresses are any without it
  --json                  alerts as lines of JSON, in the form of Suricata's EVE

docs/reference/rules.md lists the keywords that are understood.
`;

/** Answers the exit status: 0 when the capture was read to its end, 1 when a file stood in the way, 2 for a wrong command line. */
export async function runInspectPcap(args: readonly string[], io: CommandOutput): Promise<number> {
	const { values, positionals } = parseArgs({
		args: [...args],
		allowPositionals: true,
		options: {
			rules: { type: "string", multiple: true },
			keylog: { type: "string" },
			variable: { type: "string", multiple: true },
			json: { type: "boolean" },
			help: { type: "boolean", short: "h" },
		},
	});
	if (values.help) {
		io.stdout.write(help);
		return 0;
	}
	const fail = (message: string, status: number): number => {
		io.stderr.write(`sallyport inspect-pcap: ${visibleText(message)}\n`);
		return status;
	};
	const [file, ...more] = positionals;
	if (file === undefined || more.length > 0) return fail(`expected one file, got ${positionals.length}; see --help`, 2);
	if (values.rules === undefined) return fail("no rules are named; expected --rules FILE", 2);
	const variables = readVariables(values.variable ?? []);
	if (typeof variables === "string") return fail(variables, 2);
	try {
		const keyLog = values.keylog === undefined ? undefined : readKeyLog(values.keylog);
		return await inspect(file, values.rules, variables, keyLog, values.json === true, io);
	} catch (error) {
		return fail((error as Error).message, 1);
	}
}

async function inspect(
	file: string,
	ruleFiles: readonly string[],
	variables: ReadonlyMap<string, string>,
	keyLog: KeyLog | undefined,
	isJson: boolean,
	io: CommandOutput,
): Promise<number> {
	const capture = readCapture(readBoundedFile(file, maxCaptureOctets));
	if (typeof capture === "string") throw new Error(`${file} is no capture: ${capture}`);
	const datasets = new DatasetStore();
	const rules = readRuleFiles(ruleFiles, datasets, variables);
	for (const line of reportOf(rules)) io.stderr.write(`${visibleText(line)}\n`);
	let inspection: CaptureInspection | undefined;
	const engine = new SignatureEngine(rules.signatures, datasets, () => inspection?.now ?? 0);
	let lines = "";
	const onAlert: OnAlert = (alert, flow, at) => {
		lines += `${isJson ? eveAlert(alert, flow, at) : visibleText(alertLine(alert, flow, at))}\n`;
	};
	inspection = new CaptureInspection(engine, onAlert, keyLog);
	for (const packet of capture.packets) {
		inspection.packet(packet);
		if (lines.length < writtenAtOnce) continue;
		await write(io, lines);
		lines = "";
	}
	inspection.end();
	await write(io, lines);
	for (const line of figuresOf(inspection.figures, keyLog !== undefined)) io.stderr.write(`${line}\n`);
	const problem = capture.problem();
	if (problem !== undefined) throw new Error(`${file}: ${problem}; what comes before was inspected`);
	return 0;
}

function readKeyLog(file: string): KeyLog {
	const keyLog = decodeKeyLog(readBoundedFile(file, maxKeyLogOctets));
	if (keyLog.kind === "done") return keyLog.value;
	throw new Error(`${file}: ${keyLog.kind === "malformed" ? keyLog.reason : "it is cut"}`);
}

function figuresOf(figures: CaptureFigures, hasKeyLog: boolean): string[] {
	const { packets, flows, alerts, passedOver, decrypted, notDecrypted } = figures;
	const lines = [`${packets} packets, ${flows} connections, ${alerts} alerts`];
	if (hasKeyLog) lines.push(`decrypted: ${decrypted} connections`);
	for (const [why, count] of notDecrypted) lines.push(`not decrypted or not to the end: ${count} connections, ${why}`);
	for (const [what, count] of passedOver) lines.push(`passed over: ${count} packets, ${what}`);
	return lines;
}

/** What became of the rules, the most frequent reasons first. */
function reportOf({ signatures, disabled, notes }: RuleSet): string[] {
	const lines = [`${signatures.length} rules were loaded, ${disabled.length} were not`];
	for (const { where, reason, rules } of countProblems(disabled).slice(0, shownReasons))
		lines.push(`  not loaded: ${rules} by ${where}: ${reason}`);
	for (const [note, rules] of notes) lines.push(`  without effect in ${rules} rules: ${note}`);
	return lines;
}

function alertLine({ signature, direction, request }: Alert, { facts }: EveFlow, at: number): string {
	const client = formatEndpoint({ host: formatAddress(facts.client), port: facts.clientPort });
	const server = formatEndpoint({ host: formatAddress(facts.server), port: facts.serverPort });
	const ends = direction === toServer ? `${client} -> ${server}` : `${server} -> ${client}`;
	const what = request === undefined ? "" : ` ${request.method} ${request.target}`;
	return `${localTime(at)}  ${signature.gid}:${signature.sid}:${signature.rev}  ${signature.message}  ${ends}${what}`;
}

function readVariables(texts: readonly string[]): ReadonlyMap<string, string> | string {
	const variables = new Map(defaultVariables);
	for (const text of texts) {
		const match = /^\$?([A-Z][A-Z0-9_]{0,63})=(.+)$/.exec(text);
		if (match === null) return `variable "${text}" is none; expected NAME=VALUE, such as HOME_NET=10.0.0.0/8`;
		variables.set(match[1] as string, match[2] as string);
	}
	return variables;
}

function write(io: CommandOutput, text: string): Promise<void> {
	if (text === "") return Promise.resolve();
	return new Promise((resolve) => {
		io.stdout.write(text, () => resolve());
	});
}

const maxCaptureOctets = 2_147_483_647;
const writtenAtOnce = 65_536;
const shownReasons = 20;
