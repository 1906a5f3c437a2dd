/** The signatures of a worker: files of rules read, compiled, and made into an engine for each policy that is in use. */
import { existsSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { type Address, parseAddress } from "#base/address.ts";
import { readBoundedFile } from "#base/bounded-file-shell.ts";
import {
	type IdpPlan,
	type IdpRule,
	IdpRulings,
	type IdpSelection,
	selectionKey,
	selectSignatures,
} from "#inspect/idp-policy.ts";
import type { InspectionService } from "#inspect/service.ts";
import { signatureService, unavailableSignatures } from "#inspect/signature-service.ts";
import type { Certificate } from "#pki/certificate.ts";
import type { ConnectionFacts } from "#policy/evaluate.ts";
import type { ZoneTable } from "#policy/zone-table.ts";
import { DatasetStore } from "#signature/dataset-store.ts";
import { PackedSignatures } from "#signature/packed-signatures.ts";
import { loadRules, type RuleFile, type RuleSet } from "#signature/rule-set.ts";
import type { Signature } from "#signature/signature.ts";
import { SignatureEngine } from "#signature/signature-engine.ts";
import type { Alert, SignatureFlow } from "#signature/signature-flow.ts";
import { type GatewayEvent, gatewayEvent } from "#telemetry/event-table.ts";
import type { ClientHello } from "#tls/client-hello.ts";

/** What a policy's sessions are inspected with, or why there is nothing. */
export type SignatureAnswer =
	| (PreparedPolicy & { readonly kind: "engine"; readonly plan: IdpPlan; readonly zones: ZoneTable | undefined })
	| { readonly kind: "unavailable"; readonly reason: string };

/** Files of rules: those that the operator names must be there, those that are fetched once they were. */
export interface RuleFiles {
	readonly named: readonly string[];
	readonly fetched: readonly string[];
}

interface PreparedPolicy {
	readonly engine: SignatureEngine;
	readonly namedBy: IdpSelection["namedBy"];
}

/** Of files that could not be read: why not. */
interface LoadedRules {
	readonly key: string;
	readonly packed: PackedSignatures | string;
	readonly datasets: DatasetStore;
}

/**
 * Keeps what was loaded from one configuration to the next while files and policies stay the same.
 *
 * Bounds: files of `maxFileOctets` each, `maxRules` rules. Loading holds up the worker for about 0.1 ms a rule.
 */
export class SignatureSets {
	readonly #report: (event: GatewayEvent) => void;
	#loaded: LoadedRules | undefined;
	#prepared = new Map<string, PreparedPolicy>();

	constructor(report: (event: GatewayEvent) => void) {
		this.#report = report;
	}

	/** The answer for each policy of `plans` that is in use. */
	configure(
		files: RuleFiles,
		plans: ReadonlyMap<string, IdpPlan>,
		used: ReadonlySet<string>,
		zones?: ZoneTable,
	): ReadonlyMap<string, SignatureAnswer> {
		const answers = new Map<string, SignatureAnswer>();
		if (![...used].some((name) => (plans.get(name)?.rules.length ?? 0) > 0)) {
			this.#loaded = undefined;
			this.#prepared.clear();
			return answers;
		}
		const { packed, datasets } = this.#load(files);
		/** As objects only while engines are made. */
		let signatures: readonly Signature[] | undefined;
		const prepared = new Map<string, PreparedPolicy>();
		for (const name of used) {
			const plan = plans.get(name);
			// A policy without rules looks for nothing and needs none.
			if (plan === undefined || plan.rules.length === 0) continue;
			if (typeof packed === "string") {
				answers.set(name, { kind: "unavailable", reason: packed });
				continue;
			}
			const key = selectionKey(plan);
			let one = prepared.get(key) ?? this.#prepared.get(key);
			if (one === undefined) {
				signatures ??= packed.all();
				one = prepare(signatures, plan, datasets);
			}
			prepared.set(key, one);
			answers.set(name, { kind: "engine", ...one, plan, zones });
		}
		this.#prepared = prepared;
		return answers;
	}

	#load({ named, fetched }: RuleFiles): LoadedRules {
		const files = [...named, ...fetched.filter((file) => existsSync(file))];
		const key = files.map(fileKey).join("\n");
		if (this.#loaded?.key === key) return this.#loaded;
		this.#prepared.clear();
		const datasets = new DatasetStore();
		let packed: PackedSignatures | string;
		try {
			if (files.length === 0 && fetched.length > 0) throw new Error("no rules were fetched yet");
			// Events name the place, which is not where the administrator typed.
			const set = readRuleFiles(
				files.map((file) => resolve(file)),
				datasets,
			);
			packed = new PackedSignatures(set.signatures);
			this.#report(loadedEvent(set));
		} catch (error) {
			packed = (error as Error).message;
			this.#report(gatewayEvent("IDP_RULES_UNREADABLE", Date.now(), { reason: packed }));
		}
		this.#loaded = { key, packed, datasets };
		return this.#loaded;
	}
}

/** Who speaks, and what the handshakes said. */
export interface SessionFacts {
	readonly client: { readonly address: string; readonly port: number };
	readonly server: { readonly address: string; readonly port: number };
	readonly hello: ClientHello | undefined;
	readonly certificate: Certificate | undefined;
	/** The zone of the listener; that of the client's address when undefined. */
	readonly fromZone: string | undefined;
	/** The name that the client asked the proxy for. */
	readonly requestedName: string | undefined;
	/** Octets of a stream, and of a body, that are looked into; all of them when undefined. */
	readonly maxDepth?: number | undefined;
}

/** Told of an alert, with the rule of the policy that it is of. */
export type OnSessionAlert = (alert: Alert, rule: IdpRule | undefined, flow: SignatureFlow) => void;

/** The service of one session; undefined when no policy of it looks for intrusions. */
export function sessionSignatures(
	answer: SignatureAnswer | undefined,
	failsOpen: boolean,
	facts: SessionFacts,
	told: OnSessionAlert = () => {},
): InspectionService | undefined {
	if (answer === undefined) return undefined;
	if (answer.kind === "unavailable") return unavailableSignatures(answer.reason, failsOpen ? "report" : "block");
	const { client, server, hello, certificate } = facts;
	const rulings = new IdpRulings(answer.plan, answer.namedBy, connectionOf(facts), answer.zones);
	return signatureService(answer.engine, {
		actionFor: (signature) => rulings.actionFor(signature),
		flow: {
			client: parseAddress(client.address) ?? unspecified,
			clientPort: client.port,
			server: parseAddress(server.address) ?? unspecified,
			serverPort: server.port,
			maxDepth: facts.maxDepth,
		},
		handshake: {
			...(hello === undefined ? {} : { clientHello: hello }),
			...(certificate === undefined ? {} : { chain: [certificate] }),
		},
		told: (alert, flow) => told(alert, rulings.ruleOf(alert.signature), flow),
	});
}

function connectionOf({ client, server, hello, fromZone, requestedName }: SessionFacts): ConnectionFacts {
	return {
		client: parseAddress(client.address) ?? unspecified,
		server: parseAddress(server.address),
		port: server.port,
		fromZone,
		requestedName,
		sni: hello?.sni,
	};
}

function prepare(signatures: readonly Signature[], plan: IdpPlan, datasets: DatasetStore): PreparedPolicy {
	const { signatures: selected, namedBy } = selectSignatures(signatures, plan);
	return { engine: new SignatureEngine(selected, datasets, Date.now), namedBy };
}

/** Reads files of rules, and the sets that they load. Throws one sentence that names the file. */
export function readRuleFiles(
	files: readonly string[],
	datasets: DatasetStore,
	variables?: ReadonlyMap<string, string>,
): RuleSet {
	if (files.length === 0) throw new Error("no file of rules is named: set security idp rules file");
	const texts = files.map(
		(name): RuleFile => ({ name, text: readBoundedFile(name, maxFileOctets).toString("latin1") }),
	);
	const set = loadRules(texts, variables);
	const seen = new Set<string>();
	for (const { inspections } of set.signatures) {
		for (const step of inspections.flatMap(({ steps }) => steps)) {
			if (step.type !== "dataset" || step.load === undefined) continue;
			// As the rule language says: beside the file of rules.
			const file = resolve(dirname(files[0] as string), step.load);
			if (seen.has(`${step.name} ${file}`)) continue;
			seen.add(`${step.name} ${file}`);
			const wrong = datasets.load(step.name, step.form, readBoundedFile(file, maxFileOctets).toString("latin1"));
			if (wrong.length > 0) throw new Error(`${file} line ${wrong[0]}: no value of type ${step.form}`);
		}
	}
	return set;
}

function loadedEvent({ signatures, disabled }: RuleSet): GatewayEvent {
	return gatewayEvent("IDP_RULES_LOADED", Date.now(), { rules: signatures.length, disabled: disabled.length });
}

/** Another one when the file is another one. */
function fileKey(file: string): string {
	try {
		const { ino, mtimeMs, size } = statSync(file);
		return `${file} ${ino} ${mtimeMs} ${size}`;
	} catch {
		return `${file} missing`;
	}
}

const unspecified: Address = { octets: new Uint8Array(4) };
const maxFileOctets = 67_108_864;
