resource "google_firestore_database" "this" {
  project                           = var.project
  name                              = var.database
  location_id                       = var.location
  type                              = "FIRESTORE_NATIVE"
  concurrency_mode                  = "OPTIMISTIC"
  app_engine_integration_mode       = "DISABLED"
  point_in_time_recovery_enablement = var.keep ? "POINT_IN_TIME_RECOVERY_ENABLED" : "POINT_IN_TIME_RECOVERY_DISABLED"
  delete_protection_state           = var.keep ? "DELETE_PROTECTION_ENABLED" : "DELETE_PROTECTION_DISABLED"
  deletion_policy                   = var.keep ? "ABANDON" : "DELETE"
}

# Queries with a filter and an order need their index before they are asked.
resource "google_firestore_index" "this" {
  for_each   = { for one in var.indexes : join("-", concat([one.collection], [for field in one.fields : field.path])) => one }
  project    = var.project
  database   = google_firestore_database.this.name
  collection = each.value.collection

  dynamic "fields" {
    for_each = each.value.fields
    content {
      field_path = fields.value.path
      order      = fields.value.order
    }
  }
}

# Documents of these collections go by themselves, some hours after the moment in the field.
resource "google_firestore_field" "expires" {
  for_each   = { for one in var.expiring : one.collection => one.field }
  project    = var.project
  database   = google_firestore_database.this.name
  collection = each.key
  field      = each.value

  ttl_config {}
  index_config {}
}

resource "google_firestore_backup_schedule" "daily" {
  count     = var.keep ? 1 : 0
  project   = var.project
  database  = google_firestore_database.this.name
  retention = "604800s"

  daily_recurrence {}
}
