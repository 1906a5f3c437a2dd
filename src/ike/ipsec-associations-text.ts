/** What `show security ipsec security-associations` prints, in the layout of Junos 12 (B1, B7, B15, B72). */
import { formatAddress } from "#base/address.ts";
import { secondsUntil } from "#ike/ike-associations-text.ts";
import { spiText } from "#ike/v2/child-sa.ts";
import type { ChildState, VpnState } from "#ike/vpn-state.ts";
import type { TrafficSelector } from "#ike/wire/traffic-selector.ts";

/** Two lines a tunnel: what comes in and what goes out. */
export function ipsecTable(vpns: readonly VpnState[], now: number): string {
	const up = vpns.filter(({ children }) => children.length > 0);
	const rows = up.flatMap(({ index, children, isMonitoredUp }) => {
		const monitor = isMonitoredUp === undefined ? "-" : isMonitoredUp ? "U" : "D";
		return children.flatMap((child) => [
			tableRow(`<${index}`, child, child.inboundSpi, monitor, now),
			tableRow(`>${index}`, child, child.outboundSpi, monitor, now),
		]);
	});
	const head = "  ID    Algorithm       SPI      Life:sec/kb  Mon vsys Port  Gateway\n";
	return `  Total active tunnels: ${up.length}\n${rows.length === 0 ? "" : head}${rows.join("")}`;
}

/** Everything about each tunnel, both directions. */
export function ipsecDetail(vpns: readonly VpnState[], now: number): string {
	return vpns.flatMap((vpn) => vpn.children.map((child) => childDetail(vpn, child, now))).join("\n");
}

/** `ipv4_subnet(any:0,[0..7]=10.10.10.0/24)`: what a child is for, in the words of Junos. */
export function identityOf(selectors: readonly TrafficSelector[]): string {
	return selectors.map(selectorIdentity).join(", ");
}

function childDetail(
	{ name, unit, replayWindow, dfBit, plane, isMonitoredUp }: VpnState,
	child: ChildState,
	now: number,
): string {
	const { path, inboundSpi, outboundSpi } = child;
	const monitoring = isMonitoredUp === undefined ? "-" : isMonitoredUp ? "UP" : "DOWN";
	const direction = (word: string, spi: number) => [
		`    Direction: ${word}, SPI: ${spiText(spi)}, AUX-SPI: 0`,
		`                              , VPN Monitoring: ${monitoring}`,
		`    Hard lifetime: Expires in ${secondsUntil(child.hardAt, now)} seconds`,
		`    Lifesize Remaining:  ${child.octetsLeft === undefined ? "Unlimited" : `Expires in ${Math.floor(child.octetsLeft / 1_024)} kilobytes`}`,
		`    Soft lifetime: ${child.softAt > now && Number.isFinite(child.softAt) ? `Expires in ${secondsUntil(child.softAt, now)} seconds` : "Expired"}`,
		"    Mode: Tunnel, Type: dynamic, State: installed",
		`    Protocol: ESP, Authentication: ${child.integrity ?? child.cipher}, Encryption: ${child.cipher}`,
		`    Anti-replay service: ${replayWindow === 0 ? "disabled" : "counter-based enabled"}, Replay window size: ${replayWindow}`,
	];
	return `${[
		"  Virtual-system: root",
		`  VPN Name: ${name}`,
		`  Local Gateway: ${formatAddress(path.local.address)}, Remote Gateway: ${formatAddress(path.remote.address)}`,
		`  Local Identity: ${identityOf(child.localSelectors)}`,
		`  Remote Identity: ${identityOf(child.remoteSelectors)}`,
		"  Version: IKEv2",
		`    DF-bit: ${dfBit}`,
		`    Bind-interface: ${unit}`,
		`    Data plane: ${plane}`,
		...direction("inbound", inboundSpi),
		"",
		...direction("outbound", outboundSpi),
	].join("\n")}\n`;
}

function tableRow(
	id: string,
	{ cipher, integrity, path, hardAt, octetsLeft }: ChildState,
	spi: number,
	monitor: string,
	now: number,
): string {
	const algorithm = `ESP:${shortCipher(cipher)}/${integrity === undefined ? "none" : (shortNames[integrity] ?? integrity)}`;
	const life = `${secondsUntil(hardAt, now)}/${octetsLeft === undefined ? " unlim" : Math.floor(octetsLeft / 1_024)}`;
	const { port, address } = path.remote;
	return `  ${id.padEnd(7)} ${algorithm.padEnd(15)} ${spiText(spi)} ${life.padEnd(12)} ${monitor}   root ${String(port).padEnd(5)} ${formatAddress(address)}\n`;
}

/** `aes-128`, `3des`; ciphers that authenticate keep their name. */
function shortCipher(cipher: string): string {
	return cipher.replace(/-cbc$/, "");
}

function selectorIdentity({ protocol, firstPort, lastPort, first, last }: TrafficSelector): string {
	const service = `${protocol === 0 ? "any" : protocol}:${firstPort === 0 && lastPort === 65_535 ? 0 : firstPort}`;
	const family = first.length === 4 ? "ipv4" : "ipv6";
	const from = formatAddress({ octets: first });
	const length = prefixLength(first, last);
	if (length === first.length * 8) return `${family}(${service},[0..${first.length - 1}]=${from})`;
	const octets = `[0..${first.length * 2 - 1}]`;
	if (length !== undefined) return `${family}_subnet(${service},${octets}=${from}/${length})`;
	return `${family}_range(${service},${octets}=${from}-${formatAddress({ octets: last })})`;
}

/** The length of the prefix that the range is; undefined when it is none. */
function prefixLength(first: Uint8Array, last: Uint8Array): number | undefined {
	const bit = (octets: Uint8Array, index: number) => ((octets[index >> 3] as number) >> (7 - (index & 7))) & 1;
	const bits = first.length * 8;
	let length = 0;
	while (length < bits && bit(first, length) === bit(last, length)) length++;
	for (let index = length; index < bits; index++)
		if (bit(first, index) !== 0 || bit(last, index) !== 1) return undefined;
	return length;
}

const shortNames: Readonly<Record<string, string>> = {
	"hmac-md5-96": "md5",
	"hmac-sha1-96": "sha1",
	"hmac-sha-256-128": "sha256",
	"hmac-sha-384": "sha384",
	"hmac-sha-512": "sha512",
};
