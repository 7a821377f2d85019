# Logs, evidence, reports and recorded sessions: private, never overwritten, cheaper as they age.
resource "google_storage_bucket" "this" {
  #checkov:skip=CKV_GCP_62:access is in the audit logs of the project; logs of logs would cost more than the archive
  project                     = var.project
  name                        = var.name
  location                    = var.location
  storage_class               = "STANDARD"
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = false

  versioning {
    enabled = true
  }

  soft_delete_policy {
    retention_duration_seconds = 604800
  }

  dynamic "lifecycle_rule" {
    for_each = var.lifecycle_rules
    content {
      action {
        type          = lifecycle_rule.value.action.type
        storage_class = lifecycle_rule.value.action.storageClass
      }
      condition {
        age                   = lifecycle_rule.value.condition.age
        matches_storage_class = lifecycle_rule.value.condition.matchesStorageClass
      }
    }
  }

  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      num_newer_versions = 3
      with_state         = "ARCHIVED"
    }
  }
}

resource "google_storage_bucket_iam_member" "this" {
  for_each = merge([
    for role, members in { "roles/storage.objectViewer" = var.readers, "roles/storage.objectUser" = var.writers } :
    { for name, member in members : "${role} ${name}" => { role = role, member = member } }
  ]...)
  bucket = google_storage_bucket.this.name
  role   = each.value.role
  member = each.value.member
}
