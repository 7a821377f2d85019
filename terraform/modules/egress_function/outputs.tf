output "url" {
  description = "Where it answers."
  value       = google_cloud_run_v2_service.this.uri
}

output "service" {
  description = "Name of its Cloud Run service."
  value       = google_cloud_run_v2_service.this.name
}
