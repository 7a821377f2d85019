"""Whether code, terraform/, gke/, the session table and the mandate say the same of one environment."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

from common.bootstrap import load_mandate
from common.day.cost import RUNNERS, month, summary
from common.day.plan import PLANS
from common.day.readiness import Check
from common.day.schedule import wanted
from common.log_record import LOGS
from common.market.calendar import next_trading_day
from common.market.money import money, paise_from_rupees
from common.market.tables import OutsideTable
from common.planning.document import InvalidDocument
from common.planning.gate import Verdict
from common.planning.mandate import Mandate
from common.settings import SettingsError, read_settings
from jobs.deployment.declared import Declared

COLLECTIONS: Final = {"start_workloads": PLANS, "alert": LOGS}
PLACEHOLDER: Final = 64 * "0"
SECRET_PREFIX: Final = "TRON_SECRET_"  # noqa: S105  the beginning of names
HORIZON: Final = timedelta(days=30)
_NAME: Final = re.compile(r"TRON_[A-Z_]+")


@dataclass(frozen=True, slots=True)
class Code:
    """What this version is. functions: those that it has. variables: TRON_* that it reads."""

    functions: frozenset[str]
    variables: frozenset[str]


def code_of(root: Path, functions: Sequence[str]) -> Code:
    """Of the repository at `root`."""
    rooms = [path for room in ("common", "functions", "jobs", "dashboard") for path in (root / room).rglob("*.py")]
    texts = (path.read_text(encoding="utf-8") for path in [*rooms, root / "gke/base/nginx/nginx.conf.template"])
    return Code(frozenset(functions), frozenset(name for text in texts for name in _NAME.findall(text)))


def agreement(said: Declared, code: Code, today: date, folder: Path) -> list[Check]:
    """Every finding, the green ones too. folder: from which terraform reads the mandate."""
    found = [*_variables(said), *_images(said), *_names(said, code), *_schedule(said, today), *_runners(said)]
    found += [*_cluster(said), *_settings(said)]
    path = said.values.get("mandate")
    try:
        mandate = load_mandate(folder / path if path else None)
    except (SettingsError, InvalidDocument) as error:
        return [*found, Check("mandate", "red", str(error), "correct the file, or `mandate` in terraform.tfvars")]
    return [*found, *_trading(said, mandate), *_budget(said)]


def _told(name: str, wrong: Sequence[str], right: str, remedy: str, verdict: Verdict = "red") -> Iterator[Check]:
    """Each of what is wrong, or that nothing is."""
    if not wrong:
        yield Check(name, "green", right)
    for text in wrong:
        yield Check(name, verdict, text, remedy)


def _variables(said: Declared) -> Iterator[Check]:
    if said.is_example:
        yield Check("variables", "amber", "there is no terraform.tfvars: its example is looked at",
                    "copy terraform.tfvars.example, and make it yours")
    wrong = [f"{name} has no value" for name in said.missing]
    wrong += [f"there is no variable {name}" for name in said.unknown]
    yield from _told("variables", wrong, f"{len(said.values)} of them", "see variables.tf, correct terraform.tfvars")


def _images(said: Declared) -> Iterator[Check]:
    project, wrong = said.values.get("project"), list[str]()
    for name, image in (said.values.get("images") or {}).items():
        if not re.search(r"@sha256:[0-9a-f]{64}$", str(image)):
            wrong.append(f"{name} is not named by its digest")
        elif str(image).endswith(PLACEHOLDER) and not said.is_example:
            wrong.append(f"{name} is still the example's placeholder")
        elif f"/{project}/" not in str(image):
            wrong.append(f"{name} is not of the project {project}")
    yield from _told("images", wrong, "by digest", "build and push them, write NAME@sha256:... (docs/operations.md)")


def _names(said: Declared, code: Code) -> Iterator[Check]:
    """What is called alike in the code and in what is deployed."""
    wrong = [f"{name} is a function that nobody deploys" for name in sorted(code.functions - said.functions)]
    wrong += [f"{name} is deployed and is no function" for name in sorted(said.functions - code.functions)]
    yield from _told("functions", wrong, f"{len(said.functions)} are deployed", "terraform/modules/tron/functions.tf")
    wrong = [
        f"{name} hears of {said.triggers.get(name, 'nothing')}, should of {collection}"
        for name, collection in COLLECTIONS.items() if said.triggers.get(name) != collection
    ]
    yield from _told("triggers", wrong, "hear of plans and of log records", "terraform/modules/tron/functions.tf")
    odd = {name for name in said.set_variables | set(said.settings) if not name.startswith(SECRET_PREFIX)}
    wrong = [f"{name} is set and nothing reads it" for name in sorted(odd - code.variables)]
    yield from _told("names", wrong, f"{len(odd)} settings, each of which is read", "correct the name, or take it out")
    lacking = (said.reads | said.cluster_secrets) - said.secrets
    wrong = [f"{name} is read and there is none" for name in sorted(lacking)]
    remedy = "`secrets` in terraform/modules/tron/variables.tf"
    yield from _told("secrets", wrong, f"{len(said.secrets)} of them", remedy)


def _schedule(said: Declared, today: date) -> Iterator[Check]:
    """The times of the first apply against the table of the next session; sync_schedule moves them afterwards."""
    try:
        day = next_trading_day(today)
        next_trading_day(today + HORIZON)
    except OutsideTable as error:
        yield Check("calendar", "red", str(error), "add the year's sessions to common/market/data")
        return
    wrong = []
    for step, call in wanted(day).items():
        if step in said.steps:
            hours, minutes = said.steps[step].split(":")
            cron = f"{int(minutes)} {int(hours)} * * *"
            wrong += [] if cron == call.cron else [f"{step} is called at {said.steps[step]}, {day} needs {call.cron}"]
        elif step != "supervise":
            wrong.append(f"nobody calls {step}")
    remedy = "`schedule` in terraform/modules/tron/variables.tf"
    yield from _told("schedule", wrong, f"as the table of {day} has it", remedy)


def _runners(said: Declared) -> Iterator[Check]:
    runner, has_cluster = said.values.get("runner") or {}, said.values.get("cluster")
    wrong = [
        f"{name} trades on gke, and there is no cluster" for name, one in runner.items()
        if one == "gke" and not has_cluster
    ]
    right = ", ".join(f"{name} on {one}" for name, one in runner.items())
    yield from _told("runners", wrong, right, "set cluster = true")
    there = dict(part.split("=") for part in said.settings.get("TRON_LAUNCHERS", "").split() if "=" in part)
    if has_cluster and there != runner:
        yield Check("runners", "amber", "the functions and the cluster's main runner launch in different places",
                    "the same in `runner` and in TRON_LAUNCHERS of the overlay, or suspend the main runner")


def _cluster(said: Declared) -> Iterator[Check]:
    """The overlay against terraform's variables; amber while there is no cluster to which it could be applied."""
    values, settings = said.values, said.settings
    project, wrong = values.get("project"), list[str]()
    pairs: dict[str, Any] = {
        "TRON_ENVIRONMENT": said.environment, "TRON_PROJECT": project,
        "TRON_BROKER": "kite" if values.get("trading") == "live" else "paper",
    }
    if values.get("cluster"):
        pairs |= {"TRON_KITE_USER": values.get("kite_user"), "TRON_EGRESS": values.get("registered_address")}
    for name, value in pairs.items():
        if settings.get(name, "") != (value or ""):
            wrong.append(f"{name} is {settings.get(name) or 'not set'}, terraform has {value or 'none'}")
    if said.namespace != f"tron-{said.environment}":
        wrong.append(f"the namespace is {said.namespace}")
    wrong += [f"the image {name} is not of the project {project}" for name, image in said.images.items()
              if name.startswith("tron") and f"/{project}/" not in image]
    verdict: Verdict = "red" if values.get("cluster") else "amber"
    yield from _told("cluster", wrong, "as terraform's variables", f"gke/overlays/{said.environment}", verdict)


