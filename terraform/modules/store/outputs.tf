output "database" {
  description = "Name of the database."
  value       = google_firestore_database.this.name
}

output "location" {
  description = "Where it is; triggers must be there too."
  value       = google_firestore_database.this.location_id
}
