output "name" {
  description = "Of the bucket."
  value       = google_storage_bucket.this.name
}
