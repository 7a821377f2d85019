output "url" {
  description = "Where the page is."
  value       = google_cloud_run_v2_service.this.uri
}

output "member" {
  description = "Its service account, as IAM has it."
  value       = google_service_account.this.member
}
