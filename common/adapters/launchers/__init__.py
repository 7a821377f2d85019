"""Ways to start a workload: a process here, a Cloud Run job or a Kubernetes Job in the cloud."""
