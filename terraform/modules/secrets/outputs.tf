output "ids" {
  description = "Each secret's id by its name."
  value       = { for name, one in google_secret_manager_secret.this : name => one.secret_id }
}
