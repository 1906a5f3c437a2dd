/** The onboarding page: get the CA, compare it, install it, test it. Readable without scripts; made of no request. */
import {
	type ClientStep,
	type ClientSteps,
	clientSteps,
	compareCommands,
	familyTitles,
	fillIn,
	type OfferedFile,
	type StepFamily,
	saveCommand,
} from "#onboarding/client-steps.ts";
import { fingerprintText, type OfferedCa } from "#onboarding/offered-ca.ts";
import { escapeHtml, htmlDocument } from "#onboarding/page-style.ts";
import { nothingToInstall, type StepsFacts } from "#onboarding/steps-text.ts";

/** The document as HTML. */
export function onboardingPage(facts: StepsFacts): string {
	const { cas, contact, values } = facts;
	if (cas.length === 0) {
		return htmlDocument(
			title,
			`<main class="wrap"><header><span class="mark">Sallyport</span><h1>Nothing to install</h1><p>${nothingToInstall}</p>${contactLine(contact)}</header></main>`,
		);
	}
	return htmlDocument(
		title,
		`<div class="wrap"><header><span class="mark">Sallyport</span><h1>Let this device trust the gateway of your network</h1>
<p>Encrypted connections from here pass through a gateway that opens and inspects them. For that it shows your programs certificates of its own. They accept those once they trust the gateway's certificate authority (CA). Three steps, some minutes.</p></header>
<div class="grid"><main>
<section><h2><span class="number">1</span>Get the certificate</h2>
<ul class="files">${files.map(fileCard).join("")}</ul>${moreCas(cas)}
<h3>Compare it before you install it</h3>
<p>Whoever controls the network between you and the gateway could have changed this page and the file. The fingerprint of the file that you saved must be the one that your administrator told you another way than over this network.</p>
${cas.map(seal).join("")}<p class="soft">What your file has, in a terminal:</p>
<pre>${compareCommands.map(({ where, run }) => escapeHtml(`# ${where}\n${run}`)).join("\n")}</pre></section>
<section><h2><span class="number">2</span>Install it where your programs look</h2>
${families.map((family) => familyPart(family, facts)).join("")}</section>
<section><h2><span class="number">3</span>Test it</h2>
<p>The test is answered by the gateway with a certificate of this CA. A program that trusts the CA opens it; one that does not shows its warning. Do not click the warning away: then nothing is tested.</p>
<p><a class="button" href="${escapeHtml(values.check)}">Test this browser</a></p>
<p class="soft">It works through the proxy <code>${escapeHtml(values.proxy)}</code> only. In a terminal:</p>
<pre>${escapeHtml(fillIn("curl --proxy http://{proxy} --cacert sallyport-ca.pem {check}trust.txt", values))}</pre></section>
</main><aside class="side">
<div class="panel"><h2>This certificate</h2><dl>${cas.map(caFacts).join("")}<dt>Proxy</dt><dd><code>${escapeHtml(values.proxy)}</code></dd></dl></div>
<div class="panel warn"><h2>Two CAs, one to trust</h2><p>The CA offered here signs for servers that the gateway has verified. For a server that it could <em>not</em> verify it signs with a second CA that nobody trusts, so that your browser warns you as it would without the gateway. The second one is not offered here. Do not install it, whoever asks you to.</p></div>
<div class="panel"><h2>Questions</h2>${contactLine(contact)}<p class="soft">Whoever holds the key of a CA that you trust can read your encrypted connections. Install it on devices that this network's owner may inspect, and on no others.</p></div>
</aside></div></div>`,
	);
}

function fileCard(file: { readonly name: OfferedFile; readonly says: string }): string {
	return `<li><a href="/${file.name}" download><b>${file.name}</b><span>${file.says}</span></a></li>`;
}

function moreCas(cas: readonly OfferedCa[]): string {
	if (cas.length < 2) return "";
	return `<p class="soft">The gateway uses ${cas.length} CAs. The files hold all of them; sallyport-ca.crt can hold one and holds the first.</p>`;
}

function seal(ca: OfferedCa): string {
	return `<p class="seal"><span>SHA-256 fingerprint of ${escapeHtml(ca.name)}</span><code class="print">${fingerprintText(ca.sha256)}</code></p>`;
}

function caFacts(ca: OfferedCa): string {
	const above = ca.isAboveSigner ? "<dt>Role</dt><dd>root above the CA that signs for the gateway</dd>" : "";
	return `<dt>Name</dt><dd>${escapeHtml(ca.name)}</dd>${above}<dt>Valid until</dt><dd>${new Date(ca.notAfter).toISOString().slice(0, 10)}</dd>
<dt>SHA-1 (Windows: thumbprint)</dt><dd><code class="print">${fingerprintText(ca.sha1)}</code></dd>`;
}

function familyPart(family: StepFamily, facts: StepsFacts): string {
	const rows = clientSteps.filter((row) => row.family === family);
	return `<h3>${familyTitles[family]}</h3>${rows.map((row) => rowPart(row, facts)).join("")}`;
}

function rowPart(row: ClientSteps, { values }: StepsFacts): string {
	const show = (text: string) => escapeHtml(fillIn(text, values));
	const note = row.note === undefined ? "" : `<p class="soft">${show(row.note)}</p>`;
	const get =
		row.needs === undefined
			? ""
			: `<li>Save <a href="/${row.needs}" download>${row.needs}</a>${row.family === "program" ? `, or in a terminal:<pre>${show(saveCommand(row.needs))}</pre>` : "."}</li>`;
	const test =
		row.check === undefined
			? `<li>Open <a href="${escapeHtml(values.check)}">${escapeHtml(values.check)}</a> in it: no warning must come.</li>`
			: `<li>Test; this prints <code>trusted</code>:<pre>${show(row.check)}</pre></li>`;
	const steps = row.steps.map((step) => stepPart(step, show)).join("");
	return `<details id="${row.name}"><summary>${escapeHtml(row.title)}</summary><div class="body">${note}<ol>${get}${steps}${test}</ol></div></details>`;
}

function stepPart({ says, run, file }: ClientStep, show: (text: string) => string): string {
	const commands = run === undefined ? "" : `<pre>${show(run)}</pre>`;
	const content =
		file === undefined
			? ""
			: `<p class="file"><code>${show(file.path)}</code></p><pre>${show(file.text.trimEnd())}</pre>`;
	return `<li>${show(says)}${commands}${content}</li>`;
}

function contactLine(contact: string | undefined): string {
	if (contact === undefined) return "<p>Ask the administrator of this network.</p>";
	return `<p>${escapeHtml(contact)}</p>`;
}

const title = "Trust the gateway's CA";
const families: readonly StepFamily[] = ["system", "browser", "program"];
const files: readonly { readonly name: OfferedFile; readonly says: string }[] = [
	{ name: "sallyport-ca.crt", says: "DER: Windows, Android, Firefox, Java" },
	{ name: "sallyport-ca.pem", says: "PEM: Linux, macOS, curl, Node, Python, git" },
	{ name: "sallyport-ca.mobileconfig", says: "Profile: iPhone, iPad, Mac" },
	{ name: "sallyport-ca.p12", says: "PKCS#12, for what takes nothing else; password: changeit" },
];
