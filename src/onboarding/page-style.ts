/** The style of the onboarding pages: no font, image or script from anywhere; light and dark; from 320 px on. */

export const pageStyle = `
:root{color-scheme:light dark;--ink:#16202b;--soft:#55636f;--ground:#f5f7f9;--card:#fff;--line:#dbe2e8;--accent:#0b6e5f;--on-accent:#fff;--code:#eef2f5;--warn:#8a4b00;--warn-ground:#fff6e6}
@media(prefers-color-scheme:dark){:root{--ink:#e4eaf0;--soft:#9aa8b4;--ground:#10161c;--card:#18212a;--line:#2b3742;--accent:#4cc4ae;--on-accent:#06231e;--code:#0f171e;--warn:#f0c07a;--warn-ground:#2a2115}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;-webkit-text-size-adjust:100%}
.wrap{max-width:70rem;margin:0 auto;padding:2.5rem 1.25rem 4rem}
header{max-width:44rem;margin-bottom:2rem}
.mark{display:inline-block;font-weight:600;font-size:.85rem;letter-spacing:.04em;color:var(--accent);margin-bottom:.75rem}
h1{font-size:clamp(1.6rem,4.5vw,2.3rem);line-height:1.2;margin:0 0 .75rem;letter-spacing:-.01em}
h2{font-size:1.2rem;margin:0 0 1rem}
h3{font-size:.9rem;font-weight:600;color:var(--soft);margin:1.75rem 0 .5rem}
p{margin:0 0 .75rem}
a{color:var(--accent);text-underline-offset:.15em}
.soft{color:var(--soft)}
.grid{display:grid;grid-template-columns:minmax(0,1fr);align-items:start}
@media(min-width:60rem){.grid{grid-template-columns:minmax(0,1fr) 21rem;column-gap:2rem}.side{position:sticky;top:1.25rem}}
section,.panel{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:1.4rem;margin:0 0 1.25rem}
.side .panel:last-child{margin-bottom:0}
.number{display:inline-grid;place-items:center;width:1.7rem;height:1.7rem;border-radius:50%;background:var(--accent);color:var(--on-accent);font-size:.9rem;font-weight:600;margin-right:.6rem}
.files{display:grid;gap:.6rem;grid-template-columns:repeat(auto-fill,minmax(14.5rem,1fr));list-style:none;margin:0;padding:0}
.files li{margin:0}
.files a{display:block;height:100%;padding:.8rem .9rem;border:1px solid var(--line);border-radius:9px;text-decoration:none;color:inherit}
.files a:hover{border-color:var(--accent)}
.files b{display:block;color:var(--accent);font-weight:600;overflow-wrap:anywhere}
.files span{font-size:.9rem;color:var(--soft)}
.button{display:inline-block;background:var(--accent);color:var(--on-accent);padding:.7rem 1.1rem;border-radius:9px;text-decoration:none;font-weight:600}
a:focus-visible,summary:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
details{border-top:1px solid var(--line)}
details:last-of-type{border-bottom:1px solid var(--line)}
summary{cursor:pointer;padding:.75rem .15rem;font-weight:600}
details[open] summary{color:var(--accent)}
.body{padding:0 .15rem .75rem}
.body>ol{padding-left:1.25rem}
ol{margin:0 0 .75rem;padding-left:1.4rem}
li{margin:.4rem 0}
li::marker{color:var(--soft)}
code,pre{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:.875rem}
pre{background:var(--code);border:1px solid var(--line);border-radius:8px;padding:.7rem .85rem;margin:.5rem 0;white-space:pre-wrap;overflow-wrap:anywhere;tab-size:2}
.file{font-size:.85rem;color:var(--soft);margin:.5rem 0 -.25rem}
.print{display:block;overflow-wrap:anywhere;line-height:1.7;font-size:.9rem}
.seal{border-left:4px solid var(--accent);background:var(--code);padding:.7rem .9rem;border-radius:0 8px 8px 0;margin:.75rem 0}
.seal span{font-size:.85rem;color:var(--soft)}
dl{margin:0}
dt{font-size:.85rem;color:var(--soft);margin-top:.7rem}
dt:first-child{margin-top:0}
dd{margin:.1rem 0 0;overflow-wrap:anywhere}
.warn{background:var(--warn-ground);border-color:var(--warn)}
.warn h2{color:var(--warn)}
.big{text-align:center;max-width:40rem;margin:14vh auto 0}
.tick{display:inline-grid;place-items:center;width:4.5rem;height:4.5rem;border-radius:50%;background:var(--accent);color:var(--on-accent);font-size:2.4rem;margin-bottom:1.25rem}
`;

/** A whole document. */
export function htmlDocument(title: string, body: string): string {
	return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>${escapeHtml(title)}</title>
<style>${pageStyle}</style></head>
<body>${body}</body></html>
`;
}

export function escapeHtml(text: string): string {
	return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
