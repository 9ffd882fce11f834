/**
 * The report's style sheet. Colours: Okabe and Ito's palette, which people of every colour vision can tell apart, lighter
 * in the dark; the charts use the same variables.
 */
export const STYLE = `
:root { color-scheme: light dark; --page: #fff; --text: #1c2128; --muted: #59626d; --line: #dfe3e8; --panel: #f6f8fa;
  --base: #6e7781; --sft: #0072b2; --dpo: #c44e00; --accent: #0b7a62; --m0: #a8487f; --m1: #00795c; --m2: #8a6d00; --m3: #2a8fc4; --m4: #5b3fa8; --m5: #8f1d1d; --m6: #3d5a80;
  --warning: #b7791f; --warning-panel: #fdf6e7; }
@media screen and (prefers-color-scheme: dark) { :root { --page: #12161c; --text: #e3e8ee; --muted: #9aa5b1; --line: #2d343d; --panel: #1a2027;
  --base: #a8b1bb; --sft: #56b4e9; --dpo: #f28a3c; --accent: #2fbf9b; --m0: #e19ac2; --m1: #3fcf9f; --m2: #e6c84a; --m3: #7ccdf2; --m4: #a994ec; --m5: #f07d7d; --m6: #9db8dd;
  --warning: #d9a441; --warning-panel: #262117; } }
* { box-sizing: border-box; }
body { margin: 0; overflow-wrap: break-word; background: var(--page); color: var(--text); font: 16px/1.55 system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif; }
main { max-width: 1000px; margin: 0 auto; padding: 40px 20px 64px; }
header { border-bottom: 1px solid var(--line); padding-bottom: 20px; }
header p { margin: 0; color: var(--muted); }
h1 { font-size: 30px; line-height: 1.2; margin: 2px 0 8px; letter-spacing: -0.015em; overflow-wrap: anywhere; }
h2 { font-size: 21px; line-height: 1.3; margin: 48px 0 12px; letter-spacing: -0.01em; overflow-wrap: anywhere; }
h2 small { color: var(--muted); font-weight: 400; font-size: 15px; margin-left: 6px; letter-spacing: 0; }
h3 { font-size: 16px; margin: 28px 0 8px; }
p { margin: 0 0 10px; max-width: 72ch; }
code { font: 0.9em ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; overflow-wrap: anywhere; }
.note, figcaption { color: var(--muted); font-size: 14px; }
.note { margin-top: 8px; }
.absent { color: var(--muted); border: 1px dashed var(--line); border-radius: 8px; padding: 14px 16px; max-width: none; }
.figures { list-style: none; display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px; padding: 0; margin: 0 0 20px; }
.figures li { background: var(--panel); border-top: 3px solid var(--line); border-radius: 4px 4px 8px 8px; padding: 12px 16px; }
.base { --key: var(--base); } .sft { --key: var(--sft); } .dpo { --key: var(--dpo); } .m0 { --key: var(--m0); } .m1 { --key: var(--m1); } .m2 { --key: var(--m2); } .m3 { --key: var(--m3); } .m4 { --key: var(--m4); } .m5 { --key: var(--m5); } .m6 { --key: var(--m6); }
.figures li { min-width: 0; overflow-wrap: anywhere; border-color: var(--key, var(--line)); }
.figures span, .figures small { display: block; color: var(--muted); font-size: 14px; }
.figures strong { display: block; font-size: 34px; line-height: 1.25; font-weight: 650; font-variant-numeric: tabular-nums; letter-spacing: -0.02em; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 15px; font-variant-numeric: tabular-nums; }
th, td { padding: 7px 10px; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap; vertical-align: top; }
th:first-child, td:first-child, .text { text-align: left; }
th:first-child, td:first-child { padding-left: 0; } th:last-child, td:last-child { padding-right: 0; }
.names-2 :is(th, td):nth-child(2), .names-3 :is(th, td):nth-child(-n + 3) { text-align: left; }
/* The models of one group belong together. */
.names-2 tr:has(+ tr > th:empty) > * { border-bottom-color: transparent; padding-bottom: 2px; } .names-2 tr:has(> th:empty) > * { padding-top: 3px; }
sub { font-size: 0.75em; line-height: 0; }
.lead { font-size: 18px; line-height: 1.5; }
thead th { color: var(--muted); font-weight: 500; font-size: 14px; vertical-align: bottom; }
tbody th { font-weight: 500; }
td small, tbody th small { display: block; font-weight: 400; color: var(--muted); font-size: 12.5px; line-height: 1.35; }
details { border: 1px solid var(--line); border-radius: 8px; margin: 8px 0; padding: 0 16px; }
details .scroll { margin-bottom: 12px; } figure + .scroll, figure + details { margin-top: 16px; }
summary { cursor: pointer; padding: 10px 0; overflow-wrap: anywhere; } summary small { color: var(--muted); font-size: 14px; margin-left: 6px; }
.prompt, .answer { white-space: pre-wrap; overflow-wrap: anywhere; unicode-bidi: isolate; contain: content; max-width: 72ch; margin: 0 0 16px; }
.prompt { background: var(--panel); border-radius: 8px; padding: 12px 16px; max-width: none; } .answer { font-family: Georgia, 'Times New Roman', serif; }
td.text { white-space: normal; min-width: 260px; padding-left: 24px; } th.text { padding-left: 24px; }
.key { display: inline-block; width: 10px; height: 10px; margin-right: 8px; background: var(--key, var(--muted)); }
.key.circle { border-radius: 50%; } .key.diamond { transform: rotate(45deg) scale(0.9); } .key.triangle { clip-path: polygon(50% 0, 100% 100%, 0 100%); }
.stages td { min-width: 120px; }
.bar { display: block; height: 3px; margin: 3px 0 0 auto; background: var(--accent); border-radius: 2px; min-width: 1px; }
aside { border-left: 3px solid var(--line); background: var(--panel); padding: 12px 16px; margin: 16px 0; border-radius: 0 8px 8px 0; }
aside.warning { border-color: var(--warning); background: var(--warning-panel); }
aside p { margin: 0 0 6px; } aside p:last-child { margin: 0; }
figure { margin: 20px 0 0; max-width: 580px; }
figure h3 { margin: 0 0 4px; }
svg { display: block; width: 100%; height: auto; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 380px), 1fr)); gap: 12px 40px; align-items: start; margin-top: 20px; }
.pair + p, .pair + .scroll + p, .pair + .scroll { margin-top: 20px; }
.pair > figure { margin: 0; } .pair > .absent { margin: 0; }
footer { margin-top: 48px; border-top: 1px solid var(--line); padding-top: 16px; color: var(--muted); font-size: 14px; }
@media (max-width: 560px) { main { padding: 24px 16px 40px; } h1 { font-size: 25px; } h2 { margin-top: 40px; }
  .figures { grid-template-columns: repeat(2, minmax(0, 1fr)); } .figures strong { font-size: 28px; } .figures li { padding: 10px 12px; }
  table { font-size: 14px; } th, td { padding: 7px 6px; } thead th { font-size: 13px; white-space: normal; } td small { font-size: 11px; } }
@media print { :root { color-scheme: light; } body { font-size: 11pt; } main { padding: 0; max-width: none; } .scroll { overflow: visible; }
  h2, h3 { break-after: avoid; } figure, tr, aside, .figures { break-inside: avoid; } .pair { grid-template-columns: 1fr 1fr; }
  table { font-size: 9.5pt; } thead th { white-space: normal; } th, td { padding: 5px 6px; } * { print-color-adjust: exact; } }
`;
