# What must wake the person although every function of ours is silent: Google watches, and writes an e-mail.
resource "google_monitoring_notification_channel" "person" {
  project      = var.project
  display_name = "Tron's person"
  type         = "email"
  labels       = { email_address = var.email }
}

locals {
  # Counted by Google from the logs. missing: the alarm is that there are none, by that time of a trading day.
  watched = {
    errors = {
      filter = "severity>=ERROR AND jsonPayload.environment=\"${var.environment}\""
      text   = "Something of Tron has failed. `tron logs --level error` shows it; docs/operations.md has each alarm."
    }
    halts = {
      filter = "jsonPayload.category=\"alert\" AND severity>=CRITICAL AND jsonPayload.environment=\"${var.environment}\""
      text   = "Trading has stopped, or a position needs a look: see the dashboard, then docs/operations.md."
    }
  }
}

resource "google_logging_metric" "watched" {
  for_each = local.watched
  project  = var.project
  name     = "tron/${each.key}"
  filter   = each.value.filter

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "INT64"
    unit        = "1"
  }
}

resource "google_monitoring_alert_policy" "watched" {
  for_each              = local.watched
  project               = var.project
  display_name          = "Tron: ${each.key}"
  combiner              = "OR"
  notification_channels = [google_monitoring_notification_channel.person.id]

  conditions {
    display_name = each.key
    condition_threshold {
      filter          = "metric.type=\"logging.googleapis.com/user/${google_logging_metric.watched[each.key].name}\" AND resource.type=\"global\""
      comparison      = "COMPARISON_GT"
      threshold_value = 0
      duration        = "0s"
      aggregations {
        alignment_period   = "60s"
        per_series_aligner = "ALIGN_SUM"
      }
    }
  }

  documentation {
    content = each.value.text
  }

  alert_strategy {
    auto_close = "1800s"
  }
}

# A step that was not called, or called and never answered well: its job says so itself.
resource "google_monitoring_alert_policy" "missed_step" {
  project               = var.project
  display_name          = "Tron: a step of the day has failed"
  combiner              = "OR"
  notification_channels = [google_monitoring_notification_channel.person.id]

  conditions {
    display_name = "Cloud Scheduler could not call it"
    condition_matched_log {
      filter = "resource.type=\"cloud_scheduler_job\" AND severity>=ERROR AND resource.labels.job_id=~\"^tron-\""
    }
  }

  documentation {
    content = "No plan means no trade: the day is safe, and empty. docs/operations.md, 'A step has failed'."
  }

  alert_strategy {
    auto_close = "86400s"
    notification_rate_limit {
      period = "300s"
    }
  }
}

# A workload that stops writing while it should trade is seen by `supervise` each minute; this one sees supervise itself.
resource "google_monitoring_alert_policy" "silent" {
  project               = var.project
  display_name          = "Tron: nobody watches"
  combiner              = "OR"
  notification_channels = [google_monitoring_notification_channel.person.id]

  conditions {
    display_name = "supervise is not called"
    condition_absent {
      filter   = "metric.type=\"run.googleapis.com/request_count\" AND resource.type=\"cloud_run_revision\" AND resource.labels.service_name=\"supervise\""
      duration = "3600s"
      aggregations {
        alignment_period     = "300s"
        per_series_aligner   = "ALIGN_DELTA"
        cross_series_reducer = "REDUCE_SUM"
      }
    }
  }

  documentation {
    content = "supervise is called each minute of a session. Overnight and on holidays this closes by itself; in a session, run `tron flatten --broker-only` if in doubt."
  }

  alert_strategy {
    auto_close = "3600s"
  }
}

resource "google_billing_budget" "month" {
  count           = var.budget == null ? 0 : 1
  billing_account = var.budget.billing_account
  display_name    = "Tron ${var.environment}"

  budget_filter {
    projects        = ["projects/${var.project_number}"]
    calendar_period = "MONTH"
  }

  amount {
    specified_amount {
      currency_code = "INR"
      units         = tostring(var.budget.rupees)
    }
  }

  dynamic "threshold_rules" {
    for_each = [0.5, 0.9, 1.0]
    content {
      threshold_percent = threshold_rules.value
    }
  }

  all_updates_rule {
    monitoring_notification_channels = [google_monitoring_notification_channel.person.id]
    disable_default_iam_recipients   = false
  }
}
