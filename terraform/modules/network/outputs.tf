output "network" {
  description = "Id of the network."
  value       = google_compute_network.this.id
}

output "subnetwork" {
  description = "Id of the subnetwork."
  value       = google_compute_subnetwork.this.id
}

output "address" {
  description = "The one address that orders leave from: register it with the broker."
  value       = google_compute_address.this.address
}
