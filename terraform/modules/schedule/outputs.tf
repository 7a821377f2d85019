output "email" {
  description = "Of the service account that calls."
  value       = google_service_account.this.email
}

output "member" {
  description = "Who calls, as IAM has it."
  value       = google_service_account.this.member
}

output "id" {
  description = "The service account that calls, as other resources name it."
  value       = google_service_account.this.name
}
