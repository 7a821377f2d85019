# Every function, and what it alone may do. store: read or write. archive: read or write. reads, renews: secrets.
# launches: starts and ends workloads. schedules: changes the schedule. egress: leaves from the registered address.
# public: checks its callers itself (keys, state, checksum); else only the schedule may call it.
locals {
  defaults = {
    store  = "write", archive = "none", reads = [], renews = [], launches = false, schedules = false, egress = false
    public = false, memory = "512Mi", timeout_seconds = 120
  }

  steps = {
    sync_schedule = { store = "read", schedules = true }
    remind_login  = { reads = ["kite-api-key", "kite-api-secret", "notify-urls"] }
    prepare_day = {
      archive = "write", reads = ["kite-api-key", "kite-access-token", "notify-urls"], egress = true, memory = "1Gi", timeout_seconds = 300
    }
    plan_day   = { archive = "read", reads = ["openai-api-key", "notify-urls"], timeout_seconds = 300 }
    supervise  = { archive = "read", reads = ["kite-api-key", "kite-access-token", "notify-urls"], launches = true, egress = true, timeout_seconds = 180 }
    square_off = { archive = "read", reads = ["kite-api-key", "kite-access-token", "notify-urls"], launches = true, egress = true, timeout_seconds = 300 }
    close_day  = { archive = "write", reads = ["kite-api-key", "kite-access-token", "notify-urls"], memory = "1Gi", timeout_seconds = 540 }
  }

  events = {
    start_workloads = { launches = true }
    alert           = { reads = ["notify-urls", "kite-api-key", "kite-api-secret"] }
  }

  from_the_broker = {
    kite_login    = { reads = ["kite-api-key", "kite-api-secret"], renews = ["kite-access-token"], calls = ["prepare_day", "plan_day"], public = true }
    kite_postback = { reads = ["kite-api-secret"], public = true }
  }

  api = merge(
    { for name in ["plan", "workloads", "positions", "logs", "scorecard", "openapi"] : name => { store = "read", reads = ["api-keys"], public = true } },
    { for name in ["health", "trades", "pnl", "report", "backtests"] : name => { store = "read", archive = "read", reads = ["api-keys"], public = true } },
    { control = { reads = ["api-keys"], public = true } },
  )

  functions = { for name, one in merge(local.steps, local.events, local.from_the_broker, local.api) : name => merge(local.defaults, { calls = [] }, one) }

  inside  = { for name, one in local.functions : name => one if !one.egress }
  outside = { for name, one in local.functions : name => one if one.egress }
  members = { for name, one in google_service_account.function : name => one.member }
  urls    = merge({ for name, one in module.function : name => one.url }, { for name, one in module.egress_function : name => one.url })

  triggers = {
    start_workloads = { type = "google.cloud.firestore.document.v1.written", document = "gpt_runner_daily_plan/{date}" }
    alert           = { type = "google.cloud.firestore.document.v1.created", document = "system_logs_realtime/{id}" }
  }
}

resource "google_service_account" "function" {
  for_each     = local.functions
  project      = var.project
  account_id   = "tron-${replace(each.key, "_", "-")}"
  display_name = "Tron ${each.key}"
}

module "function" {
  source   = "../function"
  for_each = local.inside

  project         = var.project
  region          = var.region
  name            = each.key
  service_account = google_service_account.function[each.key].email
  package         = { bucket = google_storage_bucket.packages.name, object = google_storage_bucket_object.package.name }
  builder         = google_service_account.builder.id
  memory          = each.value.memory
  timeout_seconds = each.value.timeout_seconds
  environment     = local.environment
  invokers        = local.invokers[each.key]
  trigger = !contains(keys(local.triggers), each.key) ? null : merge(local.triggers[each.key], {
    region          = coalesce(var.trigger_region, var.firestore_location)
    database        = module.store.database
    service_account = google_service_account.events.email
  })

  depends_on = [module.services, google_project_iam_member.builder, google_project_iam_member.events]
}

module "egress_function" {
  source   = "../egress_function"
  for_each = local.outside

  project         = var.project
  region          = var.region
  name            = each.key
  service_account = google_service_account.function[each.key].email
  image           = var.images.tron
  memory          = each.value.memory
  timeout_seconds = each.value.timeout_seconds
  environment     = local.environment
  invokers        = local.invokers[each.key]
  network         = module.network.network
  subnetwork      = module.network.subnetwork

  depends_on = [module.services]
}

locals {
  invokers = {
    for name, one in local.functions : name => merge(
      one.public ? { everybody = "allUsers" } : {},
      contains(keys(local.steps), name) ? { schedule = module.schedule.member } : {},
      contains(keys(local.events), name) ? { events = google_service_account.events.member } : {},
      contains(local.from_the_broker.kite_login.calls, name) ? { login = local.members["kite_login"] } : {},
    )
  }
}

resource "google_project_iam_member" "store" {
  for_each = local.functions
  project  = var.project
  role     = each.value.store == "write" ? "roles/datastore.user" : "roles/datastore.viewer"
  member   = local.members[each.key]
}
