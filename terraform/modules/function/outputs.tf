output "url" {
  description = "Where it answers."
  value       = google_cloudfunctions2_function.this.url
}

output "service" {
  description = "Name of its Cloud Run service."
  value       = google_cloudfunctions2_function.this.name
}

output "email" {
  description = "Of its service account."
  value       = google_service_account.this.email
}

output "member" {
  description = "Its service account, as IAM has it."
  value       = google_service_account.this.member
}
