output "provider" {
  description = "For the variable WORKLOAD_IDENTITY_PROVIDER of the repository."
  value       = google_iam_workload_identity_pool_provider.github.name
}

output "emails" {
  description = "For the variable SERVICE_ACCOUNT of each GitHub environment."
  value       = { for name, one in google_service_account.this : name => one.email }
}
