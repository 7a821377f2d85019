# The places of secrets, and who may read or renew each. What is in them is never Terraform's: see the README.
resource "google_secret_manager_secret" "this" {
  for_each  = var.secrets
  project   = var.project
  secret_id = each.key

  replication {
    auto {}
  }

  version_destroy_ttl = "604800s"
}

locals {
  grants = merge([
    for name, one in var.secrets : merge(
      { for key, member in one.readers : "${name} read ${key}" => { secret = name, role = "roles/secretmanager.secretAccessor", member = member } },
      { for key, member in one.writers : "${name} renew ${key}" => { secret = name, role = "roles/secretmanager.secretVersionAdder", member = member } },
    )
  ]...)
}

resource "google_secret_manager_secret_iam_member" "this" {
  for_each  = local.grants
  project   = var.project
  secret_id = google_secret_manager_secret.this[each.value.secret].secret_id
  role      = each.value.role
  member    = each.value.member
}
