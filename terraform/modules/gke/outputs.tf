output "name" {
  description = "Of the cluster."
  value       = google_container_cluster.this.name
}

output "members" {
  description = "The namespace's service accounts by name, as IAM has them."
  value = {
    for name in ["trade", "main-runner", "api", "dashboard", "secret-sync"] : name => "${local.namespace}/${name}"
  }
}
