"""gke/ as the cluster would get it: strictly valid, restricted, closed but for what is needed, the same everywhere."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

import kubernetes_validate
import pytest

from jobs.local.proxy import for_place
from tests.manifests import ENVIRONMENTS, GKE, manifests, needs_kubectl, pods, rendered, rendered_from

pytestmark = needs_kubectl
KUBERNETES: Final = "1.30"
OF_GKE: Final = {"SecretProviderClass", "SecretSync"}
"""Kinds that GKE brings, whose schemas are not Kubernetes' own."""
NAMED_PROJECT: Final = r"resourceName: projects/([^/]+)/secrets/[a-z0-9-]+/versions/latest"
NAME: Final = "app.kubernetes.io/name"
LINK_LOCAL: Final = {"169.254.169.254/32", "169.254.169.252/32", "169.254.20.10/32"}


def every_pod() -> list[tuple[str, str, dict[str, Any]]]:
    """(environment, name, template) of all that runs, the trading workload's too."""
    found = [(one, name, pod) for one in ENVIRONMENTS for name, pod in pods(one).items()]
    trade = json.loads((GKE / "base" / "trade_job.json").read_text(encoding="utf-8"))
    return [*found, ("", "trade", trade["spec"]["template"])]


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_object_is_strictly_valid(environment: str) -> None:
    """A field that Kubernetes does not know fails here and not at the deployment."""
    found = manifests(environment)
    for one in found:
        if one["kind"] not in OF_GKE:
            kubernetes_validate.validate(one, KUBERNETES, strict=True)
    kinds = {one["kind"] for one in found}
    assert {"Namespace", "CronJob", "Deployment", "NetworkPolicy", "PodDisruptionBudget"} <= kinds


def test_the_trading_job_is_strictly_valid_and_a_fatal_call_ends_it() -> None:
    """What the launcher fills in is a Job; exit status 2 (a call that is not right) is not tried again."""
    job = json.loads((GKE / "base" / "trade_job.json").read_text(encoding="utf-8"))
    kubernetes_validate.validate({**job, "metadata": {**job["metadata"], "name": "trade"}}, KUBERNETES, strict=True)
    rules = job["spec"]["podFailurePolicy"]["rules"]
    codes = {rule["action"]: rule.get("onExitCodes", {}).get("values") for rule in rules}
    assert codes == {"Ignore": None, "FailJob": [2]}


@pytest.mark.parametrize(("environment", "name", "pod"), every_pod() if GKE.is_dir() else [])
def test_every_pod_is_restricted(environment: str, name: str, pod: dict[str, Any]) -> None:
    """Pod Security `restricted`, and more: a read-only root, no identity of the cluster but where it is needed."""
    spec = pod["spec"]
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["runAsUser"] > 0
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert spec["automountServiceAccountToken"] is (name == "main-runner"), environment
    assert spec["serviceAccountName"] == name
    assert not any(spec.get(key) for key in ("hostNetwork", "hostPID", "hostIPC"))
    for container in spec["containers"]:
        context = container["securityContext"]
        assert context["allowPrivilegeEscalation"] is False
        assert context["readOnlyRootFilesystem"] is True
        assert context["capabilities"] == {"drop": ["ALL"]}
        assert set(container["resources"]["limits"]) == {"cpu", "memory", "ephemeral-storage"}
        assert container["resources"]["requests"] == container["resources"]["limits"]
    assert all("hostPath" not in volume for volume in spec.get("volumes", []))


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_what_serves_is_probed_and_survives_a_drain(environment: str) -> None:
    """Each Deployment has its three probes; nothing that is asked by a person goes away all at once by design."""
    found = manifests(environment)
    for one in found:
        if one["kind"] == "Deployment":
            for container in one["spec"]["template"]["spec"]["containers"]:
                assert {"startupProbe", "livenessProbe", "readinessProbe"} <= container.keys()
    budgets = {one["metadata"]["name"] for one in found if one["kind"] == "PodDisruptionBudget"}
    assert budgets == {"api", "nginx"}
    scaled = [one for one in found if one["kind"] == "HorizontalPodAutoscaler"]
    assert [one["spec"]["scaleTargetRef"]["name"] for one in scaled] == ["api"]


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_nothing_flows_but_what_is_needed(environment: str) -> None:
    """Closed by default, in and out; who may be reached by whom, as one table."""
    found = [one for one in manifests(environment) if one["kind"] == "NetworkPolicy"]
    policies = {one["metadata"]["name"]: one["spec"] for one in found}
    closed = policies.pop("nothing")
    assert closed == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    flows = {name: (sources(spec), targets(spec)) for name, spec in policies.items()}
    outside = {"names", "identity", "https"}
    assert flows == {
        "trade": (set(), outside),
        "main-runner": (set(), outside | {"kubernetes"}),
        "api": ({"nginx:8081", "dashboard:8081"}, outside),
        "dashboard": ({"nginx:8501"}, {"names", "https", "api:8081"}),
        "nginx": ({"anybody:8443"}, {"names", "api:8081", "dashboard:8501"}),
    }


