"""Jobs of one namespace of a Kubernetes cluster, by its REST API.

Source: kubernetes.io/docs/reference/kubernetes-api/workload-resources/job-v1.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from common.adapters.launchers.rest import Reply, RestClient, google_session
from common.launch_ports import LaunchError

ACCOUNT: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""Where a pod finds its namespace, the cluster's certificate and its own token, which changes while it runs."""
INSIDE: Final = "https://kubernetes.default.svc"


class Kubernetes:
    """The answers as they are: what a status means depends on what was asked."""

    def __init__(self, address: str, namespace: str, account: Path | None = None) -> None:
        """account: directory of a pod's service account; None for the environment's Google credentials."""
        if not namespace:
            raise LaunchError("TRON_KUBERNETES_NAMESPACE is not set: give the namespace of the workloads")

        def session() -> Any:
            return google_session(address) if account is None else _pod_session(account)

        self.namespace = namespace
        self._path = f"apis/batch/v1/namespaces/{namespace}/jobs"
        self._client = RestClient("the Kubernetes API", address, session)

    def create(self, job: Mapping[str, Any]) -> Reply:
        """201, or 409 where the name is taken. A field that Kubernetes does not know is refused. Raises LaunchError."""
        return self._client.call("POST", self._path, job, {"fieldValidation": "Strict"})

    def get(self, name: str) -> Reply:
        """200, or 404. Raises LaunchError."""
        return self._client.call("GET", f"{self._path}/{name}")

    def delete(self, name: str, uid: str, propagation: str) -> Reply:
        """Of that very Job: 200, 404 where it is gone, 409 where another has its name now. Raises LaunchError."""
        options = {
            "apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": propagation,
            "preconditions": {"uid": uid},
        }
        return self._client.call("DELETE", f"{self._path}/{name}", options)


def inside(namespace: str, account: Path = ACCOUNT, address: str = INSIDE) -> Kubernetes:
    """From a pod, as its service account. namespace: '' for the pod's own. Raises LaunchError."""
    try:
        return Kubernetes(address, namespace or (account / "namespace").read_text().strip(), account)
    except OSError as error:
        raise LaunchError(
            f"this is no pod of a cluster ({error}): set TRON_KUBERNETES_URL and TRON_KUBERNETES_NAMESPACE"
        ) from None


def _pod_session(account: Path) -> Any:
    import requests
    from requests.auth import AuthBase

    class Token(AuthBase):
        def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
            request.headers["Authorization"] = f"Bearer {(account / 'token').read_text().strip()}"
            return request

    session = requests.Session()
    session.auth = Token()
    session.verify = str(account / "ca.crt")
    return session
