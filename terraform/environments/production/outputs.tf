output "address" {
  description = "Register this address with the broker; then set registered_address to it."
  value       = module.tron.address
}

output "dashboard" {
  description = "Where the page is."
  value       = module.tron.dashboard
}

output "functions" {
  description = "Where each function answers."
  value       = module.tron.functions
}

output "images" {
  description = "For the variable IMAGE_REPOSITORY of the repository on GitHub."
  value       = module.tron.images
}

output "pipelines" {
  description = "For the variables WORKLOAD_IDENTITY_PROVIDER and SERVICE_ACCOUNT on GitHub."
  value       = var.repository == null ? null : { provider = module.federation[0].provider, emails = module.federation[0].emails }
}
