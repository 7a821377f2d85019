# Who builds, who delivers events, and what remains to be granted to functions and workloads.
resource "google_service_account" "builder" {
  project      = var.project
  account_id   = "tron-builder"
  display_name = "Tron: builds functions"
}

resource "google_project_iam_member" "builder" {
  for_each = toset(["roles/logging.logWriter", "roles/artifactregistry.writer", "roles/storage.objectViewer"])
  project  = var.project
  role     = each.value
  member   = google_service_account.builder.member
}

resource "google_service_account" "events" {
  project      = var.project
  account_id   = "tron-events"
  display_name = "Tron: delivers events of Firestore"
}

resource "google_project_iam_member" "events" {
  project = var.project
  role    = "roles/eventarc.eventReceiver"
  member  = google_service_account.events.member
}

resource "google_project_iam_member" "workloads" {
  for_each = merge(
    { trade = module.workload.member, dashboard = module.dashboard.member },
    { for name, member in local.in_cluster : "cluster-${name}" => member if contains(["trade", "main-runner", "api"], name) },
  )
  project = var.project
  role    = "roles/datastore.user"
  member  = each.value
}

# To start an execution as the workload is to act as it.
resource "google_service_account_iam_member" "launcher" {
  for_each           = local.launchers
  service_account_id = module.workload.id
  role               = "roles/iam.serviceAccountUser"
  member             = each.value
}

resource "google_project_iam_custom_role" "schedules" {
  project     = var.project
  role_id     = "tronSchedules"
  title       = "Tron: moves the steps of the day"
  permissions = ["cloudscheduler.jobs.get", "cloudscheduler.jobs.list", "cloudscheduler.jobs.update", "cloudscheduler.jobs.pause", "cloudscheduler.jobs.enable"]
}

resource "google_project_iam_member" "schedules" {
  for_each = { for name, one in local.functions : name => one if one.schedules }
  project  = var.project
  role     = google_project_iam_custom_role.schedules.id
  member   = local.members[each.key]
}

# To change a job that calls as an account is to act as that account.
resource "google_service_account_iam_member" "schedules" {
  for_each           = { for name, one in local.functions : name => one if one.schedules }
  service_account_id = module.schedule.id
  role               = "roles/iam.serviceAccountUser"
  member             = local.members[each.key]
}

resource "google_project_iam_custom_role" "jobs" {
  count       = var.cluster ? 1 : 0
  project     = var.project
  role_id     = "tronJobs"
  title       = "Tron: starts and ends Jobs of the cluster"
  permissions = ["container.clusters.get", "container.clusters.connect", "container.jobs.create", "container.jobs.delete", "container.jobs.get", "container.jobs.list"]
}

resource "google_project_iam_member" "jobs" {
  for_each = { for name, one in local.functions : name => one if one.launches && var.cluster }
  project  = var.project
  role     = google_project_iam_custom_role.jobs[0].id
  member   = local.members[each.key]
}
