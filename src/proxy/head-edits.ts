/** What a session changes in the heads of its requests and responses: nothing, unless the configuration says so. */
import { type FieldEdit, type HeadEdits, plainName } from "#http/field-edit.ts";
import type { Header } from "#http/head.ts";
import { decodeCertificate } from "#pki/certificate.ts";
import { certificatePem } from "#pki/pem.ts";
import type { ClientIdentity } from "#proxy/judge-client.ts";
import type { IdentityHeaders, ProxyProfile } from "#proxy/profile.ts";

/** `identity` is undefined of a client that has proved nothing: what it says of itself is taken out all the same. */
export function headEdits(
	{ clientAuthentication, stripsAltSvc }: Pick<ProxyProfile, "clientAuthentication" | "stripsAltSvc">,
	identity: ClientIdentity | undefined,
): HeadEdits | undefined {
	const headers = clientAuthentication?.headers;
	if (headers === undefined && !stripsAltSvc) return undefined;
	return {
		request: headers === undefined ? undefined : identityEdit(headers, identity),
		response: stripsAltSvc ? withoutAltSvc : undefined,
	};
}

/** The gateway is the TTRP of RFC 9440 §4: both of its fields are taken out of what clients send, whichever is sent on. */
function identityEdit(headers: IdentityHeaders, identity: ClientIdentity | undefined): FieldEdit {
	const { subject, fingerprint, certificate, isClientCert } = headers;
	const named = [subject, fingerprint, certificate].filter((name) => name !== undefined);
	const removed = new Set(["client-cert", "client-cert-chain", ...named.map(plainName)]);
	const added: Header[] = [];
	if (identity !== undefined) {
		const der = Buffer.from(identity.certificate);
		if (isClientCert) added.push({ name: "Client-Cert", value: `:${der.toString("base64")}:` });
		if (subject !== undefined) added.push({ name: subject, value: subjectText(identity) });
		if (fingerprint !== undefined) added.push({ name: fingerprint, value: identity.fingerprint });
		if (certificate !== undefined)
			added.push({ name: certificate, value: encodeURIComponent(certificatePem(identity.certificate)) });
	}
	return { removed, added, refusesHttp2Upgrade: true };
}

/** What no field line can carry is escaped as RFC 4514 §2.4 allows: a backslash and two digits for each octet. */
function subjectText({ certificate }: ClientIdentity): string {
	const decoded = decodeCertificate(certificate);
	const text = decoded.kind === "done" ? decoded.value.subject.text : "";
	const escaped = (part: string) => [...Buffer.from(part)].map((octet) => `\\${octet.toString(16).padStart(2, "0")}`);
	return text.replace(/[^\x20-\x7e]+/g, (part) => escaped(part).join("")).trim();
}

/** RFC 7838 §3. Frames of HTTP/2 that say the same are left out as unknown ones are. */
const withoutAltSvc: FieldEdit = { removed: new Set(["alt-svc"]), added: [] };
