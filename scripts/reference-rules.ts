/** The page of the rule language: what is understood, and how much of a real rule set loads. */
import { keywordGroups } from "#signature/keyword-table.ts";
import { countProblems, loadRules, maxRules } from "#signature/rule-set.ts";
import { ruleCorpus } from "../test/support/rule-corpus.ts";
import { markdownTable } from "./markdown.ts";

/** `root`: the tree whose corpus is loaded. */
export function rulesPage(root: string): string {
	const set = loadRules([{ name: "emerging-threats", text: ruleCorpus(root) }]);
	const protocols = [...set.protocols].sort(([, a], [, b]) => b.rules - a.rules);
	return [
		"# Rules of intrusion detection",
		"",
		"Rules are written in the rule language of Suricata. This page lists the keywords that are understood, from the table that the",
		"compiler reads (`src/signature/keyword-table.ts`). A rule with any other keyword is disabled and reported with that keyword;",
		`nothing is guessed. At most ${maxRules} rules are held.`,
		"",
		"Actions: `alert`, `drop`, `reject`, `rejectsrc`, `rejectdst`, `rejectboth`, `pass`. Protocols: `ip`, `tcp`, `tcp-pkt`, `tcp-stream`, `udp`, `http`,",
		"`http1`, `tls`, `ssl`, `smtp`, `imap`, `pop3`, `ftp`.",
		"",
		...keywordGroups.flatMap(({ title, keywords }) => [
			`## ${title}`,
			"",
			markdownTable(
				["Keyword", "What it does"],
				Object.entries(keywords).map(([name, { about }]) => [`\`${name}\``, about]),
			),
			"",
		]),
		"## How much of a real rule set loads",
		"",
		"A part of Emerging Threats Open of 2021 (`test/data/signatures/`), as `test/conformance/rule-corpus.test.ts` loads it:",
		"",
		markdownTable(
			["Protocol", "Rules", "Loaded", "Share"],
			protocols
				.filter(([, { rules }]) => rules > 0)
				.map(([protocol, { rules, loaded }]) => [
					protocol === "" ? "(unreadable)" : `\`${protocol}\``,
					String(rules),
					String(loaded),
					`${((100 * loaded) / rules).toFixed(1)} %`,
				]),
		),
		"",
		"What stands in the way of the others:",
		"",
		markdownTable(
			["Keyword or part", "Reason", "Rules"],
			countProblems(set.disabled).map(({ where, reason, rules }) => [`\`${where}\``, reason, String(rules)]),
		),
	].join("\n");
}
