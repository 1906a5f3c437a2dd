/**
 * `npm run lab`: a client, the gateway as its router and servers behind it, in network namespaces of this host; a transparent
 * listener of each kind, and a table of what each side saw. Needs no network; all of it is gone afterwards. Exit status 1
 * when anything was seen otherwise than it should, 2 when the lab cannot be made here.
 */
import type { Owner } from "../test/support/gateway.ts";
import { exemptName, type Fetched, type Lab, labAddresses, labPeers, makeLab, openName } from "../test/support/lab.ts";
import { requireNamespaces } from "../test/support/namespaces.ts";

/** One connection of the client, and what it saw. */
interface Row {
	readonly source: string;
	readonly mode: string;
	readonly target: string;
	readonly name: string;
	readonly fetched: Fetched;
	readonly isGood: boolean;
}

async function main(): Promise<number> {
	const skip = (obstacle?: string) => void process.stderr.write(`lab: ${obstacle}\n`);
	if (!requireNamespaces({ skip }, labPeers)) return 2;
	return await withOwner(async (owner) => {
		say("Making a client, a gateway and a server, each in a network namespace of its own ...");
		const lab = await makeLab(owner);
		const rows: Row[] = [];
		for (const isPreserved of [false, true]) {
			say(`Starting Sallyport ${isPreserved ? "with" : "without"} preserve-source-address ...`);
			rows.push(...(await tryOut(lab, isPreserved)));
		}
		print(rows);
		const isClean = lab.kernelState() === lab.untouched;
		say(isClean ? "Nothing is left in the packet filter and the routing." : `Something is left:\n${lab.kernelState()}`);
		return rows.every(({ isGood }) => isGood) && isClean ? 0 : 1;
	});
}

async function tryOut(lab: Lab, isPreserved: boolean): Promise<readonly Row[]> {
	return await withOwner(async (owner) => {
		const more = isPreserved ? "preserve-source-address;" : "";
		const sallyport = await lab.startSallyport(
			owner,
			`transparent a { listen 15443; interfaces g-lan.0; ports [ 443 9443 ]; ${more} }
			transparent b { listen 15444; mode redirect; interfaces g-lan.0; ports 8443; ${more} }`,
		);
		const rows: Row[] = [];
		for (const family of ["ipv4", "ipv6"] as const) {
			for (const [port, mode] of Object.entries(modes)) {
				for (const name of port === "9443" ? [openName] : [openName, exemptName]) {
					const fetched = lab.fetch(sallyport.caPem, { family, port: Number(port), name });
					const isOpened = fetched.issuer.startsWith("Sallyport");
					const expected = labAddresses[isPreserved ? "client" : "gateway"][family];
					const isSeen = port === "9443" || fetched.seenByServer === expected;
					rows.push({
						source: isPreserved ? "the client's" : "the gateway's",
						mode,
						target: labAddresses.server[family].includes(":")
							? `[${labAddresses.server[family]}]:${port}`
							: `${labAddresses.server[family]}:${port}`,
						name,
						fetched,
						isGood: fetched.status === 0 && isOpened === (name === openName) && isSeen,
					});
				}
			}
		}
		return rows;
	});
}

function print(rows: readonly Row[]): void {
	const heads = ["source", "mode", "server", "name", "leaf issued by", "server sees", ""];
	const cells = rows.map(({ source, mode, target, name, fetched, isGood }) => {
		const { issuer, seenByServer, errors } = fetched;
		return [source, mode, target, name, issuer || errors, seenByServer || "-", isGood ? "as it should" : "WRONG"];
	});
	const widths = heads.map((_, column) => Math.max(...[heads, ...cells].map((line) => line[column]?.length ?? 0)));
	const lines = [heads, ...cells].map((line) =>
		line
			.map((cell, at) => cell.padEnd(widths[at] ?? 0))
			.join("  ")
			.trimEnd(),
	);
	say(`\n${lines.join("\n")}\n`);
}

/** Ends what was begun, the last first, also when the user has seen enough. */
async function withOwner<T>(work: (owner: Owner) => Promise<T>): Promise<T> {
	const ends: (() => void | Promise<void>)[] = [];
	try {
		return await work({ after: (end) => void ends.unshift(end) });
	} finally {
		for (const end of ends) await end();
	}
}

function say(text: string): void {
	process.stdout.write(`${text}\n`);
}

const modes: Readonly<Record<string, string>> = { "443": "tproxy", "8443": "redirect", "9443": "tproxy" };

process.exitCode = await main();