def _settings(said: Declared) -> Iterator[Check]:
    try:
        read_settings({"TRON_HOME": "home", **said.settings})
    except SettingsError as error:
        yield Check("settings", "red", str(error), f"gke/overlays/{said.environment}/settings.env")


def _trading(said: Declared, mandate: Mandate) -> Iterator[Check]:
    values = said.values
    is_live, wrong = values.get("trading") == "live", list[str]()
    if is_live and said.environment != "production":
        wrong.append("trading = live is for production alone")
    if is_live and not values.get("mandate"):
        wrong.append("trading = live needs a mandate of your own")
    for name in ("kite_user", "registered_address") if is_live else ():
        wrong += [] if values.get(name) else [f"trading = live needs {name}"]
    if is_live != (mandate.mode == "live"):
        wrong.append(f"trading is {values.get('trading')} and the mandate says {mandate.mode}: nothing would be traded")
    right = f"{values.get('trading')}, as the mandate has it"
    yield from _told("trading", wrong, right, "docs/operations.md, first live day")
    if not values.get("kite_user"):
        told = "without kite_user there is no market, and nothing is traded"
        yield Check("trading", "amber", told, "name the account")


def _budget(said: Declared) -> Iterator[Check]:
    budget = said.values.get("budget")
    if not budget:
        yield Check("budget", "amber", "there is none: nobody tells of a bill that grows", "set budget")
        return
    used = (said.values.get("runner") or {}).values()
    runner = next((one for one in RUNNERS if one in used), RUNNERS[0])
    costs, most = summary(month(runner), runner)["paise"], paise_from_rupees(float(budget["rupees"]))
    wrong = [f"{money(most)} a month, and `tron cost` expects {money(costs)}"] if costs > most else []
    right = f"{money(most)}, expected {money(costs)}"
    yield from _told("budget", wrong, right, "raise it, or trade fewer classes", "amber")
