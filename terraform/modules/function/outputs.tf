output "url" {
  description = "Where it answers."
  value       = google_cloudfunctions2_function.this.url
}

output "service" {
  description = "Name of its Cloud Run service."
  value       = google_cloudfunctions2_function.this.name
}
