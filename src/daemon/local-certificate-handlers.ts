/** What the commands of the gateway's own certificates do. */
import type { HandlerRequest } from "#cli/connection-shell.ts";
import type { LocalCertificateHandler } from "#cli/local-certificate-commands.ts";
import type { CertificateService } from "#daemon/certificate-service.ts";
import type { CommandWorld } from "#daemon/gateway-view.ts";
import {
	requestText,
	showKeyPairs,
	showLocalCertificates,
	showRequests,
	statusLines,
	verifyLocalCertificate,
} from "#daemon/show-local-certificates.ts";
import type { ImportFiles } from "#pki/import-certificate.ts";
import type { KeyStoreEntry } from "#pki/key-store-shell.ts";
import type { KeyKind, LocalCertificates, SubjectPlan } from "#pki/local-certificates-shell.ts";
import { certificatePem, requestPem } from "#pki/pem.ts";
import { visibleText } from "#telemetry/display-text.ts";

type Values = Readonly<Record<string, string>>;
type Output = AsyncIterable<string> | Iterable<string> | string;

export const localCertificateHandlers: Readonly<
	Record<LocalCertificateHandler, (world: CommandWorld, request: HandlerRequest) => Output>
> = {
	"certificate-request-clear": (world, request) => clear(world, request, "certificate-requests"),
	"certificate-request-export": ({ gateway }, { values }) => {
		const request = gateway.certificates.entries.find(({ id }) => id === idOf(values))?.request;
		if (request === undefined) throw new Error(`there is no certificate request "${idOf(values)}"`);
		const file = gateway.certificates.write(
			values.filename ?? "",
			values.type === "der" ? request : requestPem(request),
		);
		return `certificate request exported to ${visibleText(file)}\n`;
	},
	"certificate-request-generate": generateRequest,
	"key-pair-clear": (world, request) => clear(world, request, "key-pairs"),
	"key-pair-generate": generateKeyPair,
	"local-certificate-clear": (world, request) => clear(world, request, "local-certificates"),
	"local-certificate-export": exportCertificate,
	"local-certificate-load": load,
	"local-certificate-refresh": (world) => {
		world.gateway.certificates.tellExpiry();
		return statusLines(world);
	},
	"local-certificate-repair": repair,
	"local-certificate-replace": replace,
	"local-certificate-self-sign": selfSign,
	"local-certificate-verify": (world, { values }) => verifyLocalCertificate(world, idOf(values)),
	"show-certificate-request": (world, { values, isJson }) => showRequests(world, values, isJson),
	"show-key-pair": (world, { isJson }) => showKeyPairs(world, isJson),
	"show-local-certificate": (world, { values, isJson }) => showLocalCertificates(world, values, isJson),
};

async function* generateKeyPair({ gateway }: CommandWorld, { values, identity }: HandlerRequest) {
	const id = idOf(values);
	const kind = keyKindOf(values.type ?? "rsa", values.size);
	await gateway.certificates.do(identity.user, `key pair ${id} was made`, (certificates) =>
		certificates.generateKeyPair(id, kind, values.exportable !== undefined),
	);
	const size = kind.type === "ed25519" ? 256 : kind.bits;
	yield `Generated key pair ${visibleText(id)}, key size ${size} bits\n`;
}

async function* selfSign({ gateway }: CommandWorld, { values, identity }: HandlerRequest) {
	const id = idOf(values);
	const key = gateway.certificates.entries.find((entry) => entry.id === id)?.key;
	const isP384 = key?.asymmetricKeyDetails?.namedCurve === "secp384r1";
	if (values.digest !== undefined && key !== undefined && (values.digest === "sha-384") !== isP384)
		throw new Error(
			`a signature of this key is made with ${isP384 ? "sha-384" : "sha-256"}; leave digest out, or make a key pair of another type`,
		);
	await gateway.certificates.do(identity.user, `certificate ${id} was made, signed with its own key`, (certificates) =>
		certificates.generateSelfSigned(id, {
			...subjectOf(values),
			isCa: values["add-ca-constraint"] !== undefined,
			days: Number(values.days ?? defaultDays),
			isExportable: values.exportable !== undefined,
		}),
	);
	yield "Self-signed certificate generated and loaded successfully\n";
}

async function* generateRequest({ gateway }: CommandWorld, { values, identity }: HandlerRequest) {
	const id = idOf(values);
	const request = await gateway.certificates.do(
		identity.user,
		`a request for certificate ${id} was made`,
		(certificates) => certificates.generateRequest(id, subjectOf(values), values.signing !== undefined),
	);
	yield requestText(request);
	if (values.filename === undefined) return;
	const file = gateway.certificates.write(values.filename, requestPem(request));
	yield `certificate request written to ${visibleText(file)}\n`;
}

async function* load({ gateway }: CommandWorld, { values, identity }: HandlerRequest) {
	const id = idOf(values);
	const files = filesOf(gateway.certificates, values);
	const { ids, duplicates, passedOver } = await gateway.certificates.do(
		identity.user,
		`certificate ${id} was loaded from ${values.filename}`,
		(certificates) => named(values.filename, () => certificates.load(id, files, values.exportable !== undefined)),
	);
	for (const one of duplicates) yield `Duplicate of certificate ${visibleText(one)} discarded\n`;
	for (const line of passedOver) yield `Passed over: ${visibleText(line)}\n`;
	if (ids.length === 1 && ids[0] === id) yield "Local certificate loaded successfully\n";
	else for (const one of ids) yield `Local certificate ${visibleText(one)} loaded successfully\n`;
}

