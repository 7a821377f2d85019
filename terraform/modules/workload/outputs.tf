output "job" {
  description = "Name of the job."
  value       = google_cloud_run_v2_job.this.name
}

output "member" {
  description = "The workloads' service account, as IAM has it."
  value       = google_service_account.this.member
}

output "id" {
  description = "The workloads' service account, as other resources name it."
  value       = google_service_account.this.name
}
