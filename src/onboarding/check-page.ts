/** The page that only a client which trusts the gateway's CA gets to see without a warning. */
import { fingerprintText, type OfferedCa } from "#onboarding/offered-ca.ts";
import { escapeHtml, htmlDocument } from "#onboarding/page-style.ts";

export function checkPage(hostName: string, ca: OfferedCa | undefined): string {
	const whose =
		ca === undefined
			? ""
			: `<p class="soft">${escapeHtml(ca.name)}<br><code class="print">${fingerprintText(ca.sha256)}</code></p>`;
	return htmlDocument(
		"This client trusts the gateway's CA",
		`<main class="wrap big"><div class="tick" aria-hidden="true">&#10003;</div>
<h1>This client trusts the gateway's CA</h1>
<p>If no warning came before this page, the installation worked and nothing is left to do. If you clicked a warning away to get here, it did not: go back and follow the steps for this client.</p>
${whose}
<p><a href="http://${escapeHtml(hostName)}/">Back to the steps</a></p></main>`,
	);
}
