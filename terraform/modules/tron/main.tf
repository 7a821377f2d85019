# The whole of one environment. What each part may do stands with the part; who is who stands here.
data "google_project" "this" {
  project_id = var.project
}

locals {
  retention = jsondecode(file("${path.module}/../../../common/data/retention.json"))
  live      = var.trading == "live"
  keep      = var.environment == "production"

  environment = merge(
    {
      TRON_HOME          = "/tmp/tron"
      TRON_ENVIRONMENT   = var.environment
      TRON_PROJECT       = var.project
      TRON_LOCATION      = var.region
      TRON_STORE         = "firestore"
      TRON_ARCHIVE       = "gcs"
      TRON_BUCKET        = module.archive.name
      TRON_SECRETS       = "secret_manager"
      TRON_BROKER        = local.live ? "kite" : "paper"
      TRON_MARKET        = var.kite_user == "" ? "recorded" : "kite"
      TRON_KITE_USER     = var.kite_user
      TRON_EGRESS        = var.registered_address
      TRON_FUNCTIONS_URL = "https://${var.region}-${var.project}.cloudfunctions.net"
      TRON_FEEDS         = join(" ", var.headline_feeds)
      TRON_LAUNCHERS     = join(" ", [for name, one in var.runner : "${name}=${one}"])
    },
    var.cluster ? {
      TRON_IMAGE                = var.images.tron
      TRON_KUBERNETES_URL       = module.gke[0].address
      TRON_KUBERNETES_NAMESPACE = "tron-${var.environment}"
    } : {},
    var.mandate == null ? {} : { TRON_MANDATE_TEXT = var.mandate },
    var.model == null ? {} : {
      TRON_PLANNER                        = "model"
      TRON_MODEL                          = var.model.name
      TRON_MODEL_URL                      = var.model.base_url
      TRON_MODEL_INPUT_PAISE_PER_MILLION  = tostring(var.model.input_paise_per_million)
      TRON_MODEL_OUTPUT_PAISE_PER_MILLION = tostring(var.model.output_paise_per_million)
      TRON_MODEL_RUPEES_PER_MONTH         = tostring(var.model.rupees_a_month)
    },
  )

  writers = merge(
    { for name, one in local.functions : name => local.members[name] if one.archive == "write" },
    { trade = module.workload.member },
    var.cluster ? { cluster-trade = module.gke[0].members["trade"], cluster-main-runner = module.gke[0].members["main-runner"] } : {},
  )

  launchers = merge(
    { for name, one in local.functions : name => local.members[name] if one.launches },
    var.cluster ? { cluster-main-runner = module.gke[0].members["main-runner"] } : {},
  )

  in_cluster = var.cluster ? module.gke[0].members : {}
}

module "services" {
  source  = "../services"
  project = var.project
  services = setunion([
    "artifactregistry.googleapis.com", "cloudbuild.googleapis.com", "cloudfunctions.googleapis.com", "cloudscheduler.googleapis.com",
    "compute.googleapis.com", "eventarc.googleapis.com", "firestore.googleapis.com", "iam.googleapis.com", "logging.googleapis.com",
    "monitoring.googleapis.com", "run.googleapis.com", "secretmanager.googleapis.com", "storage.googleapis.com",
    ],
    var.cluster ? ["container.googleapis.com"] : [],
    var.budget == null ? [] : ["billingbudgets.googleapis.com"],
  )
}

module "network" {
  source  = "../network"
  project = var.project
  region  = var.region

  depends_on = [module.services]
}

module "store" {
  source   = "../store"
  project  = var.project
  location = var.firestore_location
  keep     = local.keep
  expiring = [for one in local.retention.documents : { collection = one.collection, field = one.field }]
  indexes = [
    { collection = "system_logs_realtime", fields = [{ path = "date", order = "ASCENDING" }, { path = "time", order = "DESCENDING" }] },
    { collection = "trades", fields = [{ path = "date", order = "ASCENDING" }, { path = "exit_time", order = "DESCENDING" }] },
  ]

  depends_on = [module.services]
}

module "archive" {
  source          = "../archive"
  project         = var.project
  name            = "${var.project}-tron-trade-logs"
  location        = var.region
  lifecycle_rules = local.retention.bucket_lifecycle
  writers         = local.writers
  readers         = { for name, one in local.functions : name => local.members[name] if one.archive == "read" }

  depends_on = [module.services]
}

module "registry" {
  source  = "../registry"
  project = var.project
  region  = var.region

  depends_on = [module.services]
}

module "secrets" {
  source  = "../secrets"
  project = var.project
  secrets = {
    for secret in var.secrets : secret => {
      readers = merge(
        { for name, one in local.functions : name => local.members[name] if contains(one.reads, secret) },
        contains(["kite-api-key", "kite-access-token", "notify-urls"], secret) ? { trade = module.workload.member } : {},
        startswith(secret, "dashboard-") || secret == "api-keys" ? { dashboard = module.dashboard.member } : {},
        { for name in lookup(local.cluster_reads, secret, []) : "cluster-${name}" => local.in_cluster[name] if var.cluster },
      )
      writers = { for name, one in local.functions : name => local.members[name] if contains(one.renews, secret) }
    }
  }

  depends_on = [module.services]
}

locals {
  cluster_reads = {
    kite-api-key      = ["secret-sync", "trade", "main-runner"]
    kite-api-secret   = ["secret-sync"]
    kite-access-token = ["trade", "main-runner"]
    openai-api-key    = ["secret-sync", "main-runner"]
    dashboard-api-key = ["secret-sync"]
    dashboard-sign-in = ["secret-sync"]
    api-keys          = ["api"]
    notify-urls       = ["main-runner", "trade"]
  }
}

module "workload" {
  source      = "../workload"
  project     = var.project
  region      = var.region
  image       = var.images.tron
  network     = module.network.network
  subnetwork  = module.network.subnetwork
  environment = merge(local.environment, { TRON_BUCKET = "${var.project}-tron-trade-logs" })
  launchers   = local.launchers

  depends_on = [module.services]
}

module "dashboard" {
  source      = "../dashboard"
  project     = var.project
  region      = var.region
  images      = var.images
  environment = local.environment
  secrets     = { api_key = "dashboard-api-key", sign_in = "dashboard-sign-in" }
  readers     = var.readers

  depends_on = [module.services]
}

module "schedule" {
  source  = "../schedule"
  project = var.project
  region  = var.region
  steps = merge(
    {
      for name, time in var.schedule : name => {
        cron             = format("%d %d * * 1-5", tonumber(split(":", time)[1]), tonumber(split(":", time)[0]))
        url              = local.urls[name]
        deadline_seconds = local.functions[name].timeout_seconds
      }
    },
    { supervise = { cron = "* 9-15 * * 1-5", url = local.urls["supervise"], retries = 0 } },
  )

  depends_on = [module.services]
}

module "gke" {
  source         = "../gke"
  count          = var.cluster ? 1 : 0
  project        = var.project
  project_number = data.google_project.this.number
  region         = var.region
  namespace      = "tron-${var.environment}"
  network        = module.network.network
  subnetwork     = module.network.subnetwork
  keep           = local.keep

  depends_on = [module.services]
}

module "alerts" {
  source         = "../alerts"
  project        = var.project
  project_number = data.google_project.this.number
  environment    = var.environment
  email          = var.email
  budget         = var.budget

  depends_on = [module.services]
}
