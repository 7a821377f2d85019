output "name" {
  description = "Of the cluster."
  value       = google_container_cluster.this.name
}

output "address" {
  description = "Where its API answers those whom IAM lets in; empty while the cluster has no such name."
  value       = try("https://${google_container_cluster.this.control_plane_endpoints_config[0].dns_endpoint_config[0].endpoint}", "")
}

output "members" {
  description = "The namespace's service accounts by name, as IAM has them."
  value = {
    for name in ["trade", "main-runner", "api", "dashboard", "secret-sync"] : name => "${local.namespace}/${name}"
  }
}
