"""The results as an SVG: one group of bars per load. Plain shapes, with colours for light and dark pages."""

from html import escape
from statistics import median

from . import table

WIDTH, LEFT, RIGHT = 860, 232, 210
BAR, GAP, GROUP = 20, 6, 44
STYLE = """\
text { font: 13px system-ui, -apple-system, "Segoe UI", sans-serif; fill: #1f2328 }
.title { font-weight: 600; font-size: 15px } .note { fill: #59636e; font-size: 12px }
.page { fill: #ffffff; stroke: #d1d9e0 } .bar { fill: #8c959f } .ours { fill: #1a7f37 } .name-ours { font-weight: 600 }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc } .note { fill: #9198a1 } .page { fill: #0d1117; stroke: #3d444d }
  .bar { fill: #656c76 } .ours { fill: #3fb950 }
}"""


def svg(results):
    height = 62 + len(results["loads"]) * (GROUP + len(results["peers"]) * (BAR + GAP)) + 4
    parts, y = [], 50
    for load in results["loads"]:
        group, y = draw_group(results, load, y)
        parts += group
    title = f"Requests per second at {results['connections']} connections"
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" '
        'role="img" aria-labelledby="title desc">',
        f'<title id="title">{title}</title>',
        f'<desc id="desc">{escape(description(results))}</desc>',
        f"<style>{STYLE}</style>",
        f'<rect class="page" x="0.5" y="0.5" width="{WIDTH - 1}" height="{height - 1}" rx="6"/>',
        f'<text class="title" x="20" y="30">{title}</text>',
        f'<text class="note" x="{WIDTH - 20}" y="30" text-anchor="end">{escape(footnote(results))}</text>',
        *parts,
        "</svg>",
    ]) + "\n"


def draw_group(results, load, y):
    rates = {peer["name"]: rate(results, load, peer["name"]) for peer in results["peers"]}
    scale = (WIDTH - LEFT - RIGHT) / max([*rates.values(), 1])
    parts = [f'<text class="title" x="20" y="{y + 22}">{table.TITLES[load]}</text>']
    y += GROUP - 10
    for peer in results["peers"]:
        ours, length = peer["ours"], max(1, rates[peer["name"]] * scale)
        text = f"{rates[peer['name']]:,.0f}{lost(results, load, peer['name'])}"
        parts += [
            f'<text class="{"name-ours" if ours else "name"}" x="{LEFT - 10}" y="{y + 15}" text-anchor="end">'
            f"{escape(peer['label'])}</text>",
            f'<rect class="{"ours" if ours else "bar"}" x="{LEFT}" y="{y}" width="{length:.1f}" height="{BAR}" rx="2"/>',
            f'<text x="{LEFT + length + 8:.1f}" y="{y + 15}">{text}</text>',
        ]
        y += BAR + GAP
    return parts, y + 10


def rate(results, load, peer):
    return median(run["per_second"] for run in table.runs(results, load, peer))


def lost(results, load, peer):
    """The share of answered updates that are gone."""
    shares = [run["hot"]["lost_percent"] for run in table.runs(results, load, peer) if run["hot"]]
    if load != "hot" or not shares:
        return ""
    share = median(shares)
    return f", {share:.0f} % of updates lost" if share >= 1 else f", {share:.2g} % of updates lost"


def footnote(results):
    return f"{results['machine']['CPU'].split(', shared')[0]}; median of {results['rounds']} alternating rounds"


def description(results):
    sentences = []
    for load in results["loads"]:
        bars = [f"{peer['label']} {rate(results, load, peer['name']):,.0f}{lost(results, load, peer['name'])}"
                for peer in results["peers"]]
        sentences.append(f"{table.TITLES[load]}: {'; '.join(bars)}.")
    return " ".join(sentences)
