output "address" {
  description = "Register this address with the broker; then set registered_address to it."
  value       = module.network.address
}

output "dashboard" {
  description = "Where the page is."
  value       = module.dashboard.url
}

output "functions" {
  description = "Where each function answers."
  value       = local.urls
}

output "images" {
  description = "What the names of images begin with."
  value       = module.registry.url
}
