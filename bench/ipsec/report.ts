/** The page of `npm run bench:ipsec`: figures beside the peer's, and the bars. */
import { type IpsecBar, ipsecBars } from "../bars.ts";
import type { Machine } from "../machine.ts";
import type { Spread } from "../statistics.ts";
import type { FloodFigures } from "./flood.ts";
import { groups, type HandshakeFigures } from "./handshakes.ts";
import { suites } from "./plans.ts";
import type { ThroughputFigures } from "./throughput.ts";
import type { TunnelFigures } from "./tunnels.ts";

/** What was measured; absent what never was. */
export interface IpsecFigures {
	throughput?: Readonly<Partial<Record<keyof typeof suites, ThroughputFigures>>>;
	handshakes?: HandshakeFigures;
	tunnels?: TunnelFigures;
	flood?: FloodFigures;
}

export function ipsecReport(
	figures: IpsecFigures,
	{ date, rounds, machine }: { readonly date: string; readonly rounds: number; readonly machine: Machine },
): string {
	const rows = [...throughputRows(figures), ...handshakeRows(figures)];
	return `# Tunnels beside strongSwan

${date}, ${rounds} interleaved rounds; median (least..most). ${machine.cpu}, ${machine.cores} cores, ${machine.distribution}; load average before
the run ${machine.loadAverage}. Node ${machine.node}.

| figure | sallyport | strongSwan | ratio | bar | verdict | load average |
|---|---|---|---|---|---|---|
${rows.join("\n")}

${tunnelText(figures.tunnels)}${floodText(figures.flood)}${method}
`;
}

function throughputRows({ throughput = {} }: IpsecFigures): readonly string[] {
	return Object.entries(suites).flatMap(([key, { name }]) => {
		const found = throughput[key as keyof typeof suites];
		if (found === undefined) return [];
		const { sallyport, strongswan, loadAverage } = found;
		return [
			row(`${name}: Mbit/s of one flow`, sallyport.megabits, strongswan.megabits, `${key}-throughput`, loadAverage, 0),
			row(`${name}: CPU us a packet sent`, sallyport.sending, strongswan.sending, `${key}-sending`, loadAverage, 1),
			row(
				`${name}: CPU us a packet received`,
				sallyport.receiving,
				strongswan.receiving,
				`${key}-receiving`,
				loadAverage,
				1,
			),
		];
	});
}

function handshakeRows({ handshakes }: IpsecFigures): readonly string[] {
	if (handshakes === undefined) return [];
	return groups.flatMap((group) => {
		const found = handshakes.groups[group];
		if (found === undefined) return [];
		const title = `IKEv2 with a secret, ${group}: CPU ms a handshake answered`;
		return [row(title, found.sallyport, found.strongswan, `handshake-${group}`, handshakes.loadAverage, 2)];
	});
}

function row(title: string, own: Spread, peer: Spread, key: string, load: number, digits: number): string {
	const ratio = own.median / peer.median;
	const bar = ipsecBars.find((one) => one.key === key);
	const cells = [title, number(own, digits), number(peer, digits), ratio.toFixed(2), ...judged(bar, ratio), load];
	return `| ${cells.join(" | ")} |`;
}

function judged(bar: IpsecBar | undefined, reached: number): readonly string[] {
	if (bar === undefined) return ["-", "-"];
	const isMet = "atLeast" in bar ? reached >= bar.atLeast : reached <= bar.atMost;
	const text = "atLeast" in bar ? `>= ${bar.atLeast} x` : `<= ${bar.atMost} x`;
	return [text, isMet ? "met" : "**missed**"];
}

function tunnelText(found: TunnelFigures | undefined): string {
	if (found === undefined) return "";
	const limit = ipsecBars.find(({ key }) => key === "tunnel-memory");
	const allowed = limit !== undefined && "atMost" in limit ? limit.atMost : Number.POSITIVE_INFINITY;
	const verdict = found.kibibytes <= allowed ? "met" : "**missed**";
	return `**${found.tunnels} tunnels on one instance** (load average ${found.loadAverage}): all up after ${found.seconds.toFixed(1)} s; ${found.kibibytes.toFixed(1)} KiB a tunnel at the end that
answers (bar ${allowed} KiB, ${verdict}). New keys for all ${found.rekeyed}, within ${found.rekeySeconds.toFixed(1)} s: of ${found.sent} numbered datagrams through all tunnels
meanwhile ${found.lost} were lost.

`;
}

function floodText(found: FloodFigures | undefined): string {
	if (found === undefined) return "";
	const [before, during, after] = found.memory;
	return `**A flood of first messages** from 250 addresses for ${found.seconds} s (load average ${found.loadAverage}): ${found.flooded} sent; ${found.challenges} answered with a cookie to bring,
${found.otherAnswers} otherwise. Of ${found.sent} datagrams through a tunnel that stood ${found.lost} were lost. Memory of the process ${before.toFixed(0)} MiB before, ${during.toFixed(0)} at the
end, ${after.toFixed(0)} after.

`;
}

function number({ median, least, most }: Spread, digits: number): string {
	return `${median.toFixed(digits)} (${least.toFixed(digits)}..${most.toFixed(digits)})`;
}

const method = `Each subject is two gateways with a host behind each, in four network namespaces: \`iked\` as the product starts it, or strongSwan's
\`charon\` with kernel-libipsec and without a log. One gateway is behind a translation of addresses, one to one, so that both send ESP in
UDP. The flow is iperf3 over TCP for 3 s, after 2 s to warm up; a packet is 1,348 octets of its payload, and CPU is user and system
time of the gateway's process, which includes what the kernel does for it. A handshake is answered to an initiator that is the same for
both, four at a time, and ends with the child in force. Tunnels and flood: two instances of \`iked\` without a translation.`;
