/** `show security pki issuance-log`: what the signing CAs of this gateway have signed, and for which server certificate. */
import type { HandlerRequest } from "#cli/connection-shell.ts";
import { utc } from "#config/commit.ts";
import type { CommandWorld } from "#daemon/gateway-view.ts";
import { visibleJson, visibleText } from "#telemetry/display-text.ts";
import type { GatewayEvent } from "#telemetry/event-table.ts";
import { SessionReader } from "#telemetry/session-reader-shell.ts";

type Issuance = GatewayEvent<"CERTIFICATE_ISSUED">;

/** Newest last; of all, or of those for a name, after a server certificate, or with a serial number. */
export function* showIssuance({ gateway }: CommandWorld, { values, isJson }: HandlerRequest): Iterable<string> {
	const tags = [values.name, values.origin?.replaceAll(":", ""), values.serial].filter((tag) => tag !== undefined);
	const reader = new SessionReader(gateway.state.eventStore);
	try {
		const found = reader.eventsOf("CERTIFICATE_ISSUED", tags, Number(values.last ?? defaultCount)) as Issuance[];
		if (found.length === 0 && !isJson) yield "No certificate matches\n";
		for (const issuance of found) yield isJson ? `${visibleJson(json(issuance))}\n` : text(issuance);
	} finally {
		reader.close();
	}
}

function json({ at, fields }: Issuance): object {
	return { issuedAt: utc(at), ...fields, notAfter: utc(fields.notAfter) };
}

function text({ at, fields }: Issuance): string {
	const { names, serial, ca, leafSha256, originSha256, notAfter, worker, session } = fields;
	return [
		`${utc(at)}  ${names.join(", ") || "(no name)"}`,
		`  Certificate serial number: ${serial}, valid until ${utc(notAfter)}`,
		`  Signed by: ${ca}; asked by worker ${worker ?? "?"} for session ${session ?? "?"}`,
		`  Fingerprint: ${leafSha256} (sha256)`,
		`  Server certificate: ${originSha256} (sha256)`,
	]
		.map((line) => `${visibleText(line)}\n`)
		.join("");
}

const defaultCount = 20;
