# One function from the package, with an identity of its own.
locals {
  service = replace(var.name, "_", "-")
}

resource "google_cloudfunctions2_function" "this" {
  #checkov:skip=CKV_GCP_124:Scheduler, Eventarc, the broker and browsers call from outside; who may is IAM or a key
  project     = var.project
  location    = var.region
  name        = local.service
  description = var.description

  build_config {
    runtime         = "python311"
    entry_point     = var.name
    service_account = var.builder

    source {
      storage_source {
        bucket = var.package.bucket
        object = var.package.object
      }
    }
  }

  service_config {
    service_account_email            = var.service_account
    available_memory                 = var.memory
    available_cpu                    = "1"
    timeout_seconds                  = var.timeout_seconds
    min_instance_count               = 0
    max_instance_count               = var.max_instances
    max_instance_request_concurrency = 8
    ingress_settings                 = "ALLOW_ALL"
    all_traffic_on_latest_revision   = true
    environment_variables            = merge(var.environment, { LOG_EXECUTION_ID = "true" })

    dynamic "secret_environment_variables" {
      for_each = var.secrets
      content {
        key        = secret_environment_variables.key
        project_id = var.project
        secret     = secret_environment_variables.value
        version    = "latest"
      }
    }
  }

  dynamic "event_trigger" {
    for_each = var.trigger == null ? [] : [var.trigger]
    content {
      event_type            = event_trigger.value.type
      trigger_region        = event_trigger.value.region
      service_account_email = event_trigger.value.service_account
      retry_policy          = "RETRY_POLICY_RETRY"

      event_filters {
        attribute = "database"
        value     = event_trigger.value.database
      }
      event_filters {
        attribute = "document"
        value     = event_trigger.value.document
        operator  = "match-path-pattern"
      }
    }
  }
}

# A function of the second generation is a service of Cloud Run: who may call that may call it.
resource "google_cloud_run_service_iam_member" "invoker" {
  for_each = var.invokers
  project  = var.project
  location = var.region
  service  = google_cloudfunctions2_function.this.name
  role     = "roles/run.invoker"
  member   = each.value
}