def sources(spec: dict[str, Any]) -> set[str]:
    """Who may come in, as name:port."""
    found = set()
    for rule in spec.get("ingress", []):
        assert len(rule["ports"]) == 1
        peers = rule.get("from") or [{}]
        names = [peer.get("podSelector", {}).get("matchLabels", {}).get(NAME, "anybody") for peer in peers]
        found |= {f"{name}:{rule['ports'][0]['port']}" for name in names}
    return found


def targets(spec: dict[str, Any]) -> set[str]:
    """Where it may go, as name:port or in one word."""
    return {target(rule) for rule in spec.get("egress", [])}


def target(rule: dict[str, Any]) -> str:
    """One rule, whose peers and ports must be exactly those that its word stands for."""
    ports = {port["port"] for port in rule["ports"]}
    pods_ = [peer["podSelector"]["matchLabels"][NAME] for peer in rule["to"] if "podSelector" in peer]
    if pods_:
        return f"{pods_[0]}:{ports.pop()}"
    blocks = [peer["ipBlock"] for peer in rule["to"] if "ipBlock" in peer]
    if ports == {53}:
        return "names"
    if ports in ({80}, {988}):
        assert {block["cidr"] for block in blocks} <= LINK_LOCAL
        return "identity"
    assert ports == {443}
    if blocks[0]["cidr"] != "0.0.0.0/0":
        return "kubernetes"
    assert set(blocks[0]["except"]) == {
        "10.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16",
    }  # fmt: skip
    return "https"


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_no_secret_is_in_the_repository(environment: str) -> None:
    """Secrets come from Secret Manager by sync: what is rendered has none, and says whose they are."""
    found = manifests(environment)
    assert not [one for one in found if one["kind"] == "Secret"]
    project = next(one for one in found if one["kind"] == "ConfigMap" and one["metadata"]["name"] == "settings")
    for one in found:
        if one["kind"] == "SecretProviderClass":
            named = re.findall(NAMED_PROJECT, one["spec"]["parameters"]["secrets"])
            assert set(named) == {project["data"]["TRON_PROJECT"]}
    synced = {one["metadata"]["name"]: one for one in found if one["kind"] == "SecretSync"}
    assert synced.keys() == {"zerodha", "openai", "dashboard", "sign-in"}
    for one in synced.values():
        assert one["spec"]["secretProviderClassName"] == one["metadata"]["name"]


def test_overlays_differ_only_where_they_should() -> None:
    """Names of the environment, images by where they lie, and how many answer: nothing else."""
    plain = {one: rendered(one).replace(one, "ENVIRONMENT") for one in ENVIRONMENTS}
    assert plain["development"] == plain["staging"]
    ours, theirs = (plain[one].splitlines() for one in ("staging", "production"))
    differing = [(a, b) for a, b in zip(ours, theirs, strict=True) if a != b]
    assert differing == [("  minReplicas: 1", "  minReplicas: 2")]


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_workload_runs_the_image_that_the_api_runs(environment: str) -> None:
    """The launcher is told by the same line of the overlay that sets every other image."""
    template = pods(environment)
    api = template["api"]["spec"]["containers"][0]["image"]
    variables = {one["name"]: one.get("value") for one in template["main-runner"]["spec"]["containers"][0]["env"]}
    assert variables["TRON_IMAGE"] == template["main-runner"]["spec"]["containers"][0]["image"] == api
    assert "tron" in api


def test_secrets_may_come_from_files_that_git_ignores(tmp_path: Path) -> None:
    """Where there is no sync: the same Secrets, filled from copies of the examples."""
    tree = Path(shutil.copytree(GKE, tmp_path / "gke"))
    for example in (tree / "components" / "secrets-from-env").glob("*.example"):
        filled = example.read_text(encoding="utf-8").replace("=\n", "=value\n")
        example.with_suffix("").write_text(filled, encoding="utf-8")
    overlay = tree / "overlays" / "development" / "kustomization.yaml"
    text = overlay.read_text(encoding="utf-8").replace("secrets-from-secret-manager", "secrets-from-env")
    overlay.write_text(text.partition("  - source: {kind: ConfigMap")[0], encoding="utf-8")
    secrets = [one for one in rendered_from(overlay.parent) if one["kind"] == "Secret"]
    assert {one["metadata"]["name"] for one in secrets} == {"zerodha", "openai", "gcp", "dashboard", "sign-in"}
    assert {"dmFsdWU="} in [set(one["data"].values()) for one in secrets]
    ignored = ["git", "check-ignore", "gke/components/secrets-from-env/zerodha.env"]
    assert subprocess.run(ignored, cwd=GKE.parent, capture_output=True, check=False).returncode == 0


def test_the_cluster_s_proxy_is_the_one_of_the_template() -> None:
    """What kustomize reads is what `tron proxy --for gke` prints: write it anew when the template changes."""
    assert (GKE / "base" / "nginx" / "nginx.conf").read_text(encoding="utf-8") == for_place("gke").render()
