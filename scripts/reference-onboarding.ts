/** The guide to onboarding clients, made from the table of steps that the page and the command show, too. */
import {
	type ClientSteps,
	clientSteps,
	compareCommands,
	familyTitles,
	fillIn,
	type StepFamily,
	saveCommand,
} from "#onboarding/client-steps.ts";

/** One section a kind of client. */
export function onboardingGuide(): string {
	const families = Object.keys(familyTitles) as StepFamily[];
	return [
		"# Onboarding clients",
		"",
		"Clients of the gateway must trust its CA. Three ways lead to the same steps, filled in for your gateway:",
		"",
		"- `http://sallyport.test/`, which the explicit proxy answers itself: the page offers the certificate as PEM, DER,",
		"  PKCS#12 and Apple profile. Without proxy settings, open the proxy's own address in a browser.",
		"- `sallyport trust-commands` on the gateway, with `--for NAME` for one kind of client and `--json` for programs.",
		"- This page, with `GATEWAY:8080` for the proxy.",
		"",
		"`services gateway onboarding` sets the page's name (`host-name`), whom to ask (`contact`), the proxy's address as clients",
		"know it (`proxy-address`), or switches the page off (`disable`).",
		"",
		"**Which CA.** Sallyport has two. The trusted CA signs for servers that were verified; it is the one to install, or, when it is",
		"an intermediate of your own PKI, the root above it: put that root into a CA profile, and the page offers the root. The",
		"untrusted CA signs for servers that were *not* verified, so that clients warn. Never install it.",
		"",
		"**Compare first.** The page is plain HTTP: whoever sits between client and gateway can change it. Tell people the SHA-256",
		"fingerprint that `sallyport trust-commands` prints on the gateway, another way than over the network:",
		"",
		"```",
		...compareCommands.map(({ where, run }) => `${run}   # ${where}`),
		"```",
		"",
		"**Test.** `https://check.sallyport.test/` is answered by the gateway with a certificate of the trusted CA: a client that trusts",
		"it opens the page, another one warns. `https://check.sallyport.test/trust.txt` answers programs `trusted`.",
		...families.flatMap((family) => [
			"",
			`## ${familyTitles[family]}`,
			...clientSteps.filter((row) => row.family === family).flatMap(section),
		]),
	]
		.join("\n")
		.replaceAll(/\n{3,}/g, "\n\n");
}

function section(row: ClientSteps): string[] {
	const lines = ["", `### ${row.title}`, "", `\`sallyport trust-commands --for ${row.name}\``];
	if (row.note !== undefined) lines.push("", filled(row.note));
	lines.push("");
	if (row.needs !== undefined)
		lines.push(`- Save \`${row.needs}\` from the page, or:`, ...block(saveCommand(row.needs)));
	for (const { says, run, file } of row.steps) {
		lines.push(`- ${filled(says)}`);
		if (run !== undefined) lines.push(...block(run));
		if (file !== undefined) lines.push("", `  \`${file.path}\`:`, ...block(file.text.trimEnd()));
	}
	if (row.check === undefined) lines.push(`- Test: open ${values.check} in it; no warning must come.`);
	else lines.push("- Test; this prints `trusted`:", ...block(row.check));
	return lines;
}

function block(text: string): string[] {
	return [
		"",
		"  ```",
		...filled(text)
			.split("\n")
			.map((line) => `  ${line}`),
		"  ```",
		"",
	];
}

function filled(text: string): string {
	return fillIn(text, values);
}

const values = {
	proxy: "GATEWAY:8080",
	proxyHost: "GATEWAY",
	proxyPort: "8080",
	page: "http://sallyport.test/",
	check: "https://check.sallyport.test/",
	sha256: "SHA-256",
	sha1: "SHA-1",
};
