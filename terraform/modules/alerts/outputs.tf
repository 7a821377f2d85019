output "channel" {
  description = "Id of the person's notification channel."
  value       = google_monitoring_notification_channel.person.id
}
