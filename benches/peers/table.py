"""The results as Markdown."""

import json
from pathlib import Path
from statistics import median

TITLES = {"returning": "Returning clients", "new": "New clients", "hot": "One hot session"}
GOALS = json.loads((Path(__file__).parent / "goals.json").read_text())


def runs(results, load, peer):
    """The runs of a peer under a load, by round."""
    return [run for run in results["runs"] if run["load"] == load and run["peer"] == peer]


# The program as it is shipped, which the goals are for.
SHIPPED = "sessionid"


def ours(results):
    return {peer["name"] for peer in results["peers"] if peer["ours"]}


def counterpart(results, peer):
    """Which of ours a peer is compared with; None where that was not measured."""
    name = peer.get("against") or SHIPPED
    return name if name in ours(results) and not peer["ours"] else None


def ratio(results, load, mine, peer, measure="per_second"):
    """Ours by the peer's within each round; the median of these."""
    pairs = list(zip(runs(results, load, mine), runs(results, load, peer), strict=True))
    ratios = [mine[measure] / theirs[measure] for mine, theirs in pairs if theirs[measure]]
    return median(ratios) if ratios else None


def together(results, load, mine, peer):
    """All that ours answered by all that the peer did: steadier where a peer is now fast and now slow."""
    answered = [sum(run["per_second"] for run in runs(results, load, name)) for name in (mine, peer)]
    return answered[0] / answered[1]


def ours_went_wrong(results):
    mine = [run for run in results["runs"] if run["peer"] in ours(results)]
    return any(run["wrong_answers"] or (run["hot"] and run["hot"]["answered"] != run["hot"]["total"]) for run in mine)


def markdown(results):
    parts = [heading(results)]
    parts += [load_table(results, load) for load in results["loads"]]
    if ours(results) and len(results["peers"]) > 1:
        parts.append(goal_table(results))
    parts.append(machine_list(results))
    return "\n\n".join(parts) + "\n"


def heading(results):
    return (
        "# The counter page, side by side\n\n"
        f"{results['date']}, `{results['command']}`: {results['connections']} connections, {results['rounds']} "
        f"alternating rounds of {results['seconds']:g} s; medians, and the range of the rounds. "
        "A wrong answer has another status than 200, another counter than its client must see, or another's session."
        + (" *Ours is* tells of ours on the same database server, and else of ours on SQLite." if others(results) else "")
    )


def others(results):
    """Whether a peer is compared with another of ours than the shipped one."""
    return any(peer.get("against") for peer in results["peers"])


def load_table(results, load):
    lines = [
        f"## {TITLES[load]}",
        "",
        "| | requests/s | range | ours is | p50 ms | p99 ms | max ms | wrong answers |" + (" lost updates |" if load == "hot" else ""),
        "|---|---:|---:|---:|---:|---:|---:|---:|" + ("---:|" if load == "hot" else ""),
    ]
    for peer in results["peers"]:
        if runs(results, load, peer["name"]):
            lines.append(peer_row(results, load, peer))
    return "\n".join(lines)


def peer_row(results, load, peer):
    found = runs(results, load, peer["name"])
    rates = [run["per_second"] for run in found]
    mine = counterpart(results, peer)
    times = f"{ratio(results, load, mine, peer['name']):.2f} ×" if mine else ""
    cells = [
        peer["label"],
        f"{median(rates):,.0f}",
        f"{min(rates):,.0f} to {max(rates):,.0f}",
        times,
        f"{median(run['p50_ms'] for run in found):.2f}",
        f"{median(run['p99_ms'] for run in found):.2f}",
        f"{max(run['max_ms'] for run in found):.0f}",
        f"{sum(run['wrong_answers'] for run in found):,}",
    ]
    if load == "hot":
        lost = [run["hot"]["lost_percent"] for run in found if run["hot"]]
        cells.append(f"{median(lost):.1f} %" if lost else "")
    return "| " + " | ".join(cells) + " |"


def goal_table(results):
    names = {peer["name"]: peer["label"] for peer in results["peers"]}
    lines = ["## Goals", "", f"For {names.get(SHIPPED, SHIPPED)}, where no other is named; wrong answers and lost updates are those of all of ours.", ""]
    lines += ["| ours, as a ratio | goal | measured | | all rounds together |", "|---|---:|---:|---|---:|"]
    for goal in GOALS:
        mine = goal.get("ours", SHIPPED)
        if goal["load"] not in results["loads"] or not {goal["peer"], mine} <= names.keys():
            continue
        measured = ratio(results, goal["load"], mine, goal["peer"], goal["measure"])
        least, most = goal.get("at_least"), goal.get("at_most")
        reached = measured is not None and (measured >= least if least is not None else measured <= most)
        what = "requests/s" if goal["measure"] == "per_second" else "p99"
        bound = f"≥ {least:g}" if least is not None else f"≤ {most:g}"
        whole = goal["measure"] == "per_second" and f"{together(results, goal['load'], mine, goal['peer']):.2f}"
        lines.append(
            f"| {TITLES[goal['load']]}: {what}{'' if mine == SHIPPED else f' of {names[mine]}'} by {names[goal['peer']]} | {bound} | {measured:.2f} | "
            f"{'reached' if reached else 'missed'} | {whole or ''} |"
        )
    mine = [run for run in results["runs"] if run["peer"] in ours(results)]
    wrong = sum(run["wrong_answers"] for run in mine)
    lines.append(f"| Wrong answers | 0 | {wrong:,} | {'missed' if wrong else 'reached'} | |")
    if "hot" in results["loads"]:
        lost = sum(run["hot"]["answered"] - run["hot"]["total"] for run in mine if run["hot"])
        lines.append(f"| Lost updates | 0 | {lost:,} | {'missed' if lost else 'reached'} | |")
    return "\n".join(lines)


def machine_list(results):
    lines = ["## Measured on", ""]
    lines += [f"- {name}: {value}" for name, value in results["machine"].items()]
    lines += ["", "## Compared", "", "| | versions | written when |", "|---|---|---|"]
    lines += [f"| {peer['label']} | {peer['versions']} | {peer['durable']} |" for peer in results["peers"]]
    return "\n".join(lines)
