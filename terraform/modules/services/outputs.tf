output "enabled" {
  description = "Names of what is on; depend on it where a service must be there first."
  value       = { for name, one in google_project_service.this : name => one.id }
}
