# GitHub's pipelines act as these service accounts, from this repository and environment alone, without any key.
resource "google_iam_workload_identity_pool" "github" {
  project                   = var.project
  workload_identity_pool_id = "github"
  display_name              = "GitHub"
}

resource "google_iam_workload_identity_pool_provider" "github" {
  #checkov:skip=CKV_GCP_125:the condition is on the repository, and each service account below is one subject, environment included
  project                            = var.project
  workload_identity_pool_id          = google_iam_workload_identity_pool.github.workload_identity_pool_id
  workload_identity_pool_provider_id = "github"
  attribute_condition                = "assertion.repository == '${var.repository}'"
  attribute_mapping = {
    "google.subject"        = "assertion.sub"
    "attribute.environment" = "assertion.environment"
    "attribute.repository"  = "assertion.repository"
  }

  oidc {
    issuer_uri = "https://token.actions.githubusercontent.com"
  }
}

resource "google_service_account" "this" {
  for_each     = var.identities
  project      = var.project
  account_id   = "github-${each.key}"
  display_name = "GitHub: ${each.key}"
}

resource "google_service_account_iam_member" "github" {
  for_each           = var.identities
  service_account_id = google_service_account.this[each.key].name
  role               = "roles/iam.workloadIdentityUser"
  member             = "principal://iam.googleapis.com/${google_iam_workload_identity_pool.github.name}/subject/repo:${var.repository}:environment:${each.value.environment}"
}

locals {
  roles = merge([for name, one in var.identities : { for role in one.roles : "${name} ${role}" => { name = name, role = role } }]...)
}

resource "google_project_iam_member" "this" {
  for_each = local.roles
  project  = var.project
  role     = each.value.role
  member   = google_service_account.this[each.value.name].member
}
