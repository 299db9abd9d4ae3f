// SPDX-License-Identifier: MIT
// The look of the report; a helper of report.part.hpp. Fonts of the system, colours for light and
// dark, one column that a phone shows whole, and a printed page that saves ink.
#pragma once

namespace moe::detail {

inline constexpr char report_style[] = R"css(
:root {
  color-scheme: light dark;
  --page: #fff; --card: #f6f7f9; --ink: #1c2127; --soft: #5b6570; --line: #e2e6ea;
  --heat: #174ea6; --on-heat: #fff;
  --c0: #1f6feb; --c1: #d9480f; --c2: #2b8a3e; --c3: #9c36b5;
  --c4: #a07800; --c5: #0b7285; --c6: #c2255c; --c7: #5b6570;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --page: #101418; --card: #171c22; --ink: #e4e8ec; --soft: #98a2ad; --line: #2a3139;
    --heat: #5b9dff; --on-heat: #08101c;
    --c0: #6ea8fe; --c1: #ff922b; --c2: #69db7c; --c3: #da8cf5;
    --c4: #ffd43b; --c5: #3bc9db; --c6: #f783ac; --c7: #98a2ad;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  margin: 0; background: var(--page); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif;
  font-variant-numeric: tabular-nums; overflow-wrap: break-word;
}
main { max-width: 54rem; margin: 0 auto; padding: 2.5rem clamp(1rem, 4vw, 2.5rem) 4rem; }
header p { margin: .35rem 0 0; color: var(--soft); }
header .eyebrow { margin: 0; font-size: .8rem; letter-spacing: .08em; text-transform: uppercase; }
h1 { margin: 0; font-size: clamp(1.8rem, 6vw, 2.6rem); line-height: 1.15; letter-spacing: -.02em; }
h2 { margin: 3.25rem 0 .25rem; font-size: 1.3rem; line-height: 1.3; letter-spacing: -.01em; }
h2 + p { margin: 0 0 1rem; color: var(--soft); max-width: 42rem; }
.note { margin: .6rem 0 0; color: var(--soft); font-size: .85rem; max-width: 42rem; }
h3 { margin: 1.4rem 0 .5rem; font-size: .95rem; }
.facts h3, .sample h3 { margin-top: 0; }
figure { margin: 1.5rem 0 0; }
figcaption b { font-weight: 600; }
figcaption i { font-style: normal; color: var(--soft); font-size: .85rem; margin-left: .35rem; }
figcaption p { margin: .1rem 0 0; color: var(--soft); font-size: .9rem; }
h1, h3, .legend li, .bars .name, tbody th { overflow-wrap: anywhere; }
svg { display: block; width: 100%; }

.tiles {
  display: flex; flex-wrap: wrap; gap: 1px;
  margin: 1.75rem 0 0; background: var(--line); border: 1px solid var(--line);
  border-radius: .6rem; overflow: hidden;
}
.tiles div { flex: 1 1 9rem; background: var(--page); padding: .8rem 1rem .85rem; }
.tiles dt { color: var(--soft); font-size: .8rem; }
.tiles dd { margin: 0; font-size: 1.4rem; font-weight: 600; line-height: 1.35; letter-spacing: -.01em; }
.tiles small {
  display: block; color: var(--soft); font-size: .78rem; font-weight: 400; line-height: 1.35;
  letter-spacing: 0;
}

.legend li { min-width: 0; }
.legend {
  display: flex; flex-wrap: wrap; gap: .1rem 1.1rem; margin: .4rem 0 0; padding: 0;
  list-style: none; font-size: .85rem; color: var(--soft);
}
.legend b { color: var(--ink); font-weight: 600; }
.legend li::before {
  content: ""; display: inline-block; width: 1.1em; margin-right: .4em; vertical-align: .22em;
  border-top: 3px solid currentColor; border-radius: 2px;
}
.legend li.dashed::before { border-top-style: dashed; }
.legend .block::before { border-top-width: .7em; vertical-align: -.05em; }
.legend .mark::before {
  width: 0; height: .9em; border-top: 0; border-radius: 0; border-left: 2px solid var(--ink);
  margin: 0 .6em 0 .2em; vertical-align: -.12em;
}
.legend .m1::before { border-color: var(--soft); opacity: .75; }
.c0::before { color: var(--c0); } .c1::before { color: var(--c1); }
.c2::before { color: var(--c2); } .c3::before { color: var(--c3); }
.c4::before { color: var(--c4); } .c5::before { color: var(--c5); }
.c6::before { color: var(--c6); } .c7::before { color: var(--c7); }

.plot .frame { display: grid; grid-template-columns: auto minmax(0, 1fr); margin-top: .9rem; }
.plot svg { height: clamp(11rem, 32vw, 16.5rem); overflow: visible; }
.plot path { fill: none; vector-effect: non-scaling-stroke; stroke-linejoin: round; stroke-linecap: round; }
.plot .grid { stroke: var(--line); stroke-width: 1; }
.plot .line { stroke-width: 2; }
.plot .faint { stroke-width: 1; opacity: .3; }
.plot .dashed { stroke-dasharray: 5 4; }
path.c0 { stroke: var(--c0); } path.c1 { stroke: var(--c1); }
path.c2 { stroke: var(--c2); } path.c3 { stroke: var(--c3); }
path.c4 { stroke: var(--c4); } path.c5 { stroke: var(--c5); }
path.c6 { stroke: var(--c6); } path.c7 { stroke: var(--c7); }
.ys { position: relative; padding-right: .55rem; font-size: .75rem; color: var(--soft); }
.ys em { visibility: hidden; font-style: normal; }
.ys span { position: absolute; right: .55rem; transform: translateY(50%); line-height: 1; }
.xs { position: relative; grid-column: 2; height: 1.3rem; font-size: .75rem; color: var(--soft); }
.xs span { position: absolute; top: .35rem; transform: translateX(-50%); line-height: 1; white-space: nowrap; }
.xlabel { grid-column: 2; text-align: center; font-size: .75rem; color: var(--soft); line-height: 1.5; }

.maps { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 21rem), 1fr)); column-gap: 2rem; }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 14rem), 1fr)); gap: 0 2rem; }
.plots .plot { display: grid; grid-template-rows: 1fr auto; }
.plots .plot svg { height: 9.5rem; }
.plots .xs .odd { display: none; }
.heat { --row: 1.6rem; }
.heat.many { --row: 1.05rem; }
.heat.many .rows { font-size: .65rem; }
.heat .frame { display: grid; grid-template-columns: minmax(3rem, auto) minmax(0, 1fr); margin-top: .4rem; }
.heat .rows { display: grid; grid-auto-rows: var(--row); align-items: center; padding-right: .6rem; font-size: .8rem; color: var(--soft); max-width: 9rem; }
.heat .rows span { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.heat .xs { font-size: .65rem; }
.heat .cells { position: relative; border: 1px solid var(--line); border-radius: .25rem; overflow: hidden; }
.heat svg { height: calc(var(--down) * var(--row)); }
.heat path { fill: var(--heat); }
.heat rect { fill: var(--heat); stroke: var(--page); stroke-width: 1px; vector-effect: non-scaling-stroke; }
.heat.wide { grid-column: 1 / -1; }
.heat.wide rect { stroke: none; }
.heat .numbers {
  position: absolute; inset: 0; display: grid;
  grid-template-columns: repeat(var(--across), minmax(0, 1fr));
  grid-auto-rows: var(--row); align-items: center; text-align: center; pointer-events: none;
  font-size: .65rem;
}
.heat .numbers i { font-style: normal; color: var(--ink); }
.heat .numbers b { font-weight: 500; color: var(--on-heat); }
.scale { display: flex; align-items: center; gap: .5rem; margin: .75rem 0 0; font-size: .8rem; color: var(--soft); }
.scale svg { width: 8rem; height: .7rem; border: 1px solid var(--line); border-radius: .2rem; }
.scale rect { fill: var(--heat); }

h3 + .bars { margin-top: 0; }
.bars .frame {
  display: grid; grid-template-columns: fit-content(32%) minmax(0, 1fr) auto; gap: .45rem .8rem;
  align-items: center; margin-top: .7rem; font-size: .9rem;
}
.bars svg { height: .85rem; }
.bars .track { fill: var(--card); }
.bars .bar { fill: var(--c0); }
.bars path { vector-effect: non-scaling-stroke; stroke-width: 2; stroke: var(--ink); }
.bars path.m1 { stroke: var(--soft); opacity: .75; }
.bars .value { text-align: right; font-weight: 600; }

.scroll { overflow-x: auto; margin-top: 1.1rem; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th, td { padding: .38rem .5rem; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap; }
th:first-child { text-align: left; padding-left: 0; white-space: normal; }
th:last-child, td:last-child { padding-right: 0; }
thead th { color: var(--soft); font-weight: 500; font-size: .8rem; vertical-align: bottom; white-space: normal; }
tbody th { font-weight: 500; }

.columns { columns: 2 16rem; column-gap: 2.5rem; margin-top: 1.4rem; }
.facts { break-inside: avoid; padding-bottom: 1.5rem; }
.facts dl { margin: 0; font-size: .9rem; }
.facts dl div { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 1rem; padding: .28rem 0; border-bottom: 1px solid var(--line); }
.facts dt { color: var(--soft); }
.facts dd { margin: 0; text-align: right; overflow-wrap: anywhere; }
.facts small { display: block; color: var(--soft); font-size: .8rem; }

.sample { margin: 1.1rem 0 0; padding: .9rem 1.1rem 1rem; background: var(--card); border-radius: .6rem; }
.sample h3 { color: var(--soft); font-weight: 500; font-size: .85rem; margin-bottom: .3rem; }
.sample p { margin: 0; white-space: pre-wrap; overflow-wrap: anywhere; unicode-bidi: isolate; }
.sample b { font-weight: 600; }
footer { margin-top: 3.5rem; padding-top: 1rem; border-top: 1px solid var(--line); color: var(--soft); font-size: .8rem; overflow-wrap: anywhere; }

@media (max-width: 34rem) {
  main { padding-top: 1.5rem; }
  .tiles div { padding: .65rem .75rem .7rem; }
  .tiles dd { font-size: 1.2rem; }
  .xs .odd { display: none; }
  .heat .rows { max-width: 6.5rem; font-size: .75rem; }
  .heat.tight .numbers { visibility: hidden; }
  .heat.many { --row: .85rem; }
  .heat .xs { font-size: .55rem; }
  th, td { padding-left: .3rem; padding-right: .3rem; }
}
@media print {
  @page { margin: 15mm; }
  body { font-size: 10.5pt; -webkit-print-color-adjust: exact; print-color-adjust: exact; }
  main { max-width: none; padding: 0 .8rem 0 0; }
  .plots { grid-template-columns: repeat(auto-fit, minmax(10rem, 1fr)); }
  .tiles div { flex-basis: 7.5rem; }
  h2 { break-after: avoid; margin-top: 2rem; }
  h2 + p { break-after: avoid; }
  figure, .tiles, .facts, .sample, tr { break-inside: avoid; }
  .plot svg { height: 48mm; }
  .scroll { overflow: visible; }
}
)css";

}  // namespace moe::detail
