# When each function is called on an ordinary day. Once a day `sync_schedule` moves and pauses these jobs as the session
# table of that day says, so what it changes is not changed back here.
resource "google_service_account" "this" {
  project      = var.project
  account_id   = "tron-scheduler"
  display_name = "Tron's schedule: calls functions"
}

resource "google_cloud_scheduler_job" "this" {
  for_each         = var.steps
  project          = var.project
  region           = var.region
  name             = "tron-${replace(each.key, "_", "-")}"
  description      = "Calls ${each.key}"
  schedule         = each.value.cron
  time_zone        = "Asia/Kolkata"
  attempt_deadline = "${each.value.deadline_seconds}s"

  retry_config {
    retry_count          = each.value.retries
    min_backoff_duration = "30s"
    max_backoff_duration = "120s"
    max_doublings        = 1
  }

  http_target {
    http_method = "POST"
    uri         = each.value.url
    headers     = { "Content-Type" = "application/json" }
    body        = base64encode("{}")

    oidc_token {
      service_account_email = google_service_account.this.email
      audience              = each.value.url
    }
  }

  lifecycle {
    ignore_changes = [schedule, paused]
  }
}
