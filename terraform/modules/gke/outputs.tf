output "name" {
  description = "Of the cluster."
  value       = google_container_cluster.this.name
}

output "address" {
  description = "Where its API answers those whom IAM lets in."
  value       = "https://${google_container_cluster.this.control_plane_endpoints_config[0].dns_endpoint_config[0].endpoint}"
}

output "members" {
  description = "The namespace's service accounts by name, as IAM has them."
  value = {
    for name in ["trade", "main-runner", "api", "dashboard", "secret-sync"] : name => "${local.namespace}/${name}"
  }
}