async function* replace({ gateway }: CommandWorld, { values, identity }: HandlerRequest) {
	const id = idOf(values);
	const files = filesOf(gateway.certificates, values);
	const { kept } = await gateway.certificates.do(
		identity.user,
		`certificate ${id} was replaced from ${values.filename}`,
		(certificates) => named(values.filename, () => certificates.replace(id, files, values.exportable !== undefined)),
	);
	yield `Local certificate ${visibleText(id)} replaced successfully\nThe certificate before is kept as ${visibleText(kept)}\n`;
}

async function* repair({ gateway }: CommandWorld, { values, identity }: HandlerRequest) {
	const id = idOf(values);
	const { certificates: service } = gateway;
	const key = service.read(values.key ?? "");
	await service.do(identity.user, `the key of certificate ${id} was repaired from ${values.key}`, (certificates) =>
		named(values.key, () => certificates.repair(id, key, passphraseOf(service, values))),
	);
	yield `Private key of certificate ${visibleText(id)} repaired successfully\n`;
}

async function* exportCertificate({ gateway }: CommandWorld, { values, identity }: HandlerRequest) {
	const id = idOf(values);
	const { certificates: service } = gateway;
	const { type = "pem", filename = "" } = values;
	const file = await service.do(
		identity.user,
		`certificate ${id} was exported to ${filename} (${type})`,
		async (all) => {
			if (type !== "pkcs12") {
				const der = all.exportCertificate(id);
				return service.write(filename, type === "der" ? der : certificatePem(der));
			}
			return service.write(filename, all.exportPkcs12(id, passphraseOf(service, values) ?? ""));
		},
	);
	yield `certificate exported successfully to ${visibleText(file)}\n`;
	if (type === "pkcs12")
		yield `For a Java key store: keytool -importkeystore -srckeystore ${visibleText(file)} -srcstoretype PKCS12 -destkeystore FILE.jks\n`;
}

async function* clear({ gateway }: CommandWorld, { values, identity }: HandlerRequest, source: keyof typeof cleared) {
	const { certificates: service } = gateway;
	const { what, act, isFree } = cleared[source];
	const wanted = values["certificate-id"];
	const candidates = service.names(source).filter((id) => wanted === undefined || id === wanted);
	if (wanted !== undefined && candidates.length === 0) throw new Error(`there is no ${what} "${wanted}"`);
	const entries = service.entries.filter(({ id }) => candidates.includes(id));
	const isUsed = ({ id }: KeyStoreEntry) => source === "local-certificates" && service.usesOf(id).length > 0;
	const [used] = entries.filter(isUsed);
	if (wanted !== undefined && used !== undefined)
		throw new Error(`certificate "${wanted}" is in use: ${service.usesOf(wanted).join(", ")}; delete that first`);
	const ids = entries.filter((entry) => wanted !== undefined || (!isUsed(entry) && isFree(entry))).map(({ id }) => id);
	if (ids.length > 0)
		await service.do(identity.user, `${what} ${ids.join(", ")} cleared`, (certificates) => act(certificates, ids));
	if (wanted === undefined) yield `${ids.length} ${what}${ids.length === 1 ? "" : "s"} deleted\n`;
	else yield `${what[0]?.toUpperCase()}${what.slice(1)} deleted successfully\n`;
}

const cleared = {
	"certificate-requests": {
		what: "certificate request",
		act: (certificates, ids) => certificates.clearRequests(ids),
		isFree: () => true,
	},
	"key-pairs": {
		what: "key pair",
		act: (certificates, ids) => certificates.clearKeyPairs(ids),
		isFree: ({ certificates }) => certificates.length === 0,
	},
	"local-certificates": {
		what: "local certificate",
		act: (certificates, ids) => certificates.clearCertificates(ids),
		isFree: () => true,
	},
} as const satisfies Record<
	string,
	{
		what: string;
		act: (certificates: LocalCertificates, ids: readonly string[]) => Promise<void>;
		isFree: (entry: KeyStoreEntry) => boolean;
	}
>;

/** The messages of what a file holds begin with its name. */
async function named<T>(file: string | undefined, act: () => Promise<T>): Promise<T> {
	try {
		return await act();
	} catch (error) {
		throw new Error(`${file}: ${error instanceof Error ? error.message : String(error)}`);
	}
}

function filesOf(service: CertificateService, values: Values): ImportFiles {
	const { filename = "", key } = values;
	return {
		certificates: service.read(filename),
		key: key === undefined ? undefined : service.read(key),
		passphrase: passphraseOf(service, values),
	};
}

function passphraseOf(service: CertificateService, values: Values): string | undefined {
	const file = values["passphrase-file"];
	return file === undefined ? values.passphrase : service.readPassphrase(file);
}

function subjectOf(values: Values): SubjectPlan {
	return {
		subject: values.subject ?? "",
		dns: listOf(values["domain-name"]),
		email: listOf(values.email),
		ip: listOf(values["ip-address"]),
	};
}

function listOf(text: string | undefined): readonly string[] {
	return (text ?? "").split(/[\s,]+/).filter((word) => word !== "");
}

function keyKindOf(type: string, size: string | undefined): KeyKind {
	const sizes = keySizes[type] ?? [];
	const bits = size === undefined ? sizes[0] : sizes.find((one) => one === Number(size));
	if (type === "ed25519" && (size === undefined || size === "256")) return { type };
	if (bits === undefined)
		throw new Error(`a key of type ${type} cannot have ${size} bits; expected ${sizes.join(", ") || "no size"}`);
	return { type, bits } as KeyKind;
}

function idOf(values: Values): string {
	return values["certificate-id"] ?? "";
}

const keySizes: Readonly<Record<string, readonly number[]>> = { rsa: [2_048, 3_072, 4_096], ecdsa: [256, 384] };
const defaultDays = 365;
