/**
 * What `show security ipsec statistics` prints (B73). There is no AH: its lines are as on a device that has none in use. The
 * last line is an addition: who carries the packets.
 */
import type { PlaneCounters } from "#esp/data-plane.ts";
import type { VpnState } from "#ike/vpn-state.ts";

/** The sum over tunnels; `index`: of one, named in the text. */
export function statisticsText(vpns: readonly VpnState[], index: number | undefined): string {
	const sum = (name: keyof PlaneCounters) => vpns.reduce((total, { counters }) => total + counters[name], 0);
	const line = (label: string, value: number) => `  ${label}${String(value).padStart(33 - label.length)}`;
	const [first] = vpns;
	return `${[
		"Virtual-system: Root",
		...(index === undefined ? [] : [`SA index: ${index}`]),
		"ESP Statistics:",
		line("Encrypted bytes:", sum("encryptedOctets")),
		line("Decrypted bytes:", sum("decryptedOctets")),
		line("Encrypted packets:", sum("encryptedPackets")),
		line("Decrypted packets:", sum("decryptedPackets")),
		"AH Statistics:",
		...["Input bytes:", "Output bytes:", "Input packets:", "Output packets:"].map((label) => line(label, 0)),
		"Errors:",
		`  AH authentication failures: 0, Replay errors: ${sum("replayed")}`,
		`  ESP authentication failures: ${sum("notAuthentic")}, ESP decryption failures: 0`,
		`  Bad headers: ${sum("badHeaders") + sum("outsideSelectors") + sum("malformed")}, Bad trailers: ${sum("badTrailers")}`,
		...(first === undefined ? [] : [`Data plane: ${first.plane}`]),
	].join("\n")}\n`;
}
