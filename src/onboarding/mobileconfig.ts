/** An Apple configuration profile (`.mobileconfig`) that holds root certificates, as a property list in XML. */
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import type { OfferedCa } from "#onboarding/offered-ca.ts";

/**
 * The profile for these certificates. The same certificates give the same identifiers, so that a second installation
 * replaces the first.
 *
 * Source: Apple, Configuration Profile Reference: Configuration, com.apple.security.root.
 */
export function encodeMobileconfig(cas: readonly OfferedCa[]): Uint8Array {
	const whole = cas.map(({ sha256 }) => sha256).join("");
	const payloads = cas.map(
		(ca) => `		<dict>
			<key>PayloadType</key><string>com.apple.security.root</string>
			<key>PayloadVersion</key><integer>1</integer>
			<key>PayloadIdentifier</key><string>sallyport.ca.${ca.sha256.slice(0, 16)}</string>
			<key>PayloadUUID</key><string>${uuidOf(`certificate ${ca.sha256}`)}</string>
			<key>PayloadDisplayName</key><string>${escapeXml(ca.name)}</string>
			<key>PayloadCertificateFileName</key><string>sallyport-ca.crt</string>
			<key>PayloadContent</key>
			<data>${Buffer.from(ca.certificate).toString("base64")}</data>
		</dict>
`,
	);
	const text = `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
	<key>PayloadType</key><string>Configuration</string>
	<key>PayloadVersion</key><integer>1</integer>
	<key>PayloadIdentifier</key><string>sallyport.ca</string>
	<key>PayloadUUID</key><string>${uuidOf(`profile ${whole}`)}</string>
	<key>PayloadDisplayName</key><string>TLS inspection CA</string>
	<key>PayloadDescription</key><string>Lets this device trust the certificates that the TLS inspection gateway of your network makes.</string>
	<key>PayloadContent</key>
	<array>
${payloads.join("")}	</array>
</dict>
</plist>
`;
	return Buffer.from(text, "utf8");
}

/** A UUID of version 8 (RFC 9562 §5.8) made of a digest of the text. */
function uuidOf(text: string): string {
	const octets = createHash("sha256").update(text).digest().subarray(0, 16);
	octets[6] = ((octets[6] as number) & 0x0f) | 0x80;
	octets[8] = ((octets[8] as number) & 0x3f) | 0x80;
	return octets
		.toString("hex")
		.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5")
		.toUpperCase();
}

/** XML 1.0 has no way to write most control characters. */
function escapeXml(text: string): string {
	return (
		text
			// biome-ignore lint/suspicious/noControlCharactersInRegex: those are what is taken out
			.replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "")
			.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
	);
}
