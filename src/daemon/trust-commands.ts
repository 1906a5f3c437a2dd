/** `sallyport trust-commands`: how clients come to trust the CA, the steps of the onboarding page in a terminal. */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import type { PublishedOnboarding } from "#daemon/onboarding-site.ts";
import type { CommandOutput } from "#daemon/sessions-command.ts";
import { stateDirectoryLayout, stateDirectoryPath } from "#daemon/state-directory.ts";
import { type ClientSteps, clientSteps, fillIn, saveCommand, stepsFor } from "#onboarding/client-steps.ts";
import type { OfferedCa } from "#onboarding/offered-ca.ts";
import { stepValues } from "#onboarding/site.ts";
import { type StepsFacts, stepsText } from "#onboarding/steps-text.ts";
import { pemCertificates } from "#pki/pem.ts";
import { visibleText } from "#telemetry/display-text.ts";
import { nearestWords } from "#telemetry/nearest-words.ts";

const help = `Usage: sallyport trust-commands [--for NAME] [--json] [--state DIR]

How clients come to trust the CA of the gateway that runs, or ran last, on the state directory: the steps of its
onboarding page. The fingerprint that it prints is the one to tell people, another way than over the network.

  --for NAME    one kind of client: ${clientSteps.map(({ name }) => name).join(", ")}
  --json        for programs; with the certificates in PEM
  --state DIR   the gateway's state directory (default: $SALLYPORT_STATE, else var/ in the checkout)
`;

/** Answers the exit status: 1 when there is nothing to tell, 2 for a wrong command line. */
export async function runTrustCommands(args: readonly string[], io: CommandOutput): Promise<number> {
	const { values } = parseArgs({
		args: [...args],
		options: {
			for: { type: "string" },
			json: { type: "boolean" },
			state: { type: "string" },
			help: { type: "boolean", short: "h" },
		},
	});
	if (values.help) {
		io.stdout.write(help);
		return 0;
	}
	const row = values.for === undefined ? undefined : stepsFor(values.for);
	if (values.for !== undefined && row === undefined) {
		io.stderr.write(`sallyport trust-commands: ${unknownName(values.for)}\n`);
		return 2;
	}
	const state = stateDirectoryLayout(stateDirectoryPath(values.state, io.environment));
	const facts = readFacts(state.onboarding);
	if (facts === undefined) {
		io.stderr.write(
			`sallyport trust-commands: no gateway has published its CA in ${state.path}; start it with sallyport start, name its state directory with --state DIR, or remove 'services gateway onboarding disable'\n`,
		);
		return 1;
	}
	const rows = row === undefined ? clientSteps : [row];
	io.stdout.write(values.json === true ? stepsJson(facts, rows) : stepsText(facts, rows));
	return facts.cas.length === 0 ? 1 : 0;
}

interface ReadFacts extends StepsFacts {
	readonly published: PublishedOnboarding;
}

function readFacts(file: string): ReadFacts | undefined {
	let text: string;
	try {
		text = readFileSync(file, "utf8");
	} catch {
		return undefined;
	}
	const published = JSON.parse(text) as PublishedOnboarding;
	const cas = published.cas.map(
		({ pem, ...ca }): OfferedCa => ({
			...ca,
			name: visibleText(ca.name),
			certificate: pemCertificates(pem)[0] ?? noOctets,
		}),
	);
	const values = stepValues(published.hostName, published.proxy, cas[0]);
	const contact = published.contact === undefined ? undefined : visibleText(published.contact);
	return { published, values, contact, cas };
}

function stepsJson({ published, values }: ReadFacts, rows: readonly ClientSteps[]): string {
	const filled = (text: string) => fillIn(text, values);
	const clients = rows.map((row) => ({
		name: row.name,
		title: row.title,
		note: row.note,
		save: row.needs === undefined ? undefined : filled(saveCommand(row.needs)),
		steps: row.steps.map(({ says, run, file, isAlternative }) => ({
			says: filled(says),
			run: run === undefined ? undefined : filled(run),
			file: file === undefined ? undefined : { path: file.path, text: filled(file.text) },
			isAlternative,
		})),
		check: row.check === undefined ? undefined : filled(row.check),
	}));
	const { page, check, proxy } = values;
	const { contact, cas } = published;
	return `${JSON.stringify({ page, check, proxy, contact, certificates: cas, clients }, undefined, 2)}\n`;
}

function unknownName(name: string): string {
	const names = clientSteps.map((row) => row.name);
	const near = nearestWords(name, names, 2);
	const hint = near.length > 0 ? `; did you mean ${near.join(" or ")}?` : "";
	return `no steps for ${JSON.stringify(name)}${hint}; expected one of ${names.join(", ")}`;
}

const noOctets = new Uint8Array(0);
